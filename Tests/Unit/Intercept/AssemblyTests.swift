/// Folding events into the message that they describe.
import Testing

@testable import Intercept

struct AssemblyTests {
    private func fold(_ events: [MessageEvent]) -> (assembly: Assembly, calls: [ToolCall]) {
        var assembly = Assembly()
        let calls = events.compactMap { assembly.add($0) }
        return (assembly, calls)
    }

    private func content(_ events: [MessageEvent]) throws -> String {
        let message = try JSON.parse(fold(events).assembly.message())
        return Core.text(message["content"]?.raw ?? [])
    }

    private func block(_ block: ContentBlock, _ deltas: BlockDelta...) -> [MessageEvent] {
        [.blockStart(index: 0, block: block)] + deltas.map { .blockDelta(index: 0, delta: $0) } + [.blockStop(index: 0)]
    }

    private func other(_ json: String) -> ContentBlock { .other(json: Array(json.utf8)) }

    @Test("text is joined")
    func text() throws {
        #expect(try content(block(.text, .text("a\n"), .text("\"b\""))) == #"[{"type":"text","text":"a\n\"b\""}]"#)
        #expect(try content(block(.text)) == #"[{"type":"text","text":""}]"#)
    }

    @Test("thinking keeps its signature")
    func thinking() throws {
        let events = block(.thinking, .thinking("h"), .thinking("m"), .signature("a"), .signature("b"))
        #expect(try content(events) == #"[{"type":"thinking","thinking":"hm","signature":"ab"}]"#)
        #expect(
            try content(block(.redactedThinking(data: "xy"))) == #"[{"type":"redacted_thinking","data":"xy"}]"#)
    }

    @Test("P168: a tool call is handed out when it is complete")
    func toolCall() throws {
        let events = block(.toolUse(id: "t1", name: "Read"), .inputJSON(#"{"a""#), .inputJSON(#":1.50}"#))
        let (_, calls) = fold(events)
        #expect(calls == [ToolCall(id: "t1", name: "Read", input: Array(#"{"a":1.50}"#.utf8), index: 0)])
        #expect(calls.first?.arguments?["a"]?.double == 1.5)
        #expect(try content(events) == #"[{"type":"tool_use","id":"t1","name":"Read","input":{"a":1.50}}]"#)
        #expect(fold(Array(events.dropLast())).calls.isEmpty)
    }

    @Test("no arguments mean an empty object", arguments: ["", " ", "\n"])
    func noArguments(text: String) throws {
        let events = block(.toolUse(id: "t", name: "n"), .inputJSON(JSONText(text)))
        #expect(fold(events).calls.map { Core.text($0.input) } == ["{}"])
        #expect(try content(events) == #"[{"type":"tool_use","id":"t","name":"n","input":{}}]"#)
    }

    @Test("arguments that are no object are kept as they are", arguments: [#"{"a":"#, "[1]", "\"x\"", "{}x"])
    func brokenArguments(text: String) throws {
        let events = block(.toolUse(id: "t", name: "n"), .inputJSON(JSONText(text)))
        #expect(fold(events).calls.map { Core.text($0.input) } == [text])
        let input = try #require(
            try Core.json(content(events)).elements.first { _ in true }?["input"]?["__unparsedToolInput"])
        #expect(input["raw"]?.string == text)
        #expect(input["len"]?.int == text.utf8.count)
    }

    private func citation(_ number: Int) -> BlockDelta {
        .other(json: Array(#"{"type":"citations_delta","citation":{"n":\#(number)}}"#.utf8))
    }

    @Test("citations come into their block")
    func citations() throws {
        #expect(
            try content(block(.text, .text("a"), citation(1), citation(2)))
                == #"[{"type":"text","text":"a","citations":[{"n":1},{"n":2}]}]"#)
    }

    @Test("citations of a block that began with an empty list are not written twice")
    func citationsOfOther() throws {
        let start = other(#"{"type":"text","text":"","citations":[]}"#)
        #expect(
            try content(block(start, citation(1), .text("a"))) == #"[{"type":"text","text":"a","citations":[{"n":1}]}]"#
        )
        #expect(try content(block(start, citation(1))) == #"[{"type":"text","text":"","citations":[{"n":1}]}]"#)
        #expect(try content(block(start, .text("a"))) == #"[{"type":"text","citations":[],"text":"a"}]"#)
    }

    @Test("a block of an unknown type stays as it began, with the input that came after it")
    func unknown() throws {
        let whole = #"{"type":"web_search_tool_result","content":[{"x":1.50}]}"#
        #expect(try content(block(other(whole))) == "[\(whole)]")
        let call = other(#"{"type":"server_tool_use","id":"s","name":"web_search","input":{}}"#)
        #expect(
            try content(block(call, .inputJSON(#"{"query":"x"}"#)))
                == #"[{"type":"server_tool_use","id":"s","name":"web_search","input":{"query":"x"}}]"#)
    }

    @Test("what a delta of an unknown type says takes its place in the block")
    func unknownDelta() throws {
        let block = block(
            other(#"{"type":"compaction","content":null,"kept":1}"#),
            .other(json: Array(#"{"type":"compaction_delta","content":"first"}"#.utf8)),
            .other(json: Array(#"{"type":"compaction_delta","content":"All of it.","encrypted_content":"E"}"#.utf8)))
        #expect(
            try content(block)
                == #"[{"type":"compaction","kept":1,"content":"All of it.","encrypted_content":"E"}]"#)
    }

    @Test("usage, stop reason and error are those of the last events")
    func ends() throws {
        let (assembly, _) = fold([
            .messageStart(MessageStart(id: "m", model: "c", usage: Usage(input: 4, output: 1))), .ping,
            .messageDelta(MessageDelta(stopReason: .maxTokens, usage: Usage(output: 9))), .messageStop,
        ])
        #expect(assembly.isComplete && assembly.usage == Usage(input: 4, output: 9) && !assembly.hasContent)
        #expect(assembly.end?.stopReason == .maxTokens)
        let message = try JSON.parse(assembly.message())
        #expect(message["stop_reason"]?.string == "max_tokens" && message["id"]?.string == "m")
        #expect(message["usage"]?["output_tokens"]?.int == 9)
        let error = MessageError(529, nil, "full")
        #expect(fold([.error(error)]).assembly.error == error)
    }

    @Test("blocks that are open at once do not mix, deltas without a block are ignored")
    func interleaved() throws {
        let events: [MessageEvent] = [
            .blockStart(index: 0, block: .text), .blockStart(index: 1, block: .text),
            .blockDelta(index: 1, delta: .text("b")), .blockDelta(index: 0, delta: .text("a")),
            .blockDelta(index: 7, delta: .text("x")), .blockStop(index: 7), .blockStop(index: 0), .blockStop(index: 1),
        ]
        #expect(try content(events) == #"[{"type":"text","text":"a"},{"type":"text","text":"b"}]"#)
        #expect(
            Core.text(fold(events).assembly.roleAndContent())
                == #"{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#)
    }
}
