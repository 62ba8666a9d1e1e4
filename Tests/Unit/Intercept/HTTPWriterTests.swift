/// Answers as bytes.
import Testing

@testable import Intercept

struct HTTPWriterTests {
    @Test("a whole answer has a length")
    func answer() {
        let bytes = HTTPWriter.answer(
            200, HTTPFields([.init("Content-Type", "application/json")]), body: Array("{}".utf8), keepAlive: true)
        #expect(
            Core.text(bytes) == "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
    }

    @Test("the answer to HEAD tells the length and holds no body; the last answer says that it is the last")
    func head() {
        let bytes = HTTPWriter.answer(
            404, HTTPFields(), body: Array("{}".utf8), keepAlive: false, withoutBody: true)
        #expect(Core.text(bytes) == "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\n")
    }

    @Test("a stream is chunked for HTTP/1.1 and ends with the connection for HTTP/1.0")
    func streamHead() {
        let none = HTTPFields()
        #expect(
            Core.text(HTTPWriter.streamHead(200, none, chunked: true, keepAlive: true))
                == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(
            Core.text(HTTPWriter.streamHead(200, none, chunked: true, keepAlive: false))
                == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        #expect(
            Core.text(HTTPWriter.streamHead(200, none, chunked: false, keepAlive: true))
                == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    }

    @Test("chunks read back", arguments: [1, 9, 10, 15, 16, 17, 255, 256, 70_000])
    func chunk(length: Int) throws {
        let data = [UInt8](repeating: 0x61, count: length)
        var out: [UInt8] = []
        HTTPWriter.chunk(data, into: &out)
        out += HTTPWriter.commentChunk
        out += HTTPWriter.lastChunk
        var decoder = ChunkedBody()
        var body: [UInt8] = []
        _ = try decoder.feed(out, from: 0, into: &body)
        #expect(decoder.isDone)
        #expect(body == data + Array(":\n\n".utf8))
    }

    @Test(
        "P127: a field that would split the answer is left out",
        arguments: [
            ("X-A", "b\r\nSet-Cookie: c"), ("X-A", "b\nc"), ("X-A", "b\u{0}c"), ("X A", "b"), ("X-A\r\nB", "c"),
            ("", "x"),
        ])
    func splitting(name: String, value: String) {
        let bytes = HTTPWriter.answer(200, HTTPFields([.init(name, value)]), body: [], keepAlive: true)
        #expect(Core.text(bytes) == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    }

    @Test("P127: fields keep their spelling, order and bytes beyond ASCII")
    func fields() {
        let fields = HTTPFields([.init("x-LOWER", "a\tb"), .init("Set-Cookie", "1"), .init("set-cookie", "é")])
        let text = Core.text(HTTPWriter.answer(200, fields, body: [], keepAlive: true))
        #expect(text.contains("x-LOWER: a\tb\r\nSet-Cookie: 1\r\nset-cookie: é\r\n"))
    }

    @Test(
        "each status has its reason",
        arguments: [(413, "Content Too Large"), (529, "Overloaded"), (502, "Bad Gateway"), (299, "Status")])
    func reason(status: Int, words: String) {
        let text = Core.text(HTTPWriter.answer(status, HTTPFields(), body: [], keepAlive: true))
        #expect(text.hasPrefix("HTTP/1.1 \(status) \(words)\r\n"))
    }
}
