internal import Intercept

/// A service of OpenAI's kind as the variables describe it: where it is, who asks, which models it has, and what it has
/// taught us since the start. Speaks both of OpenAI's APIs.
struct OpenAIService: Sendable {
    let address: ServiceAddress
    /// nil for services that want no key.
    let key: APIKey?
    let organization: String?
    let project: String?
    let map: ModelMap
    /// What is known of the service, and why it is taken for this one.
    let provider: ServiceProfile.Choice
    let learnt: KnownModels
    private let chatTools = ToolMemory()
    private let responsesTools = ToolMemory()

    /// Reads address, key, provider and models.
    ///
    /// - Parameter backend: the name of the backend that is set up, for messages.
    /// - Throws: when the address is no URL, when no profile has the provider's name, when there is neither address nor
    ///   key, and when an address from `./.env` would get a key from elsewhere.
    init(_ environment: Environment, backend: String) throws(ConfigError) {
        let key = Variables.key(environment)
        let named = try ServiceProfile.named(by: Variables.provider(environment))
        let url = try Self.baseURL(environment, named, hasKey: key != nil, backend)
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
        _ environment: Environment, _ named: ServiceProfile.Choice?, hasKey: Bool, _ backend: String
    ) throws(ConfigError) -> Variables.Found? {
        if let url = Variables.baseURL(environment) { return url }
        guard let named, let variable = Variables.provider(environment) else {
            if hasKey { return nil }
            throw ConfigError(
                "\(backend): neither OPENAI_API_KEY nor OPENAI_BASE_URL is set; "
                    + "set the key, or the URL of a service that needs none")
        }
        guard let url = named.profile.baseURL else {
            throw ConfigError(
                "\(variable.name)=\(variable.value) (\(variable.source)): \(named.profile.title) has no address of its own; "
                    + "set OPENAI_BASE_URL")
        }
        return Variables.Found(name: variable.name, value: url, source: variable.source)
    }

    var summary: String {
        [provider.words.map { "\(address.origin) \($0)" } ?? address.origin, map.summary].joined(separator: ", ")
    }

    /// The model list, which wants the key.
    var probe: UpstreamRequest {
        UpstreamRequest(
            method: "GET", url: address.endpoint("/models", provider.profile), headers: headers(stream: false),
            body: [], model: "", authorization: authorization)
    }

    /// What error messages may say about the service.
    func identity(_ api: OpenAIAPI) -> ServiceIdentity {
        ServiceIdentity(host: address.authority, key: key, namesModel: map.isNamed, api: api)
    }

    /// Changes what is known of a model; gives whether anything is new.
    func learn(_ model: String, _ change: (inout ModelFacts) -> Void) -> Bool { learnt.learn(model, change) }

    /// What is known of the model that answers this request.
    func model(for request: MessageRequest) -> KnownModel { learnt[map.upstream(request.model)] }

    /// Writes the request for one of the two APIs.
    func translate(
        _ request: MessageRequest, _ api: OpenAIAPI, _ losses: inout Losses
    ) throws(TranslationError) -> UpstreamRequest {
        let known = model(for: request)
        switch api {
        case .chat:
            let writer = ChatRequestWriter(request, known, chatTools)
            return try send(writer, to: "/chat/completions", &losses)
        case .responses:
            let writer = ResponsesRequestWriter(request, known, responsesTools, host: address.authority)
            return try send(writer, to: "/responses", &losses)
        }
    }

    private func send(
        _ writer: some OpenAIRequestWriter, to endpoint: String, _ losses: inout Losses
    ) throws(TranslationError) -> UpstreamRequest {
        var writer = writer
        try writer.write()
        for loss in writer.losses.all { losses.add(loss) }
        return UpstreamRequest(
            url: address.endpoint(endpoint, provider.profile, model: writer.model.name),
            headers: headers(stream: writer.request.stream), body: writer.out.bytes,
            model: writer.model.name, authorization: authorization)
    }

    /// A decoder that knows the names, stops and limits of this request.
    func reply(to request: MessageRequest, _ api: OpenAIAPI) -> OpenAIReply {
        let known = model(for: request)
        var context = Answer.Context(
            request: request, upstreamModel: known.model.name, service: identity(api))
        if api == .chat {
            context.thinkingBack = known.facts.thinkingBack ?? known.profile.thinkingBack
            context.hasThinkTags = known.profile.hasThinkTags
        }
        context.namesBeginWithLetter = known.profile.namesBeginWithLetter
        return OpenAIReply(context, api)
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
