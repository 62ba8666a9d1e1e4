public import Intercept

/// Services of OpenAI's kind. Speaks Chat Completions, and the Responses API where that gives more: see ``APIChoice``.
public struct OpenAICompatible: Backend {
    public static let name = "openai_compatible"
    public static let addressVariable: String? = "OPENAI_BASE_URL"

    public static let translationVariables = ["OPENAI_API", "OPENAI_PROVIDER"]

    let service: OpenAIService
    private let choice: APIChoice

    /// Whether the variables of this backend are set, and which.
    public static func detect(_ environment: Environment) -> Detection? {
        if let url = Variables.baseURL(environment) {
            let shown = (try? ServiceAddress(url.value, variable: url.name))?.shown ?? "…"
            return Detection(because: "\(url.name)=\(shown)", rank: 20)
        }
        if let provider = Variables.provider(environment) {
            return Detection(because: "\(provider.name)=\(provider.value)", rank: 20)
        }
        if let key = Variables.key(environment) { return Detection(because: "\(key.name) is set", rank: 20) }
        return nil
    }

    /// Reads address, key, models and `OPENAI_API`.
    ///
    /// - Throws: when the address is no URL, when there is neither address nor key, when an address from `./.env`
    ///   would get a key from elsewhere, and when `OPENAI_API` is no known word or contradicts the address.
    public init(_ environment: Environment) throws(ConfigError) {
        service = try OpenAIService(environment, backend: Self.name)
        choice = try APIChoice(environment, service.address)
    }

    public var summary: String { service.summary }
    public var origin: String? { service.address.origin }
    public var models: [String] { service.map.names }
    public var probe: UpstreamRequest? { service.probe }

    /// Writes the request for the service.
    public func translate(_ request: MessageRequest, _ losses: inout Losses) throws(TranslationError) -> UpstreamRequest
    {
        try service.translate(request, api(for: request), &losses)
    }

    /// A decoder that knows the names, stops and limits of this request.
    public func reply(to request: MessageRequest) -> OpenAIReply { service.reply(to: request, api(for: request)) }

    /// Writes the request anew when the refusal taught something that changes it: also which API to use.
    public func retry(
        _ request: MessageRequest, after sent: UpstreamRequest, head: UpstreamHead, body: [UInt8],
        _ losses: inout Losses
    ) -> UpstreamRequest? {
        let used = api(for: request)
        if !choice.isFixed, let other = used.other(after: head, body), service.learn(sent.model, { $0.api = other }),
            api(for: request) == other
        {
            return try? service.translate(request, other, &losses)
        }
        return service.retry(request, used, after: sent, head: head, body: body, &losses)
    }

    private func api(for request: MessageRequest) -> OpenAIAPI {
        choice.api(for: request, service.model(for: request), service.address)
    }
}
