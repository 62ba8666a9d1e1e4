/// Lines out of bytes, however they are cut.
import Testing

@testable import Intercept

struct LineParserTests {
    private func lines(_ text: String, pieces: Int, limit: Int = 100) throws -> [String] {
        var parser = LineParser(limit: limit)
        var lines: [[UInt8]] = []
        for piece in Core.pieces(Array(text.utf8), of: pieces) {
            let all = piece[...]
            lines += try parser.feed(all.span)
        }
        if let last = parser.finish() { lines.append(last) }
        return lines.map { Core.text($0) }
    }

    @Test(
        "lines end with LF or CRLF, empty ones are left out, the last end may be missing",
        arguments: [1, 2, 3, 7, 1000])
    func lines(pieces: Int) throws {
        #expect(try lines("a\n\nbc\r\n\r\nd\re\nf", pieces: pieces) == ["a", "bc", "d\re", "f"])
        #expect(try lines("a\n", pieces: pieces) == ["a"])
        #expect(try lines("", pieces: pieces) == [])
    }

    @Test("a line without end is an error, not memory")
    func limit() {
        #expect(throws: TranslationError.self) { try lines("0123456789", pieces: 4, limit: 9) }
        #expect(throws: Never.self) { try lines("012345678\n012345678", pieces: 4, limit: 9) }
    }
}
