public import Intercept

/// Speaks Chat Completions, OpenAI's own dialect: https://platform.openai.com/docs/api-reference/chat
public struct OpenAIChat: Backend {
    public static let name = "openai_compatible"
    public static let addressVariable: String? = "OPENAI_BASE_URL"

    let address: ServiceAddress
    /// nil for services that want no key.
    let key: APIKey?
    let organization: String?
    let project: String?
    let map: ModelMap
    /// What is known of the service, and why it is taken for this one.
    let provider: ServiceProfile.Choice
    /// What this upstream has taught us since the start.
    let learnt: KnownModels
    private let tools = ToolMemory()

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

    /// Reads address, key, provider and models.
    ///
    /// - Throws: when the address is no URL, when no profile has the provider's name, when there is neither address nor
    ///   key, and when an address from `./.env` would get a key from elsewhere.
    public init(_ environment: Environment) throws(ConfigError) {
        let key = Variables.key(environment)
        let named = try ServiceProfile.named(by: Variables.provider(environment))
        let url = try Self.baseURL(environment, named, hasKey: key != nil)
        try Variables.refuseMix(url: url, key: key)
        address = try ServiceAddress(
            url?.value ?? "https://api.openai.com/v1", variable: url.map { "\($0.name) (\($0.source))" } ?? "default")
        if let key { self.key = try APIKey(key) } else { self.key = nil }
        provider = named ?? ServiceProfile.fitting(address)
        organization = environment["OPENAI_ORG_ID"]
        project = environment["OPENAI_PROJECT_ID"]
        map = ModelMap(environment)
        learnt = KnownModels(provider.profile)
    }

    /// The base URL that is set, or the one of the provider that is named; nil for OpenAI's.
    private static func baseURL(
        _ environment: Environment, _ named: ServiceProfile.Choice?, hasKey: Bool
    ) throws(ConfigError) -> Variables.Found? {
        if let url = Variables.baseURL(environment) { return url }
        guard let named, let variable = Variables.provider(environment) else {
            if hasKey { return nil }
            throw ConfigError(
                "openai_compatible: neither OPENAI_API_KEY nor OPENAI_BASE_URL is set; "
                    + "set the key, or the URL of a service that needs none")
        }
        guard let url = named.profile.baseURL else {
            throw ConfigError(
                "\(variable.name)=\(variable.value) (\(variable.source)): \(named.profile.title) has no address of its own; "
                    + "set OPENAI_BASE_URL")
        }
        return Variables.Found(name: variable.name, value: url, source: variable.source)
    }

    public var summary: String {
        [provider.words.map { "\(address.origin) \($0)" } ?? address.origin, map.summary].joined(separator: ", ")
    }
    public var origin: String? { address.origin }
    public var models: [String] { map.names }

    /// The model list, which wants the key.
    public var probe: UpstreamRequest? {
        UpstreamRequest(
            method: "GET", url: address.endpoint("/models", provider.profile), headers: headers(stream: false),
            body: [], model: "", authorization: authorization)
    }

    /// Writes the request for the service.
    public func translate(_ request: MessageRequest, _ losses: inout Losses) throws(TranslationError) -> UpstreamRequest
    {
        let name = map.upstream(request.model)
        var writer = ChatRequestWriter(request, learnt[name], tools)
        try writer.write()
        for loss in writer.losses.all { losses.add(loss) }
        return UpstreamRequest(
            url: address.endpoint("/chat/completions", provider.profile, model: name),
            headers: headers(stream: request.stream), body: writer.out.bytes, model: name,
            authorization: authorization)
    }

    /// A decoder that knows the names, stops and limits of this request.
    public func reply(to request: MessageRequest) -> OpenAIChatReply {
        let model = map.upstream(request.model)
        return OpenAIChatReply(request, upstreamModel: model, service: service, known: learnt[model])
    }

    /// What error messages may say about the service.
    var service: ServiceIdentity {
        ServiceIdentity(host: address.authority, key: key, namesModel: map.isNamed)
    }

    private func headers(stream: Bool) -> HTTPFields {
        var fields = HTTPFields()
        fields.append("Content-Type", "application/json")
        fields.append("Accept", stream ? "text/event-stream" : "application/json")
        if let organization { fields.append("OpenAI-Organization", organization) }
        if let project { fields.append("OpenAI-Project", project) }
        return fields
    }

    private var authorization: Authorization {
        guard let key else { return .none }
        // Tokens of Entra are JSON Web Tokens; they begin with an encoded `{"`.
        if provider.profile.keyHeader == .apiKey, !key.value.hasPrefix("eyJ") {
            return .header(name: "api-key", value: key.value)
        }
        return .header(name: "Authorization", value: "Bearer \(key.value)")
    }
}
