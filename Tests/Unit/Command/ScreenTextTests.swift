/// Recorded content on a terminal.
import Intercept
import Testing

@testable import claudecodex

@Suite struct ScreenTextTests {
    static let evil = "a\u{1B}]0;t\u{07}b\u{7F}c\u{9B}2Jd\u{202E}e\u{061C}f\u{2028}g"

    @Test("JSON stays JSON that says the same, and nothing in it steers a terminal")
    func json() throws {
        var out = JSONWriter()
        out.beginObject()
        out.key(text: Self.evil)
        out.string(Self.evil)
        out.endObject()
        let shown = ScreenText.json.shown(out.bytes + [0x0A])
        #expect(String(decoding: shown, as: UTF8.self).unicodeScalars.dropLast().allSatisfy { !Text.isUnsafe($0) })
        let member = try #require(try JSON.parse(shown).members.first { _ in true })
        #expect(member.key.string == Self.evil && member.value.string == Self.evil)
    }

    @Test("text keeps its line ends and tabs, and all other characters become visible")
    func lines() {
        let shown = { (text: String) in String(decoding: ScreenText.lines.shown(Array(text.utf8)), as: UTF8.self) }
        #expect(shown("a,b\r\nc\td\n") == "a,b\r\nc\td\n")
        #expect(shown("a\rb\r") == #"a\x0db\x0d"#)
        #expect(shown("\u{1B}[2J\u{9B}\u{202E}") == #"\x1b[2J\x9b\u202e"#)
        #expect(shown("ä€🎉") == "ä€🎉")
    }

    @Test("bytes that are no UTF-8 do not reach the terminal")
    func invalid() {
        #expect(ScreenText.lines.shown([0x61, 0x9B, 0x62]) == Array("a\u{FFFD}b".utf8))
    }
}
