/// Strings in their escaped form.
import Testing

@testable import Intercept

struct JSONTextTests {
    static let pairs: [(String, String)] = [
        ("", ""), ("plain", "plain"), ("a\\nb", "a\nb"), (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#"\u0041\u00e9\u20AC"#, "Aé€"), (#"\ud83d\uDE00!"#, "😀!"), (#"\ud83d"#, "\u{FFFD}"),
        (#"\ud83dx"#, "\u{FFFD}x"), (#"\ude00\ud83d"#, "\u{FFFD}\u{FFFD}"), (#"\ud83d\u0041"#, "\u{FFFD}A"),
        (#"\udbff\udfff"#, "\u{10FFFF}"), ("é😀", "é😀"),
    ]

    @Test("escapes are decoded", arguments: pairs)
    func decode(escaped: String, plain: String) {
        let text = JSONText(escaped: Array(escaped.utf8))
        #expect(text.string == plain)
        #expect(text.utf8Bytes == Array(plain.utf8))
        #expect(Core.text(text.escaped) == escaped)
    }

    @Test(
        "what was escaped reads back",
        arguments: ["", "a\"b\\c/d", "\u{0}\u{1F}\u{7F}", "line\nline\r\n\t", "é😀\u{2028}"])
    func roundTrip(text: String) throws {
        let escaped = JSONText(text)
        #expect(escaped.string == text)
        #expect(try Core.json("\"\(Core.text(escaped.escaped))\"").string == text)
    }

    @Test("texts are equal by what they say, not by how it is spelled")
    func equality() {
        #expect(JSONText(escaped: Array(#"\u0041\/"#.utf8)) == JSONText("A/"))
        #expect(JSONText("A") != JSONText("B"))
        #expect(JSONText(escaped: Array(#"\n"#.utf8)) != JSONText(#"\n"#))
    }

    @Test("appending keeps a text readable, whether its parts had escapes or not")
    func append() {
        var text = JSONText("plain ")
        text.append(JSONText("and \"quoted\""))
        text.append(" again")
        #expect(text.string == "plain and \"quoted\" again")
        #expect(text.count == text.escaped.count)
    }

    @Test("a surrogate pair cut in two joins again")
    func cutPair() {
        var text = JSONText(escaped: Array(#"\ud83d"#.utf8))
        text.append(JSONText(escaped: Array(#"\ude00"#.utf8)))
        #expect(text.string == "😀")
    }

    @Test(
        "escapes that end too early are kept as something, never a crash",
        arguments: ["\\", "\\u", "\\u12", "\\ud83d\\u"])
    func truncated(escaped: String) {
        #expect(JSONText(escaped: Array(escaped.utf8)).utf8Bytes.count <= escaped.utf8.count + 3)
    }
}
