/// Foreign text inside Markdown stays text.
import Testing

@testable import claudecodex

@Suite struct MarkdownWriterTests {
    @Test(
        "a fence is longer than any run of backticks in its text",
        arguments: [
            ("plain", "```text\nplain\n```\n\n"), ("a\n```\n<img src=x>", "````text\na\n```\n<img src=x>\n````\n\n"),
            ("`````", "``````text\n`````\n``````\n\n"), ("", "```text\n```\n\n"), ("end\n", "```text\nend\n```\n\n"),
        ])
    func fences(text: String, block: String) { #expect(Markdown.fence(text) == block) }

    @Test("what steers a terminal or turns the text around becomes visible; a carriage return ends no fence")
    func control() {
        #expect(Markdown.fence("a\u{1B}[2J\tb\r\nc\rd") == "```text\na\\x1b[2J\tb\nc\\x0dd\n```\n\n")
        #expect(Markdown.fence(#"a\x0d"# + "\n") == "```text\na\\x0d\n```\n\n")
        #expect(Markdown.fence("\u{202E}x").contains("\\u202ex"))
    }

    @Test("a long text is cut, and it says by how much")
    func cut() {
        let text = Markdown.fence(String(repeating: "x", count: 2345))
        #expect(text.hasSuffix("```\n\n*Cut: 345 more characters.*\n\n"))
        #expect(text.count(where: { $0 == "x" }) == 2001)
    }

    @Test(
        "names within a line are code that they cannot leave",
        arguments: [
            ("Bash", "`Bash`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("", "`  `"), ("a\n# b", "`a\\x0a# b`"),
            ("mcp__x__</details>", "`mcp__x__</details>`"),
        ])
    func codes(text: String, code: String) { #expect(Markdown.code(text) == code) }
}
