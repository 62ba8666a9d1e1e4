/// The variables of `openai_compatible`: address, key, models.
internal import Intercept

/// A key, kept apart so that it can be taken out of everything that is shown.
struct APIKey: Sendable, Equatable {
    let value: String

    init(_ variable: Variables.Found) throws(ConfigError) {
        value = HTTPFields.trim(variable.value)
        guard !value.isEmpty, value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ConfigError(
                "\(variable.name) (\(variable.source)): the key holds blanks or letters outside ASCII; copy it again")
        }
    }
}

/// Address and key in all their spellings.
enum Variables {
    struct Found: Sendable, Equatable {
        let name: String
        let value: String
        let source: Environment.Source
    }

    static func baseURL(_ environment: Environment) -> Found? {
        strongest(["OPENAI_BASE_URL", "OPENAICOMPATIBLE_BASE_URL"], environment)
    }

    static func key(_ environment: Environment) -> Found? {
        strongest(["OPENAI_API_KEY", "OPENAICOMPATIBLE_API_KEY"], environment)
    }

    /// The name of a profile, which also stands for its base URL.
    static func provider(_ environment: Environment) -> Found? { strongest(["OPENAI_PROVIDER"], environment) }

    /// The spelling set by the strongest source; of equals the first.
    private static func strongest(_ names: [String], _ environment: Environment) -> Found? {
        var best: Found?
        for name in names {
            guard let entry = environment.entry(name) else { continue }
            if let best, best.source >= entry.source { continue }
            best = Found(name: name, value: entry.value, source: entry.source)
        }
        return best
    }

    /// `./.env` may bring a whole backend of its own, but no half of one: that is how a cloned repository would steal a key.
    static func refuseMix(url: Found?, key: Found?) throws(ConfigError) {
        guard let url, let key, (url.source == .dotEnv) != (key.source == .dotEnv) else { return }
        throw ConfigError(
            "\(url.name) comes from \(url.source) and \(key.name) from \(key.source): "
                + "an address and a key of different origin are not joined; set both in the same place")
    }
}

/// Which model of the service answers for which model of the client.
struct ModelMap: Sendable, Equatable {
    private let any: String?
    private let tiers: [(words: [String], model: String)]

    /// - Parameter variable: names the model for all; with `_OPUS`, `_SONNET`, `_HAIKU` behind it, for one tier.
    init(_ environment: Environment, variable: String = "OPENAI_MODEL") {
        any = environment[variable]
        let names = [("OPUS", ["opus", "fable", "mythos"]), ("SONNET", ["sonnet"]), ("HAIKU", ["haiku"])]
        tiers = names.compactMap { name, words in environment["\(variable)_\(name)"].map { (words, $0) } }
    }

    static func == (left: ModelMap, right: ModelMap) -> Bool {
        left.any == right.any && left.tiers.elementsEqual(right.tiers) { $0.words == $1.words && $0.model == $1.model }
    }

    /// The models that the variables name, without repetition.
    var names: [String] {
        ((any.map { [$0] } ?? []) + tiers.map(\.model)).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Whether any model was named at all.
    var isNamed: Bool { any != nil || !tiers.isEmpty }

    var summary: String {
        let parts = tiers.map { "\($0.words[0]) -> \($0.model)" }
        return (parts + [any.map { "claude-* -> \($0)" } ?? "models as asked for"]).joined(separator: ", ")
    }

    /// The service's model. Names that are no Claude's are used as they are, without the suffix `[1m]`.
    func upstream(_ asked: String) -> String {
        let lowered = asked.lowercased()
        let plain = lowered.hasSuffix("[1m]") ? String(asked.dropLast(4)) : asked
        guard lowered.contains("claude") || ["opus", "sonnet", "haiku", "default"].contains(lowered) else {
            return plain
        }
        for tier in tiers where tier.words.contains(where: { lowered.contains($0) }) { return tier.model }
        return any ?? plain
    }
}
