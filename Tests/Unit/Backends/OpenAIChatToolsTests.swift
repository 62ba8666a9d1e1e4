import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIChatToolsTests {
    private let long = "mcp__srv__" + String(repeating: "a_tool_with_a_long_name_", count: 4)

    private func tools(_ list: String, _ more: String = "") throws -> (
        tools: String?, body: JSON, losses: [Losses.Loss]
    ) {
        let (body, losses) = try Chat.translate(Chat.request(#""tools":[\#(list)]"# + more))
        return (body["tools"].map { String(decoding: $0.raw, as: UTF8.self) }, body, losses)
    }

    private func tool(_ name: String, _ more: String = "") -> String {
        #"{"name":"\#(name)","description":"d","input_schema":{"type":"object","properties":{}}\#(more)}"#
    }

    @Test("a tool becomes a function with its schema byte for byte")
    func plain() throws {
        let schema =
            #"{ "$schema":"https://json-schema.org/draft/2020-12/schema", "type":"object","properties":{"z":{"maximum":9007199254740991},"a":{}} }"#
        let (list, _, losses) = try tools(#"{"name":"Read","description":"Reads \"it\"","input_schema":\#(schema)}"#)
        #expect(
            list
                == #"[{"type":"function","function":{"name":"Read","description":"Reads \"it\"","parameters":\#(schema)}}]"#
        )
        #expect(losses.isEmpty)
    }

    @Test("P5: a name of more than 64 characters or of odd ones is shortened and given back in the stream")
    func longNames() throws {
        for name in [long, "files.read/v2 ✓", "läs"] {
            let request = try Chat.request(
                #""stream":true,"tools":[\#(tool(name))],"tool_choice":{"type":"tool","name":"\#(name)"}"#)
            let (body, _) = try Chat.translate(request)
            let alias = try #require(body["tools"]?.firstElement?["function"]?["name"]?.string)
            #expect(ToolNames.isLegal(alias))
            #expect(body["tool_choice"]?["function"]?["name"]?.string == alias)
            let (events, _) = try Chat.stream(
                [
                    Chat.chunk(
                        #"{"tool_calls":[{"index":0,"id":"call_1","function":{"name":"\#(alias)","arguments":"{}"}}]}"#)
                ],
                for: request)
            #expect(Chat.blocks(events) == ["tool \(name) call_1:{}"])
        }
    }

    @Test("P5: the alias is used in the history and in tool references too, also for tools no longer offered")
    func aliasInHistory() throws {
        let messages = try Chat.messages(
            #"""
            [{"role":"user","content":"hi"},
             {"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"\#(long)","input":{}}]},
             {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"tool_reference","tool_name":"\#(long)"}]}]}]
            """#)
        #expect(!messages.contains(long))
        #expect(messages.contains(#""function":{"name":"\#(ToolNames.alias(long))""#))
        #expect(messages.contains("Tool loaded: \(ToolNames.alias(long))"))
    }

    @Test("P6: two long names that begin alike stay apart")
    func aliases() {
        let one = ToolNames.alias(long + "one")
        let two = ToolNames.alias(long + "two")
        #expect(one != two)
        #expect(one.utf8.count == 64)
        #expect(ToolNames.alias(long + "one") == one)
    }

    @Test("P7: an empty description is left out")
    func emptyDescription() throws {
        let (list, _, _) = try tools(
            #"{"name":"a","description":" ","input_schema":{"type":"object","properties":{}}}"#)
        #expect(
            list == #"[{"type":"function","function":{"name":"a","parameters":{"type":"object","properties":{}}}}]"#)
    }

    @Test("P8: a tool without a name is left out, type custom is none of the schema's")
    func nameless() throws {
        let (list, _, losses) = try tools(#"{"description":"x","input_schema":{}},"# + tool("b", #","type":"custom""#))
        #expect(
            list
                == #"[{"type":"function","function":{"name":"b","description":"d","parameters":{"type":"object","properties":{}}}}]"#
        )
        #expect(losses.map(\.path) == ["tools[0]"])
    }

    @Test(
        "P9: a schema is always an object with properties",
        arguments: [
            ("{}", #"{"type":"object","properties":{}}"#), ("null", #"{"type":"object","properties":{}}"#),
            (#"{"type":"object"}"#, #"{"type":"object","properties":{}}"#),
            (#"{"properties":{"x":{"type":"string"}}}"#, #"{"type":"object","properties":{"x":{"type":"string"}}}"#),
            (#"{"type":"string","properties":null}"#, #"{"type":"object","properties":{}}"#),
        ])
    func schemas(given: String, sent: String) throws {
        let (list, _, _) = try tools(#"{"name":"a","input_schema":\#(given)}"#)
        #expect(list == #"[{"type":"function","function":{"name":"a","parameters":\#(sent)}}]"#)
    }

    @Test("P11: what OpenAI refuses at the top of a schema is taken out, and noted; a property of such a name stays")
    func refusedAtTop() throws {
        let (list, _, losses) = try tools(
            #"{"name":"a","input_schema":{"type":"object","properties":{"anyOf":{"anyOf":[{"type":"string"}]}},"anyOf":[{"required":["x"]}]}}"#
        )
        #expect(
            list?.contains(#""parameters":{"type":"object","properties":{"anyOf":{"anyOf":[{"type":"string"}]}}}"#)
                ?? false)
        #expect(losses.map(\.path) == ["tools[0].input_schema.anyOf"])
    }

    @Test(
        "P14: tool_choice any is required, none is none",
        arguments: [("auto", "auto"), ("any", "required"), ("none", "none")])
    func choices(given: String, sent: String) throws {
        let (_, body, _) = try tools(tool("a"), #","tool_choice":{"type":"\#(given)"}"#)
        #expect(body["tool_choice"]?.string == sent)
    }

    @Test("P16: without tools there is no tool_choice and no parallel_tool_calls")
    func noTools() throws {
        let (list, body, losses) = try tools("", #","tool_choice":{"type":"any","disable_parallel_tool_use":true}"#)
        #expect(list == nil)
        #expect(body["tool_choice"] == nil && body["parallel_tool_calls"] == nil)
        #expect(losses.map(\.path) == ["tool_choice"])
    }

    @Test("P18: disable_parallel_tool_use is parallel_tool_calls false, except for models that do not take it")
    func parallel() throws {
        let members = #""tools":[\#(tool("a"))],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#
        let (body, _) = try Chat.translate(Chat.request(members))
        #expect(body["parallel_tool_calls"]?.bool == false)
        let (other, losses) = try Chat.translate(Chat.request(members), ["OPENAI_MODEL": "o3-mini"])
        #expect(other["parallel_tool_calls"] == nil)
        #expect(losses.contains { $0.path == "tool_choice.disable_parallel_tool_use" })
    }

    @Test("P20: the placeholder goes, deferred tools are offered, a reference becomes words")
    func deferred() throws {
        let (list, _, losses) = try tools(
            tool("DeferredToolPlaceholder", #","defer_loading":true"#) + ","
                + tool("WebFetch", #","defer_loading":true"#))
        #expect(list?.contains("WebFetch") ?? false)
        #expect(!(list?.contains("DeferredToolPlaceholder") ?? true) && !(list?.contains("defer_loading") ?? true))
        #expect(losses.isEmpty)
        let messages = try Chat.messages(
            #"""
            [{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"ToolSearch","input":{}}]},
             {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"tool_reference","tool_name":"WebFetch"},{"type":"tool_reference","tool_name":"Edit"}]},
              {"type":"text","text":"Tool loaded."}]}]
            """#)
        #expect(
            messages.contains(
                #""content":"Tool loaded: WebFetch\n\nTool loaded: Edit"},{"role":"user","content":"Tool loaded."}]"#))
    }

    @Test("P21: keys that only Anthropic knows do not go out")
    func foreignKeys() throws {
        let (list, _, losses) = try tools(
            tool(
                "a",
                #","cache_control":{"type":"ephemeral"},"eager_input_streaming":true,"allowed_callers":["direct"],"input_examples":[{"x":1}]"#
            ))
        #expect(
            list
                == #"[{"type":"function","function":{"name":"a","description":"d","parameters":{"type":"object","properties":{}}}}]"#
        )
        #expect(losses.map(\.path) == ["tools[0].input_examples"])
    }

    @Test("strict goes out only where the schema keeps its rules")
    func strict() throws {
        let closed =
            #"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}"#
        let (list, _, _) = try tools(#"{"name":"a","input_schema":\#(closed),"strict":true}"#)
        #expect(list?.hasSuffix(#","strict":true}}]"#) ?? false)
        let (open, _, losses) = try tools(tool("a", #","strict":true"#))
        #expect(!(open?.contains("strict") ?? true))
        #expect(losses.map(\.path) == ["tools[0].strict"])
    }

    @Test("P158: the client's web search request is answered in text instead of refused")
    func onlyServerTool() throws {
        for choice in [#"{"type":"auto"}"#, #"{"type":"tool","name":"web_search"}"#] {
            let (list, body, losses) = try tools(
                #"{"type":"web_search_20250305","name":"web_search","max_uses":8}"#, #","tool_choice":\#(choice)"#)
            #expect(list == nil)
            #expect(body["tool_choice"] == nil)
            #expect(losses.first?.path == "tools[0]")
        }
    }

    @Test("a forced server tool among others leaves the choice to the model")
    func forcedServerTool() throws {
        let (_, body, losses) = try tools(
            #"{"type":"web_search_20250305","name":"web_search"},"# + tool("a"),
            #","tool_choice":{"type":"tool","name":"web_search"}"#)
        #expect(body["tool_choice"] == nil)
        #expect(losses.map(\.path) == ["tools[0]", "tool_choice"])
    }

    @Test(
        "tools that Anthropic defines and the client runs become functions",
        arguments: ["bash_20250124", "text_editor_20250728", "memory_20250818"])
    func clientTools(type: String) throws {
        let (list, _, losses) = try tools(#"{"type":"\#(type)","name":"x"}"#)
        let schema = try JSON.parse(Array((list ?? "").utf8)).firstElement?["function"]?["parameters"]
        #expect(schema?["properties"]?["command"] != nil)
        #expect(losses.map(\.operation) == [.emulate])
    }

    @Test("a second tool of the same name is left out")
    func duplicates() throws {
        let (list, _, losses) = try tools(tool("a") + "," + tool("a"))
        #expect(
            list == "["
                + #"{"type":"function","function":{"name":"a","description":"d","parameters":{"type":"object","properties":{}}}}"#
                + "]")
        #expect(losses.map(\.path) == ["tools[1]"])
    }
}
