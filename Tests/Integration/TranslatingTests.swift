/// Translation end to end, and what is answered without an upstream.
import Foundation
import Testing

@testable import Backends
@testable import Intercept

struct TranslatingTests {
    @Test("a stream of another service becomes a Messages stream, however it is cut", arguments: [1, 7, 1 << 20])
    func stream(size: Int) throws {
        let chat = Samples.chatStream([#"{"role":"assistant","content":"He"}"#, #"{"content":"llo é"}"#])
        let upstream = try ScriptedUpstream { _, reply in try reply.stream(chat, pieces: size) }
        let proxy = try Proxy(Samples.chat(upstream))
        defer { proxy.stop() }
        let client = try proxy.client()
        try client.send(Samples.request(stream: true))
        let answer = try client.answer()
        var assembly = Assembly()
        for event in try Samples.events(answer.text) { assembly.add(event) }
        let message = try JSON.parse(assembly.message())
        #expect(message["content"]?.elements.map { $0["text"]?.string } == ["Hello é"])
        #expect(message["stop_reason"]?.string == "end_turn" && message["model"]?.string == "claude-opus-5-5")
        #expect(message["usage"]?["output_tokens"]?.int == 7)
        #expect(upstream.requests.map(\.target) == ["/v1/chat/completions"])
        #expect(upstream.requests[0].fields["authorization"] == "Bearer key-of-the-test")
        eventually("the end is recorded") { proxy.trace.outcomes == [.ok] }
        #expect(proxy.trace.bytes(.client) == answer.body)
        #expect(proxy.trace.bytes(.upstream) == Array(chat.utf8))
    }

    @Test("a client that asked for no stream gets one message")
    func whole() throws {
        let upstream = try ScriptedUpstream { _, reply in
            let message = #"{"role":"assistant","content":"Hello"}"#
            try reply.answer(
                200,
                #"{"id":"c","choices":[{"index":0,"message":\#(message),"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#
            )
        }
        let proxy = try Proxy(Samples.chat(upstream))
        defer { proxy.stop() }
        let answer = try proxy.ask("POST /v1/messages", body: Samples.body())
        #expect(answer.json?["content"]?.elements.map { $0["text"]?.string } == ["Hello"])
        #expect(answer.json?["type"]?.string == "message" && answer.fields["request-id"] != nil)
    }

    @Test(
        "an error of the service becomes one of the Messages API",
        arguments: [(401, "authentication_error"), (429, "rate_limit_error"), (500, "api_error")])
    func errors(status: Int, type: String) throws {
        let upstream = try ScriptedUpstream { _, reply in
            try reply.answer(status, #"{"error":{"message":"their words","type":"x"}}"#)
        }
        let proxy = try Proxy(Samples.chat(upstream))
        defer { proxy.stop() }
        let answer = try proxy.ask("POST /v1/messages", body: Samples.body())
        #expect(answer.json?["error"]?["type"]?.string == type)
        #expect(answer.message.contains("their words"))
        eventually("the end is recorded") { proxy.trace.outcomes == [.upstreamError] }
    }

    @Test("a page in HTML in place of an answer is an error that shows what came")
    func html() throws {
        let upstream = try ScriptedUpstream { _, reply in
            try reply.answer(200, type: "text/html", "<html>Welcome to the captive portal</html>")
        }
        let proxy = try Proxy(Samples.chat(upstream))
        defer { proxy.stop() }
        let answer = try proxy.ask("POST /v1/messages", body: Samples.body(stream: true))
        #expect(answer.status >= 500 && answer.json?["type"]?.string == "error", "\(answer.status) \(answer.text)")
        eventually("the end is recorded") { proxy.trace.outcomes == [.upstreamError] }
    }

    @Test("a stream that is cut ends with an error event behind what was understood")
    func cut() throws {
        let upstream = try ScriptedUpstream { _, reply in
            try reply.beginStream()
            try reply.chunk(
                #"data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"some"}}]}"#
                    + "\n\ndata: {\"id")
            reply.cut()
        }
        let proxy = try Proxy(Samples.chat(upstream))
        defer { proxy.stop() }
        let client = try proxy.client()
        try client.send(Samples.request(stream: true))
        let answer = try client.answer()
        let events = try Samples.events(answer.text)
        #expect(events.contains(.blockDelta(index: 0, delta: .text("some"))) && answer.isComplete)
        if case .error? = events.last {} else { Issue.record("no error event: \(answer.text)") }
        eventually("the end is recorded") { proxy.trace.outcomes == [.upstreamError] }
    }

    @Test("P93: pings keep a waiting client, without a gap in the grammar")
    func pings() throws {
        var limits = Limits()
        limits.pingIntervalMS = 20
        limits.idleTimeoutMS = 5000
        let upstream = try ScriptedUpstream { _, reply in
            try reply.beginStream()
            try reply.chunk(
                #"data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}]}"# + "\n\n")
            _ = reply.socket.waitForClose(within: 100)
            try reply.chunk(Samples.chatStream([#"{"content":"b"}"#]))
            try reply.endStream()
        }
        let proxy = try Proxy(Samples.chat(upstream), limits: limits)
        defer { proxy.stop() }
        let client = try proxy.client()
        try client.send(Samples.request(stream: true))
        let events = try Samples.events(client.answer().text)
        #expect(events.count { $0 == .ping } >= 2)
        #expect(events.last == .messageStop)
    }

    @Test("P118: tokens are counted here, many at once")
    func countTokens() throws {
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(500, "{}") }
        let proxy = try Proxy(Samples.chat(upstream))
        defer { proxy.stop() }
        let clients = try (0..<8).map { _ in try proxy.client() }
        let request = Wire.request(
            "POST /v1/messages/count_tokens",
            body: #"{"model":"claude-opus-5-5","messages":[{"role":"user","content":"hello world"}]}"#)
        for client in clients { try client.send(String(repeating: request, count: 25)) }
        var counts: Set<Int> = []
        for client in clients {
            for _ in 0..<25 { counts.insert(try client.answer().json?["input_tokens"]?.int ?? -1) }
        }
        #expect(counts.count == 1 && (counts.first ?? 0) > 0)
        #expect(upstream.requests.isEmpty)
        eventually("all ends are recorded") { proxy.trace.outcomes == Array(repeating: .ok, count: 200) }
    }

    @Test("two backends write the same bytes for the same request")
    func deterministic() throws {
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(500, #"{"error":{"message":"x"}}"#) }
        let tools = (0..<30).map {
            #"{"name":"tool\#($0)","input_schema":{"type":"object","properties":{"b":{},"a":{}}}}"#
        }
        let body = Samples.body(
            #""tools":[\#(tools.joined(separator: ","))],"metadata":{"user_id":"u"},"temperature":0.30"#)
        var bodies: [[UInt8]] = []
        for _ in 0..<2 {
            let proxy = try Proxy(Samples.chat(upstream))
            defer { proxy.stop() }
            _ = try proxy.ask("POST /v1/messages", body: body)
            bodies.append(try #require(upstream.requests.last).body)
        }
        #expect(bodies[0] == bodies[1] && bodies[0].count > body.utf8.count / 2)
    }
}
