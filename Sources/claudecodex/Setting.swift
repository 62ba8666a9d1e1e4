internal import Intercept

/// One value of the configuration and where it came from, so that a complaint can name its source.
struct Setting: Equatable {
    enum Origin: Equatable {
        case flag(String)
        case variable(String, Environment.Source)
    }

    let text: String
    let origin: Origin

    /// `--port`, `SERVER_PORT (./.env)`
    var source: String {
        switch origin {
        case .flag(let name): "--\(name)"
        case .variable(let name, let source): "\(name) (\(source))"
        }
    }

    var strength: Environment.Source {
        switch origin {
        case .flag: .flag
        case .variable(_, let source): source
        }
    }

    /// A complaint about this value: a usage error for a flag, a configuration error for a variable.
    func failure(_ problem: String, hints: [String] = []) -> Failure {
        Failure(strength == .flag ? .usage : .configuration, "\(source) \(text): \(problem)", hints: hints)
    }
}

/// Looks values up: flags first, then variables by the strength of their source.
struct Lookup {
    let arguments: Arguments
    let environment: Environment

    /// The value of a flag; nil when neither it nor one of its variables is set.
    func callAsFunction(_ name: Flag.Name) throws(Failure) -> Setting? {
        if let text = arguments.values(name).last { return Setting(text: text, origin: .flag(name.rawValue)) }
        return try variable(Flags.row(name)?.variables ?? [])
    }

    /// The strongest of several spellings. Two of equal strength must not contradict each other.
    func variable(_ names: [String]) throws(Failure) -> Setting? {
        var best: Setting?
        for name in names {
            guard let entry = environment.entry(name) else { continue }
            let found = Setting(text: entry.value, origin: .variable(name, entry.source))
            guard let known = best else {
                best = found
                continue
            }
            if known.strength == found.strength, known.text != found.text {
                throw .configuration(
                    "\(known.source) is '\(known.text)', but \(found.source) is '\(found.text)'", "unset one of them")
            }
            if known.strength < found.strength { best = found }
        }
        return best
    }

    /// Whether a flag without a value is on.
    func isOn(_ name: Flag.Name) throws(Failure) -> Bool {
        if arguments.has(name) { return true }
        guard let setting = try variable(Flags.row(name)?.variables ?? []) else { return false }
        switch setting.text.lowercased() {
        case "1", "true", "yes", "on": return true
        case "0", "false", "no", "off": return false
        default: throw setting.failure("expected 1 or 0")
        }
    }

    /// One of the flag's choices, or its default.
    func choice(_ name: Flag.Name) throws(Failure) -> String {
        let flag = Flags.row(name)
        guard let setting = try self(name) else { return flag?.fallback ?? "" }
        let choices = flag?.choices ?? []
        guard choices.contains(setting.text) else {
            throw setting.failure(
                "expected \(choices.joined(separator: ", "))" + Suggestion.phrase(for: setting.text, in: choices))
        }
        return setting.text
    }

    /// All values of a repeatable flag: those of the command line, then those of the variable.
    func list(_ name: Flag.Name, separators: Set<Character>) throws(Failure) -> [Setting] {
        let flags = arguments.values(name).map { Setting(text: $0, origin: .flag(name.rawValue)) }
        guard let variable = try variable(Flags.row(name)?.variables ?? []) else { return flags }
        let parts = variable.text.split(whereSeparator: separators.contains)
        return flags + parts.map { Setting(text: Text.trim($0), origin: variable.origin) }.filter { !$0.text.isEmpty }
    }
}
