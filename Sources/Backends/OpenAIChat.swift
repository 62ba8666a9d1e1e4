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
    /// What this upstream has taught us since the start.
    let learnt: KnownModels
    private let tools = ToolMemory()

    /// Whether the variables of this backend are set, and which.
    public static func detect(_ environment: Environment) -> Detection? {
        if let url = Variables.baseURL(environment) {
            let shown = (try? ServiceAddress(url.value, variable: url.name))?.shown ?? "…"
            return Detection(because: "\(url.name)=\(shown)", rank: 20)
        }
        if let key = Variables.key(environment) { return Detection(because: "\(key.name) is set", rank: 20) }
        return nil
    }

    /// Reads address, key and models.
    ///
    /// - Throws: when the address is no URL, when there is neither address nor key, and when an address from `./.env`
    ///   would get a key from elsewhere.
    public init(_ environment: Environment) throws(ConfigError) {
        let url = Variables.baseURL(environment)
        let key = Variables.key(environment)
        if url == nil, key == nil {
            throw ConfigError(
                "openai_compatible: neither OPENAI_API_KEY nor OPENAI_BASE_URL is set; "
                    + "set the key, or the URL of a service that needs none")
        }
        try Variables.refuseMix(url: url, key: key)
        address = try ServiceAddress(
            url?.value ?? "https://api.openai.com/v1", variable: url.map { "\($0.name) (\($0.source))" } ?? "default")
        if let key { self.key = try APIKey(key) } else { self.key = nil }
        organization = environment["OPENAI_ORG_ID"]
        project = environment["OPENAI_PROJECT_ID"]
        map = ModelMap(environment)
        learnt = KnownModels(address)
    }

    public var summary: String { "\(address.origin), \(map.summary)" }
    public var origin: String? { address.origin }
    public var models: [String] { map.names }

    /// Writes the request for the service.
    public func translate(_ request: MessageRequest, _ losses: inout Losses) throws(TranslationError) -> UpstreamRequest
    {
        let name = map.upstream(request.model)
        var writer = ChatRequestWriter(request, learnt[name], tools)
        try writer.write()
        for loss in writer.losses.all { losses.add(loss) }
        return UpstreamRequest(
            url: address.endpoint("/chat/completions"), headers: headers(stream: request.stream),
            body: writer.out.bytes,
            model: name, authorization: authorization)
    }

    /// A decoder that knows the names, stops and limits of this request.
    public func reply(to request: MessageRequest) -> OpenAIChatReply {
        OpenAIChatReply(request, upstreamModel: map.upstream(request.model), service: service)
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
        if address.isAt("azure.com") { return .header(name: "api-key", value: key.value) }
        return .header(name: "Authorization", value: "Bearer \(key.value)")
    }
}
