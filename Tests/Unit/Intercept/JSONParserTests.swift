/// What counts as JSON and what does not, and where the fault is said to be.
import Testing

@testable import Intercept

struct JSONParserTests {
    @Test(
        "valid texts are accepted and kept byte for byte",
        arguments: [
            "0", "-0", "10.25", "1e5", "1E+5", "-1.5e-7", "123456789012345678901234567890", "true", "false", "null",
            #""""#, #""é€😀""#, #""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00""#, "[]", "{}", " [ 1 , 2 ] ",
            "\t{\"a\" : [] }\r\n",
            #"{"a":1,"a":2}"#, #"{"":{"":[[],{}]}}"#, "\"\u{7F}\"", "\"\u{10FFFF}\"",
        ])
    func valid(text: String) throws {
        let json = try Core.json(text)
        #expect(json.document.bytes == Array(text.utf8))
        #expect(Core.text(json.raw) == text.trimmingBlanks)
    }

    @Test(
        "lone surrogates are accepted and read as U+FFFD", arguments: [#""\uD800""#, #""\uDC00x""#, #""\ud83d\ud83d""#])
    func loneSurrogate(text: String) throws {
        let string = try #require(try Core.json(text).string)
        #expect(string.unicodeScalars.contains("\u{FFFD}"))
    }

    static let invalid: [(String, Int, String)] = [
        ("", 0, "expected a value, the text ends"),
        ("   ", 3, "expected a value, the text ends"),
        (#""\x""#, 2, "unknown escape"),
        (#""\"#, 2, "unknown escape"),
        (#""\u12g4""#, 5, "malformed \\u escape"),
        (#""\u12"#, 5, "malformed \\u escape"),
        ("01", 1, "malformed number"),
        ("-", 1, "malformed number"),
        ("-x", 1, "malformed number"),
        ("1.2.3", 3, "malformed number"),
        ("1.", 2, "malformed number"),
        ("1e", 2, "malformed number"),
        ("1e+", 3, "malformed number"),
        (".5", 0, "expected a value"),
        ("+1", 0, "expected a value"),
        ("NaN", 0, "expected a value"),
        ("nul", 3, "expected a value"),
        ("True", 0, "expected a value"),
        ("\"a\u{1}b\"", 2, "control character in a string"),
        ("\"a\nb\"", 2, "control character in a string"),
        (#""abc"#, 4, "text ends inside a string"),
        ("[1", 2, "text ends inside an array"),
        ("[1,]", 3, "expected a value"),
        ("[1 2]", 3, "expected ',' or ']'"),
        ("[,1]", 1, "expected a value"),
        ("{", 1, "text ends inside an object"),
        (#"{"a""#, 4, "expected ':'"),
        (#"{"a":}"#, 5, "expected a value"),
        (#"{"a":1,}"#, 7, "expected a member name"),
        (#"{"a":1 "b":2}"#, 7, "expected ',' or '}'"),
        ("{a:1}", 1, "expected a member name"),
        ("{'a':1}", 1, "expected a member name"),
        ("[1}", 2, "expected ',' or ']'"),
        (#"{"a":1]"#, 6, "expected ',' or '}'"),
        ("1 2", 2, "unexpected data behind the JSON value"),
        ("{}x", 2, "unexpected data behind the JSON value"),
        ("\u{FEFF}{}", 0, "expected a value"),
        ("/**/1", 0, "expected a value"),
    ]

    @Test("a fault is named with its byte offset", arguments: invalid)
    func fault(text: String, offset: Int, problem: String) {
        #expect(throws: JSONError(problem: problem, offset: offset)) { try Core.json(text) }
    }

    /// Every kind of sequence that is no UTF-8, and how far into the string the parser stands when it says so.
    static let invalidUTF8: [[UInt8]] = [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
        [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
        [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x28, 0x80],
        [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
    ]

    @Test("invalid UTF-8 is refused at its first byte, also at the end of the text", arguments: invalidUTF8)
    func brokenUTF8(sequence: [UInt8]) {
        for tail in [Array("\"".utf8), []] {
            #expect(throws: JSONError(problem: "invalid UTF-8", offset: 3)) {
                try JSON.parse(Array("\"ab".utf8) + sequence + tail)
            }
        }
    }

    @Test("arrays and objects may nest 256 deep and no deeper", arguments: [("[", "]"), (#"{"a":"#, "}")])
    func depth(open: String, close: String) throws {
        let core = open == "[" ? "" : "1"
        func nested(_ count: Int) -> String {
            String(repeating: open, count: count) + core + String(repeating: close, count: count)
        }
        #expect(try Core.json(nested(256)).count == 1)
        let offset = 256 * open.utf8.count
        #expect(throws: JSONError(problem: "nested deeper than 256", offset: offset)) { try Core.json(nested(257)) }
    }

    @Test("every beginning of a text is an error, never a crash")
    func beginnings() {
        let text = Array(#"{"a":[1,-2.5e3,"x\u00e9\n€",true,null,{"b":{}}],"c":"😀"}"#.utf8)
        for length in 0..<text.count {
            #expect(throws: JSONError.self) { try JSON.parse(Array(text[..<length])) }
        }
        #expect(throws: Never.self) { try JSON.parse(text) }
    }

    @Test("strings of every length around the scanner's width end where they should")
    func lengths() throws {
        for length in 0..<70 {
            let word = String(repeating: "a", count: length)
            let json = try Core.json(#"["\#(word)","\#(word)é","\#(word)\n"]"#)
            #expect(json.elements.map(\.string) == [word, word + "é", word + "\n"])
        }
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        let blanks: Set<Character> = [" ", "\t", "\r", "\n", "\r\n"]
        return String(drop { blanks.contains($0) }.reversed().drop { blanks.contains($0) }.reversed())
    }
}
