/// The backend of docs/add-a-backend.md in a whole proxy, against a scripted Ollama.
import Foundation
import Testing

@testable import Intercept

struct OllamaTests {
    private static let lines =
        #"{"model":"q","message":{"role":"assistant","content":"","thinking":"hm"},"done":false}"# + "\n"
        + #"{"model":"q","message":{"role":"assistant","content":"I read it."},"done":false}"# + "\n"
        + #"{"model":"q","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"Read","arguments":{"p":"x"}}}]},"done":false}"#
        + "\n"
        + #"{"model":"q","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":7,"eval_count":5}"#
        + "\n"

    private func proxy(_ upstream: ScriptedUpstream) throws -> Proxy {
        try Proxy(OllamaNative(Environment(["OLLAMA_HOST": "127.0.0.1:\(upstream.port)", "OLLAMA_MODEL": "q"])))
    }

    @Test("Claude's client gets thinking, text and a tool call from Ollama", arguments: [true, false])
    func answer(isStream: Bool) throws {
        let upstream = try ScriptedUpstream { _, reply in
            try reply.beginStream(type: "application/x-ndjson")
            for from in stride(from: 0, to: Self.lines.utf8.count, by: 37) {
                try reply.chunk(Array(Array(Self.lines.utf8)[from..<min(from + 37, Self.lines.utf8.count)]))
            }
            try reply.endStream()
        }
        let proxy = try proxy(upstream)
        defer {
            proxy.stop()
            upstream.stop()
        }
        let answer = try proxy.ask("POST /v1/messages", body: Samples.body(stream: isStream))
        var message = answer.json
        if isStream {
            var assembly = Assembly()
            for event in try Samples.events(answer.text) { assembly.add(event) }
            message = try JSON.parse(assembly.message())
        }
        #expect(message?["content"]?.elements.map { $0["type"]?.string } == ["thinking", "text", "tool_use"])
        #expect(message?["content"]?.elements.map { $0["text"]?.string }[1] == "I read it.")
        #expect(message?["stop_reason"]?.string == "tool_use" && message?["model"]?.string == "claude-opus-5-5")
        #expect(message?["usage"]?["input_tokens"]?.int == 7 && message?["usage"]?["output_tokens"]?.int == 5)
        eventually("the end is recorded") { proxy.trace.outcomes == [.ok] }
        let sent = try #require(upstream.requests.first)
        #expect(sent.target == "/api/chat")
        #expect(try JSON.parse(sent.body)["stream"]?.bool == isStream)
        let violations = proxy.trace.all.filter { if case .check = $0.event { true } else { false } }
        #expect(violations.isEmpty)
    }

    @Test("a model that is not there is a 404 with advice")
    func missing() throws {
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(404, #"{"error":"model 'q' not found"}"#) }
        let proxy = try proxy(upstream)
        defer {
            proxy.stop()
            upstream.stop()
        }
        let answer = try proxy.ask("POST /v1/messages", body: Samples.body(stream: true))
        #expect(answer.status == 404 && answer.message.hasPrefix("Ollama: model 'q' not found"))
    }
}
