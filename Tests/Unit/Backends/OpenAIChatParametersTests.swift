import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIChatParametersTests {
    private func body(
        _ members: String, maxTokens: Int = 1000, model: String = "gpt-4o", _ more: [String: String] = [:]
    ) throws -> (
        body: JSON, losses: [Losses.Loss]
    ) {
        try Chat.translate(
            Chat.request(maxTokens: maxTokens, members), more.merging(["OPENAI_MODEL": model]) { $1 })
    }

    private func operations(_ losses: [Losses.Loss]) -> [String] {
        losses.map { "\($0.operation.rawValue) \($0.path)" }
    }

    @Test(
        "P41: models of OpenAI get max_completion_tokens, models of others max_tokens",
        arguments: [
            ("gpt-4o", "http://127.0.0.1:1/v1", "max_completion_tokens"),
            ("gpt-5.2", "http://127.0.0.1:1/v1", "max_completion_tokens"),
            ("openai/o3-mini", "https://openrouter.ai/api/v1", "max_completion_tokens"),
            ("llama3", "http://127.0.0.1:1/v1", "max_tokens"),
            ("gpt-oss-120b", "https://api.groq.com/openai/v1", "max_completion_tokens"),
            ("mistral-large", "https://api.mistral.ai/v1", "max_tokens"),
        ])
    func maxField(model: String, url: String, field: String) throws {
        let sent = try body("", model: model, ["OPENAI_BASE_URL": url]).body
        let other = field == "max_tokens" ? "max_completion_tokens" : "max_tokens"
        #expect(sent[field]?.int == 1000)
        #expect(sent[other] == nil)
    }

    @Test(
        "P42: max_tokens is cut to what the model can",
        arguments: [
            ("gpt-4o", 16_384), ("gpt-4.1-mini", 32_768), ("o4-mini", 100_000), ("gpt-5.1", 128_000),
            ("unknown-1", 128_000),
        ])
    func limits(model: String, most: Int) throws {
        let (sent, losses) = try body("", maxTokens: 128_000, model: model)
        #expect((sent["max_completion_tokens"] ?? sent["max_tokens"])?.int == most)
        #expect(operations(losses) == (most == 128_000 ? [] : ["clamp max_tokens"]))
    }

    @Test("P54: max_tokens 0 and 1 are raised to what is accepted")
    func minimum() throws {
        #expect(try body("", maxTokens: 0).body["max_completion_tokens"]?.int == 1)
        #expect(try body("", maxTokens: 1).body["max_completion_tokens"]?.int == 1)
        let (sent, losses) = try body("", maxTokens: 1, model: "gpt-5")
        #expect(sent["max_completion_tokens"]?.int == 16)
        #expect(operations(losses) == ["clamp max_tokens"])
    }

    @Test("P43: sampling goes through as it is written, except to reasoning models")
    func sampling() throws {
        let sent = try body(#""temperature":0.50,"top_p":0.9"#).body
        #expect(sent["temperature"].map { String(decoding: $0.raw, as: UTF8.self) } == "0.50")
        #expect(sent["top_p"]?.double == 0.9)
        let (reasoning, losses) = try body(#""temperature":0.5,"top_p":1"#, model: "gpt-5")
        #expect(reasoning["temperature"] == nil && reasoning["top_p"] == nil)
        #expect(operations(losses) == ["drop temperature"])
    }

    @Test(
        "P46: effort and thinking become reasoning_effort where the model has one",
        arguments: [
            (
                "gpt-5", #""output_config":{"effort":"medium"},"thinking":{"type":"adaptive","display":"updates"}"#,
                "medium"
            ),
            ("gpt-5", #""output_config":{"effort":"max"}"#, "high"),
            ("gpt-5.2", #""output_config":{"effort":"max"}"#, "xhigh"),
            ("o3", #""thinking":{"type":"enabled","budget_tokens":2000}"#, "low"),
            ("o3", #""thinking":{"type":"enabled","budget_tokens":8000}"#, "medium"),
            ("o3", #""thinking":{"type":"enabled","budget_tokens":31999}"#, "high"),
            ("gpt-5.1", #""thinking":{"type":"disabled"}"#, "none"), ("gpt-5", #""thinking":{"type":"disabled"}"#, nil),
            ("gpt-5", #""thinking":{"type":"adaptive"}"#, nil),
            ("gpt-4o", #""output_config":{"effort":"medium"}"#, nil),
            ("gpt-5-chat-latest", #""output_config":{"effort":"low"}"#, nil),
        ] as [(String, String, String?)])
    func effort(model: String, members: String, effort: String?) throws {
        #expect(try body(members, model: model).body["reasoning_effort"]?.string == effort)
    }

    @Test("P47: the first four stop sequences go out, blank ones and those for reasoning models do not")
    func stops() throws {
        let (sent, losses) = try body(#""stop_sequences":["","1","2","3","4","5"]"#)
        #expect(sent["stop"]?.elements.map { $0.string ?? "" } == ["1", "2", "3", "4"])
        #expect(operations(losses) == ["emulate stop_sequences"])
        #expect(try body(#""stop_sequences":[]"#).body["stop"] == nil)
        #expect(try body(#""stop_sequences":["x"]"#, model: "o3").body["stop"] == nil)
    }

    @Test("P49: stream_options only beside stream")
    func whole() throws {
        let sent = try body(#""stream":false"#).body
        #expect(sent["stream"] == nil && sent["stream_options"] == nil)
    }

    @Test("P50: usage is asked for in streams")
    func usage() throws {
        #expect(try body(#""stream":true"#).body["stream_options"]?["include_usage"]?.bool == true)
    }

    @Test("P51: the client's user id does not go out, a hash of the session finds the cache")
    func identity() throws {
        let user =
            #""metadata":{"user_id":"{\"device_id\":\"\#(String(repeating: "d", count: 64))\",\"session_id\":\"s1\"}"}"#
        let sent = try body(user).body
        #expect(sent["user"] == nil && sent["safety_identifier"] == nil && sent["metadata"] == nil)
        let key = try #require(sent["prompt_cache_key"]?.string)
        #expect(key.utf8.count <= 64 && !key.contains("device"))
        #expect(try body(user).body["prompt_cache_key"]?.string == key)
        #expect(try body(user, ["OPENAI_BASE_URL": "http://127.0.0.1:1"]).body["prompt_cache_key"] == nil)
    }

    @Test("P153: requests of one session share a cache key, those of a sub-agent have their own")
    func cacheKey() throws {
        func key(_ agent: String?) throws -> String? {
            var headers = HTTPFields([.init("X-Claude-Code-Session-Id", "s1")])
            headers["x-claude-code-agent-id"] = agent
            let request = try Chat.request(
                body: #"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"a"}]}"#, headers: headers)
            return try Chat.translate(request).body["prompt_cache_key"]?.string
        }
        #expect(try key(nil) == key(nil))
        #expect(try key(nil) != key("a1"))
    }

    @Test("P52: what only Anthropic knows stays here: silently where nothing is lost, noted otherwise")
    func anthropicOnly() throws {
        let silent =
            #""context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]},"cache_control":{"type":"ephemeral"},"service_tier":"auto","thinking":{"type":"adaptive"}"#
        let (sent, losses) = try body(silent)
        #expect(losses.isEmpty)
        #expect(sent.members.map { $0.key.string ?? "" } == ["model", "messages", "max_completion_tokens"])
        let noted =
            #""top_k":5,"speed":"fast","mcp_servers":[{}],"container":"c","safeguards":[{}],"a_field_of_tomorrow":1,"context_management":{"edits":[{"type":"compact_x"}]},"output_config":{"task_budget":{}}"#
        #expect(
            operations(try body(noted).losses) == [
                "drop speed", "drop mcp_servers", "drop container", "drop safeguards", "drop a_field_of_tomorrow",
                "drop context_management", "drop output_config.task_budget", "drop top_k",
            ])
    }

    @Test("what would change the meaning unseen is refused", arguments: ["thread", "compaction"])
    func refused(field: String) {
        let error = Chat.error { _ = try body(#""\#(field)":{"type":"x"}"#) }
        #expect(error?.status == 400)
        #expect(error?.message.hasPrefix(field) ?? false)
    }

    @Test("a JSON schema for the answer is a response_format, strict where it can be")
    func format() throws {
        let closed =
            #"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}"#
        let sent = try body(#""output_config":{"format":{"type":"json_schema","schema":\#(closed)}}"#).body
        #expect(
            sent["response_format"].map { String(decoding: $0.raw, as: UTF8.self) }
                == #"{"type":"json_schema","json_schema":{"name":"output","schema":\#(closed),"strict":true}}"#)
        let open = try body(#""output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}"#).body
        #expect(open["response_format"]?["json_schema"]?["strict"]?.bool == false)
    }

    @Test("P154: cache marks do not go out")
    func cacheMarks() throws {
        let request = try Chat.request(
            messages:
                #"[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":"b"}]}]"#
        )
        #expect(!String(decoding: try Chat.translate(request).body.raw, as: UTF8.self).contains("cache"))
    }

    @Test(
        "P155, P157: models are mapped by tier; the suffix [1m] goes; names of others are used as they are",
        arguments: [
            ("claude-haiku-4-5", "small"), ("claude-opus-5-5[1m]", "large"), ("claude-sonnet-5-5", "any"),
            ("gpt-5[1M]", "gpt-5"),
            ("opus", "large"),
        ])
    func models(asked: String, sent: String) throws {
        let variables = ["OPENAI_MODEL": "any", "OPENAI_MODEL_HAIKU": "small", "OPENAI_MODEL_OPUS": "large"]
        #expect(try Chat.translate(Chat.request(model: asked), variables).body["model"]?.string == sent)
    }
}
