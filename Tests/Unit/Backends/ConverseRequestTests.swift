import Testing

@testable import Backends
@testable import Intercept

/// Bodies for Converse: parameters, tools, cache points.
@Suite struct ConverseRequestTests {
    private let claude = "claude-opus-4-6"

    private func member(_ name: String, _ members: String, model: String = "claude-opus-4-6") throws -> String {
        try Converse.member(name, of: Chat.request(model: model, members))
    }

    private func losses(_ members: String, model: String = "claude-opus-4-6") throws -> [String] {
        try Converse.losses(Chat.request(model: model, members))
    }

    // MARK: Parameters

    @Test("limits, sampling and stops stand in inferenceConfig")
    func inference() throws {
        let members = #""temperature":0.25,"top_p":0.9,"stop_sequences":["END",""," "]"#
        #expect(
            try member("inferenceConfig", members)
                == #"{"maxTokens":1000,"temperature":0.25,"topP":0.9,"stopSequences":["END"]}"#)
        #expect(try losses(members) == ["drop stop_sequences"])
        #expect(try member("additionalModelResponseFieldPaths", members) == #"["/stop_sequence"]"#)
        #expect(try member("additionalModelResponseFieldPaths", "") == "")
    }

    @Test("what Bedrock does not take is clamped and noted")
    func clamps() throws {
        #expect(try member("inferenceConfig", #""temperature":1.5"#) == #"{"maxTokens":1000,"temperature":1}"#)
        #expect(try losses(#""temperature":1.5"#) == ["clamp temperature"])
        let muted = try Chat.request(model: claude, maxTokens: 0)
        #expect(try Converse.member("inferenceConfig", of: muted) == #"{"maxTokens":1}"#)
        #expect(try Converse.losses(muted) == ["emulate max_tokens"])
    }

    @Test("models of 4.7 and later get no sampling parameters")
    func newest() throws {
        let members = #""temperature":0.5,"top_p":1,"top_k":5"#
        #expect(try member("inferenceConfig", members, model: "claude-opus-4-8") == #"{"maxTokens":1000}"#)
        #expect(try member("additionalModelRequestFields", members, model: "claude-opus-4-8") == "")
        #expect(try losses(members, model: "claude-opus-4-8") == ["drop temperature", "drop top_k"])
    }

    @Test(
        "thinking goes to Claude as it is, but for words that Bedrock does not know",
        arguments: [
            (#"{"type":"adaptive","display":"updates"}"#, #"{"type":"adaptive","display":"summarized"}"#),
            (#"{"type":"enabled","budget_tokens":100}"#, #"{"type":"enabled","budget_tokens":1024}"#),
            (#"{"type":"adaptive","block_binding":{"prefix_mismatch_behavior":"error"}}"#, #"{"type":"adaptive"}"#),
            (#"{"type":"disabled"}"#, #"{"type":"disabled"}"#),
        ])
    func thinking(given: String, sent: String) throws {
        #expect(try member("additionalModelRequestFields", #""thinking":\#(given)"#) == #"{"thinking":\#(sent)}"#)
    }

    @Test("P53: effort, top_k and known betas are fields of Claude's own")
    func own() throws {
        let headers = HTTPFields([.init("anthropic-beta", "claude-code-20250219, effort-2025-11-24,unknown-1")])
        let request = try Chat.request(
            body:
                #"{"model":"claude-opus-4-6[1m]","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"output_config":{"effort":"high"},"top_k":5}"#,
            headers: headers)
        #expect(
            try Converse.member("additionalModelRequestFields", of: request)
                == #"{"top_k":5,"output_config":{"effort":"high"},"anthropic_beta":["effort-2025-11-24","context-1m-2025-08-07"]}"#
        )
    }

    @Test(
        "other vendors have other words for thinking",
        arguments: [
            ("openai.gpt-oss-120b-1:0", #"{"reasoning_effort":"high"}"#),
            ("qwen.qwen3-32b-v1:0", #"{"reasoning_config":"high"}"#),
            (
                "us.amazon.nova-2-lite-v1:0",
                #"{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}"#
            ), ("meta.llama4-v1:0", ""),
        ])
    func foreign(model: String, fields: String) throws {
        let members = #""thinking":{"type":"adaptive"},"output_config":{"effort":"max"}"#
        #expect(try member("additionalModelRequestFields", members, model: model) == fields)
    }

    @Test("a format is written with its schema as a text")
    func format() throws {
        let members = #""output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}"#
        #expect(
            try member("outputConfig", members)
                == #"{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"name":"output","schema":"{\"type\":\"object\"}"}}}}"#
        )
    }

    @Test("a guardrail and a service tier of the variables are added")
    func options() throws {
        let variables = [
            "BEDROCK_GUARDRAIL_ID": "abc", "BEDROCK_GUARDRAIL_VERSION": "2", "BEDROCK_SERVICE_TIER": "priority",
        ]
        let request = try Chat.request(#""stream":true"#)
        #expect(
            try Converse.member("guardrailConfig", of: request, variables)
                == #"{"guardrailIdentifier":"abc","guardrailVersion":"2","streamProcessingMode":"sync"}"#)
        #expect(try Converse.member("serviceTier", of: request, variables) == #"{"type":"priority"}"#)
        #expect(throws: ConfigError.self) { try Converse.backend(["BEDROCK_SERVICE_TIER": "cheap"]) }
    }

    @Test("P57: what has no field in Converse is noted, what only Anthropic's service needs is not")
    func notes() throws {
        #expect(
            try losses(
                #""speed":"fast","mcp_servers":[{}],"nonsense":1,"metadata":{"user_id":"u"},"service_tier":"auto""#)
                == ["drop speed", "drop mcp_servers", "drop nonsense"])
        #expect(try member("requestMetadata", #""metadata":{"user_id":"u"}"#) == "")
        #expect(try losses(#""context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]}"#) == [])
        #expect(
            try losses(#""context_management":{"edits":[{"type":"clear_tool_uses_20250919"}]}"#)
                == ["drop context_management"])
        #expect(throws: TranslationError.self) { try member("messages", #""thread":{"type":"create"}"#) }
    }

    // MARK: Tools

    @Test("tools are written with schema and without empty descriptions")
    func tools() throws {
        let members = #"""
            "tools":[{"name":"a","description":"does a","input_schema":{"type":"object","properties":{}},"strict":true},
            {"name":"b","description":"","input_schema":{}},{"name":"a","input_schema":{}},{"input_schema":{}}]
            """#
        #expect(
            try member("toolConfig", members)
                == #"{"tools":[{"toolSpec":{"name":"a","description":"does a","inputSchema":{"json":{"type":"object","properties":{}}},"strict":true}},{"toolSpec":{"name":"b","inputSchema":{"json":{"type":"object","properties":{}}}}}]}"#
        )
        #expect(try losses(members) == ["drop tools[2]", "drop tools[3]"])
    }

    private static let tool = #""tools":[{"name":"a","input_schema":{"type":"object","properties":{}}}]"#

    @Test(
        "P15: the choice among tools; none is said by leaving it out",
        arguments: [
            (#"{"type":"auto"}"#, ""), (#"{"type":"any"}"#, #","toolChoice":{"any":{}}"#),
            (#"{"type":"tool","name":"a"}"#, #","toolChoice":{"tool":{"name":"a"}}"#), (#"{"type":"none"}"#, ""),
            (#"{"type":"tool","name":"zzz"}"#, ""),
        ])
    func choice(given: String, sent: String) throws {
        let config = try member("toolConfig", Self.tool + #","tool_choice":\#(given)"#)
        #expect(config.hasSuffix("}]\(sent)}"))
    }

    @Test("a model that thinks is not made to use a tool")
    func thinkingChoice() throws {
        let members = Self.tool + #","tool_choice":{"type":"any"},"thinking":{"type":"adaptive"}"#
        #expect(try member("toolConfig", members).contains("toolChoice") == false)
        #expect(try losses(members) == ["drop tool_choice"])
    }

    @Test("one call at a time is said in Claude's own words")
    func serial() throws {
        let members = Self.tool + #","tool_choice":{"type":"any","disable_parallel_tool_use":true}"#
        #expect(
            try member("additionalModelRequestFields", members)
                == #"{"tool_choice":{"type":"any","disable_parallel_tool_use":true}}"#)
        #expect(try member("toolConfig", members).contains("toolChoice") == false)
    }

    @Test("tools that Anthropic defines go to Claude beside the others, and become schemas elsewhere")
    func native() throws {
        let bash = #"{"type":"bash_20250124","name":"bash"}"#
        let both = #""tools":[{"name":"a","input_schema":{}},\#(bash)]"#
        #expect(try member("additionalModelRequestFields", both) == #"{"tools":[\#(bash)]}"#)
        #expect(try member("toolConfig", both, model: "amazon.nova-pro-v1:0").contains(#""name":"bash""#))
        // Converse's own list must not be empty.
        #expect(try member("toolConfig", #""tools":[\#(bash)]"#).contains(#""name":"bash""#))
    }

    @Test("a tool of Anthropic's service is left out beside others, and refused where it is all there is")
    func server() throws {
        let search = #"{"type":"web_search_20250305","name":"web_search"}"#
        #expect(try losses(#""tools":[{"name":"a","input_schema":{}},\#(search)]"#) == ["drop tools[1]"])
        let error = Chat.error { _ = try member("tools", #""tools":[\#(search)]"#) }
        #expect(error?.status == 400)
        #expect(error?.message.hasPrefix("web_search: tools of type web_search_20250305") ?? false)
        #expect(error?.shouldRetry == false)
        let forced =
            #""tools":[{"name":"a","input_schema":{}},\#(search)],"tool_choice":{"type":"tool","name":"web_search"}"#
        #expect(Chat.error { _ = try member("tools", forced) } != nil)
    }

    @Test("calls in the conversation name their tools again where none is offered")
    func stubs() throws {
        let messages = #"""
            [{"role":"user","content":"go"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"Bash","input":{}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"ok"}]}]
            """#
        let request = try Chat.request(model: claude, messages: messages)
        #expect(
            try Converse.member("toolConfig", of: request)
                == #"{"tools":[{"toolSpec":{"name":"Bash","description":"Not available any more.","inputSchema":{"json":{"type":"object","properties":{}}}}}]}"#
        )
        #expect(try Converse.losses(request) == ["emulate tools"])
    }

    @Test("long and odd names become legal ones, the same in offer, choice and history")
    func aliases() throws {
        let name = "mcp__server.with.dots__tool"
        let alias = ToolNames.alias(name)
        let members =
            #""tools":[{"name":"\#(name)","input_schema":{}}],"tool_choice":{"type":"tool","name":"\#(name)"}"#
        let config = try member("toolConfig", members)
        #expect(config.contains(#""toolSpec":{"name":"\#(alias)""#))
        #expect(config.contains(#""tool":{"name":"\#(alias)"}"#))
    }

    // MARK: Cache points

    private static let cached = #""cache_control":{"type":"ephemeral"}"#

    @Test("P109: a mark becomes an element behind what it marks, and only the last four stay")
    func cachePoints() throws {
        let text = #"{"type":"text","text":"x",\#(Self.cached)}"#
        let request = try Chat.request(
            model: claude, messages: #"[{"role":"user","content":[\#(text),\#(text)]}]"#,
            #""system":[\#(text),\#(text)],"tools":[{"name":"a","input_schema":{},\#(Self.cached)}]"#)
        let body = try Converse.body(request)
        #expect(body.split(separator: "cachePoint").count == 5)
        #expect(try Converse.member("toolConfig", of: request).contains("cachePoint") == false)
        #expect(
            try Converse.member("system", of: request)
                == #"[{"text":"x"},{"cachePoint":{"type":"default"}},{"text":"x"},{"cachePoint":{"type":"default"}}]"#)
        #expect(try Converse.losses(request) == ["drop cache_control"])
    }

    @Test("P109: models without caches get no marks, older ones no hour")
    func caching() throws {
        let system = #""system":[{"type":"text","text":"x","cache_control":{"type":"ephemeral","ttl":"1h"}}]"#
        #expect(
            try member("system", system)
                == #"[{"text":"x"},{"cachePoint":{"type":"default","ttl":"1h"}}]"#)
        #expect(
            try member("system", system, model: "claude-3-7-sonnet-20250219")
                == #"[{"text":"x"},{"cachePoint":{"type":"default"}}]"#)
        #expect(try member("system", system, model: "meta.llama4-v1:0") == #"[{"text":"x"}]"#)
    }

    @Test("a mark for the whole request goes behind its last block")
    func automatic() throws {
        #expect(
            try member("messages", Self.cached)
                == #"[{"role":"user","content":[{"text":"hi"},{"cachePoint":{"type":"default"}}]}]"#)
    }

    @Test("the client's note of its version and blank texts are no system prompt")
    func system() throws {
        let system =
            #""system":[{"type":"text","text":"x-anthropic-billing-header: v=1"},{"type":"text","text":" \n"}]"#
        #expect(try member("system", system) == "")
        #expect(try member("system", #""system":"be kind""#) == #"[{"text":"be kind"}]"#)
    }
}
