/// Server-sent events, however they are cut.
import Testing

@testable import Intercept

struct SSETests {
    private func parse(_ bytes: [UInt8], pieces: Int = .max, limit: Int = 1 << 20) throws -> [SSEEvent] {
        var parser = SSEParser(limit: limit)
        var events: [SSEEvent] = []
        for piece in Core.pieces(bytes, of: min(pieces, max(1, bytes.count))) {
            events += try parser.take(piece)
        }
        return try events + parser.end()
    }

    private static func event(_ name: String, _ data: String) -> SSEEvent {
        SSEEvent(name: name, data: Array(data.utf8))
    }

    static let streams: [(String, [SSEEvent])] = [
        ("event: a\ndata: 1\n\ndata: 2\n\n", [event("a", "1"), event("", "2")]),
        ("event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", [event("a", "1"), event("", "2")]),
        ("event: a\rdata: 1\r\rdata: 2\r\r", [event("a", "1"), event("", "2")]),
        ("event: a\r\ndata: 1\n\r\ndata: 2\r\n\n", [event("a", "1"), event("", "2")]),
        ("\u{FEFF}data: x\n\n", [event("", "x")]),
        ("data: \u{FEFF}x\n\n", [event("", "\u{FEFF}x")]),
        ("data: one\ndata: two\ndata:\ndata\ndata: five\n\n", [event("", "one\ntwo\n\n\nfive")]),
        (": comment\n\n:\ndata: x\n\n", [event(":", "comment"), event(":", ""), event("", "x")]),
        ("event: a\n\ndata: x\n\n", [event("", "x")]),
        ("id: 7\nretry: 10\nunknown: y\ndatax: z\ndata: x\n\n", [event("", "x")]),
        ("data:no space\n\ndata:  two spaces\n\n", [event("", "no space"), event("", " two spaces")]),
        ("data: a: b:c\n\n", [event("", "a: b:c")]),
        ("event: a\nevent: b\ndata: x\n\n", [event("b", "x")]),
        ("data: without an end\n", [event("", "without an end")]),
        ("data: without a line end", [event("", "without a line end")]),
        ("data: cut in the next\n\nda", [event("", "cut in the next")]),
        ("data: {\"text\":\"é😀\"}\n\n", [event("", "{\"text\":\"é😀\"}")]),
        ("\n\n\n", []), ("", []),
    ]

    @Test("whole, in pieces of seven bytes, and byte by byte the events are the same", arguments: streams)
    func cuts(stream: String, expected: [SSEEvent]) throws {
        let bytes = Array(stream.utf8)
        for size in [Int.max, 7, 3, 2, 1] {
            #expect(try parse(bytes, pieces: size) == expected, "pieces of \(size)")
        }
    }

    @Test("a CR at the end of a piece and the LF at the beginning of the next are one line end")
    func cutLineEnd() throws {
        var parser = SSEParser()
        var events: [SSEEvent] = []
        for piece in ["data: a\r", "\ndata: b\r", "\n\r", "\n", "data: c\r\n\r\n"] {
            events += try parser.take(Array(piece.utf8))
        }
        #expect(events == [Self.event("", "a\nb"), Self.event("", "c")])
        #expect(!parser.isInsideEvent)
    }

    @Test("an event is handed out as soon as its blank line has come")
    func promptness() throws {
        var parser = SSEParser()
        #expect(try parser.take(Array("data: a\n".utf8)) == [])
        #expect(parser.isInsideEvent)
        #expect(try parser.take(Array("\n".utf8)) == [Self.event("", "a")])
        #expect(!parser.isInsideEvent)
    }

    @Test("an event over the limit is an error, in one line or in many", arguments: [1, 64])
    func limit(size: Int) throws {
        let line = "data: " + String(repeating: "x", count: 50) + "\n"
        let many = Array(String(repeating: line, count: 50).utf8)
        let one = Array(("data: " + String(repeating: "x", count: 2000)).utf8)
        for bytes in [many, one] {
            #expect(throws: TranslationError.self) { try parse(bytes, pieces: size, limit: 1000) }
        }
        #expect(try parse(Array((line + "\n").utf8), pieces: size, limit: 1000).count == 1)
    }

    @Test("an error of the receiver ends the feeding")
    func receiverFails() {
        var seen = 0
        var parser = SSEParser()
        let bytes = Array("data: a\n\ndata: b\n\n".utf8)[...]
        do throws(TranslationError) {
            try parser.feed(bytes.span) { _ throws(TranslationError) in
                seen += 1
                throw TranslationError(.invalidRequest("no"))
            }
            Issue.record("the error was swallowed")
        } catch {
            #expect(error.error.message == "no" && seen == 1)
        }
    }
}
