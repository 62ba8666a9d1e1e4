import Testing

@testable import Backends
@testable import Intercept

/// What each service is sent where it differs from the others.
@Suite struct OpenAIChatProviderTests: ChatConversation {
    private func translate(_ members: String, _ provider: String, model: String = "m", messages: String? = nil) throws
        -> (
            body: JSON, losses: [String]
        )
    {
        let request = try Chat.request(messages: messages ?? "[\(said("hi"))]", members)
        let variables = [
            "OPENAI_PROVIDER": provider, "OPENAI_MODEL": model, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        ]
        let (body, losses) = try Chat.translate(request, variables)
        return (body, losses.map { "\($0.operation.rawValue) \($0.path)" })
    }

    private func text(_ json: JSON?) -> String { String(decoding: json?.raw ?? [], as: UTF8.self) }

    private let tool = #""tools":[{"name":"Read","description":"d","input_schema":{"type":"object","properties":{}}}]"#

    // MARK: Fields

    @Test(
        "P41: the limit has the service's name, for other services as the model suggests",
        arguments: [
            ("openai", "m", "max_completion_tokens"), ("azure", "m", "max_completion_tokens"),
            ("groq", "m", "max_completion_tokens"), ("cerebras", "m", "max_completion_tokens"),
            ("mistral", "m", "max_tokens"), ("together", "gpt-5", "max_tokens"), ("gemini", "m", "max_tokens"),
            ("unknown", "gpt-5", "max_completion_tokens"), ("unknown", "m", "max_tokens"),
        ])
    func limit(provider: String, model: String, field: String) throws {
        let body = try translate("", provider, model: model).body
        #expect(body[field] != nil && body[field == "max_tokens" ? "max_completion_tokens" : "max_tokens"] == nil)
    }

    @Test("P49: stream_options stay away where they are refused", arguments: ["mistral", "groq", "together"])
    func streamOptions(provider: String) throws {
        let (body, losses) = try translate(#""stream":true"#, provider)
        #expect(body["stream"]?.bool == true && body["stream_options"] == nil && losses.isEmpty)
        #expect(try translate(#""stream":true"#, "deepseek").body["stream_options"] != nil)
    }

    @Test(
        "top_k goes to those who have it and is a loss elsewhere",
        arguments: [
            ("openrouter", true), ("together", true), ("vllm", true), ("llama.cpp", true), ("lmstudio", true),
            ("alibaba", true), ("openai", false), ("mistral", false), ("gemini", false), ("unknown", false),
        ])
    func topK(provider: String, isTaken: Bool) throws {
        let (body, losses) = try translate(#""top_k":5"#, provider)
        #expect((body["top_k"]?.int == 5) == isTaken)
        #expect(losses == (isTaken ? [] : ["drop top_k"]))
    }

    @Test("P18: parallel_tool_calls only where it is known, else a loss")
    func parallel() throws {
        let members = tool + #","tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#
        for provider in ["openai", "mistral", "groq", "cerebras", "openrouter", "xai", "unknown"] {
            #expect(try translate(members, provider).body["parallel_tool_calls"]?.bool == false, "\(provider)")
        }
        for provider in ["gemini", "ollama", "llama.cpp", "together", "zai", "deepseek", "moonshot"] {
            let (body, losses) = try translate(members, provider)
            #expect(body["parallel_tool_calls"] == nil, "\(provider)")
            #expect(losses.contains("drop tool_choice.disable_parallel_tool_use"), "\(provider)")
        }
    }

    @Test("stop sequences that xAI would refuse are applied here; Moonshot's temperature is its own")
    func sampling() throws {
        let stops = try translate(#""stop_sequences":["END"]"#, "xai")
        #expect(stops.body["stop"] == nil && stops.losses == ["emulate stop_sequences"])
        let warm = try translate(#""temperature":0.3"#, "moonshot")
        #expect(warm.body["temperature"] == nil && warm.losses == ["drop temperature"])
    }

    @Test("P13: strict stays away from those who refuse it")
    func strict() throws {
        let members =
            #""tools":[{"name":"Read","strict":true,"input_schema":{"type":"object","properties":{},"additionalProperties":false}}]"#
        #expect(try translate(members, "openai").body["tools"]?.firstElement?["function"]?["strict"]?.bool == true)
        for provider in ["xai", "cerebras", "zai", "gemini"] {
            let (body, losses) = try translate(members, provider)
            #expect(body["tools"]?.firstElement?["function"]?["strict"] == nil, "\(provider)")
            #expect(losses.contains("drop tools[0].strict"), "\(provider)")
        }
    }

    @Test("P153: a cache key goes to those who have one")
    func cacheKey() throws {
        let members = #""metadata":{"user_id":"u"}"#
        for provider in ["openai", "cerebras", "mistral"] {
            #expect(try translate(members, provider).body["prompt_cache_key"] != nil, "\(provider)")
        }
        for provider in ["gemini", "groq", "unknown", "azure"] {
            #expect(try translate(members, provider).body["prompt_cache_key"] == nil, "\(provider)")
        }
    }

    @Test("z.ai and DeepSeek know no schema for the answer, only JSON")
    func format() throws {
        let members = #""output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}"#
        for provider in ["zai", "deepseek"] {
            let (body, losses) = try translate(members, provider)
            #expect(text(body["response_format"]) == #"{"type":"json_object"}"#)
            #expect(losses == ["emulate output_config.format"])
        }
    }

    // MARK: Effort

    private static let off = #""thinking":{"type":"disabled"}"#
    private static let budget = #""thinking":{"type":"enabled","budget_tokens":5000}"#
    private static let adaptive = #""thinking":{"type":"adaptive"},"output_config":{"effort":"high"}"#

    @Test(
        "P46: thinking and effort are said in each service's words",
        arguments: [
            ("openrouter", off, #""reasoning":{"effort":"none"}"#),
            ("openrouter", budget, #""reasoning":{"max_tokens":5000}"#),
            ("openrouter", adaptive, #""reasoning":{"effort":"high"}"#),
            ("openrouter", #""output_config":{"effort":"max"}"#, #""reasoning":{"effort":"xhigh"}"#),
            ("deepseek", off, #""thinking":{"type":"disabled"}"#),
            ("deepseek", budget, #""thinking":{"type":"enabled"},"reasoning_effort":"medium""#),
            ("deepseek", adaptive, #""reasoning_effort":"high""#), ("zai", off, #""thinking":{"type":"disabled"}"#),
            ("zai", adaptive, #""reasoning_effort":"high""#), ("moonshot", budget, #""thinking":{"type":"enabled"}"#),
            ("moonshot", adaptive, ""), ("alibaba", off, #""enable_thinking":false"#),
            ("alibaba", budget, #""enable_thinking":true,"thinking_budget":5000"#), ("alibaba", adaptive, ""),
            ("vllm", off, #""chat_template_kwargs":{"enable_thinking":false}"#),
            ("vllm", budget, #""chat_template_kwargs":{"enable_thinking":true}"#),
            ("gemini", off, #""reasoning_effort":"none""#), ("gemini", adaptive, #""reasoning_effort":"high""#),
            ("groq", adaptive, ""), ("mistral", adaptive, ""), ("unknown", off, ""),
        ])
    func effort(provider: String, members: String, expected: String) throws {
        let body = text(try translate(members, provider).body)
        let rest = body.split(separator: #""max_tokens":1000"#).last ?? ""
        let other = body.split(separator: #""max_completion_tokens":1000"#).last ?? ""
        let found = rest.count < other.count ? rest : other
        #expect(found == (expected.isEmpty ? "}" : ",\(expected)}"))
    }

    @Test("gpt-oss has an effort wherever it runs", arguments: ["groq", "ollama", "together", "cerebras", "unknown"])
    func openWeights(provider: String) throws {
        let (body, losses) = try translate(Self.adaptive, provider, model: "openai/gpt-oss-120b")
        #expect(body["reasoning_effort"]?.string == "high" && losses.isEmpty)
    }

    // MARK: Tool choice and ids

    @Test(
        "P14: the word for a forced call is the service's; what it cannot say is a loss",
        arguments: [
            ("openai", #"{"type":"any"}"#, #""required""#, []), ("mistral", #"{"type":"any"}"#, #""any""#, []),
            ("moonshot", #"{"type":"any"}"#, #""auto""#, ["drop tool_choice"]),
            ("zai", #"{"type":"tool","name":"Read"}"#, #""auto""#, ["drop tool_choice"]),
            ("zai", #"{"type":"none"}"#, "", ["drop tool_choice"]), ("moonshot", #"{"type":"none"}"#, #""none""#, []),
            ("llama.cpp", #"{"type":"tool","name":"Read"}"#, #""required""#, ["emulate tool_choice"]),
            ("ollama", #"{"type":"any"}"#, #""required""#, ["drop tool_choice"]),
            ("ollama", #"{"type":"auto"}"#, #""auto""#, []),
            (
                "mistral", #"{"type":"tool","name":"Read"}"#, #"{"type":"function","function":{"name":"Read"}}"#, []
            ),
        ] as [(String, String, String, [String])])
    func choice(provider: String, choice: String, expected: String, lost: [String]) throws {
        let (body, losses) = try translate(tool + #","tool_choice":"# + choice, provider)
        #expect(text(body["tool_choice"]) == expected)
        #expect(losses == lost)
    }

    @Test("Mistral's ids are nine letters and digits: others are replaced alike in call and result, its own are kept")
    func nineLetterIDs() throws {
        let messages =
            "[\(said("q")),\(assistant(use("toolu_01ABCDEFGHIJKLMNOPQRSTUV"), use("D681PevKs"))),"
            + "\(user(result("toolu_01ABCDEFGHIJKLMNOPQRSTUV", "\"a\""), result("D681PevKs", "\"b\"")))]"
        func ids() throws -> [String] {
            let all = try translate("", "mistral", messages: messages).body["messages"]?.elements.map { $0 } ?? []
            let calls = all.flatMap { $0["tool_calls"]?.elements.compactMap { $0["id"]?.string } ?? [] }
            #expect(all.compactMap { $0["tool_call_id"]?.string } == calls)
            return calls
        }
        let found = try ids()
        #expect(found.count == 2 && found[0].utf8.count == 9 && found[0].allSatisfy { $0.isLetter || $0.isNumber })
        #expect(found[1] == "D681PevKs")
        #expect(try ids() == found)
    }

    @Test("P4: one id that comes twice is two of nine letters")
    func repeatedIDs() throws {
        let messages =
            "[\(said("q")),\(assistant(use("call_0"))),\(user(result("call_0", "\"a\""))),\(assistant(use("call_0"))),\(user(result("call_0", "\"b\"")))]"
        let all = try translate("", "mistral", messages: messages).body["messages"]?.elements.map { $0 } ?? []
        let results = all.compactMap { $0["tool_call_id"]?.string }
        #expect(Set(results).count == 2 && results.allSatisfy { $0.utf8.count == 9 })
    }

    @Test("P5: a tool whose name begins with a digit has another one at Gemini's, and its own again in the answer")
    func names() throws {
        let tools = #""stream":true,"tools":[{"name":"3d_view","input_schema":{"type":"object","properties":{}}}]"#
        let sent = try translate(tools, "gemini").body["tools"]?.firstElement?["function"]?["name"]?.string ?? ""
        #expect(sent.hasPrefix("_d_view_") && ToolNames.isLegal(sent, beginsWithLetter: true))
        let chunk = Chat.chunk(
            #"{"tool_calls":[{"id":"c","function":{"name":"\#(sent)","arguments":"{}"}}]}"#, finish: "stop")
        let events = try Chat.stream([chunk], for: Chat.request(tools), ["OPENAI_PROVIDER": "gemini"]).events
        #expect(Chat.blocks(events) == ["tool 3d_view c:{}"])
    }
}
