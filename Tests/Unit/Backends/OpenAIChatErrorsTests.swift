import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIChatErrorsTests {
    private func failure(
        _ status: Int, _ body: String, _ headers: [HTTPFields.Field] = [], _ variables: [String: String] = [:]
    ) throws -> MessageError {
        let reply = try Chat.backend(variables).reply(to: Chat.request())
        return reply.failure(UpstreamHead(status: status, headers: HTTPFields(headers)), body: Array(body.utf8))
    }

    private func error(_ message: String, code: String = "null", type: String = "invalid_request_error") -> String {
        #"{"error":{"message":"\#(message)","type":"\#(type)","param":null,"code":\#(code)}}"#
    }

    @Test(
        "P111: statuses become those of the Messages API",
        arguments: [
            (400, 400, "invalid_request_error"), (402, 402, "billing_error"), (403, 403, "permission_error"),
            (408, 504, "timeout_error"), (409, 409, "conflict_error"), (413, 413, "request_too_large"),
            (418, 400, "invalid_request_error"), (422, 400, "invalid_request_error"), (429, 429, "rate_limit_error"),
            (498, 529, "overloaded_error"), (500, 500, "api_error"), (502, 500, "api_error"),
            (503, 529, "overloaded_error"),
            (504, 504, "timeout_error"), (529, 529, "overloaded_error"), (301, 502, "api_error"),
        ])
    func statuses(upstream: Int, status: Int, type: String) throws {
        let told = try failure(upstream, error("it went wrong"))
        #expect((told.status, told.type) == (status, type))
        #expect(told.message.contains("it went wrong") || upstream == 301)
    }

    @Test(
        "P135: an overflow is told in the words by which the client shortens the conversation",
        arguments: [
            (
                "This model's maximum context length is 128000 tokens. However, your messages resulted in 130253 tokens. Please reduce the length of the messages.",
                "prompt is too long: 130253 tokens > 128000 maximum"
            ),
            (
                "This model's maximum context length is 32,768 tokens. However, you requested 40000 tokens (39000 in the messages, 1000 in the completion).",
                "prompt is too long: 40000 tokens > 32768 maximum"
            ),
            (
                "This model's maximum context length is 128000 tokens. However, you requested 130000 tokens (126000 in the messages, 4000 in the completion).",
                "input length and `max_tokens` exceed context limit: 126000 + 4000 > 128000, decrease input length or `max_tokens` and try again"
            ),
            (
                "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
                "prompt is too long: 1200000 tokens > 1048576 maximum"
            ),
            (
                "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
                "prompt is too long: 40000 tokens > 32768 maximum"
            ),
            (
                "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
                "prompt is too long: 140000 tokens > 131072 maximum"
            ),
            (
                "Invalid request: Your request exceeded model token limit: 131072 (requested: 140000)",
                "prompt is too long: 140000 tokens > 131072 maximum"
            ),
            (
                "prompt is too long: 210000 tokens > 200000 maximum",
                "prompt is too long: 210000 tokens > 200000 maximum"
            ),
            (
                "Your input exceeds the context window of this model. Please adjust your input and try again.",
                "prompt is too long: 128001 tokens > 128000 maximum"
            ),
            ("Range of input length should be [1, 129024]", "prompt is too long: 129025 tokens > 129024 maximum"),
        ])
    func overflow(said: String, told: String) throws {
        let error = try failure(400, error(said))
        #expect(error.status == 400)
        #expect(error.message == told)
    }

    @Test("P135: without any number the service's words stand behind the client's")
    func overflowWithoutNumbers() throws {
        let error = try failure(
            400, error("Input is too long.", code: #""context_length_exceeded""#), [], ["OPENAI_MODEL": "m"])
        #expect(error.message == "prompt is too long: Input is too long.")
    }

    @Test("P135: llama.cpp tells the numbers in fields of their own")
    func llama() throws {
        let error = try failure(
            400,
            #"{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error","n_prompt_tokens":5012,"n_ctx":4096}}"#
        )
        #expect(error.message == "prompt is too long: 5012 tokens > 4096 maximum")
    }

    @Test("P110: a rate limit that speaks of tokens is no overflow")
    func rateLimitOfTokens() throws {
        let error = try failure(
            429,
            error(
                "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 50000.",
                code: #""rate_limit_exceeded""#))
        #expect(error.status == 429)
        #expect(error.shouldRetry == false)
    }

    @Test("P136: a refused key is told with the variable's name and not tried again")
    func key() throws {
        let error = try failure(401, error("Incorrect API key provided"))
        #expect(error.shouldRetry == false)
        #expect(error.message.contains("OPENAI_API_KEY") && error.message.contains("api.openai.com"))
    }

    @Test("the key never comes back in a message, whole or as the service shows it")
    func secret() throws {
        let told = try failure(400, error("bad header: Bearer key-of-the-test-1234567890, and sk-proj-abcdefghij."))
        #expect(told.message == "bad header: Bearer [key], and [key]")
    }

    @Test("P137: retry-after is passed on, milliseconds become seconds")
    func retryAfter() throws {
        #expect(try failure(429, error("slow"), [.init("Retry-After", "7")]).retryAfter == "7")
        #expect(try failure(429, error("slow"), [.init("retry-after-ms", "1200")]).retryAfter == "2")
        #expect(try failure(503, error("busy"), [.init("retry-after", "3")]).retryAfter == "3")
        #expect(try failure(429, error("slow")).shouldRetry == nil)
    }

    @Test("a used-up quota is a 429 that is not tried again")
    func quota() throws {
        let error = try failure(
            429, error("You exceeded your current quota", code: #""insufficient_quota""#, type: "insufficient_quota"))
        #expect((error.status, error.shouldRetry) == (429, false))
    }

    @Test(
        "P138: every form of an error body is read",
        arguments: [
            (#"{"error":"plain text"}"#, "plain text"),
            (#"{"object":"error","message":"m","type":"BadRequestError","code":400}"#, "m"),
            (#"[{"error":{"code":400,"message":"in an array","status":"INVALID_ARGUMENT"}}]"#, "in an array"),
            (#"{"detail":"fastapi"}"#, "fastapi"),
            (#"{"detail":[{"loc":["body","stop"],"msg":"too many"}]}"#, "body.stop: too many"),
            (
                #"{"object":"error","message":{"detail":[{"loc":["body","x"],"msg":"Extra inputs are not permitted"}]}}"#,
                "body.x: Extra inputs are not permitted"
            ),
            (
                #"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"no such tool"}}}"#,
                "Provider returned error: no such tool"
            ),
        ])
    func forms(body: String, message: String) throws {
        #expect(try failure(400, body).message == message)
    }

    @Test("P139: HTML and nothing are told as an excerpt")
    func excerpts() throws {
        let page = "<html><head><title>502 Bad Gateway</title></head>\n<body>\n<h1>502 Bad Gateway</h1></body></html>"
        #expect(try failure(502, page).message == "api.openai.com answered 502: 502 Bad Gateway 502 Bad Gateway")
        #expect(try failure(500, "").message == "api.openai.com answered 500 with an empty body")
        #expect(try failure(400, #"{"a":1}"#).message == #"api.openai.com answered 400: {"a":1}"#)
    }

    @Test("P140: a 404 is one only for a model; a wrong path is our mistake")
    func notFound() throws {
        let model = try failure(404, error("The model `x` does not exist", code: #""model_not_found""#))
        #expect(model == MessageError(404, nil, "model: gpt-4o", shouldRetry: false))
        let path = try failure(404, "404 page not found")
        #expect((path.status, path.shouldRetry) == (502, false))
        #expect(path.message.contains("OPENAI_BASE_URL"))
        #expect(try failure(405, "").status == 502)
    }

    @Test("without OPENAI_MODEL an unknown model is told with what to set")
    func modelHint() throws {
        let reply = try OpenAICompatible(Environment(["OPENAI_API_KEY": "k1234567"])).reply(to: Chat.request())
        let told = reply.failure(
            UpstreamHead(status: 404, headers: HTTPFields()), body: Array(error("The model does not exist").utf8))
        #expect(told.message.hasPrefix("model: claude-opus-5-5") && told.message.contains("OPENAI_MODEL"))
    }

    @Test("P141: a limit of the answer is told in words that the client understands")
    func limit() throws {
        let told = try failure(
            400,
            error(
                "max_tokens is too large: 128000. This model supports at most 16384 completion tokens, whereas you provided 128000."
            ))
        #expect(
            told.message
                == "max_tokens: 128000 > 16384, which is the maximum allowed number of output tokens for gpt-4o")
    }

    @Test("a filtered prompt is not tried again")
    func filtered() throws {
        let told = try failure(400, error("The response was filtered", code: #""content_filter""#))
        #expect((told.status, told.shouldRetry) == (400, false))
    }
}
