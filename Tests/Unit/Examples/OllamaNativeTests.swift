/// The backend of docs/add-a-backend.md: requests as Ollama wants them, its lines as events.
import Testing

@testable import Intercept

struct OllamaNativeTests {
    private func backend(_ variables: [String: String] = [:]) throws -> OllamaNative {
        try OllamaNative(Environment(variables))
    }

    private func translate(_ body: String, _ variables: [String: String] = [:]) throws -> (String, [Losses.Loss]) {
        var losses = Losses()
        let sent = try backend(variables).translate(Core.request(body), &losses)
        return (Core.text(sent.body), losses.all)
    }

    // MARK: Settings

    @Test(
        "the address is read as Ollama's own tools read it",
        arguments: [
            (nil, "http://127.0.0.1:11434/api/chat"), ("box:80", "http://box:80/api/chat"),
            ("box", "http://box:11434/api/chat"), ("http://box:1/", "http://box:1/api/chat"),
            ("https://ollama.com", "https://ollama.com/api/chat"),
        ])
    func address(host: String?, url: String) throws {
        let variables = host.map { ["OLLAMA_HOST": $0] } ?? [:]
        var losses = Losses()
        let sent = try backend(variables).translate(Core.request(Core.body()), &losses)
        #expect(sent.url == url && sent.method == "POST" && sent.model == "claude-opus-5-5")
        #expect(sent.headers["content-type"] == "application/json")
        #expect(OllamaNative.detect(Environment(variables))?.because == host.map { "OLLAMA_HOST=\($0)" })
    }

    @Test("a context length that is no number is named")
    func settings() throws {
        let error = #expect(throws: ConfigError.self) { try backend(["OLLAMA_CONTEXT_LENGTH": "32k"]) }
        #expect(error?.description == "OLLAMA_CONTEXT_LENGTH=32k (shell): expected a whole number above 0")
        #expect(try backend(["OLLAMA_MODEL": "qwen3:8b"]).summary == "http://127.0.0.1:11434, qwen3:8b")
    }

    // MARK: Requests

    @Test("model, limits and sampling go where Ollama looks for them")
    func options() throws {
        let (body, losses) = try translate(
            Core.body(
                #""temperature":0.20,"top_k":5,"stop_sequences":["END"],"stream":true,"metadata":{"user_id":"u"}"#),
            ["OLLAMA_MODEL": "qwen3:8b", "OLLAMA_CONTEXT_LENGTH": "32768"])
        #expect(
            body
                == #"{"model":"qwen3:8b","stream":true,"truncate":false,"think":false,"options":{"num_ctx":32768,"num_predict":10,"#
                + #""temperature":0.20,"top_k":5,"stop":["END"]},"messages":[{"role":"user","content":"hi","thinking":"","images":[],"#
                + #""tool_calls":[]}],"tools":[]}"#)
        #expect(losses.map { "\($0.operation.rawValue) \($0.path)" } == ["emulate stop_sequences", "drop metadata"])
    }

    @Test(
        "a model thinks as it likes unless thinking is off",
        arguments: [
            ("", true), (#""thinking":{"type":"disabled"}"#, true), (#""thinking":{"type":"adaptive"}"#, false),
            (#""thinking":{"type":"enabled","budget_tokens":1024}"#, false),
        ])
    func thinking(member: String, isOff: Bool) throws {
        #expect(try translate(Core.body(member)).0.contains(#""think":false"#) == isOff)
    }

    private static let conversation =
        #"{"model":"m","max_tokens":1,"system":[{"type":"text","text":"x-anthropic-billing-header: v"},{"type":"text","text":"Be"},"#
        + #"{"type":"text","text":"brief."}],"messages":[{"role":"user","content":[{"type":"text","text":"look"},"#
        + #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},"#
        + #"{"type":"image","source":{"type":"url","url":"https://h/x.png"}}]},"#
        + #"{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"ccx1."},{"type":"text","text":"wait"},"#
        + #"{"type":"tool_use","id":"t1","name":"Read","input":{"p": 1.50}},{"type":"tool_use","id":"t2","name":"Bash","input":{}}]},"#
        + #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"t2","content":"no","is_error":true},"#
        + #"{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"a"},"#
        + #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"BBBB"}}]},{"type":"text","text":"so?"}]}]}"#

    @Test("a conversation keeps texts, images, thinking, calls and the results of each call")
    func conversation() throws {
        let (body, losses) = try translate(Self.conversation)
        let messages = try #require(try Core.json(body)["messages"]).elements.map { Core.text($0.raw) }
        let none = #""thinking":"","images":[],"tool_calls":[]}"#
        #expect(
            messages == [
                #"{"role":"system","content":"Be\n\nbrief.",\#(none)"#,
                #"{"role":"user","content":"look","thinking":"","images":["AAAA"],"tool_calls":[]}"#,
                #"{"role":"assistant","content":"wait","thinking":"hm","images":[],"tool_calls":["#
                    + #"{"type":"function","function":{"name":"Read","arguments":{"p": 1.50}}},"#
                    + #"{"type":"function","function":{"name":"Bash","arguments":{}}}]}"#,
                #"{"role":"tool","tool_name":"Bash","content":"Error: no","images":[]}"#,
                #"{"role":"tool","tool_name":"Read","content":"a","images":["BBBB"]}"#,
                #"{"role":"user","content":"so?",\#(none)"#,
            ])
        #expect(losses.map(\.path) == ["messages[0].content[2]"])
    }

    @Test("tools keep their schemas byte for byte; those of Anthropic's servers are a loss")
    func tools() throws {
        let schema = #"{"type":"object", "properties":{"b":{},"a":{}}}"#
        let (body, losses) = try translate(
            Core.body(
                #""tools":[{"name":"Read","description":"d","input_schema":\#(schema)},{"type":"web_search_20250305","name":"web_search"}]"#
            ))
        #expect(
            Core.text(try #require(try Core.json(body)["tools"]).raw)
                == #"[{"type":"function","function":{"name":"Read","description":"d","parameters":\#(schema)}}]"#)
        #expect(losses.map(\.path) == ["tools[1]"])
    }

    // MARK: Answers

    private static func line(_ message: String, _ more: String = #""done":false"#) -> String {
        #"{"model":"qwen3:8b","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant",\#(message)},\#(more)}"#
            + "\n"
    }

    private static let done =
        #""done":true,"done_reason":"stop","total_duration":1,"prompt_eval_count":26,"eval_count":12"#

    private static let answer =
        line(#""content":"","thinking":"Let me ""#) + line(#""content":"","thinking":"see.""#)
        + line(#""content":"\n\n""#)
        + line(#""content":"Caf\u00e9 ""#) + "\r\n" + line(#""content":"— ok""#)
        + line(
            #""content":"","tool_calls":[{"id":"call_1","function":{"index":0,"name":"Read","arguments":{"p": "a b"}}},{"function":{"name":"Bash","arguments":{}}}]"#
        ) + line(#""content":"""#, done)

    private func decode(_ text: String, pieces: Int = .max) throws -> (events: [MessageEvent], losses: [Losses.Loss]) {
        var reply = try backend().reply(to: Core.request(Core.body(#""stream":true"#)))
        var events: [MessageEvent] = []
        let bytes = Array(text.utf8)
        try reply.head(UpstreamHead(status: 200, headers: HTTPFields())) { events.append($0) }
        for piece in Core.pieces(bytes, of: max(1, min(pieces, bytes.count))) {
            let all = piece[...]
            try reply.feed(all.span) { events.append($0) }
        }
        try reply.finish { events.append($0) }
        return (events, reply.losses.all)
    }

    @Test("lines become thinking, text and calls, however the bytes are cut", arguments: [Int.max, 7, 1])
    func answer(pieces: Int) throws {
        let (events, losses) = try decode(Self.answer, pieces: pieces)
        let blocks = Chat.blocks(events)
        #expect(blocks.prefix(3) == ["thinking:Let me see.", "text:\n\nCafé — ok", #"tool Read call_1:{"p": "a b"}"#])
        #expect(blocks.count == 4 && blocks[3].hasPrefix("tool Bash toolu_") && blocks[3].hasSuffix(":{}"))
        #expect(events.contains(.blockDelta(index: 0, delta: .signature("ccx1."))))
        #expect(Chat.end(events) == MessageDelta(stopReason: .toolUse, usage: Usage(input: 26, output: 12)))
        #expect(Chat.fault(events) == nil && losses.isEmpty)
        var grammar = Grammar()
        #expect(events.allSatisfy { grammar.check($0) == nil } && grammar.finish() == nil)
    }

    @Test("a whole answer is a stream of one line, its line end may be missing")
    func whole() throws {
        let text = Self.line(#""content":"hello""#, Self.done).dropLast()
        #expect(Chat.blocks(try decode(String(text)).events) == ["text:hello"])
    }

    @Test(
        "why the answer ended is carried over; what is unknown is a loss",
        arguments: [("stop", StopReason.endTurn, 0), ("length", .maxTokens, 0), ("unload", .endTurn, 1)])
    func stopReason(reason: String, stop: StopReason, lost: Int) throws {
        let end = #""done":true,"done_reason":"\#(reason)","prompt_eval_count":1,"eval_count":1"#
        let (events, losses) = try decode(Self.line(#""content":"x""#, end))
        #expect(Chat.end(events)?.stopReason == stop && losses.count == lost)
    }

    @Test("without counts there are estimates, and a loss says so")
    func usage() throws {
        let (events, losses) = try decode(Self.line(#""content":"12345678""#, #""done":true,"done_reason":"stop""#))
        let usage = try #require(Chat.end(events)?.usage)
        #expect(usage.isEstimate && usage.output == 2 && usage.input > 0)
        #expect(losses.map(\.path) == ["usage"])
    }

    @Test(
        "an answer that breaks off, holds no JSON or an error is an error",
        arguments: [
            (line(#""content":"x""#), "Ollama's answer broke off before it was done"),
            ("", "Ollama's answer broke off before it was done"),
            (line(#""content":"x""#) + #"{"error":"out of memory"}"# + "\n", "Ollama: out of memory"),
            ("<html>no</html>\n", "Ollama: <html>no</html>"), ("[]\n", "Ollama: []"),
        ])
    func broken(text: String, message: String) {
        #expect(Chat.error { _ = try decode(text) } == MessageError(500, nil, message))
    }

    @Test(
        "errors say what to do",
        arguments: [
            (
                404, #"{"error":"model 'x' not found"}"#, 404,
                "Ollama: model 'x' not found (`ollama list` shows what there is; set OLLAMA_MODEL)"
            ),
            (
                400, #"{"error":"the input length exceeds the context length"}"#, 400,
                "prompt is too long: the input length exceeds the context length"
            ),
            (503, "busy", 503, "Ollama: busy"),
        ])
    func failure(status: Int, body: String, told: Int, message: String) throws {
        let reply = try backend().reply(to: Core.request(Core.body()))
        let error = reply.failure(UpstreamHead(status: status, headers: HTTPFields()), body: Array(body.utf8))
        #expect(error.status == told && error.message == message)
    }
}
