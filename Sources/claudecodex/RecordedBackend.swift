internal import Backends
internal import Intercept

/// Makes backends from what a trace says of them, not from the user's environment: the address of a recorded request, the
/// model it was sent to, and the settings of the `meta` record. Nothing is ever sent by them, so their keys are made up.
struct RecordedBackends {
    private var made: [String: any Backend] = [:]

    /// What of an exchange decides which backend it is.
    struct Description {
        /// `backend` of the `translation` record.
        let name: String
        let url: String
        /// The client's name of the model, and the service's.
        let model: String
        let upstreamModel: String
        /// `settings` of the `meta` record.
        let settings: [String: String]
    }

    /// The backend of an exchange: one for each address and model, so that what one taught us later requests know.
    mutating func backend(_ description: Description) throws(ConfigError) -> any Backend {
        let variables = try Self.variables(description)
        let key = ([description.name] + variables.sorted { $0.key < $1.key }.map { "\($0)=\($1)" })
            .joined(separator: "\n")
        if let known = made[key] { return known }
        guard let type = Registry.named(description.name) else {
            throw ConfigError("no backend of this version is called '\(description.name)'")
        }
        let backend = try type.init(Environment(variables))
        made[key] = backend
        return backend
    }

    private static func variables(_ description: Description) throws(ConfigError) -> [String: String] {
        var variables = description.settings
        switch description.name {
        case OpenAICompatible.name, OpenAIResponses.name: openAI(description, &variables)
        case Bedrock.name: try bedrock(description, &variables)
        case Anthropic.name: variables["ANTHROPIC_UPSTREAM_URL"] = origin(description.url)
        default: break
        }
        return variables
    }

    private static let key = "recorded"

    private static func openAI(_ description: Description, _ variables: inout [String: String]) {
        let (path, query) = split(description.url, at: "?")
        var base = path
        var api: String?
        for (ending, name) in [("/chat/completions", "chat"), ("/responses", "responses")]
        where path.hasSuffix(ending) {
            base = String(path.dropLast(ending.count))
            api = name
        }
        variables["OPENAI_BASE_URL"] = base + query
        variables["OPENAI_API_KEY"] = key
        // An older trace does not say how the API was chosen.
        if description.settings.isEmpty, description.name == OpenAICompatible.name { variables["OPENAI_API"] = api }
        if plain(description.model) != description.upstreamModel {
            variables["OPENAI_MODEL"] = description.upstreamModel
        }
    }

    private static func bedrock(
        _ description: Description, _ variables: inout [String: String]
    ) throws(ConfigError) {
        variables["AWS_ACCESS_KEY_ID"] = key
        variables["AWS_SECRET_ACCESS_KEY"] = key
        let region = region(in: description.url)
        if variables["AWS_REGION"] == nil, variables["AWS_DEFAULT_REGION"] == nil { variables["AWS_REGION"] = region }
        let (address, rest) = split(description.url, at: "/model/")
        guard !rest.isEmpty else {
            variables["BEDROCK_API"] = "mantle"
            variables["AWS_ENDPOINT_URL_BEDROCK_MANTLE"] = origin(description.url)
            return
        }
        variables["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = address
        if variables["BEDROCK_API"] == nil, rest.hasSuffix("/invoke") || rest.hasSuffix("/invoke-with-response-stream")
        {
            variables["BEDROCK_API"] = "invoke"
        }
        variables["BEDROCK_MODEL_ID"] = description.upstreamModel
    }

    /// `eu-central-1` of `bedrock-runtime.eu-central-1.amazonaws.com`; any other address may be anywhere.
    private static func region(in url: String) -> String {
        let host = origin(url).split(separator: "/").last ?? ""
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
