import Testing

@testable import Backends
@testable import Intercept

@Suite struct ThinkTagsTests {
    /// Thinking and text of a whole, cut into pieces of this size.
    private func split(_ whole: String, _ size: Int) -> (thinking: String, text: String) {
        var tags = ThinkTags()
        var found: (thinking: String, text: String) = ("", "")
        func add(_ piece: (thinking: JSONText?, text: JSONText?)) {
            found.thinking += piece.thinking?.string ?? ""
            found.text += piece.text?.string ?? ""
        }
        var rest = Array(whole)[...]
        while !rest.isEmpty {
            add(tags.feed(JSONText(String(rest.prefix(size)))))
            rest = rest.dropFirst(size)
        }
        add(tags.finish())
        return found
    }

    @Test(
        "P149: thinking between tags at the beginning is thinking, however it is cut",
        arguments: [1, 2, 3, 7, 100],
        [
            ("<think>one < two</think>\n\nDone", "one < two", "Done"), ("\n <think></think>x", "", "x"),
            ("plain", "", "plain"), ("<thin", "", "<thin"), ("I <think> so", "", "I <think> so"),
            ("<think>cut off", "cut off", ""), ("<think>a</thinking></think>b", "a</thinking>", "b"),
            ("ä<b", "", "ä<b"),
        ])
    func tags(size: Int, example: (whole: String, thinking: String, text: String)) {
        let found = split(example.whole, size)
        #expect(found.thinking == example.thinking)
        #expect(found.text == example.text)
    }

    @Test("P149: a stream with tags has a thinking block and a text block; OpenAI's own text is left alone")
    func stream() throws {
        let chunks = ["\\u003cthi", "nk>hm", "</think>\\n", "\\nHello"].map { Chat.chunk(#"{"content":"\#($0)"}"#) }
        let all = chunks + [Chat.chunk("{}", finish: "stop")]
        let local = try Chat.stream(all, ["OPENAI_PROVIDER": "ollama"]).events
        #expect(Chat.blocks(local) == ["thinking:hm", "text:Hello"])
        #expect(Chat.fault(local) == nil)
        #expect(Chat.blocks(try Chat.stream(all).events) == ["text:<think>hm</think>\n\nHello"])
    }

    @Test("an unclosed tag before a call does not swallow the call")
    func unclosed() throws {
        let events = try Chat.stream(
            [
                Chat.chunk(#"{"content":"<think>so </thi"}"#),
                Chat.chunk(#"{"tool_calls":[{"index":0,"id":"c1","function":{"name":"Read","arguments":"{}"}}]}"#),
                Chat.chunk("{}", finish: "tool_calls"),
            ], ["OPENAI_PROVIDER": "vllm"]
        ).events
        #expect(Chat.blocks(events) == ["thinking:so </thi", "tool Read c1:{}"])
        #expect(Chat.fault(events) == nil)
    }
}
