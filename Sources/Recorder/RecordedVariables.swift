/// The variables with which a backend makes the recorded request again: from the address, the model, and the settings of
/// the `meta` record. One rule for `replay --check` and for exported fixtures.
internal import Intercept

public struct RecordedVariables: Sendable, Equatable {
    /// The language in which the service was asked.
    public enum Wire: Sendable, Equatable {
        case chat, responses, converse, invoke, mantle, messages, unknown
    }

    public let wire: Wire
    /// Without keys: a trace has none.
    public private(set) var values: [String: String]

    /// - Parameters:
    ///   - backend: `backend` of the `translation` record.
    ///   - url: that of the first attempt.
    ///   - model: the client's name of the model; `upstreamModel` is the service's.
    ///   - settings: of the `meta` record, see ``settings(_:)``.
    ///   - isPinned: whether API and model are named also where the backend found them by itself. That is right for one
    ///     exchange; a backend for several must be able to choose.
    public init(
        backend: String, url: String, model: String, upstreamModel: String, settings: [String: String],
        isPinned: Bool = false
    ) {
        wire = Self.wire(backend, url)
        values = settings
        switch wire {
        case .chat, .responses: openAI(backend, url, isPinned)
        case .converse, .invoke, .mantle: bedrock(url, upstreamModel)
        case .messages: values["ANTHROPIC_UPSTREAM_URL"] = Self.origin(url)
        case .unknown:
            guard backend.hasPrefix("openai") else { return }
            values["OPENAI_BASE_URL"] = url
        }
        if backend.hasPrefix("openai") || wire == .chat || wire == .responses,
            isPinned || Self.plain(model) != upstreamModel
        {
            values["OPENAI_MODEL"] = upstreamModel
        }
    }

    /// `settings` of a `meta` record.
    public static func settings(_ meta: TraceRecord) -> [String: String] {
        var settings: [String: String] = [:]
        guard let recorded = meta["settings"], recorded.isObject else { return [:] }
        for (name, value) in recorded.members { settings[name.string ?? ""] = value.string }
        return settings
    }

    private static func wire(_ backend: String, _ url: String) -> Wire {
        let (address, _) = split(url, at: "?")
        if address.hasSuffix("/chat/completions") { return .chat }
        if address.hasSuffix("/responses") { return .responses }
        if !split(address, at: "/model/").1.isEmpty {
            let isInvoke = address.hasSuffix("/invoke") || address.hasSuffix("/invoke-with-response-stream")
            return isInvoke ? .invoke : .converse
        }
        if backend == "bedrock" { return .mantle }
        return backend == "anthropic" ? .messages : .unknown
    }

    private mutating func openAI(_ backend: String, _ url: String, _ isPinned: Bool) {
        let (address, query) = Self.split(url, at: "?")
        let isOlder = values.isEmpty
        let ending = wire == .chat ? "/chat/completions" : "/responses"
        values["OPENAI_BASE_URL"] = address.dropLast(ending.count) + query
        // An older trace does not say how the API was chosen.
        if isPinned || isOlder && backend == "openai_compatible" {
            values["OPENAI_API"] = wire == .chat ? "chat" : "responses"
        }
    }

    private mutating func bedrock(_ url: String, _ upstreamModel: String) {
        if values["AWS_REGION"] == nil, values["AWS_DEFAULT_REGION"] == nil { values["AWS_REGION"] = Self.region(url) }
        guard wire != .mantle else {
            values["BEDROCK_API"] = "mantle"
            values["AWS_ENDPOINT_URL_BEDROCK_MANTLE"] = Self.origin(url)
            return
        }
        values["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = Self.split(url, at: "/model/").0
        if values["BEDROCK_API"] == nil, wire == .invoke { values["BEDROCK_API"] = "invoke" }
        values["BEDROCK_MODEL_ID"] = upstreamModel
    }

    /// `eu-central-1` of `bedrock-runtime.eu-central-1.amazonaws.com`; any other address may be anywhere.
    private static func region(_ url: String) -> String {
        let host = url.split(separator: "/").dropFirst().first ?? ""
        let parts = host.split(separator: ".")
        return parts.count > 2 && parts[0].hasPrefix("bedrock") ? String(parts[1]) : "us-east-1"
    }

    private static func plain(_ model: String) -> String {
        model.lowercased().hasSuffix("[1m]") ? String(model.dropLast(4)) : model
    }

    /// Scheme, host and port, and what stands before `/v1/`.
    private static func origin(_ url: String) -> String {
        let (address, rest) = split(url, at: "/v1/")
        return rest.isEmpty ? String(url.split(separator: "?").first ?? "") : address
    }

    /// What stands before the first `mark`, and the rest with it.
    private static func split(_ text: String, at mark: String) -> (String, String) {
        let (bytes, wanted) = (Array(text.utf8), Array(mark.utf8))
        guard bytes.count >= wanted.count,
            let place = (0...(bytes.count - wanted.count)).first(where: { bytes[$0...].starts(with: wanted) })
        else { return (text, "") }
        return (String(decoding: bytes[..<place], as: UTF8.self), String(decoding: bytes[place...], as: UTF8.self))
    }
}
