/// Writing JSON: commas, escapes, numbers.
import Testing

@testable import Intercept

struct JSONWriterTests {
    private func written(_ body: (inout JSONWriter) throws -> Void) rethrows -> String {
        var out = JSONWriter()
        try body(&out)
        return Core.text(out.bytes)
    }

    @Test("commas stand between values and nowhere else")
    func commas() throws {
        let text = try written { out in
            out.beginObject()
            out.field("a", 1)
            out.key("b")
            out.beginArray()
            out.string("x")
            out.beginObject()
            out.endObject()
            out.beginArray()
            out.endArray()
            out.null()
            out.bool(true)
            out.endArray()
            out.field("c", ifPresent: nil as String?)
            out.field("d", ifPresent: 2)
            out.key(text: "e\n")
            out.value(try Core.json("[ 1.0 ]"))
            out.raw(#"{"f":0}"#.utf8.isEmpty ? [] : Array("7".utf8))
            out.endObject()
        }
        #expect(text == #"{"a":1,"b":["x",{},[],null,true],"d":2,"e\n":[ 1.0 ],7}"#)
    }

    @Test(
        "a string that ends in a bracket or a comma does not swallow the next comma",
        arguments: ["{", "[", ":", ",", " ", "\n"])
    func trickyEnds(end: String) throws {
        let text = written { out in
            out.beginArray()
            out.string(end)
            out.string(end)
            out.endArray()
        }
        #expect(try Core.json(text).elements.map(\.string) == [end, end])
    }

    @Test(
        "control characters, quotes and backslashes are escaped, all else is written as it is",
        arguments: [
            ("\"\\/", #"\"\\/"#), ("\n\r\t\u{8}\u{C}", #"\n\r\t\b\f"#), ("\u{0}\u{1F}", #"\u0000\u001f"#),
            ("\u{7F}é€😀\u{2028}", "\u{7F}é€😀\u{2028}"),
        ])
    func escapes(text: String, expected: String) {
        #expect(written { $0.string(text) } == "\"\(expected)\"")
        #expect(written { $0.string(utf8: Array(text.utf8)) } == "\"\(expected)\"")
        #expect(written { $0.string(JSONText(text)) } == "\"\(expected)\"")
    }

    @Test("invalid UTF-8 becomes U+FFFD and the result is valid JSON", arguments: JSONParserTests.invalidUTF8)
    func brokenUTF8(sequence: [UInt8]) throws {
        let text = written { $0.string(utf8: Array("a".utf8) + sequence + Array("b".utf8)) }
        let read = try #require(try Core.json(text).string)
        #expect(read.hasPrefix("a\u{FFFD}") && read.hasSuffix("b"))
    }

    @Test(
        "numbers are written the shortest way that reads back",
        arguments: [
            (0.0, "0"), (1.0, "1"), (-3.0, "-3"), (0.1, "0.1"), (1.5, "1.5"), (1e300, "1e+300"), (1e-7, "1e-07"),
            (123_456_789.25, "123456789.25"), (.infinity, "null"), (.nan, "null"),
        ])
    func doubles(value: Double, expected: String) throws {
        let text = written { $0.double(value) }
        #expect(text == expected)
        if value.isFinite { #expect(try Core.json(text).double == value) }
    }

    @Test("the text of a value can stand inside a string")
    func containing() throws {
        let json = try Core.json(#"{"a": "x\"y\u00e9"}"#)
        let text = written { $0.string(containing: json) }
        #expect(try Core.json(text).string == #"{"a": "x\"y\u00e9"}"#)
    }

    @Test("verbatim text takes no comma")
    func verbatim() {
        let text = written { out in
            out.verbatim("data: ")
            out.beginObject()
            out.verbatim(#""index":"#)
            out.verbatim(int: 12)
            out.field("a", 3)
            out.endObject()
            out.newline()
            out.int(1)
        }
        #expect(text == "data: {\"index\":12,\"a\":3}\n1")
    }
}
