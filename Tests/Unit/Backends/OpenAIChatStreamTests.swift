import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIChatStreamTests {
    private let usage =
        #"{"id":"c","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":40}}}"#

    private func text(_ words: String) -> String { Chat.chunk(#"{"content":"\#(words)"}"#) }
    private func end(_ reason: String = "stop") -> String { Chat.chunk("{}", finish: reason) }

    private func delta(_ chunks: String..., for request: MessageRequest? = nil) throws -> MessageDelta {
        try #require(Chat.end(Chat.stream(chunks, for: request).events))
    }

    private func blocks(_ chunks: String...) throws -> [String] {
        let (events, _) = try Chat.stream(chunks)
        #expect(Chat.fault(events) == nil)
        return Chat.blocks(events)
    }

    @Test("P79: the message begins with an estimate of the input and ends with the true counts")
    func usageTwice() throws {
        let (events, losses) = try Chat.stream([text("a"), end(), usage])
        guard case .messageStart(let start) = events.first else { return #expect(Bool(false), "no message_start") }
        #expect(start.usage.isEstimate && start.usage.input > 0)
        #expect(start.model == "claude-opus-5-5" && start.id.hasPrefix("msg_"))
        #expect(events[1] == .ping)
        #expect(Chat.end(events)?.usage == Usage(input: 60, output: 7, cacheRead: 40))
        #expect(losses.isEmpty)
    }

    @Test("the message begins as soon as the head of a stream has come")
    func early() throws {
        var reply = try Chat.backend().reply(to: Chat.request(#""stream":true"#))
        var names: [String] = []
        try reply.head(
            UpstreamHead(status: 200, headers: HTTPFields([.init("Content-Type", "text/event-stream; charset=utf-8")]))
        ) {
            names.append($0.name)
        }
        #expect(names == ["message_start", "ping"])
    }

    @Test("P60: one block is open at a time, numbered from 0")
    func order() throws {
        #expect(
            try blocks(
                Chat.chunk(#"{"reasoning_content":"think"}"#), text("say"),
                Chat.chunk(#"{"tool_calls":[{"index":0,"id":"c1","function":{"name":"Read","arguments":"{}"}}]}"#),
                text("more"), end())
                == ["thinking:think", "text:say", "tool Read c1:{}", "text:more"])
    }

    @Test(
        "P61: empty deltas open no block",
        arguments: [
            #"{"content":""}"#, #"{"reasoning_content":""}"#, #"{"reasoning":null}"#, #"{"tool_calls":[]}"#,
            #"{"tool_calls":null}"#, #"{"reasoning_details":[]}"#,
        ])
    func emptyDeltas(delta: String) throws {
        #expect(try blocks(Chat.chunk(delta), text("a"), Chat.chunk(delta), text("b"), end()) == ["text:ab"])
    }

    @Test("P62: a repeated role begins no second message")
    func repeatedRole() throws {
        let role = #"{"role":"assistant","content":"a"}"#
        #expect(try blocks(Chat.chunk(role), Chat.chunk(role), end()) == ["text:aa"])
    }

    @Test("P63: the delta that opens a block is not lost")
    func firstDelta() throws {
        #expect(try blocks(text("a"), end()) == ["text:a"])
    }

    @Test("P64: without text there is no text block")
    func lazy() throws {
        #expect(try blocks(Chat.chunk(#"{"role":"assistant","content":null}"#), end()) == [])
    }

    @Test("P65: one chunk with everything is taken apart in order")
    func everything() throws {
        let all =
            #"{"tool_calls":[{"index":0,"id":"c1","function":{"name":"Read","arguments":"{}"}}],"content":"say","reasoning":"think"}"#
        #expect(try blocks(Chat.chunk(all, finish: "tool_calls")) == ["thinking:think", "text:say", "tool Read c1:{}"])
    }

    @Test("P150: reasoning behind text opens another block")
    func lateReasoning() throws {
        #expect(
            try blocks(text("a"), Chat.chunk(#"{"reasoning":"b"}"#), text("c"), end()) == [
                "text:a", "thinking:b", "text:c",
            ])
    }

    @Test(
        "P149: reasoning is found in every dialect, once",
        arguments: [
            #"{"reasoning_content":"hm","content":null}"#, #"{"reasoning":"hm"}"#,
            #"{"reasoning":"hm","reasoning_content":"hm"}"#,
            #"{"reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm"}]}"#,
            #"{"reasoning_details":[{"type":"reasoning.text","text":"hm"}]}"#,
            #"{"reasoning_details":[{"type":"reasoning.summary","summary":"hm"}]}"#,
            #"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}"#,
            #"{"content":[{"type":"thinking","thinking":"hm"}]}"#,
        ])
    func dialects(delta: String) throws {
        #expect(try blocks(Chat.chunk(delta), text("a"), end()) == ["thinking:hm", "text:a"])
    }

    @Test("a thinking block ends with a signature that says whose it is")
    func signature() throws {
        let (events, _) = try Chat.stream([Chat.chunk(#"{"reasoning":"hm"}"#), text("a"), end()])
        let signatures = events.compactMap { event -> String? in
            if case .blockDelta(0, .signature(let text)) = event { return text.string } else { return nil }
        }
        #expect(signatures.count == 1)
        #expect(ThinkingEnvelope.open(signatures[0])?["model"]?.string == "gpt-4o")
    }

    @Test("P85: content may be a list of parts")
    func parts() throws {
        #expect(
            try blocks(Chat.chunk(#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#), end()) == [
                "text:ab"
            ])
    }

    @Test("blanks at the beginning wait for something visible, and vanish when nothing comes")
    func blanks() throws {
        #expect(try blocks(text(#"\n "#), text("a"), end()) == ["text:\n a"])
        #expect(
            try blocks(
                Chat.chunk(#"{"tool_calls":[{"index":0,"id":"c1","function":{"name":"a","arguments":"{}"}}]}"#),
                text("  "),
                Chat.chunk(#"{"tool_calls":[{"index":1,"id":"c2","function":{"name":"b","arguments":"{}"}}]}"#),
                text(#"\n"#), end("tool_calls"))
                == ["tool a c1:{}", "tool b c2:{}"])
    }

    @Test(
        "finish reasons become stop reasons",
        arguments: [
            ("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal"), ("tool_calls", "end_turn"),
            ("function_call", "end_turn"), ("something_new", "end_turn"),
            ("model_context_window_exceeded", "model_context_window_exceeded"),
        ])
    func reasons(finish: String, stop: String) throws {
        #expect(try delta(text("a"), end(finish)).stopReason?.rawValue == stop)
    }

    @Test("P75: with a call the reason is tool_use whatever the service says; without one it never is")
    func toolReason() throws {
        let call = Chat.chunk(#"{"tool_calls":[{"index":0,"id":"c1","function":{"name":"a","arguments":"{}"}}]}"#)
        #expect(try delta(call, end("stop")).stopReason == .toolUse)
        #expect(try delta(text("a"), end("tool_calls")).stopReason == .endTurn)
    }

    @Test("P83: a call that was cut off by the limit goes on as it came, with max_tokens")
    func cutCall() throws {
        let call = Chat.chunk(
            #"{"tool_calls":[{"index":0,"id":"c1","function":{"name":"a","arguments":"{\"x\":\"y"}}]}"#)
        let (events, _) = try Chat.stream([call, end("length")])
        #expect(Chat.blocks(events) == [#"tool a c1:{"x":"y"#])
        #expect(Chat.end(events)?.stopReason == .maxTokens)
        #expect(Chat.fault(events) == nil)
    }

    @Test("P159: a refusal is told as text and as the reason")
    func refusal() throws {
        let (events, _) = try Chat.stream([
            Chat.chunk(#"{"refusal":"I "}"#), Chat.chunk(#"{"refusal":"won't"}"#), end(),
        ])
        #expect(Chat.blocks(events) == ["text:I won't"])
        #expect(Chat.end(events)?.stopReason == .refusal)
        #expect(Chat.end(events)?.refusal == "I won't")
    }

    @Test("P76: an end without a finish reason is an end when [DONE] came and nothing is unfinished, else an error")
    func noFinish() throws {
        #expect(try delta(text("a")).stopReason == .endTurn)
        #expect(Chat.error { _ = try Chat.stream([text("a")], done: false) }?.type == "api_error")
        let half = Chat.chunk(#"{"tool_calls":[{"index":0,"id":"c1","function":{"name":"a","arguments":"{\"x\":"}}]}"#)
        #expect(Chat.error { _ = try Chat.stream([half]) }?.status == 500)
        #expect(Chat.error { _ = try Chat.stream([]) }?.status == 500)
    }

    @Test("P94: a stream that was cut is an error, also inside a line")
    func cut() throws {
        let whole = Array("data: \(text("a"))\n\ndata: \(text("b"))\n\n".utf8)
        let request = try Chat.request(#""stream":true"#)
        #expect(Chat.error { _ = try Chat.decode(whole.dropLast(20) + [], for: request) } != nil)
    }

    @Test("a finish reason without [DONE] is an end")
    func noDone() throws {
        let (events, _) = try Chat.stream([text("a"), end()], done: false)
        #expect(Chat.fault(events) == nil)
    }

    @Test("an error inside the stream ends it as that error")
    func errorInside() throws {
        let error = Chat.error {
            _ = try Chat.stream([text("a"), #"{"error":{"message":"busy","type":"overloaded_error","code":529}}"#])
        }
        #expect(error == MessageError(529, nil, "busy"))
        #expect(
            Chat.error { _ = try Chat.stream([text("a"), Chat.chunk("{}", finish: "error")]) }?.type == "api_error")
    }

    @Test("P87, P88, P90: CRLF, a byte order mark, comments, joined lines and characters cut anywhere change nothing")
    func transport() throws {
        let request = try Chat.request(#""stream":true"#)
        let lines =
            "\u{FEFF}: OPENROUTER PROCESSING\r\n\r\ndata:\(text("Grüße 🌍"))\r\n\r\nevent: x\r\ndata: \(end())\r\n\r\ndata: [DONE]\r\n\r\n"
        let whole = try Chat.decode(Array(lines.utf8), for: request).events
        #expect(Chat.blocks(whole) == ["text:Grüße 🌍"])
        for pieces in [1, 2, 3, 7, 64] {
            let cut = try Chat.decode(Array(lines.utf8), for: request, pieces: pieces).events
            #expect(Chat.wire(cut) == Chat.wire(whole))
        }
    }

    @Test("P89: a very long line is taken")
    func longLine() throws {
        let words = String(repeating: "x", count: 3_000_000)
        #expect(try blocks(text(words), end()) == ["text:" + words])
    }

    @Test("comments of the service become pings")
    func comments() throws {
        let bytes = Array(": wait\n\ndata: \(text("a"))\n\n: wait\n\ndata: \(end())\n\ndata: [DONE]\n\n".utf8)
        let events = try Chat.decode(bytes, for: Chat.request(#""stream":true"#)).events
        #expect(events.count { $0 == .ping } == 3)
    }

    @Test("a data line that is no JSON is skipped and noted")
    func noJSON() throws {
        let (events, losses) = try Chat.stream([text("a"), "<html>", end(), usage])
        #expect(Chat.blocks(events) == ["text:a"])
        #expect(losses.map(\.path) == ["stream"])
    }

    @Test("P56: a second choice is taken as more of the same answer")
    func choices() throws {
        let second =
            #"{"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"b","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#
        #expect(try blocks(second) == ["text:a", "tool b c1:{}"])
    }

    @Test("max_tokens 0 gives an empty message")
    func muted() throws {
        let request = try Chat.request(maxTokens: 0, #""stream":true"#)
        let (events, _) = try Chat.stream([text("a"), end("length")], for: request)
        #expect(Chat.blocks(events).isEmpty)
        #expect(Chat.end(events)?.stopReason == .maxTokens)
    }

    @Test("P156: the answer carries the name of the model that was asked for")
    func model() throws {
        let request = try Chat.request(model: "claude-haiku-4-5", #""stream":true"#)
        guard case .messageStart(let start) = try Chat.stream([text("a"), end()], for: request).events.first else {
            return
        }
        #expect(start.model == "claude-haiku-4-5")
    }
}
