/// Interceptors at work over both ways: bytes that pass through, and translation.
import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// Denies calls of one tool, renames another.
private struct Guarding: Interceptor {
    var holdsToolCalls: Bool { true }
    var seesEvents: Bool { false }

    mutating func toolCall(_ call: inout ToolCall, _ exchange: Exchange) async throws -> ToolVerdict {
        if call.name == "Bash" { return .deny("Bash is not allowed") }
        if call.name == "Write" { call.input = Array(#"{"path":"/safe"}"#.utf8) }
        return .pass
    }
}

/// Uses another model, refuses or answers on a word.
private struct Steering: Interceptor {
    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        let text = request.messages.first { _ in true }?["content"]?.string ?? ""
        if text == "refuse" { return .refuse(MessageError(403, nil, "not today", shouldRetry: false)) }
        if text == "answer" { return .answer("my \"own\" words") }
        request.model = "claude-other"
        return .pass
    }
}

/// Keeps how exchanges ended.
private struct Ending: Interceptor {
    let ends: Locked<[Outcome]>

    mutating func finished(_ outcome: Outcome, _ exchange: Exchange) { ends.change { $0.append(outcome) } }
}

struct InterceptingTests {
    /// Both ways of answering with these calls: the Messages API's own, and Chat Completions.
    enum Way: CaseIterable { case passThrough, translation }

    private static func upstream(_ way: Way, _ calls: [(String, String)]) throws -> ScriptedUpstream {
        let events = calls.enumerated().map { Samples.tool($0.element.0, input: $0.element.1, index: $0.offset) }
        let deltas = calls.enumerated().map {
            Samples.chatTool($0.element.0, arguments: $0.element.1, index: $0.offset)
        }
        return try ScriptedUpstream { _, reply in
            switch way {
            case .passThrough: try reply.stream(Samples.start + events.joined() + Samples.end("tool_use"), pieces: 90)
            case .translation: try reply.stream(Samples.chatStream(deltas, finish: "tool_calls"), pieces: 90)
            }
        }
    }

    private static func proxy(_ way: Way, _ upstream: ScriptedUpstream, _ interceptors: [any Interceptor]) throws
        -> Proxy
    {
        switch way {
        case .passThrough: try Proxy(Samples.passThrough(upstream), interceptors: interceptors)
        case .translation: try Proxy(Samples.chat(upstream), interceptors: interceptors)
        }
    }

    private static let tools =
        #""tools":["#
        + ["Bash", "Read", "Write"].map { #"{"name":"\#($0)","input_schema":{"type":"object"}}"# }.joined(
            separator: ",") + "]"

    /// The message that the client gets.
    private static func message(
        _ way: Way, _ calls: [(String, String)], stream: Bool
    ) throws -> (message: JSON, trace: Trace, text: String) {
        let upstream = try upstream(way, calls)
        let proxy = try proxy(way, upstream, [Guarding()])
        defer {
            proxy.stop()
            upstream.stop()
        }
        let client = try proxy.client()
        try client.send(Samples.request(stream: stream, tools))
        let answer = try client.answer()
        eventually("the end is recorded") { proxy.trace.outcomes == [.ok] }
        guard stream else { return (try JSON.parse(answer.body), proxy.trace, answer.text) }
        var assembly = Assembly()
        for event in try Samples.events(answer.text) { assembly.add(event) }
        return (try JSON.parse(assembly.message()), proxy.trace, answer.text)
    }

    @Test("a denied call becomes text, and a turn without calls ends", arguments: Way.allCases)
    func deny(way: Way) throws {
        let (message, trace, _) = try Self.message(way, [("Bash", #"{"command":"rm"}"#)], stream: true)
        #expect(message["content"]?.elements.map { $0["text"]?.string } == ["Bash is not allowed"])
        #expect(message["stop_reason"]?.string == "end_turn")
        #expect(trace.intercepts == ["tool_call deny"])
    }

    @Test("of several calls each gets its own verdict", arguments: Way.allCases)
    func mixed(way: Way) throws {
        let calls = [
            ("Bash", #"{"command":"rm"}"#), ("Write", #"{"path":"/etc/passwd"}"#), ("Read", #"{"path":"/x"}"#),
        ]
        let (message, trace, text) = try Self.message(way, calls, stream: true)
        let blocks = Array(try #require(message["content"]).elements)
        #expect(blocks.map { $0["type"]?.string } == ["text", "tool_use", "tool_use"])
        #expect(blocks[1]["input"]?["path"]?.string == "/safe")
        #expect(blocks[2]["input"]?["path"]?.string == "/x")
        #expect(message["stop_reason"]?.string == "tool_use")
        #expect(trace.intercepts == ["tool_call deny", "tool_call edit"])
        #expect(!text.contains("passwd") && !text.contains("rm"))
    }

    @Test("a whole answer is guarded like a stream")
    func whole() throws {
        let body =
            #"{"id":"m","type":"message","role":"assistant","model":"x","content":[{"type":"tool_use","id":"t","name":"Bash","input":{}}],"#
            + #""stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}"#
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(200, body) }
        let proxy = try Proxy(Samples.passThrough(upstream), interceptors: [Guarding()])
        defer { proxy.stop() }
        let answer = try proxy.ask("POST /v1/messages", body: Samples.body())
        #expect(answer.json?["content"]?.elements.map { $0["text"]?.string } == ["Bash is not allowed"])
        #expect(answer.json?["stop_reason"]?.string == "end_turn")
    }

    @Test("an answer that the guard leaves alone keeps its bytes")
    func untouched() throws {
        let stream =
            Samples.start + Samples.text("\\u0068i") + Samples.tool("Read", input: #"{"a":1}"#, index: 1)
            + Samples.end("tool_use")
        let upstream = try ScriptedUpstream { request, reply in
            let wantsStream = try JSON.parse(request.body)["stream"]?.bool ?? false
            if wantsStream { try reply.stream(stream, pieces: 33) } else { try reply.answer(200, Samples.message) }
        }
        let proxy = try Proxy(Samples.passThrough(upstream), interceptors: [Guarding()])
        defer { proxy.stop() }
        let client = try proxy.client()
        try client.send(Samples.request(stream: true) + Samples.request())
        #expect(try client.answer().text == stream)
        #expect(try client.answer().text == Samples.message)
    }

    @Test("a guard sees packed streams too")
    func packed() throws {
        let packed = try Pack.gzip(
            Array((Samples.start + Samples.tool("Bash", input: "{}") + Samples.end("tool_use")).utf8))
        let upstream = try ScriptedUpstream { _, reply in
            try reply.beginStream(fields: "Content-Encoding: gzip\r\n")
            for byte in packed { try reply.chunk([byte]) }
            try reply.endStream()
        }
        let proxy = try Proxy(Samples.passThrough(upstream), interceptors: [Guarding()])
        defer { proxy.stop() }
        let client = try proxy.client()
        try client.send(Samples.request(stream: true, fields: "Accept-Encoding: gzip\r\n"))
        let answer = try client.answer()
        #expect(answer.fields["content-encoding"] == nil)
        #expect(answer.text.contains("Bash is not allowed") && answer.text.contains("end_turn"))
    }

    @Test("another model is asked, the answer carries the name that the client asked for", arguments: [false, true])
    func model(stream: Bool) throws {
        let upstream = try ScriptedUpstream { _, reply in
            let answer = (stream ? Samples.stream : Samples.message).replacingOccurrences(
                of: "claude-opus-5-5", with: "claude-other-1")
            if stream { try reply.stream(answer, pieces: 10) } else { try reply.answer(200, answer) }
        }
        let proxy = try Proxy(Samples.passThrough(upstream), interceptors: [Steering()])
        defer { proxy.stop() }
        let client = try proxy.client()
        try client.send(Samples.request(stream: stream))
        let answer = try client.answer()
        #expect(
            answer.text.replacingOccurrences(of: ": a comment\n\n", with: "")
                == (stream ? Samples.stream : Samples.message).replacingOccurrences(of: ": a comment\n\n", with: ""))
        let sent = String(decoding: upstream.requests[0].body, as: UTF8.self)
        #expect(sent == Samples.body(stream: stream).replacingOccurrences(of: "claude-opus-5-5", with: "claude-other"))
    }

    @Test("a refusal and an answer of our own reach no upstream", arguments: [false, true])
    func verdicts(stream: Bool) throws {
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(500, "{}") }
        let proxy = try Proxy(Samples.passThrough(upstream), interceptors: [Steering()])
        defer { proxy.stop() }
        let client = try proxy.client()
        try client.send(
            Samples.request(stream: stream, text: "refuse") + Samples.request(stream: stream, text: "answer"))
        let refused = try client.answer()
        #expect(refused.status == 403 && refused.message == "not today" && refused.fields["x-should-retry"] == "false")
        let answer = try client.answer()
        #expect(answer.status == 200)
        if stream {
            #expect(try Samples.events(answer.text).contains(.blockDelta(index: 0, delta: .text("my \"own\" words"))))
        } else {
            #expect(answer.json?["content"]?.elements.map { $0["text"]?.string } == ["my \"own\" words"])
        }
        #expect(upstream.requests.isEmpty)
        eventually("both ends are recorded") { proxy.trace.outcomes == [.refused, .ok] }
    }

    @Test(
        "interceptors are told how each exchange ended, once",
        arguments: ["ok", "error", "cut", "refused", "answer", "gone"])
    func finished(how: String) throws {
        let upstream = try ScriptedUpstream { _, reply in
            switch how {
            case "ok": try reply.stream(Samples.stream)
            case "error": try reply.answer(529, #"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#)
            case "gone": _ = reply.socket.waitForClose(within: 5000)
            default: reply.cut()
            }
        }
        let ends = Locked<[Outcome]>([])
        let proxy = try Proxy(Samples.passThrough(upstream), interceptors: [Ending(ends: ends), Steering()])
        defer { proxy.stop() }
        let client = try proxy.client()
        let word = how == "refused" ? "refuse" : how
        try client.send(Samples.request(stream: true, text: word))
        if how == "gone" {
            eventually("the request has arrived") { upstream.requests.count == 1 }
            client.close()
        } else {
            _ = try client.answer()
        }
        eventually("the end is recorded") { proxy.trace.outcomes.count == 1 }
        #expect(ends.value == proxy.trace.outcomes)
    }
}
