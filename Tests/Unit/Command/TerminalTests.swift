/// What the place where we write to can show.
import Intercept
import Testing

@testable import claudecodex

@Suite struct TerminalTests {
    @Test(
        "colour follows the flag, then the variables, then the terminal",
        arguments: [
            ("auto", true, [:], true), ("auto", false, [:], false), ("always", false, [:], true),
            ("never", true, [:], false),
            ("auto", true, ["NO_COLOR": "1"], false), ("auto", false, ["FORCE_COLOR": "1"], true),
            ("auto", true, ["FORCE_COLOR": "0"], false), ("auto", true, ["NO_COLOR": "1", "FORCE_COLOR": "1"], false),
            ("auto", true, ["TERM": "dumb"], false), ("always", true, ["NO_COLOR": "1"], true),
            ("auto", false, ["CLICOLOR_FORCE": "1"], true),
        ] as [(String, Bool, [String: String], Bool)])
    func color(_ flag: String, _ isTerminal: Bool, _ shell: [String: String], _ hasColor: Bool) {
        #expect(Terminal(color: flag, isTerminal: isTerminal, width: 80, Environment(shell)).hasColor == hasColor)
    }

    @Test(
        "COLUMNS wins over the terminal's own width; a file has none",
        arguments: [
            (true, 80, [:], 80), (true, 80, ["COLUMNS": "120"], 120), (false, 80, [:], nil),
            (false, nil, ["COLUMNS": "60"], 60),
            (true, 80, ["COLUMNS": "x"], 80), (true, 80, ["COLUMNS": "3"], 80), (true, 80, ["TERM": "dumb"], nil),
        ] as [(Bool, Int?, [String: String], Int?)])
    func columns(_ isTerminal: Bool, _ width: Int?, _ shell: [String: String], _ columns: Int?) {
        #expect(Terminal(color: "auto", isTerminal: isTerminal, width: width, Environment(shell)).columns == columns)
    }

    @Test(
        "control characters become visible",
        arguments: [
            ("plain", "plain"), ("\u{1B}[31m", #"\x1b[31m"#), ("a\nb\tc", #"a\x0ab\x09c"#), ("\u{9B}", #"\x9b"#),
            ("\u{202E}x", #"\u202ex"#), ("\u{7F}", #"\x7f"#), ("é🙂", "é🙂"),
        ])
    func printable(_ text: String, _ shown: String) { #expect(Text.printable(text) == shown) }

    @Test(
        "credentials in a URL are not shown",
        arguments: [
            ("https://u:p@h/v1, x", "https://…@h/v1, x"), ("a=http://u@h", "a=http://…@h"),
            ("http://h/@x", "http://h/@x"),
            ("a@b c/d@e", "a@b c/d@e"), ("http://u:p@x@h", "http://…@h"), ("", ""), ("//", "//"),
        ])
    func credentials(_ text: String, _ shown: String) { #expect(Text.withoutCredentials(text) == shown) }

    @Test("text is cut, filled and broken")
    func text() {
        #expect(Text.cut("abcdef", 4) == "abc…")
        #expect(Text.cut("abcd", 4) == "abcd")
        #expect(Text.left("ab", 4) == "ab  ")
        #expect(Text.right("ab", 4) == "  ab")
        #expect(Text.right("abcde", 4) == "abcde")
        #expect(Text.trim(" \n a b \t") == "a b")
        #expect(Text.trim("  ") == "")
        #expect(Text.wrap("aa bb\ncc dd", 5) == "aa bb\ncc dd")
        #expect(Text.wrap("aa bb cc", 8) == "aa bb cc")
    }
}
