internal import Backends
internal import Intercept
internal import Recorder

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
        let variables = Self.variables(description)
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

    private static func variables(_ description: Description) -> [String: String] {
        let recorded = RecordedVariables(
            backend: description.name, url: description.url, model: description.model,
            upstreamModel: description.upstreamModel, settings: description.settings)
        let keys = [
            OpenAICompatible.name: ["OPENAI_API_KEY"], OpenAIResponses.name: ["OPENAI_API_KEY"],
            Bedrock.name: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
        ]
        return (keys[description.name] ?? []).reduce(into: recorded.values) { $0[$1] = "recorded" }
    }
}
