/// What `doctor` sees in keys, and what it shows of them.
import Testing

@testable import Intercept
@testable import claudecodex

@Suite struct KeyShapeTests {
    @Test(
        "of a key only what all of its kind have is shown",
        arguments: [
            ("sk-ant-api03-abcdefghijk", "sk-ant-api03-… (24 characters)"), ("sk-abcdefghijkl", "sk-… (15 characters)"),
            ("secret-of-mine", "… (14 characters)"), ("sk-abc", "… (6 characters)"), ("x", "… (1 character)"),
            ("gsk_abcdefghijklm", "gsk_… (17 characters)"),
        ])
    func shown(key: String, text: String) { #expect(KeyShape.shown(key) == text) }

    @Test(
        "mistakes in the form",
        arguments: [
            ("sk-1234567890", nil), ("\"sk-1234\"", "stands in quotes, which are part of it now"),
            ("'a'", "stands in quotes, which are part of it now"), ("sk 12", "holds a blank or a line end"),
            ("sk-12\n", "holds a blank or a line end"),
            ("Bearer x", "begins with the word Bearer, which is added by itself"),
            ("schlüssel", "holds letters outside ASCII"), ("'", nil),
        ])
    func mistakes(key: String, text: String?) { #expect(KeyShape.mistake(key) == text) }

    @Test(
        "doubts",
        arguments: [
            ("OPENAI_API_KEY", "sk-proj-1234", nil), ("OPENAI_API_KEY", "your-key-here", "looks like a placeholder"),
            ("OPENAI_API_KEY", "sk-...", "looks like a placeholder"), ("OPENAI_API_KEY", "ollama", nil),
            ("OPENAI_API_KEY", "sk-ant-api03-x", "looks like a key of Anthropic's"),
            ("ANTHROPIC_API_KEY", "sk-proj-1", "looks like a key of another service"),
            (
                "ANTHROPIC_UPSTREAM_API_KEY", "sk-ant-oat01-x",
                "is an OAuth token, which belongs into ANTHROPIC_UPSTREAM_AUTH_TOKEN"
            ), ("ANTHROPIC_AUTH_TOKEN", "sk-ant-oat01-x", nil),
        ])
    func doubts(name: String, key: String, text: String?) { #expect(KeyShape.doubt(name, key) == text) }

    @Test("a mistake in the key in use is a problem, in another one a warning; no finding holds a key")
    func findings() {
        let environment = Environment(["OPENAI_API_KEY": "\"sk-abcdefghijklmnop\"", "ANTHROPIC_AUTH_TOKEN": "local"])
        let used = KeyShape.findings(environment, backend: "openai_compatible")
        #expect(
            used.map(\.level) == [.fail] && used[0].text.hasPrefix("OPENAI_API_KEY (shell, … (21 characters)) stands"))
        #expect(KeyShape.findings(environment, backend: "anthropic").map(\.level) == [.warn])
        #expect(KeyShape.findings(Environment(), backend: "demo").isEmpty)
        let whole = KeyShape.findings(Environment(["OPENAI_API_KEY": "sk-abcdefghijklmnop"]), backend: nil)
        #expect(whole == [.ok("key", "OPENAI_API_KEY has the form of a key")])
        #expect(!(used + whole).contains { "\($0)".contains("abcdefg") })
    }
}
