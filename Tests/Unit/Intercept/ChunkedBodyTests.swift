/// Chunked bodies, however they are cut.
import Testing

@testable import Intercept

struct ChunkedBodyTests {
    /// The body, how many bytes were used, and whether the end was seen.
    private func decode(_ bytes: [UInt8], pieces: Int = .max) throws -> (body: String, used: Int, isDone: Bool) {
        var decoder = ChunkedBody()
        var body: [UInt8] = []
        var used = 0
        for piece in Core.pieces(bytes, of: min(pieces, max(1, bytes.count))) where !decoder.isDone {
            used += try decoder.feed(piece, from: 0, into: &body)
        }
        return (Core.text(body), used, decoder.isDone)
    }

    @Test(
        "the data of all chunks, cut anywhere",
        arguments: [
            ("5\r\nhello\r\n0\r\n\r\n", "hello"),
            ("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"),
            ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
            ("00a\r\n0123456789\r\n000\r\n\r\n", "0123456789"),
            ("0\r\n\r\n", ""),
            ("5;name=value;x=\"y\"\r\nhello\r\n0;last\r\n\r\n", "hello"),
            ("5 \r\nhello\r\n0\t\r\n\r\n", "hello"),
            ("5\r\nhello\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n", "hello"),
            ("4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"),
        ])
    func cuts(coded: String, expected: String) throws {
        let bytes = Array(coded.utf8)
        let behind = Array("POST /next".utf8)
        for size in [Int.max, 5, 3, 2, 1] {
            let whole = try decode(bytes + behind, pieces: size)
            #expect(whole.body == expected, "pieces of \(size)")
            #expect(whole.isDone)
            #expect(whole.used == bytes.count, "what follows belongs to the next request")
        }
    }

    @Test("the end is not seen before it has come")
    func incomplete() throws {
        let bytes = Array("5\r\nhello\r\n0\r\nA: b\r\n\r\n".utf8)
        for length in 0..<bytes.count {
            #expect(try !decode(Array(bytes[..<length])).isDone)
        }
        #expect(try decode(bytes).isDone)
    }

    @Test(
        "garbage is refused",
        arguments: [
            "x\r\n", "\r\n", "-1\r\n", "+1\r\n", "0x5\r\nhello", ";x\r\n", "5\nhello\r\n", "5\rhello",
            "5\r\nhello!\r\n",
            "5\r\nhello\rx", "5\r\nhello\n", "5;x\nhello", " 5\r\nhello", "0\r\n\rx", "0\r\nA: b\rx",
        ])
    func garbage(coded: String) {
        for size in [Int.max, 1] {
            let error = #expect(throws: HTTPError.self) { try decode(Array(coded.utf8), pieces: size) }
            #expect(error?.status == 400)
        }
    }

    @Test(
        "a size of more than fifteen digits is refused, leading zeros or not",
        arguments: ["fffffffffffffffff", "0000000000000001"])
    func overlong(size: String) {
        #expect(throws: HTTPError(413, "chunked body: a chunk size of more than 15 digits")) {
            try decode(Array("\(size)\r\n".utf8))
        }
    }

    @Test("endless extensions and trailers are refused")
    func endless() {
        let filler = String(repeating: "x", count: 1 << 20)
        for beginning in ["5;", "0\r\nA: "] {
            let error = #expect(throws: HTTPError.self) { try decode(Array((beginning + filler).utf8)) }
            #expect(error?.message.contains("1 MB") ?? false)
        }
    }
}
