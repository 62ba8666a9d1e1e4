/// Answers on their way: bytes that stay bytes, failures of the upstream, silence.
import Foundation
import Testing

@testable import Backends
@testable import Intercept

struct RelayTests {
    private static func with(
        limits: Limits = Limits(), _ script: @escaping ScriptedUpstream.Script,
        _ body: (Proxy, ScriptedUpstream) throws -> Void
    ) throws {
        let upstream = try ScriptedUpstream(script)
        let proxy = try Proxy(Samples.passThrough(upstream), limits: limits)
        defer {
            proxy.stop()
            upstream.stop()
        }
        try body(proxy, upstream)
    }

    @Test("a whole answer goes through byte for byte, with its status and fields", arguments: [200, 400, 429, 529])
    func whole(status: Int) throws {
        let body =
            status == 200 ? Samples.message : #"{ "type":"error","error":{"type":"x","message":"y"} ,"new":1.50}"#
        let fields =
            "request-id: req_theirs\r\nretry-after: 7\r\nanthropic-ratelimit-x: 1\r\nConnection: x-hop\r\nX-Hop: 1\r\n"
        try Self.with({ _, reply in try reply.answer(status, body, fields: fields) }) { proxy, upstream in
            let answer = try proxy.ask("POST /v1/messages?beta=true", body: Samples.body())
            #expect(answer.status == status && answer.text == body)
            #expect(answer.fields["request-id"] == "req_theirs" && answer.fields["retry-after"] == "7")
            #expect(answer.fields["anthropic-ratelimit-x"] == "1" && answer.fields["x-hop"] == nil)
            #expect(upstream.requests.map(\.target) == ["/v1/messages?beta=true"])
            #expect(upstream.requests.map(\.body) == [Array(Samples.body().utf8)])
            eventually("the end is recorded") { proxy.trace.outcomes == [status == 200 ? .ok : .upstreamError] }
            #expect(proxy.trace.responses.map(\.status) == [status])
            if status == 200 { #expect(proxy.trace.responses[0].usage == Usage(input: 3, output: 2)) }
        }
    }

    @Test("P176: a stream goes through byte for byte, however it is cut", arguments: [1, 7, 1 << 20])
    func stream(size: Int) throws {
        try Self.with({ _, reply in try reply.stream(Samples.stream, pieces: size) }) { proxy, _ in
            let client = try proxy.client()
            try client.send(Samples.request(stream: true))
            let answer = try client.answer()
            #expect(answer.text == Samples.stream && answer.isComplete)
            #expect(answer.fields["content-type"] == "text/event-stream")
            eventually("the end is recorded") { proxy.trace.outcomes == [.ok] }
            #expect(proxy.trace.bytes(.upstream) == Array(Samples.stream.utf8))
            let message = String(decoding: proxy.trace.responses[0].message ?? [], as: UTF8.self)
            #expect(message == #"{"role":"assistant","content":[{"type":"text","text":"\u0068ello"}]}"#)
        }
    }

    @Test("P122: packed answers go through packed, the trace has them unpacked", arguments: [false, true])
    func packed(stream: Bool) throws {
        let plain = stream ? Samples.stream : Samples.message
        let packed = try Pack.gzip(Array(plain.utf8))
        let script: ScriptedUpstream.Script = { request, reply in
            #expect(request.fields["accept-encoding"] == "gzip, deflate")
            if stream {
                try reply.beginStream(fields: "Content-Encoding: gzip\r\n")
                for byte in packed { try reply.chunk([byte]) }
                try reply.endStream()
            } else {
                try reply.answer(200, packed, fields: "Content-Encoding: gzip\r\n")
            }
        }
        try Self.with(script) { proxy, _ in
            let client = try proxy.client()
            try client.send(Samples.request(stream: stream, fields: "Accept-Encoding: gzip, deflate, br\r\n"))
            let answer = try client.answer()
            #expect(answer.body == packed && answer.fields["content-encoding"] == "gzip")
            eventually("the end is recorded") { proxy.trace.outcomes == [.ok] }
            #expect(proxy.trace.bytes(.upstream) == Array(plain.utf8))
        }
    }

    @Test("an HTTP/1.0 client gets a stream that ends with the connection")
    func oldClient() throws {
        try Self.with({ _, reply in try reply.stream(Samples.stream) }) { proxy, _ in
            let client = try proxy.client()
            let request = Samples.request(stream: true).replacingOccurrences(of: "HTTP/1.1", with: "HTTP/1.0")
            try client.send(request)
            let answer = try client.answer()
            #expect(answer.text == Samples.stream && answer.fields["transfer-encoding"] == nil)
        }
    }

    @Test("the upstream refuses the connection")
    func connectionRefused() throws {
        let (socket, port) = try RawSocket.listen()
        socket.close()
        let proxy = try Proxy(Anthropic(Environment(["ANTHROPIC_UPSTREAM_URL": "http://127.0.0.1:\(port)"])))
        defer { proxy.stop() }
        let answer = try proxy.ask("POST /v1/messages", body: Samples.body())
        #expect(answer.status == 502 && answer.message.contains("cannot reach the model service"))
        eventually("the end is recorded") { proxy.trace.outcomes == [.upstreamError] }
        #expect(proxy.trace.errors.map(\.stage) == ["connect"])
    }

    @Test(
        "the upstream cuts the connection before and in the middle of its answer",
        arguments: ["before", "head", "body", "stream", "event"])
    func cut(place: String) throws {
        let script: ScriptedUpstream.Script = { _, reply in
            switch place {
            case "before": break
            case "head": try reply.socket.send("HTTP/1.1 200 OK\r\nContent-")
            case "body":
                try reply.socket.send(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{")
            case "stream":
                try reply.beginStream()
                try reply.chunk(Samples.start)
            default:
                try reply.beginStream()
                try reply.chunk(Samples.start + "event: content_block_start\nda")
            }
            reply.cut()
        }
        try Self.with(script) { proxy, _ in
            let client = try proxy.client()
            try client.send(Samples.request(stream: ["stream", "event"].contains(place)))
            let answer = try client.answer()
            switch place {
            case "stream":
                #expect(answer.isComplete)
                guard case .error(let error)? = try Samples.events(answer.text).last else {
                    Issue.record("no error event: \(answer.text)")
                    return
                }
                #expect(error.message.contains("broke off"))
            case "event": #expect(!answer.isComplete, "nothing can be put into the middle of an event")
            default: #expect(answer.status == 502 && answer.message.contains("claudecodex:"), "\(answer.text)")
            }
            eventually("the end is recorded") { proxy.trace.outcomes == [.upstreamError] }
            #expect(proxy.trace.errors.last?.stage == "upstream")
        }
    }

    @Test("an answer in HTML goes through as it is")
    func html() throws {
        let page = "<html><body>503 from the gateway</body></html>"
        try Self.with({ _, reply in try reply.answer(503, type: "text/html", page) }) { proxy, _ in
            let answer = try proxy.ask("POST /v1/messages", body: Samples.body())
            #expect(answer.status == 503 && answer.text == page && answer.fields["content-type"] == "text/html")
        }
    }

    @Test("an upstream that does not begin to answer is given up")
    func firstByte() throws {
        var limits = Limits()
        limits.firstByteTimeoutMS = 80
        let gone = Locked<Double?>(nil)
        try Self.with(limits: limits, { _, reply in gone.value = reply.socket.waitForClose(within: 5000) }) {
            proxy, _ in
            let answer = try proxy.ask("POST /v1/messages", body: Samples.body())
            #expect(answer.status == 504 && answer.json?["error"]?["type"]?.string == "timeout_error")
            eventually("the upstream's connection is closed") { gone.value != nil }
            eventually("the end is recorded") { proxy.trace.outcomes == [.upstreamError] }
        }
    }

    @Test("P92, P93: silence is filled with pings, too long a silence ends the stream with an error")
    func pings() throws {
        var limits = Limits()
        limits.pingIntervalMS = 20
        limits.idleTimeoutMS = 200
        let script: ScriptedUpstream.Script = { _, reply in
            try reply.beginStream()
            try reply.chunk(Samples.start)
            _ = reply.socket.waitForClose(within: 5000)
        }
        try Self.with(limits: limits, script) { proxy, _ in
            let client = try proxy.client()
            try client.send(Samples.request(stream: true))
            let answer = try client.answer()
            let events = try Samples.events(answer.text)
            #expect(events.count { $0 == .ping } >= 2)
            guard case .error(let error)? = events.last else {
                Issue.record("no error event: \(answer.text)")
                return
            }
            #expect(error.status == 504 && answer.isComplete)
            eventually("the end is recorded") { proxy.trace.outcomes == [.upstreamError] }
        }
    }

    @Test("no ping is put into the middle of an event")
    func noPingInside() throws {
        var limits = Limits()
        limits.pingIntervalMS = 20
        limits.idleTimeoutMS = 120
        let script: ScriptedUpstream.Script = { _, reply in
            try reply.beginStream()
            try reply.chunk(Samples.start + "event: content_block_start\n")
            _ = reply.socket.waitForClose(within: 5000)
        }
        try Self.with(limits: limits, script) { proxy, _ in
            let client = try proxy.client()
            try client.send(Samples.request(stream: true))
            let answer = try client.answer()
            #expect(answer.text == Samples.start + "event: content_block_start\n" && !answer.isComplete)
        }
    }
}
