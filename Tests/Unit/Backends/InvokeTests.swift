import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// InvokeModel: the Anthropic body, and Anthropic's own events in frames.
@Suite struct InvokeTests {
    private static let invoke = ["BEDROCK_API": "invoke"]

    private func body(
        _ members: String, model: String = "claude-opus-4-6", messages: String = #"[{"role":"user","content":"hi"}]"#,
        headers: HTTPFields = HTTPFields()
    ) throws -> String {
        let text =
            #"{"model":"\#(model)","max_tokens":9,"messages":\#(messages)\#(members.isEmpty ? "" : "," + members)}"#
        return try Converse.body(Chat.request(body: text, headers: headers), Self.invoke)
    }

    private func losses(_ members: String) throws -> [String] {
        try Converse.losses(Chat.request(model: "claude-opus-4-6", members), Self.invoke)
    }

    // MARK: Requests

    @Test("the body is the client's, without model and stream, and with the version of the API")
    func plain() throws {
        #expect(
            try body(#""stream":true,"system":"s","top_k":3,"metadata":{"user_id":"{u}"}"#)
                == #"{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"system":"s","top_k":3,"metadata":{"user_id":"{u}"}}"#
        )
    }

    @Test("the operation follows the client's wish for a stream, and other vendors' models are reached by Converse")
    func operations() throws {
        func url(_ model: String, _ members: String = "") throws -> String {
            try Converse.send(Chat.request(model: model, members), Self.invoke).sent.url
        }
        #expect(try url("claude-opus-4-6").hasSuffix("claude-opus-4-6-v1/invoke"))
        #expect(try url("claude-opus-4-6", #""stream":true"#).hasSuffix("/invoke-with-response-stream"))
        #expect(try url("amazon.nova-pro-v1:0").hasSuffix("/converse"))
        #expect(throws: ConfigError.self) { try Converse.backend(["BEDROCK_API": "chat"]) }
    }

    @Test("betas go into the body, under Bedrock's names, and only those it knows")
    func betas() throws {
        let headers = HTTPFields([
            .init("anthropic-beta", "claude-code-20250219,advanced-tool-use-2025-11-20,context-management-2025-06-27")
        ])
        let text = try body(#""context_management":{"edits":[]}"#, headers: headers)
        #expect(text.contains(#""anthropic_beta":["tool-search-tool-2025-10-19","context-management-2025-06-27"]"#))
        #expect(text.contains(#""context_management":{"edits":[]}"#))
        #expect(try body(#""context_management":{"edits":[]}"#).contains("context_management") == false)
    }

    @Test("the newer version of the API goes to models that know it")
    func version() throws {
        let headers = HTTPFields([.init("anthropic-version", "2026-10-21")])
        #expect(try body("", model: "claude-opus-4-8", headers: headers).contains(#""anthropic_version":"2026-10-21""#))
        #expect(try body("", headers: headers).contains(#""anthropic_version":"bedrock-2023-05-31""#))
    }

    @Test("what Bedrock would refuse is left out and noted")
    func dropped() throws {
        #expect(
            try losses(
                #""nonsense":1,"cache_control":{"type":"ephemeral"},"thinking":{"type":"adaptive","display":"updates"}"#
            )
                == ["drop nonsense", "drop cache_control", "rename thinking.display"])
        let tools =
            #""tools":[{"name":"a","input_schema":{},"defer_loading":true,"allowed_callers":["direct"]},{"type":"web_search_20250305","name":"web_search"}]"#
        #expect(try body(tools).contains(#""tools":[{"name":"a","input_schema":{}}]"#))
        #expect(try losses(tools) == ["drop tools[1]", "drop tools.defer_loading"])
        let search = #""tools":[{"type":"web_search_20250305","name":"web_search"}]"#
        #expect(Chat.error { _ = try body(search) }?.status == 400)
    }

    @Test("a tool may be loaded later where the request asks for the search among tools")
    func deferred() throws {
        let headers = HTTPFields([.init("anthropic-beta", "tool-search-tool-2025-10-19")])
        let tools = #""tools":[{"name":"a","input_schema":{},"defer_loading":true}]"#
        #expect(try body(tools, headers: headers).contains(#""defer_loading":true"#))
    }

    @Test("system messages stay where the model takes them, and become a user's elsewhere")
    func system() throws {
        let messages = #"[{"role":"user","content":"a"},{"role":"system","content":"s"}]"#
        #expect(try body("", model: "claude-opus-4-8", messages: messages).contains(messages))
        #expect(
            try body("", messages: messages).contains(
                #"{"role":"user","content":"<system-reminder>\ns\n</system-reminder>"}"#))
    }

    @Test("thinking of other services is left out")
    func foreignThinking() throws {
        let messages =
            #"[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"ccx1.abc"},{"type":"text","text":"t"}]},{"role":"user","content":"b"}]"#
        #expect(try body("", messages: messages).contains("ccx1") == false)
    }

    @Test("a guardrail and a service tier are header fields")
    func fields() throws {
        let variables = Self.invoke.merging(["BEDROCK_GUARDRAIL_ID": "abc", "BEDROCK_SERVICE_TIER": "flex"]) { $1 }
        let (sent, _) = try Converse.send(Chat.request(), variables)
        #expect(sent.headers["x-amzn-bedrock-guardrailidentifier"] == "abc")
        #expect(sent.headers["x-amzn-bedrock-guardrailversion"] == "DRAFT")
        #expect(sent.headers["x-amzn-bedrock-service-tier"] == "flex")
    }

    // MARK: Mantle

    @Test("the Messages API on Bedrock gets the client's own body, with its name of the model and our credentials")
    func mantle() throws {
        let headers = HTTPFields([
            .init("anthropic-beta", "a,b"), .init("x-api-key", "client"), .init("Authorization", "Bearer client"),
        ])
        let request = try Chat.request(
            body:
                #"{"model":"claude-haiku-4-5-20251001","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"odd":1}"#,
            headers: headers)
        let variables = ["BEDROCK_API": "mantle"]
        let (sent, _) = try Converse.send(request, variables)
        #expect(sent.url == "https://bedrock-mantle.eu-central-1.api.aws/anthropic/v1/messages")
        #expect(
            String(decoding: sent.body, as: UTF8.self)
                == #"{"model":"anthropic.claude-haiku-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"odd":1}"#
        )
        #expect((sent.headers["anthropic-beta"], sent.headers["x-api-key"]) == ("a,b", nil))
        #expect(sent.headers["authorization"] == nil)
        let ok = UpstreamHead(status: 200, headers: HTTPFields())
        #expect(try Converse.backend(variables).reply(to: request).passesThrough(ok))
        #expect(try Converse.backend().reply(to: request).passesThrough(ok) == false)
        #expect(try Converse.backend(variables).origin == "https://bedrock-mantle.eu-central-1.api.aws")
    }

    @Test(
        "refused keys do not pass through: others are tried, and then the client is told what to do",
        arguments: [
            (
                403, "permission_error", "The security token included in the request is invalid.", 401,
                "set new values of"
            ),
            (401, "authentication_error", "Invalid bearer token", 401, "set new values of"),
            (403, "permission_error", "Not allowed", 403, "the keys need bedrock-mantle:CreateInference"),
        ])
    func mantleKeys(status: Int, type: String, words: String, told: Int, advice: String) throws {
        let reply = try Converse.backend(["BEDROCK_API": "mantle"]).reply(to: Chat.request())
        let head = UpstreamHead(status: status, headers: HTTPFields())
        #expect(reply.passesThrough(head) == false)
        let body = #"{"type":"error","error":{"type":"\#(type)","message":"\#(words)"}}"#
        let error = reply.failure(head, body: Array(body.utf8))
        #expect(error.status == told)
        #expect(error.message.contains(words) && error.message.contains(advice), "\(error.message)")
        for other in [200, 400, 429, 529] {
            #expect(reply.passesThrough(UpstreamHead(status: other, headers: HTTPFields())))
        }
    }

    // MARK: Replies

    private func chunk(_ json: String) -> [UInt8] {
        Frames.event("chunk", #"{"bytes":"\#(Data(json.utf8).base64EncodedString())","p":"abcd"}"#)
    }

    private func decode(_ bytes: [UInt8], pieces: Int = .max) throws -> [MessageEvent] {
        try Converse.decode(
            bytes, for: Chat.request(model: "claude-opus-4-6", #""stream":true"#), pieces: pieces, Self.invoke
        )
        .events
    }

    @Test("the client's name stands for the model, input counts stay to the end, and measurements go")
    func events() throws {
        let bytes =
            chunk(
                #"{"type":"message_start","message":{"id":"msg_bdrk_1","model":"other","usage":{"input_tokens":7,"cache_read_input_tokens":3,"output_tokens":1}}}"#
            )
            + chunk(#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#)
            + chunk(#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}}"#)
            + chunk(#"{"type":"content_block_stop","index":0}"#)
            + chunk(#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#)
            + chunk(#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":7}}"#)
        for pieces in [Int.max, 7, 1] {
            let events = try decode(bytes, pieces: pieces)
            #expect(Chat.fault(events) == nil)
            guard case .messageStart(let start) = events.first else { return #expect(Bool(false)) }
            #expect((start.model, start.id) == ("claude-opus-4-6", "msg_bdrk_1"))
            #expect(events.contains(.ping))
            #expect(Chat.end(events)?.usage == Usage(input: 7, output: 5, cacheRead: 3))
        }
    }

    @Test("a stream that is cut or broken off says so")
    func brokenOff() throws {
        let start = chunk(#"{"type":"message_start","message":{"id":"m","model":"m","usage":{}}}"#)
        #expect(Chat.error { _ = try decode(start) }?.message.contains("ended before the answer was complete") ?? false)
        let throttled = try EventStreamTests.bytes("synthetic/invoke-throttled-midstream.eventstream")
        #expect(Chat.error { _ = try decode(throttled, pieces: 1) }?.status == 429)
        #expect(Chat.error { _ = try decode(start + chunk("no json")) }?.status == 500)
    }
}
