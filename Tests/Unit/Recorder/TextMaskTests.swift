import Testing

@testable import Intercept
@testable import Recorder

struct TextMaskTests {
    private static let mask = TextMask(directory: Array("/tmp/work".utf8), home: Array("/home/ann".utf8))

    private func masked(_ text: String, isEnvironment: Bool = false) -> String {
        String(decoding: Self.mask.masked(Array(text.utf8), isEnvironment: isEnvironment), as: UTF8.self)
    }

    @Test(
        "what changes from run to run gets a name",
        arguments: [
            ("on 2026-11-29 at", "on <date> at"), ("2026-11-29T14:56:52.120Z", "<date>"),
            ("2026/11/29 14:56", "<date>"),
            (#"\n14:22 x"#, #"\n<time> x"#), ("at 14:22:07.", "at <time>."), ("14:22:07+02:00!", "<time>!"),
            ("-rw 1 Nov 29 14:22 a", "-rw 1 <date> <time> a"),
            ("Sun Nov 29 14:56:52 UTC 2026", "<date> <time> UTC <date>"),
            ("November 29, 2026", "<date>, <date>"), ("1 passed in 0.02s", "1 passed in <duration>"),
            ("took 15 ms", "took <duration>"), ("duration_ms: 177<", "duration_ms: <duration><"),
            ("id 01a227de-ebc9-70f4-b006-c59376e2d5dc.", "id <uuid>."),
            ("agentId: a6bc5dde0d47d4df5 ", "agentId: <uuid> "),
            ("cat /tmp/work/a.txt", "cat <directory>/a.txt"), ("in /tmp/work", "in <directory>"),
            ("/home/ann/.claude/projects/-tmp-work/x", "<home>/.claude/projects/<slug>/x"),
            ("[redacted ghp hmac:0a1b2c3d]", "[redacted ghp <digits>]"),
        ])
    func names(_ text: String, _ expected: String) { #expect(masked(text) == expected) }

    @Test(
        "what only looks like it stays",
        arguments: [
            "/tmp/workshop/a", "line 12:7", "1.2.3", "v2026x", "port 8082", "deadbeef", "feedfacefeedface",
            "x2026-11-29",
            "Mayor 5th", "12 seconds-hand", "3 sheep", "ratio 3:4",
        ])
    func stays(_ text: String) {
        // "12 seconds-hand" is a duration and a hand.
        let expected = text == "12 seconds-hand" ? "<duration>-hand" : text
        #expect(masked(text) == expected)
    }

    @Test("what the client says of its surroundings counts only where it says it")
    func environment() {
        let text = ##"You help.\n# Environment\nOS: Linux 6.1\n# Tools\nUse them. gitStatus: M a.txt"##
        #expect(masked(text, isEnvironment: true) == ##"You help.\n<environment>\n# Tools\nUse them. <environment>"##)
        #expect(masked(text) == text)
        #expect(masked("<env>x</env>y", isEnvironment: true) == "<environment></env>y")
    }

    @Test("texts with the same masked form have the same hash, others do not")
    func hashes() {
        func hash(_ text: String) -> UInt64 {
            hashes(text).form
        }
        func hashes(_ text: String) -> (form: UInt64, leftOut: UInt64) {
            var (hash, leftOut) = (QuickHash(), QuickHash())
            let bytes = Array(text.utf8)[...]
            Self.mask.add(bytes.span, isEnvironment: false, to: &hash, leftOut: &leftOut)
            return (hash.value, leftOut.value)
        }
        #expect(hash("done 2026-11-29 in 3s") == hash("done 2027-01-02 in 12.5s"))
        #expect(hash("done 2026-11-29 in 3s") != hash("gone 2026-11-29 in 3s"))
        #expect(hash("a 14:22") != hash("a 2026-11-29"))
        #expect(hash("in 2048") == hash("in 2049"))
        #expect(hashes("in 2048").leftOut != hashes("in 2049").leftOut)
        #expect(hashes("took 3s").leftOut == hashes("took 4s").leftOut, "a time that was measured tells nothing")
    }
}
