public import Intercept

/// The backends in order of preference, and how one is chosen. A new backend is one more element here.
public enum Registry {
    /// All backends that this version can speak.
    public static let all: [any Backend.Type] = [
        Bedrock.self, OpenAICompatible.self, OpenAIResponses.self, Anthropic.self, DemoModel.self,
    ]

    /// A backend, why it was chosen, and which others the environment would have allowed.
    public typealias Choice = (backend: any Backend, why: String, alsoPossible: [String])

    /// Chooses: an explicit name, then `LLM_BACKEND` or `LLM_PROVIDER`, then what the environment shows, then Anthropic.
    ///
    /// - Throws: for an unknown name, and when the chosen backend's variables are not right.
    public static func choose(_ environment: Environment, explicit name: String? = nil) throws(ConfigError) -> Choice {
        let detected = detections(environment)
        if let name { return try named(name, "--backend \(name)", environment, detected) }
        if let (variable, entry) = environment.first("LLM_BACKEND", "LLM_PROVIDER") {
            return try named(entry.value, "\(variable)=\(entry.value)", environment, detected)
        }
        guard let best = detected.first else {
            return (try Anthropic(environment), "nothing else is set up", [])
        }
        let others = detected.dropFirst().map { "\($0.type.name), because \($0.because)" }
        return (try best.type.init(environment), "because \(best.because)", others)
    }

    /// The backend of a name, with the spellings that people use.
    public static func named(_ name: String) -> (any Backend.Type)? {
        let plain = name.lowercased().split(separator: "-").joined(separator: "_")
        let meant = ["openai", "openai_chat", "openaicompatible"].contains(plain) ? OpenAICompatible.name : plain
        return all.first { $0.name == meant }
    }

    private static func named(
        _ name: String, _ why: String, _ environment: Environment, _ detected: [Found]
    ) throws(ConfigError) -> Choice {
        guard let type = named(name) else { throw unknown(name, why) }
        let others = detected.filter { $0.type.name != type.name }.map { "\($0.type.name), because \($0.because)" }
        return (try type.init(environment), why, others)
    }

    private static func unknown(_ name: String, _ why: String) -> ConfigError {
        let known = all.map { $0.name }.joined(separator: ", ")
        return ConfigError("\(why): no backend has this name; choose one of \(known)")
    }

    private typealias Found = (type: any Backend.Type, because: String)

    private static func detections(_ environment: Environment) -> [Found] {
        all.compactMap { type in type.detect(environment).map { (type, $0) } }
            .sorted { $0.1.rank > $1.1.rank }
            .map { ($0.0, $0.1.because) }
    }
}
