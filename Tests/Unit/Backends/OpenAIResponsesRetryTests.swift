import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIResponsesRetryTests: ChatConversation {
    private typealias R = Responses

    private struct Attempt {
        let body: JSON?
        let losses: [Losses.Loss]
        /// The body of the next request to the same upstream.
        let next: JSON
    }

    /// Refuses the first attempt at a request with this error.
    private func retry(
        _ members: String, _ message: String, param: String = "", code: String = "", model: String = "gpt-5.4",
        messages: String = #"[{"role":"user","content":"hi"}]"#, maxTokens: Int = 1000
    ) throws -> Attempt {
        let backend = try R.backend(["OPENAI_MODEL": model])
        let request = try Chat.request(messages: messages, maxTokens: maxTokens, members)
        var losses = Losses()
        let sent = try backend.translate(request, &losses)
        let error = #"{"message":"\#(message)","type":"invalid_request_error","param":"\#(param)","code":"\#(code)"}"#
        let again = backend.retry(
            request, after: sent, head: UpstreamHead(status: 400, headers: HTTPFields()),
            body: Array(#"{"error":\#(error)}"#.utf8), &losses)
        var more = Losses()
        let next = try JSON.parse(backend.translate(request, &more).body)
        return try Attempt(body: again.map { try JSON.parse($0.body) }, losses: losses.all, next: next)
    }

    @Test(
        "a field that is refused is left out from then on, and nothing but that",
        arguments: [
            ("include", "Encrypted content is not supported with this model.", "include", "include"),
            (
                "reasoning.summary", "Your organization must be verified to generate reasoning summaries.",
                "reasoning.summary", "summary"
            ),
            (
                "reasoning.effort", "Unsupported parameter: 'reasoning.effort' is not supported with this model.", "",
                "effort"
            ),
            ("reasoning", "Unknown parameter: 'reasoning'.", "reasoning", "reasoning"),
            (
                "text.format", "Invalid parameter: 'text.format' of type 'json_schema' is not supported", "text.format",
                "text"
            ),
            ("prompt_cache_key", "Unrecognized request argument supplied: prompt_cache_key", "", "prompt_cache_key"),
            (
                "parallel_tool_calls", "Unsupported parameter: 'parallel_tool_calls'", "parallel_tool_calls",
                "parallel_tool_calls"
            ),
        ])
    func rejected(field: String, message: String, param: String, gone: String) throws {
        let members =
            #""thinking":{"type":"adaptive"},"output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}},"metadata":{"user_id":"u"},"tools":[{"name":"a"}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#
        let attempt = try retry(members, message, param: param, code: "unsupported_value")
        let body = try #require(attempt.body)
        for name in ["include", "reasoning", "text", "prompt_cache_key", "parallel_tool_calls"] {
            #expect((body[name] == nil) == (name == gone), "\(name)")
        }
        #expect((body["reasoning"]?["summary"] == nil) == ["summary", "reasoning"].contains(gone))
        #expect((body["reasoning"]?["effort"] == nil) == ["effort", "reasoning"].contains(gone))
        #expect(attempt.next.document.bytes == body.document.bytes)
    }

    @Test("P46: the efforts that a refusal lists are learnt")
    func efforts() throws {
        let attempt = try retry(
            #""output_config":{"effort":"max"}"#,
            "Unsupported value: 'xhigh' is not supported. Supported values are: 'low', 'medium', and 'high'.",
            param: "reasoning.effort", code: "unsupported_value")
        #expect(attempt.body?["reasoning"]?["effort"]?.string == "high")
    }

    @Test("P42: the limit in the refusal is learnt")
    func limit() throws {
        let attempt = try retry(
            "", "max_output_tokens is too large: 9000. This model supports at most 4096 output tokens.",
            param: "max_output_tokens", model: "house-model", maxTokens: 9000)
        #expect(attempt.body?["max_output_tokens"]?.int == 4096)
    }

    @Test(
        "reasoning that the service cannot read is left out, once and for all, and new reasoning still goes out",
        arguments: [
            ("The encrypted content gAAA...gAAA could not be verified.", "invalid_encrypted_content"),
            ("Item 'rs_1' of type 'reasoning' was provided without its required following item.", ""),
            ("Item with id 'rs_1' not found. Items are not persisted when `store` is set to false.", ""),
        ])
    func unreadable(message: String, code: String) throws {
        let backend = try R.backend()
        func turn(_ thinking: String) -> String { all(assistant(thinking, text("a")), said("on")) }
        let request = try Chat.request(messages: "[\(said("q")),\(turn(R.thinking("hm")))]")
        var losses = Losses()
        let sent = try backend.translate(request, &losses)
        let error = #"{"error":{"message":"\#(message)","type":"invalid_request_error","code":"\#(code)"}}"#
        let again = try #require(
            backend.retry(
                request, after: sent, head: UpstreamHead(status: 400, headers: HTTPFields()), body: Array(error.utf8),
                &losses))
        let (first, second) = (R.text(try JSON.parse(sent.body)["input"]), R.text(try JSON.parse(again.body)["input"]))
        #expect(first.contains("reasoning") && !second.contains("reasoning"))
        let later = try Chat.request(
            messages: "[\(said("q")),\(turn(R.thinking("hm"))),\(turn(R.thinking("oh", encrypted: "gBBB")))]")
        let next = R.text(try JSON.parse(backend.translate(later, &losses).body)["input"])
        #expect(!next.contains("gAAA") && next.contains("gBBB"))
    }

    @Test("P30: where results are text only, their images move to the user's message behind")
    func textResults() throws {
        let picture = #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}"#
        let attempt = try retry(
            "", "input.1.function_call_output.output: Input should be a valid string",
            messages: "[\(assistant(use("t1"))),\(user(result("t1", "[\(picture)]")))]")
        let items = attempt.body?["input"]?.elements.map { $0 } ?? []
        #expect(items.count == 3 && items[1]["output"]?.isString ?? false)
        let moved = R.text(items[2])
        #expect(moved.contains("input_image"))
        #expect(attempt.losses.contains { $0.operation == .move })
    }

    @Test("a service that does not know phases is not told them again")
    func phases() throws {
        let attempt = try retry(
            "", "Unknown parameter: 'input[1].phase'.", param: "input[1].phase", code: "unknown_parameter",
            messages: "[\(said("q")),\(assistant(text("a"))),\(said("on"))]")
        let input = R.text(attempt.body?["input"])
        #expect(!input.isEmpty && !input.contains("phase"))
    }

    @Test("the developer's role is given up where it is refused")
    func role() throws {
        let attempt = try retry(
            "", "Invalid value: 'developer'. Supported values are: 'user', 'assistant', 'system'. role",
            messages: #"[\#(said("q")),{"role":"system","content":"s"},\#(said("on"))]"#)
        let input = R.text(attempt.body?["input"])
        #expect(input.contains(#""role":"system""#))
    }

    @Test("a refusal that teaches nothing is not tried again")
    func nothing() throws {
        #expect(try retry("", "Invalid prompt: your prompt was flagged").body == nil)
    }
}
