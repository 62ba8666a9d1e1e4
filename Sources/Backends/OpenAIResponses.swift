public import Intercept

/// Services that speak the Responses API: https://platform.openai.com/docs/api-reference/responses
public struct OpenAIResponses: Backend {
    public static let name = "openai_responses"
    public static let addressVariable: String? = "OPENAI_BASE_URL"

    public static let translationVariables = ["OPENAI_PROVIDER"]

    let service: OpenAIService

    /// Never meant by itself: the variables are those of ``OpenAICompatible``, which chooses the API.
    public static func detect(_ environment: Environment) -> Detection? { nil }

    /// Reads address, key and models.
    ///
    /// - Throws: as ``OpenAICompatible/init(_:)``.
    public init(_ environment: Environment) throws(ConfigError) {
        service = try OpenAIService(environment, backend: Self.name)
        try APIChoice.check(.responses, APIChoice.word(environment) ?? .responses, "backend \(Self.name)")
        try APIChoice.check(.responses, service.address.api ?? .responses, "backend \(Self.name)")
    }

    public var summary: String { service.summary }
    public var origin: String? { service.address.origin }
    public var models: [String] { service.map.names }
    public var probe: UpstreamRequest? { service.probe }

    /// Writes the request for the service.
    public func translate(_ request: MessageRequest, _ losses: inout Losses) throws(TranslationError) -> UpstreamRequest
    {
        try service.translate(request, .responses, &losses)
    }

    /// A decoder that knows the names, stops and limits of this request.
    public func reply(to request: MessageRequest) -> OpenAIReply { service.reply(to: request, .responses) }

    /// Writes the request anew when the refusal taught something that changes it.
    public func retry(
        _ request: MessageRequest, after sent: UpstreamRequest, head: UpstreamHead, body: [UInt8],
        _ losses: inout Losses
    ) -> UpstreamRequest? {
        service.retry(request, .responses, after: sent, head: head, body: body, &losses)
    }
}
