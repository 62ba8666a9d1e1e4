import Testing

@testable import Backends
@testable import Intercept

/// Bedrock's refusals in the words that the client understands, and what is tried again.
@Suite struct BedrockErrorsTests {
    @Test(
        "errors keep their meaning",
        arguments: [
            (400, "ValidationException", 400, "invalid_request_error"),
            (403, "AccessDeniedException", 403, "permission_error"),
            (404, "ResourceNotFoundException", 404, "not_found_error"),
            (429, "ThrottlingException", 429, "rate_limit_error"),
            (400, "ThrottlingException", 429, "rate_limit_error"),
            (400, "ServiceQuotaExceededException", 429, "rate_limit_error"),
            (429, "ModelNotReadyException", 529, "overloaded_error"),
            (408, "ModelTimeoutException", 504, "timeout_error"),
            (424, "ModelErrorException", 500, "api_error"), (500, "InternalServerException", 500, "api_error"),
            (503, "ServiceUnavailableException", 529, "overloaded_error"),
            (403, "ExpiredTokenException", 401, "authentication_error"),
            (403, "UnrecognizedClientException", 401, "authentication_error"), (429, "", 429, "rate_limit_error"),
            (503, "", 529, "overloaded_error"), (302, "", 502, "api_error"),
        ])
    func kinds(status: Int, type: String, expected: Int, kind: String) throws {
        let error = try Converse.failure(status, type, "because")
        #expect((error.status, error.type) == (expected, kind))
        #expect(error.message.contains("because") || status == 302)
    }

    @Test("P110: throttling that speaks of too many tokens is no prompt that is too long")
    func throttling() throws {
        let error = try Converse.failure(
            429, "ThrottlingException", "Too many tokens, please wait before trying again.")
        #expect(error.type == "rate_limit_error")
        #expect(error.message == "Too many tokens, please wait before trying again.")
    }

    @Test(
        "what the model's vendor said is unwrapped, so that the client heals itself",
        arguments: [
            "adaptive thinking is not supported on this model",
            "messages.1.content.0: Invalid `signature` in `thinking` block",
        ])
    func unwrapped(words: String) throws {
        let error = try Converse.failure(
            400, "ValidationException", "The model returned the following errors: \(words)")
        #expect(error.message == words)
    }

    @Test(
        "a prompt that is too long is said in the client's words",
        arguments: [
            ("Input is too long for requested model.", "prompt is too long: Input is too long for requested model."),
            (
                "The model returned the following errors: prompt is too long: 210000 tokens > 200000 maximum",
                "prompt is too long: 210000 tokens > 200000 maximum"
            ),
        ])
    func overflow(words: String, told: String) throws {
        #expect(try Converse.failure(400, "ValidationException", words).message == told)
    }

    @Test("P108: a model that needs a profile is answered with the id to use")
    func onDemand() throws {
        let words = "Invocation of model ID anthropic.claude-opus-4-6-v1 with on-demand throughput isn’t supported."
        let error = try Converse.failure(400, "ValidationException", words, model: "anthropic.claude-opus-4-6-v1")
        #expect(error.status == 404)
        #expect(error.message.hasSuffix("set BEDROCK_MODEL_ID=eu.anthropic.claude-opus-4-6-v1"))
    }

    @Test("an id that Bedrock does not know names the variable")
    func unknownModel() throws {
        let error = try Converse.failure(
            400, "ValidationException", "The provided model identifier is invalid.", model: "x.y")
        #expect(error.status == 404)
        #expect(
            error.message
                == "model: x.y: The provided model identifier is invalid. Set BEDROCK_MODEL_ID to a model of this region."
        )
    }

    @Test("ARNs and account numbers stay out of what the client is told")
    func accounts() throws {
        let words = "User: arn:aws:iam::123456789012:user/me is not authorized for account 123456789012."
        let error = try Converse.failure(403, "AccessDeniedException", words)
        #expect(error.message.contains("123456789012") == false)
        #expect(error.message.hasPrefix("User: arn:…/me is not authorized for account [account]."))
    }

    @Test("the type of an error is read from its field or from its body")
    func types() {
        let body = Array(#"{"__type":"com.amazon.coral.service#ThrottlingException","Message":"slow down"}"#.utf8)
        let error = BedrockError(body, UpstreamHead(status: 400, headers: HTTPFields()), host: "h")
        #expect((error.kind, error.message) == ("throttling", "slow down"))
    }

    // MARK: Another try

    private func retry(
        _ message: String, _ request: MessageRequest, type: String = "ValidationException", status: Int = 400,
        headers: [HTTPFields.Field] = []
    ) throws -> (String?, [String]) {
        let backend = try Converse.backend()
        var losses = Losses()
        let sent = try backend.translate(request, &losses)
        var out = JSONWriter()
        out.beginObject()
        out.field("message", message)
        out.endObject()
        let head = UpstreamHead(status: status, headers: HTTPFields([.init("x-amzn-errortype", type)] + headers))
        var more = Losses()
        let again = backend.retry(request, after: sent, head: head, body: out.bytes, &more)
        return (again.map { String(decoding: $0.body, as: UTF8.self) }, more.all.map(\.path))
    }

    private static let cached =
        #"[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]"#

    @Test("what a model refuses is left out the next time")
    func lessons() throws {
        let cached = try Chat.request(model: "claude-opus-4-6", messages: Self.cached)
        let (plain, _) = try retry(
            "You invoked an unsupported model or your request did not allow prompt caching.", cached)
        #expect(plain?.contains("cachePoint") == false)
        let (minutes, _) = try retry("cache_control.ttl is not supported", cached)
        #expect(minutes?.contains(#"{"cachePoint":{"type":"default"}}"#) ?? false)
        let (limited, paths) = try retry(
            "The maximum tokens you requested exceeds the model limit of 512. Try again with fewer.", Chat.request())
        #expect(limited?.contains(#""maxTokens":512"#) ?? false)
        #expect(paths == ["max_tokens"])
    }

    @Test("a system message that is refused is folded the next time")
    func folding() throws {
        let messages = #"[{"role":"user","content":"a"},{"role":"system","content":"s"}]"#
        let (folded, _) = try retry(
            "The model returned the following errors: messages: Unexpected role \"system\"",
            Chat.request(model: "claude-opus-4-8", messages: messages))
        #expect(folded?.contains("<system-reminder>") ?? false)
    }

    @Test("a refusal that names nothing we can leave out is not tried again")
    func nothing() throws {
        #expect(try retry("temperature: out of range", Chat.request()).0 == nil)
        #expect(try retry("prompt caching", Chat.request(), status: 403).0 == nil)
    }

    @Test("P115: a wrong clock is set by AWS's and the request signed again, once")
    func skew() async throws {
        let backend = try Converse.backend()
        var losses = Losses()
        let sent = try backend.translate(Chat.request(), &losses)
        let head = UpstreamHead(
            status: 403,
            headers: HTTPFields([
                .init("x-amzn-errortype", "InvalidSignatureException"), .init("Date", "Sat, 21 Nov 2020 12:00:00 GMT"),
            ]))
        func again() -> UpstreamRequest? {
            backend.retry(try! Chat.request(), after: sent, head: head, body: Array("{}".utf8), &losses)
        }
        #expect(again() != nil)
        #expect(again() == nil)
        guard case .keys(let credentials) = backend.access else { return #expect(Bool(false)) }
        #expect(try await credentials.keys(at: .now(), Converse.errands).time.compact.hasPrefix("20201121T"))
    }

    @Test("P114: keys that ended are read again, and the request is signed with the new ones")
    func renewal() async throws {
        let path = "/users/me/.aws/credentials"
        let files = ChangingFile()
        files.text = "[default]\naws_access_key_id=OLD\naws_secret_access_key=S\n"
        let settings = try AWSSettings(
            Environment(["AWS_REGION": "eu-west-1", "HOME": "/users/me"]),
            AWSFiles { $0 == path ? Array(files.text.utf8) : nil })
        let backend = try Bedrock(settings)
        guard case .keys(let credentials) = backend.access else { return #expect(Bool(false)) }
        let error = BedrockError(type: "ExpiredTokenException", message: "expired")
        let head = UpstreamHead(status: 403, headers: HTTPFields())
        #expect(backend.access.isMended(error, head) == false)
        files.text = "[default]\naws_access_key_id=NEW\naws_secret_access_key=S\n"
        #expect(backend.access.isMended(error, head))
        #expect(try await credentials.keys(at: .now(), Converse.errands).keys.id == "NEW")
    }
}

/// A file that other tools rewrite.
private final class ChangingFile: @unchecked Sendable {
    var text = ""
}
