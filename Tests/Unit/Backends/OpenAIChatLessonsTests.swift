import Testing

@testable import Backends
@testable import Intercept

/// What unknown services teach by refusing, in the wordings of those that are known.
@Suite struct OpenAIChatLessonsTests: ChatConversation {
    private struct Outcome {
        /// The second attempt, or nil when the refusal taught nothing.
        let again: String?
        /// What the next request looks like, and what it loses.
        let next: String
        let losses: [String]
    }

    private static let loop =
        #"{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"Read","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"ok"},{"type":"text","text":"go"},{"type":"text","text":"on"}]}"#

    /// Refuses the first attempt with this body.
    private func refuse(
        _ body: String, _ members: String = "", provider: String = "unknown", model: String = "m", status: Int = 400,
        messages: String = loop
    ) throws -> Outcome {
        let backend = try Chat.backend([
            "OPENAI_PROVIDER": provider, "OPENAI_MODEL": model, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        ])
        let request = try Chat.request(messages: "[\(messages)]", members)
        var losses = Losses()
        let sent = try backend.translate(request, &losses)
        let again = backend.retry(
            request, after: sent, head: UpstreamHead(status: status, headers: HTTPFields()), body: Array(body.utf8),
            &losses)
        var more = Losses()
        let next = try backend.translate(request, &more)
        return Outcome(
            again: again.map { String(decoding: $0.body, as: UTF8.self) },
            next: String(decoding: next.body, as: UTF8.self),
            losses: more.all.map { "\($0.operation.rawValue) \($0.path)" })
    }

    private static let stream = #""stream":true,"temperature":0.5,"stop_sequences":["END"]"#

    @Test(
        "a field that is refused is left out once and for all, whoever refuses it",
        arguments: [
            // OpenAI
            (
                400, "stream_options",
                #"{"error":{"message":"Unrecognized request argument supplied: stream_options","type":"invalid_request_error","param":null,"code":null}}"#
            ),
            (
                400, "temperature",
                #"{"error":{"message":"Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) value is supported.","type":"invalid_request_error","param":"temperature","code":"unsupported_value"}}"#
            ),
            // Mistral, in the forms of three years
            (
                422, "stream_options",
                #"{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted","input":{}}]}"#
            ),
            (
                422, "stream_options",
                #"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error","param":null,"code":null}"#
            ),
            (
                422, "stream_options",
                #"{"object":"error","message":"{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"stream_options\"],\"msg\":\"Extra inputs are not permitted\"}]}","type":"internal_error_proxy","param":null,"code":"1000"}"#
            ),
            // Groq and Cerebras
            (
                400, "stream_options",
                #"{"error":{"message":"property 'stream_options' is unsupported, did you mean 'stop'?","type":"invalid_request_error"}}"#
            ),
            (
                400, "stop",
                #"{"message":"body.stop: property 'stop' is unsupported","type":"invalid_request_error","param":"validation_error","code":"wrong_api_format"}"#
            ),
            // Google, in its array
            (
                400, "stream_options",
                #"[{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"stream_options\": Cannot find field.","status":"INVALID_ARGUMENT"}}]"#
            ),
            // FastAPI
            (400, "temperature", #"{"detail":"temperature is not supported by this model"}"#),
        ])
    func field(status: Int, field: String, body: String) throws {
        let outcome = try refuse(body, Self.stream, status: status)
        #expect(outcome.again?.contains("\"\(field)\"") == false)
        #expect(outcome.next.contains("\"\(field)\"") == false)
        #expect(outcome.losses.count == 1)
        for other in ["temperature", "stop", "stream_options"] where other != field {
            #expect(outcome.next.contains("\"\(other)\""), "\(other)")
        }
    }

    @Test("several fields in one refusal go together")
    func several() throws {
        let body =
            #"{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"},{"type":"extra_forbidden","loc":["body","stop"],"msg":"Extra inputs are not permitted"}]}"#
        let next = try refuse(body, Self.stream, status: 422).next
        #expect(!next.contains("stream_options") && !next.contains("\"stop\"") && next.contains("temperature"))
    }

    @Test(
        "a switch for thinking that a model does not have is left out",
        arguments: [
            ("ollama", "gpt-oss:20b", #"{"error":"\"gpt-oss:20b\" does not support thinking"}"#, "reasoning_effort"),
            (
                "gemini", "g", #"{"error":{"message":"Thinking level is not supported for this model."}}"#,
                "reasoning_effort"
            ),
            (
                "openrouter", "o", #"{"error":{"message":"reasoning is not supported by this model","code":400}}"#,
                "reasoning"
            ),
            (
                "groq", "gpt-oss", #"{"error":{"message":"`reasoning_effort` is not supported with this model"}}"#,
                "reasoning_effort"
            ),
        ])
    func thinkingSwitch(provider: String, model: String, body: String, field: String) throws {
        let outcome = try refuse(body, #""output_config":{"effort":"high"}"#, provider: provider, model: model)
        #expect(outcome.again != nil)
        #expect(!outcome.next.contains("\"\(field)\""))
        #expect(outcome.losses.contains { $0.hasPrefix("drop") })
    }

    @Test("keywords that Google does not know are learnt, all that it names")
    func keywords() throws {
        let tools =
            #""tools":[{"name":"Read","input_schema":{"type":"object","properties":{"title":{"type":"string","minLength":1}},"title":"T","$schema":"s"}}]"#
        let body =
            #"{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"$schema\" at 'tools[0].function_declarations[0].parameters': Cannot find field.\nInvalid JSON payload received. Unknown name \"title\" at 'tools[0].function_declarations[0].parameters': Cannot find field.","status":"INVALID_ARGUMENT"}}"#
        let outcome = try refuse(body, tools)
        #expect(
            outcome.next.contains(
                #""parameters":{"type":"object","properties":{"title":{"type":"string","minLength":1}}}"#))
        #expect(outcome.losses == ["drop tools[*].input_schema.title", "drop tools[*].input_schema.$schema"])
    }

    @Test("a limit on tools is learnt")
    func tools() throws {
        let list = (0..<5).map { #"{"name":"t\#($0)","input_schema":{"type":"object","properties":{}}}"# }
        let body =
            #"{"error":{"message":"Invalid 'tools': array too long. Expected an array with maximum length 3, but got an array with length 5 instead.","type":"invalid_request_error","param":"tools","code":"array_above_max_length"}}"#
        let outcome = try refuse(body, #""tools":[\#(list.joined(separator: ","))]"#)
        #expect(outcome.next.contains("t2") && !outcome.next.contains("t3"))
        #expect(outcome.losses == ["drop tools[3]", "drop tools[4]"])
    }

    @Test(
        "P148: thinking that must come back, or must not, is learnt",
        arguments: [
            (
                "unknown",
                #"{"error":{"message":"The `reasoning_content` in the thinking mode must be passed back to the API."}}"#,
                #""reasoning_content":" ""#, true
            ),
            (
                "unknown",
                #"{"error":{"message":"thinking is enabled but reasoning_content is missing in assistant tool call message at index 1"}}"#,
                #""reasoning_content":" ""#, true
            ),
            (
                "unknown",
                #"{"error":{"message":"Function call is missing a thought_signature in functionCall parts."}}"#,
                "skip_thought_signature_validator", true
            ),
            (
                "deepseek",
                #"{"error":{"message":"'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : property 'reasoning_content' is unsupported)]","type":"invalid_request_error"}}"#,
                "reasoning_content", false
            ),
            (
                "deepseek",
                #"{"detail":[{"type":"extra_forbidden","loc":["body","messages",1,"assistant","reasoning_content"],"msg":"Extra inputs are not permitted","input":" "}]}"#,
                "reasoning_content", false
            ),
        ])
    func thinking(provider: String, body: String, word: String, isThere: Bool) throws {
        let outcome = try refuse(body, provider: provider)
        #expect(outcome.again?.contains(word) == isThere)
        #expect(outcome.next.contains(word) == isThere)
    }

    @Test("an order of roles that is refused is mended")
    func order() throws {
        let bridge = try refuse(
            #"{"object":"error","message":"Unexpected role 'user' after role 'tool'","type":"invalid_request_message_order","param":null,"code":"3230"}"#
        )
        #expect(bridge.next.contains(#"{"role":"assistant","content":"(results received)"},{"role":"user""#))
        #expect(bridge.losses == ["emulate messages[*].role"])
        let alternation = try refuse(
            #"{"error":{"message":"After the optional system message, conversation roles must alternate user/assistant/user/assistant/..."}}"#,
            status: 500, messages: all(said("a"), said("b")))
        #expect(
            alternation.next.contains(
                #"{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#))
        let late = try refuse(
            #"{"error":{"message":"Conversation roles must alternate"}}"#,
            messages: all(said("a"), #"{"role":"system","content":"s"}"#))
        #expect(late.next.contains("system-reminder"))
    }

    @Test("ids of nine characters, texts as strings and content that is not null are learnt")
    func forms() throws {
        let ids = try refuse(
            #"{"object":"error","message":"Tool call id was toolu_1 but must be a-z, A-Z, 0-9, with a length of 9.","type":"invalid_function_call"}"#
        )
        #expect(!ids.next.contains("toolu_1"))
        let plain = try refuse(
            #"{"error":{"message":"Failed to deserialize the JSON body into the target type: messages[3]: invalid type: sequence, expected a string at line 1"}}"#
        )
        #expect(plain.next.contains(#""content":"go\n\non""#))
        let content = try refuse(
            #"{"detail":[{"loc":["body","messages",1,"content"],"msg":"Input should be a valid string","type":"string_type"}]}"#,
            status: 422)
        #expect(content.next.contains(#"{"role":"assistant","content":"","tool_calls""#))
    }

    @Test(
        "what names nothing of the request teaches nothing",
        arguments: [
            #"{"error":{"message":"property 'store' is unsupported, did you mean 'stop'?"}}"#,
            #"{"error":{"message":"Your account is not active, billing is not supported"}}"#,
            #"{"error":{"message":"Unknown model"}}"#, "<html>Bad Request</html>",
        ])
    func nothing(body: String) throws {
        #expect(try refuse(body, Self.stream).again == nil)
    }

    @Test("what one model taught is not held against another")
    func perModel() throws {
        let backend = try Chat.backend(["OPENAI_MODEL": "", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"])
        var losses = Losses()
        func translate(_ model: String) throws -> (MessageRequest, UpstreamRequest) {
            let request = try Chat.request(model: model, Self.stream)
            return (request, try backend.translate(request, &losses))
        }
        let (request, sent) = try translate("one")
        let body = Array(#"{"error":"temperature is not supported"}"#.utf8)
        let head = UpstreamHead(status: 400, headers: HTTPFields())
        #expect(backend.retry(request, after: sent, head: head, body: body, &losses) != nil)
        #expect(!String(decoding: try translate("one").1.body, as: UTF8.self).contains("temperature"))
        #expect(String(decoding: try translate("two").1.body, as: UTF8.self).contains("temperature"))
    }
}
