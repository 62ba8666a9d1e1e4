/// Patterns with `*` and `?`.
import Testing

@testable import Intercept

@Suite struct GlobTests {
    @Test(
        "the whole text must match",
        arguments: [
            ("abc", "abc", true), ("abc", "abcd", false), ("abc", "xabc", false), ("", "", true), ("", "a", false),
            ("*", "", true),
            ("*", "anything\nat all", true), ("a*", "a", true), ("a*", "ba", false), ("*a", "ba", true),
            ("*a", "ab", false),
            ("a*c", "abc", true), ("a*c", "ac", true), ("a*a", "a", false), ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*b*", "abc", true), ("*haiku*", "claude-haiku-5-5", true), ("a?c", "abc", true), ("a?c", "ac", false),
            ("caf?", "café", true), ("**", "x", true), ("a**b", "ab", true), ("ABC", "abc", true),
            ("a[bc]", "ab", false),
            ("*[1m]", "x[1m]", true), (#"a\*"#, "a*", true), (#"a\*"#, "ab", false), (#"a\?"#, "a?", true),
            (#"\\"#, #"\"#, true),
            (#"a\"#, #"a\"#, true), ("*ab*ab", "ab", false), ("*ab*ab", "abab", true), ("?*?", "x", false),
            ("?*?", "xy", true),
        ])
    func whole(_ pattern: String, _ text: String, _ matches: Bool) { #expect(Glob(pattern).matches(text) == matches) }

    @Test("from several starts, one is enough")
    func starts() {
        let text = Glob.folded("sudo -u root rm -rf /")
        #expect(Glob("rm -rf*").matches(text, from: [0, 5, 8, 13]))
        #expect(!Glob("rm -rf*").matches(text, from: [0, 5, 8]))
        #expect(Glob("rm -rf /").matches(text, from: [0, 13]))
        #expect(!Glob("rm -rf").matches(text, from: [0, 13]))
    }

    @Test("a pattern of many stars on a long text takes no time")
    func linear() {
        let pattern = String(repeating: "a*", count: 50) + "b"
        let text = String(repeating: "a", count: 200_000)
        let clock = ContinuousClock()
        var matches = true
        let time = clock.measure { matches = Glob(pattern).matches(text) }
        #expect(!matches)
        #expect(time < .seconds(5))
    }
}
