internal import Intercept

/// What can be seen of a key without asking anybody: how to show it, and what is wrong with its form.
enum KeyShape {
    /// Variables whose value is never shown.
    static func isSecret(_ name: String) -> Bool {
        ["_KEY", "_TOKEN", "_SECRET", "_PASSWORD"].contains { name.hasSuffix($0) }
            || ["AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "ANTHROPIC_CUSTOM_HEADERS"].contains(name)
    }

    /// Beginnings that every key of a kind has: they say whose it is and nothing more. The longer ones come first.
    private static let publicPrefixes = [
        "sk-ant-api03-", "sk-ant-oat01-", "sk-ant-admin01-", "sk-ant-", "sk-proj-", "sk-svcacct-", "sk-or-v1-", "sk-",
        "gsk_", "xai-", "AIza", "AKIA", "ASIA", "hf_", "nvapi-", "csk-",
    ]

    /// `sk-proj-… (56 characters)`: only the kind's own prefix is shown.
    static func shown(_ value: String) -> String {
        let prefix = publicPrefixes.first { value.hasPrefix($0) && value.count > $0.count + 8 } ?? ""
        return "\(prefix)… (\(Text.count(value.count, "character")))"
    }

    /// Why the value cannot be a key as it stands; nil when it may be one.
    static func mistake(_ value: String) -> String? {
        if let first = value.first, value.count > 1, value.last == first, first == "\"" || first == "'" {
            return "stands in quotes, which are part of it now"
        }
        if value.lowercased().hasPrefix("bearer ") { return "begins with the word Bearer, which is added by itself" }
        if value.contains(where: \.isWhitespace) { return "holds a blank or a line end" }
        if !value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) { return "holds letters outside ASCII" }
        return nil
    }

    private static let placeholders = [
        "your-", "your_", "yourkey", "<", "...", "xxxx", "changeme", "change-me", "replace",
    ]

    /// Why the value is probably not the key that is wanted; nil when nothing speaks against it.
    static func doubt(_ name: String, _ value: String) -> String? {
        let lowered = value.lowercased()
        if placeholders.contains(where: { lowered.contains($0) }) { return "looks like a placeholder" }
        if name.hasPrefix("OPENAI"), value.hasPrefix("sk-ant-") { return "looks like a key of Anthropic's" }
        guard name.hasPrefix("ANTHROPIC") else { return nil }
        if value.hasPrefix("sk-proj-") || value.hasPrefix("sk-or-") { return "looks like a key of another service" }
        if name.hasSuffix("_API_KEY"), value.hasPrefix("sk-ant-oat") {
            return "is an OAuth token, which belongs into \(name.replacingSuffix("_API_KEY", "_AUTH_TOKEN"))"
        }
        return nil
    }

    /// The variables that hold keys, and the backends that use them; none for the client's own.
    static let variables: [(name: String, backends: [String])] = [
        ("OPENAI_API_KEY", chat), ("OPENAICOMPATIBLE_API_KEY", chat),
        ("ANTHROPIC_UPSTREAM_API_KEY", ["anthropic"]), ("ANTHROPIC_UPSTREAM_AUTH_TOKEN", ["anthropic"]),
        ("ANTHROPIC_API_KEY", []), ("ANTHROPIC_AUTH_TOKEN", []),
    ]
    private static let chat = ["openai_compatible", "openai_responses"]

    /// What is odd about the keys; one line when nothing is. `backend` is the one that answers.
    static func findings(_ environment: Environment, backend: String?) -> [Finding] {
        let set = variables.compactMap { variable in
            environment.entry(variable.name).map { (name: variable.name, entry: $0, backends: variable.backends) }
        }
        let odd = set.compactMap { key -> Finding? in
            let source = "\(key.name) (\(key.entry.source), \(shown(key.entry.value)))"
            if let mistake = mistake(key.entry.value) {
                let isUsed = backend.map(key.backends.contains) ?? false
                return Finding(
                    level: isUsed ? .fail : .warn, check: "key", text: "\(source) \(mistake)",
                    todo: ["copy the key again, without anything around it"])
            }
            // The placeholder that this program itself gives to clients.
            if key.backends.isEmpty, key.entry.value == ClientEnvironment.placeholder { return nil }
            return doubt(key.name, key.entry.value).map { .warn("key", "\(source) \($0)") }
        }
        if !odd.isEmpty || set.isEmpty { return odd }
        return [
            .ok(
                "key",
                set.map(\.name).joined(separator: ", ") + (set.count == 1 ? " has" : " have") + " the form of a key")
        ]
    }
}

extension String {
    fileprivate func replacingSuffix(_ old: String, _ new: String) -> String {
        hasSuffix(old) ? String(dropLast(old.count)) + new : self
    }
}
