/// The bytes of an answer come back from its events as they were.
import Testing

@testable import Intercept
@testable import Recorder

@Suite struct RecordedReplyTests {
    private func reply(_ side: String, _ fill: (Exchange) -> Void) throws -> RecordedReply? {
        let bench = try Bench()
        let exchange = bench.exchange()
        exchange.request(#"{"model":"m","stream":true,"messages":[]}"#)
        fill(exchange)
        exchange.response(#"{"role":"assistant","content":[]}"#)
        exchange.end()
        bench.recorder.flush()
        return RecordedReply(try #require(try ExportedFixtureTests.exchanges(bench.recorder.path).first), side: side)
    }

    private func head(_ exchange: Exchange, _ type: String) {
        let head = UpstreamHead(status: 200, headers: HTTPFields([.init("Content-Type", type)]))
        exchange.record(.head(.init(attempt: 1, head: head, reused: false, firstByteMS: 3)))
    }

    @Test(
        "streams, in the usual spelling and in others",
        arguments: [
            "event: ping\ndata: {\"type\":\"ping\"}\n\n", "data: {\"a\":1}\n\ndata: [DONE]\n\n",
            ": comment\n\ndata: {\"a\":1}\r\n\r\n", "event: x\r\ndata: 1\r\ndata: 2\r\n\r\n",
            "id: 7\ndata: {\"b\" : 2}\n\n",
            "data: {\"broken\":\n\n", "data: {\"cut\":1}",
        ])
    func streams(text: String) throws {
        // What goes to a client has names.
        for side in text.contains("event") ? [Moment.Events.Side.client, .upstream] : [.upstream] {
            let reply = try reply(side.rawValue) { exchange in
                head(exchange, "text/event-stream; charset=utf-8")
                exchange.events(side, text)
            }
            #expect(reply.map { String(decoding: $0.bytes, as: UTF8.self) } == text)
        }
    }

    @Test("a whole answer, of JSON, of text and of no text")
    func bodies() throws {
        for bytes in [Array(#"{"id":"msg","content":[]}"#.utf8), Array("bad gateway".utf8), [0, 0xFF, 0x80, 7]] {
            let reply = try reply("upstream") { exchange in
                head(exchange, "application/json")
                exchange.events(.upstream, bytes, isStream: false)
            }
            #expect(reply?.bytes == bytes && reply?.isEventStream == false)
        }
    }

    @Test("parts are joined, and of several attempts it is the last one's")
    func parts() throws {
        let reply = try reply("upstream") { exchange in
            head(exchange, "text/event-stream")
            exchange.events(.upstream, #"{"error":1}"#, isStream: false)
            exchange.events(.upstream, "data: {\"a\":1}\n\n")
            exchange.events(.upstream, "data: {\"a\":2}\n\n", part: 1)
        }
        #expect(reply.map { String(decoding: $0.bytes, as: UTF8.self) } == "data: {\"a\":1}\n\ndata: {\"a\":2}\n\n")
    }

    @Test("without events there is none")
    func nothing() throws { #expect(try reply("client") { _ in }?.bytes == nil) }

    @Test(
        "a stretch that is missing is said, and what comes behind it is left out",
        arguments: [
            ([0, 2], "data: {\"a\":0}\n\n"), ([1, 2], ""), ([0, 1, 3], "data: {\"a\":0}\n\ndata: {\"a\":1}\n\n"),
        ])
    func gaps(parts: [Int], kept: String) throws {
        let reply = try #require(
            try reply("upstream") { exchange in
                head(exchange, "text/event-stream")
                for part in parts { exchange.events(.upstream, "data: {\"a\":\(part)}\n\n", part: part) }
            })
        #expect(String(decoding: reply.bytes, as: UTF8.self) == kept)
        #expect(reply.gap?.hasPrefix("a stretch of the answer is not in the trace (side upstream, part") ?? false)
        #expect(!reply.isWhole)
    }

    @Test("what is no base64 is damage, not nothing")
    func damage() throws {
        let line =
            #"{"type":"events","side":"upstream","part":0,"encoding":"base64","events":[[1,null,"not base64!"]]}"#
        let request = TraceRecord(json: try JSON.parse(Array(#"{"type":"request","id":"x"}"#.utf8)))
        var exchange = RecordedExchange(number: 1, file: "", request: request)
        exchange.records = [TraceRecord(json: try JSON.parse(Array(line.utf8)))]
        let reply = try #require(RecordedReply(exchange, side: "upstream"))
        #expect(reply.bytes.isEmpty && reply.gap == "a stretch of the answer is damaged in the trace (side upstream)")
        #expect(exchange.lostStretches == ["a stretch of the answer is damaged in the trace (side upstream)"])
    }

    @Test("an event without data gets none")
    func noData() throws {
        let reply = try reply("client") { exchange in exchange.events(.client, "event: ping\n\nevent: x\ndata: 1\n\n") }
        #expect(reply.map { String(decoding: $0.bytes, as: UTF8.self) } == "event: ping\n\nevent: x\ndata: 1\n\n")
    }
}
