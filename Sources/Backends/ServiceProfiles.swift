internal import Intercept

/// All service profiles, and how one is chosen.
extension ServiceProfile {
    /// In the order in which they are tried; the one that fits nothing stands last.
    static let all: [ServiceProfile] = [
        .openAI, .azure, .gemini, .openRouter, .deepSeek, .groq, .mistral, .together, .cerebras, .xAI, .zAI, .moonshot,
        .alibaba, .ollama, .lmStudio, .vLLM, .llamaCPP, .unknown,
    ]

    /// The profile with this name or alias, however it is spelled.
    static func named(_ name: String) -> ServiceProfile? {
        let wanted = plain(name)
        return all.first { plain($0.name) == wanted || $0.aliases.contains { plain($0) == wanted } }
    }

    /// Small letters and digits: `LM Studio`, `lm-studio` and `lmstudio` are one.
    private static func plain(_ name: String) -> String { name.lowercased().filter { $0.isLetter || $0.isNumber } }

    /// The profile that fits an address.
    static func fitting(_ address: ServiceAddress) -> Choice {
        for profile in all where profile.domains.contains(where: address.isAt) {
            // OpenAI's own host says enough.
            return Choice(profile, profile.name == openAI.name ? nil : "by its host")
        }
        if address.scheme == "http", let port = address.port, let profile = all.first(where: { $0.port == port }) {
            return Choice(profile, "by its port")
        }
        return Choice(.unknown, nil)
    }

    /// A profile and why it was taken.
    struct Choice: Sendable, Equatable {
        let profile: ServiceProfile
        /// "by its host"; nil when there is nothing to say.
        let why: String?

        init(_ profile: ServiceProfile, _ why: String?) {
            self.profile = profile
            self.why = why
        }

        /// "as mistral by its host"
        var words: String? { why.map { "as \(profile.name) \($0)" } }
    }

    /// The profile that a variable names, or nil when it is not set.
    ///
    /// - Throws: when no profile has this name.
    static func named(by variable: Variables.Found?) throws(ConfigError) -> Choice? {
        guard let variable else { return nil }
        if let profile = named(variable.value) { return Choice(profile, "by \(variable.name)") }
        let names = all.map(\.name)
        let nearest = Suggestion.nearest(to: variable.value, in: names + all.flatMap(\.aliases))
        let meant = nearest.map { "; did you mean \($0)?" } ?? ";"
        throw ConfigError(
            "\(variable.name)=\(variable.value) (\(variable.source)): no provider has this name\(meant) "
                + "choose one of \(names.joined(separator: ", "))")
    }
}
