import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIChatWholeTests {
    private func decode(_ answer: String, type: String = "application/json", stream: Bool = false) throws -> (
        events: [MessageEvent], losses: [Losses.Loss]
    ) {
        let decoded = try Chat.decode(
            Array(answer.utf8), for: Chat.request(#""stream":\#(stream)"#), type: type, pieces: 11)
        #expect(Chat.fault(decoded.events) == nil)
        return decoded
    }

    private func answer(_ message: String, _ finish: String = "stop") -> String {
        #"{"id":"c","object":"chat.completion","choices":[{"index":0,"message":\#(message),"finish_reason":"\#(finish)"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}"#
    }

    @Test("a whole answer gives the events of a stream, and its usage is known from the beginning")
    func whole() throws {
        let (events, losses) = try decode(
            answer(#"{"role":"assistant","content":"Hi \u00e9","reasoning":"hm","refusal":null}"#))
        #expect(Chat.blocks(events) == ["thinking:hm", "text:Hi é"])
        #expect(Chat.end(events)?.usage == Usage(input: 9, output: 3))
        guard case .messageStart(let start) = events[0] else { return }
        #expect(start.usage == Usage(input: 9))
        #expect(losses.isEmpty)
    }

    @Test("calls of a whole answer are told apart by their place")
    func calls() throws {
        let (events, _) = try decode(
            answer(
                #"{"content":null,"tool_calls":[{"id":"","function":{"name":"a","arguments":"{\"x\":1}"}},{"id":"","function":{"name":"b","arguments":""}}]}"#,
                "tool_calls"))
        let blocks = Chat.blocks(events)
        #expect(blocks.count == 2)
        #expect(blocks[0].hasPrefix("tool a toolu_") && blocks[0].hasSuffix(#":{"x":1}"#))
        #expect(blocks[1].hasPrefix("tool b toolu_") && blocks[1].hasSuffix(":{}"))
        #expect(Chat.end(events)?.stopReason == .toolUse)
    }

    @Test(
        "arguments of a whole answer are an object, mended once, or empty when the answer was cut",
        arguments: [
            (#"{\"x\":\"y"#, "tool_calls", #"{"x":"y"}"#), (#"{\"x\":\"y"#, "length", "{}"), ("[1", "tool_calls", "{}"),
            (#"```\n{\"x\":[1\n```"#, "stop", #"{"x":[1]}"#),
        ])
    func mended(arguments: String, finish: String, input: String) throws {
        let (events, losses) = try decode(
            answer(#"{"tool_calls":[{"id":"c0","function":{"name":"a","arguments":"\#(arguments)"}}]}"#, finish))
        #expect(Chat.blocks(events) == ["tool a c0:" + input])
        #expect(losses.isEmpty == (finish == "length"))
    }

    @Test("P91: a stream labelled as JSON and a JSON answer labelled as a stream are seen from their first byte")
    func mislabelled() throws {
        #expect(
            Chat.blocks(try decode(answer(#"{"content":"a"}"#), type: "text/event-stream", stream: true).events) == [
                "text:a"
            ])
        let lines = "data: \(Chat.chunk(#"{"content":"a"}"#, finish: "stop"))\n\ndata: [DONE]\n\n"
        #expect(Chat.blocks(try decode(lines, type: "application/json").events) == ["text:a"])
        #expect(Chat.blocks(try decode(lines, type: "").events) == ["text:a"])
        #expect(Chat.blocks(try decode("\u{FEFF} \n" + answer(#"{"content":"a"}"#)).events) == ["text:a"])
    }

    @Test("P95: an error inside a 200 is that error")
    func errorInside() {
        let error = Chat.error {
            _ = try decode(
                #"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"slow down"}}}"#)
        }
        #expect(error == MessageError(429, nil, "Provider returned error: slow down"))
        #expect(Chat.error { _ = try decode(#"{"error":{"message":"x","type":"overloaded_error"}}"#) }?.status == 529)
        #expect(Chat.error { _ = try decode(#"[{"error":{"message":"x","code":503}}]"#) }?.status == 529)
    }

    @Test(
        "an answer without choices, of HTML or of nothing is an error that shows what came",
        arguments: [#"{"object":"list"}"#, #"{"choices":[]}"#, "<html><body>502 Bad Gateway</body></html>", ""])
    func nothing(body: String) {
        let error = Chat.error { _ = try decode(body) }
        #expect(error?.type == "api_error")
        #expect(error?.message.contains("api.openai.com") ?? false)
    }

    @Test("empty calls beside a text change nothing")
    func emptyFunction() throws {
        let (events, losses) = try decode(
            answer(#"{"content":"4","function_call":{"name":"","arguments":""},"tool_calls":[]}"#))
        #expect(Chat.blocks(events) == ["text:4"])
        #expect(losses.isEmpty)
    }
}
