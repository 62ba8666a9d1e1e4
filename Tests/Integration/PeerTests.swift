/// Mistakes of other proxies that only show on real sockets.
import Foundation
import Testing

@testable import Backends
@testable import Intercept

struct PeerTests {
    /// What one request to a translating proxy gives, and how many reached the service.
    private func ask(
        stream: Bool = true, _ script: @escaping ScriptedUpstream.Script
    ) throws -> (answer: Answer, upstream: ScriptedUpstream) {
        let upstream = try ScriptedUpstream(script)
        let proxy = try Proxy(Samples.chat(upstream))
        defer { proxy.stop() }
        let client = try proxy.client()
        try client.send(Samples.request(stream: stream))
        let answer = try client.answer()
        eventually("the end is recorded") { proxy.trace.outcomes.count == 1 }
        return (answer, upstream)
    }

    @Test("P96: after the first word nothing is tried again, so no text comes twice")
    func noSecondTry() throws {
        let (answer, upstream) = try ask { _, reply in
            try reply.beginStream()
            try reply.chunk(
                #"data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"once"}}]}"# + "\n\n")
            reply.cut()
        }
        #expect(answer.text.components(separatedBy: "once").count == 2)
        #expect(upstream.requests.count == 1)
    }

    @Test("P98: a stream asks those between to hold nothing back, and each event leaves at once")
    func promptly() throws {
        let mayGoOn = DispatchSemaphore(value: 0)
        let upstream = try ScriptedUpstream { _, reply in
            try reply.beginStream()
            try reply.chunk(
                #"data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"early"}}]}"# + "\n\n")
            mayGoOn.wait()
            try reply.chunk(Samples.chatStream([#"{"content":"late"}"#]))
            try reply.endStream()
        }
        let proxy = try Proxy(Samples.chat(upstream))
        defer { proxy.stop() }
        let client = try proxy.client()
        try client.send(Samples.request(stream: true))
        let head = try client.head()
        #expect(head.fields["x-accel-buffering"] == "no" && head.fields["content-encoding"] == nil)
        _ = try client.read(until: "early")
        mayGoOn.signal()
        _ = try client.read(until: "message_stop")
    }

    @Test(
        "P100: an error before the first byte is JSON with its status, one after it is an event",
        arguments: [true, false])
    func errorForm(isEarly: Bool) throws {
        let error = #"{"error":{"message":"too busy","code":"rate_limit"}}"#
        let (answer, _) = try ask { _, reply in
            if isEarly { return try reply.answer(429, error) }
            try reply.stream(
                #"data: {"id":"c","choices":[{"index":0,"delta":{"content":"a"}}]}"# + "\n\ndata: \(error)\n\n")
        }
        if isEarly {
            #expect(answer.status == 429 && answer.message.contains("too busy"))
            #expect(answer.fields["content-type"]?.hasPrefix("application/json") ?? false)
        } else {
            let events = try Samples.events(answer.text)
            guard case .error(let last)? = events.last else {
                Issue.record("no error event: \(answer.text)")
                return
            }
            #expect(answer.status == 200 && last.message.contains("too busy"))
        }
    }

    @Test("P117, P120: probes of the client and its telemetry are answered here")
    func probes() throws {
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(500, "{}") }
        let proxy = try Proxy(Samples.chat(upstream))
        defer { proxy.stop() }
        for request in ["HEAD /", "HEAD /api/hello", "GET /api/hello", "GET /v1/models?limit=1000"] {
            #expect(try proxy.ask(request).status == 200, "\(request)")
        }
        let events = try proxy.ask("POST /api/event_logging/batch", body: #"{"events":[]}"#)
        #expect(events.status == 200 && events.text == "{}")
        #expect(upstream.requests.isEmpty)
    }

    @Test("P122, P123: a packed answer is read, and its packing is not promised to the client", arguments: [200, 400])
    func packed(status: Int) throws {
        let whole =
            status == 200
            ? #"{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"unpacked"},"finish_reason":"stop"}]}"#
            : #"{"error":{"message":"unpacked","type":"invalid_request_error"}}"#
        let packed = try Pack.gzip(Array(whole.utf8))
        let (answer, _) = try ask(stream: false) { _, reply in
            try reply.answer(status, packed, fields: "Content-Encoding: gzip\r\n")
        }
        #expect(answer.status == status && answer.text.contains("unpacked"))
        #expect(answer.fields["content-encoding"] == nil)
        #expect(answer.fields["content-length"] == "\(answer.body.count)")
    }

    @Test("P130: an upload that was broken off takes its connection with it, and nobody else's")
    func brokenUpload() throws {
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(200, Samples.message) }
        let proxy = try Proxy(Samples.passThrough(upstream))
        defer { proxy.stop() }
        for _ in 0..<20 {
            let client = try proxy.client()
            try client.send(Wire.request("POST /v1/messages", length: 5000) + "{")
            client.socket.reset()
        }
        #expect(try proxy.ask("POST /v1/messages", body: Samples.body()).status == 200)
        eventually("no exchange is left open") { proxy.openExchanges == 0 }
        #expect(upstream.requests.count == 1)
    }
}
