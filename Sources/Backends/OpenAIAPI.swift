internal import Intercept

/// The two APIs of OpenAI by which a model can be asked.
enum OpenAIAPI: String, Sendable {
    case chat, responses

    var title: String { self == .chat ? "Chat Completions" : "the Responses API" }

    /// The other API, when a refusal of this one says that it is the one to use.
    func other(after head: UpstreamHead, _ body: [UInt8]) -> OpenAIAPI? {
        guard (400...501).contains(head.status), ![401, 402, 403, 429].contains(head.status) else { return nil }
        let found = UpstreamError(body, host: "", status: head.status).searchable
        switch self {
        case .chat: return found.contains("/responses") ? .responses : nil
        case .responses:
            let isMissing =
                [404, 405, 501].contains(head.status)
                && !["model", "deployment", "item"].contains(where: found.contains)
            return isMissing || found.contains("/chat/completions") ? .chat : nil
        }
    }
}

/// Which API a request goes through. OpenAI's reasoning models keep their reasoning from turn to turn only in the
/// Responses API, which matters where tools are used; some models are served by nothing else.
struct APIChoice: Sendable, Equatable {
    /// What the variable or the address says; nil leaves it to each request.
    private let fixed: OpenAIAPI?

    var isFixed: Bool { fixed != nil }

    /// Reads `OPENAI_API`: `auto`, `chat` or `responses`.
    init(_ environment: Environment, _ address: ServiceAddress) throws(ConfigError) {
        let word = try Self.word(environment)
        if let word, let other = address.api { try Self.check(word, other, "OPENAI_API=\(word)") }
        fixed = word ?? address.api
    }

    /// The API that `OPENAI_API` names, or nil for `auto`.
    static func word(_ environment: Environment) throws(ConfigError) -> OpenAIAPI? {
        guard let word = environment["OPENAI_API"]?.lowercased(), word != "auto" else { return nil }
        guard let api = OpenAIAPI(rawValue: word) else {
            throw ConfigError("OPENAI_API=\(word): expected auto, chat or responses")
        }
        return api
    }

    /// - Throws: when two sources name different APIs.
    static func check(_ wanted: OpenAIAPI, _ other: OpenAIAPI, _ source: String) throws(ConfigError) {
        guard wanted != other else { return }
        throw ConfigError(
            "\(source) asks for \(wanted.title), OPENAI_API or the base URL for \(other.title): make them agree, or unset one"
        )
    }

    func api(for request: MessageRequest, _ known: KnownModel, _ address: ServiceAddress) -> OpenAIAPI {
        if let fixed { return fixed }
        if let learnt = known.facts.api { return learnt }
        guard address.servesResponses else { return .chat }
        if known.model.speaksOnlyResponses { return .responses }
        let hasTools = !(request.body["tools"]?.isEmpty ?? true)
        return known.model.isReasoning && hasTools && !known.model.hasNoSystemRole ? .responses : .chat
    }
}

extension ServiceAddress {
    /// The API whose endpoint the path names.
    var api: OpenAIAPI? {
        if path.hasSuffix("/chat/completions") { return .chat }
        return path.hasSuffix("/responses") ? .responses : nil
    }

    /// OpenAI itself, and Azure without a deployment in the path: those have Chat Completions only.
    fileprivate var servesResponses: Bool {
        isAt("openai.com") || isAt("azure.com") && !path.contains("/deployments/")
    }
}
