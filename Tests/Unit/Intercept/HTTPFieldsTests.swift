/// Header fields.
import Testing

@testable import Intercept

struct HTTPFieldsTests {
    private static func fields(_ pairs: [(String, String)]) -> HTTPFields {
        HTTPFields(pairs.map { HTTPFields.Field($0.0, $0.1) })
    }

    @Test("names compare without case")
    func caseless() {
        var fields = Self.fields([("Content-TYPE", "a"), ("x", "1"), ("content-type", "b")])
        #expect(fields["content-type"] == "a")
        #expect(fields.values("CONTENT-TYPE") == ["a", "b"])
        #expect(fields["content"] == nil)
        fields["Content-Type"] = "c"
        #expect(fields == Self.fields([("x", "1"), ("Content-Type", "c")]))
        fields["X"] = nil
        #expect(fields == Self.fields([("Content-Type", "c")]))
    }

    @Test("only letters of ASCII have a case", arguments: [("@", "`"), ("[", "{"), ("É", "é"), ("a", "ab"), ("", "a")])
    func different(left: String, right: String) {
        #expect(!HTTPFields.same(left, right))
        #expect(!HTTPFields.same(right, left))
    }

    @Test(
        "words of a list are found in any of its lines",
        arguments: [
            ("close", true), ("CLOSE", true), ("upgrade", true), ("keep", false), ("keep-alive", true), ("x", false),
            ("", false),
        ])
    func lists(word: String, expected: Bool) {
        let fields = Self.fields([("Connection", "keep-alive ,\tClose"), ("connection", "upgrade")])
        #expect(fields.lists("connection", word) == expected)
    }

    @Test("P126: what belongs to one connection is dropped, also what Connection lists")
    func endToEnd() {
        let all = Self.fields([
            ("Host", "a"), ("X-Keep", "1"), ("Connection", "keep-alive, X-Hop"), ("connection", "x-other"),
            ("x-hop", "2"),
            ("X-OTHER", "3"), ("Keep-Alive", "4"), ("Transfer-Encoding", "chunked"), ("TE", "trailers"),
            ("Trailer", "T"),
            ("Upgrade", "h2c"), ("Proxy-Authorization", "secret"), ("Proxy-Connection", "x"), ("Content-Length", "5"),
            ("Expect", "100-continue"), ("anthropic-beta", "b"), ("Content-Type", "application/json"),
        ])
        #expect(
            HTTPFields.endToEnd(all)
                == Self.fields([("X-Keep", "1"), ("anthropic-beta", "b"), ("Content-Type", "application/json")]))
    }

    @Test(
        "blanks are cut at both ends only",
        arguments: [("  a b\t", "a b"), ("", ""), (" \t ", ""), ("a", "a"), ("\u{A0}a", "\u{A0}a")])
    func trim(text: String, expected: String) {
        #expect(String(HTTPFields.trim(text[...])) == expected)
    }
}
