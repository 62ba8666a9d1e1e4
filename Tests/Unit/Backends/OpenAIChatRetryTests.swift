import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIChatRetryTests {
    private struct Attempt {
        let body: JSON?
        let losses: [Losses.Loss]
        /// The body of the next request to the same upstream.
        let next: JSON
        let nextLosses: [Losses.Loss]

        func losses(of path: String) -> Int { losses.count { $0.path == path } }
    }

    /// Refuses the first attempt at a request with this answer.
    private func retry(
        _ members: String, _ message: String, param: String = "", model: String = "gpt-4o", maxTokens: Int = 1000,
        status: Int = 400,
        messages: String = #"[{"role":"user","content":"hi"}]"#
    ) throws -> Attempt {
        let backend = try Chat.backend(["OPENAI_MODEL": model, "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"])
        let request = try Chat.request(messages: messages, maxTokens: maxTokens, members)
        var losses = Losses()
        let sent = try backend.translate(request, &losses)
        let body = Array(
            #"{"error":{"message":"\#(message)","type":"invalid_request_error","param":"\#(param)","code":null}}"#.utf8)
        let again = backend.retry(
            request, after: sent, head: UpstreamHead(status: status, headers: HTTPFields()), body: body, &losses)
        var more = Losses()
        let next = try JSON.parse(backend.translate(request, &more).body)
        return try Attempt(
            body: again.map { try JSON.parse($0.body) }, losses: losses.all, next: next, nextLosses: more.all)
    }

    @Test("P41: max_tokens and max_completion_tokens change places when one is refused, for good and noted once")
    func maxField() throws {
        let one = try retry(
            "",
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            param: "max_tokens",
            model: "my-reasoner")
        #expect(one.body?["max_completion_tokens"]?.int == 1000 && one.body?["max_tokens"] == nil)
        #expect(one.next["max_completion_tokens"]?.int == 1000)
        #expect(one.losses(of: "max_tokens") == 1 && one.nextLosses.count == 1)
        let other = try retry("", "body.max_completion_tokens: Extra inputs are not permitted", status: 422)
        #expect(other.body?["max_tokens"]?.int == 1000)
    }

    @Test(
        "P42: the limit in the refusal is learnt",
        arguments: [
            "max_tokens is too large: 128000. This model supports at most 8192 completion tokens, whereas you provided 128000.",
            "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model",
            "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
            "max_tokens: 128000 > 8192, which is the maximum",
        ])
    func limit(message: String) throws {
        let attempt = try retry("", message, model: "llama3", maxTokens: 128_000)
        #expect(attempt.body?["max_tokens"]?.int == 8192)
        #expect(attempt.next["max_tokens"]?.int == 8192)
        #expect(attempt.losses.map(\.operation) == [.clamp])
    }

    @Test("P42: where prompt and answer share a window, the answer gets what is left")
    func window() throws {
        let attempt = try retry(
            "",
            "'max_tokens' or 'max_completion_tokens' is too large: 128000. This model's maximum context length is 32768 tokens and your request has 100 input tokens (128000 > 32768 - 100).",
            model: "qwen", maxTokens: 128_000)
        let value = try #require(attempt.body?["max_tokens"]?.int)
        #expect((30_000..<32_768).contains(value))
    }

    @Test(
        "a field that is refused is left out from then on",
        arguments: [
            (#""stream":true"#, "stream_options", "Unrecognized request argument supplied: stream_options", ""),
            (
                #""temperature":0.5"#, "temperature",
                "Unsupported value: 'temperature' does not support 0.5 with this model.", "temperature"
            ),
            (
                #""stop_sequences":["x"]"#, "stop", "Unsupported parameter: 'stop' is not supported with this model.",
                "stop"
            ),
            (
                #""output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}"#, "response_format",
                "response_format is not supported", ""
            ),
            (
                #""tools":[{"name":"a","input_schema":{}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#,
                "parallel_tool_calls",
                "parallel_tool_calls: Extra inputs are not permitted", ""
            ),
        ])
    func fields(members: String, field: String, message: String, param: String) throws {
        let attempt = try retry(members, message, param: param)
        #expect(attempt.body != nil && attempt.body?[field] == nil)
        #expect(attempt.next[field] == nil)
        #expect(attempt.losses.count == 1)
    }

    @Test("efforts are cut to those that the refusal lists")
    func efforts() throws {
        let attempt = try retry(
            #""output_config":{"effort":"low"}"#,
            "Unsupported value: 'low' is not supported with the 'gpt-5-pro' model. Supported values are: 'high'.",
            param: "reasoning_effort",
            model: "gpt-5-pro")
        #expect(attempt.body?["reasoning_effort"]?.string == "high")
    }

    @Test("P55, P22: a refused role is replaced, in the end by the user's")
    func roles() throws {
        let system = #""system":"rules""#
        let developer = try retry(
            system, "Unsupported value: 'messages[0].role' does not support 'developer' with this model.",
            model: "o3-local")
        #expect(developer.body?["messages"]?.firstElement?["role"]?.string == "system")
        let folded = try retry(
            system, "Unsupported value: 'messages[0].role' does not support 'system' with this model.")
        #expect(folded.body?["messages"]?.firstElement?["role"]?.string == "user")
        #expect(folded.losses.map(\.operation) == [.move])
        let middle = try retry(
            system, "System message must be at the beginning.", status: 500,
            messages: #"[{"role":"user","content":"a"},{"role":"system","content":"b"}]"#)
        #expect(middle.body?["messages"]?.elements.map { $0["role"]?.string ?? "" } == ["system", "user", "user"])
    }

    @Test("images and files that a model refuses are replaced by a note")
    func media() throws {
        let image =
            #"[{"role":"user","content":[{"type":"text","text":"look"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]"#
        let seen = try retry(
            "", "Invalid content type. image_url is only supported by certain models.", messages: image)
        #expect(seen.body.map { String(decoding: $0.raw, as: UTF8.self).contains("image omitted") } ?? false)
        #expect(seen.next["messages"]?.firstElement?["content"]?.count == 2)
        let pdf = image.split(separator: "image/png").joined(separator: "application/pdf").split(
            separator: #""type":"image""#
        ).joined(separator: #""type":"document""#)
        let read = try retry("", "Unknown content type 'file' is not supported", messages: pdf)
        #expect(read.body.map { String(decoding: $0.raw, as: UTF8.self).contains("document omitted") } ?? false)
    }

    @Test("P12: arrays get items where a service insists")
    func items() throws {
        let tools =
            #""tools":[{"name":"a","input_schema":{"type":"object","properties":{"l":{"type":"array"},"k":{"type":"array","items":{"type":"string"}}}}}]"#
        let attempt = try retry(
            tools, "Invalid schema for function 'a': In context=('properties', 'l'), array schema missing items.")
        let sent = attempt.body?["tools"]?.firstElement?["function"]?["parameters"]?["properties"]
        #expect(sent?["l"]?["items"] != nil)
        #expect(sent?["k"]?["items"]?["type"]?.string == "string")
    }

    @Test(
        "what teaches nothing is not tried again",
        arguments: [
            (400, "Something is wrong."),
            (400, "This model's maximum context length is 100 tokens. However, your messages resulted in 200 tokens."),
            (401, "Unsupported parameter: 'max_tokens' is not supported"), (429, "max_tokens is not supported"),
        ])
    func nothing(status: Int, message: String) throws {
        #expect(try retry("", message, status: status).body == nil)
    }

    @Test("the same refusal twice ends in leaving the field out, not in a circle")
    func bothRefused() throws {
        let backend = try Chat.backend(["OPENAI_MODEL": "m", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"])
        let request = try Chat.request()
        var losses = Losses()
        func refuse(_ sent: UpstreamRequest?, _ field: String) -> UpstreamRequest? {
            guard let sent else { return nil }
            let body = Array(#"{"error":"\#(field) is not supported"}"#.utf8)
            return backend.retry(
                request, after: sent, head: UpstreamHead(status: 400, headers: HTTPFields()), body: body, &losses)
        }
        let first = refuse(try backend.translate(request, &losses), "max_tokens")
        let second = refuse(first, "max_completion_tokens")
        let body = try JSON.parse(try #require(second).body)
        #expect(body["max_tokens"] == nil && body["max_completion_tokens"] == nil)
        #expect(refuse(second, "max_tokens")?.body == nil)
    }
}
