internal import Intercept

/// What `./.env` may bring. A cloned repository can hold one, so it gets no say in what is recorded or who may connect,
/// and an address from it is never used with a key of the user's.
enum DotEnvRule {
    /// A backend's variables of address and key.
    private struct Group {
        /// The names of the backends that use them.
        let backends: [String]
        let addresses: [String]
        let keys: [String]
        /// Keys that are not variables and may be joined with the address unless the file has one of its own.
        let otherKeys: String?
    }

    private static let groups: [Group] = [
        Group(
            backends: ["openai_compatible", "openai_responses"],
            addresses: ["OPENAI_BASE_URL", "OPENAICOMPATIBLE_BASE_URL", "OPENAI_PROVIDER"],
            keys: ["OPENAI_API_KEY", "OPENAICOMPATIBLE_API_KEY"], otherKeys: nil),
        Group(
            backends: ["bedrock"], addresses: ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"],
            keys: ["AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"],
            otherKeys: "keys of ~/.aws"),
        Group(
            backends: ["anthropic"], addresses: ["ANTHROPIC_UPSTREAM_URL"],
            keys: ["ANTHROPIC_UPSTREAM_API_KEY", "ANTHROPIC_UPSTREAM_AUTH_TOKEN"],
            otherKeys: "the client's own credentials"),
    ]

    /// AWS variables that name no file and no program: a folder must not choose whose credentials are read, or by what.
    private static let aws = [
        "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
        "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
    ]

    /// The entries of `./.env` that count: those of a backend, and the port.
    static func admitted(_ values: [String: String]) -> [String: String] {
        values.filter { name, _ in
            aws.contains(name) || ["LLM_BACKEND", "LLM_PROVIDER", "SERVER_PORT", "SERVER_HOST"].contains(name)
                || ["ANTHROPIC_UPSTREAM_", "OPENAI_", "OPENAICOMPATIBLE_", "BEDROCK_"].contains { name.hasPrefix($0) }
        }
    }

    /// Refuses an address of `./.env` that this backend would join with a key from elsewhere.
    static func check(_ environment: Environment, backend: String) throws(Failure) {
        for group in groups where group.backends.contains(backend) {
            for address in group.addresses where environment.entry(address)?.source == .dotEnv {
                if let key = foreignKey(group, environment) { throw refusal(address, key) }
            }
        }
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] where backend == "bedrock" {
            guard let entry = environment.entry(name), entry.source == .dotEnv, !isRegion(entry.value) else { continue }
            throw .configuration(
                "./.env: \(name)=\(Text.printable(entry.value)) is no AWS region", "write it like eu-central-1")
        }
    }

    /// The key that would go to an address of `./.env` though it did not come with it.
    private static func foreignKey(_ group: Group, _ environment: Environment) -> String? {
        for key in group.keys {
            if let entry = environment.entry(key), entry.source > .dotEnv { return "\(key) (\(entry.source))" }
        }
        let secrets = group.keys.filter { $0 != "AWS_PROFILE" && environment.entry($0)?.source == .dotEnv }
        return secrets.isEmpty ? group.otherKeys : nil
    }

    private static func refusal(_ address: String, _ key: String) -> Failure {
        .configuration(
            "./.env sets \(address), but the key would be yours: \(key)",
            "an address from ./.env is used only with a key from ./.env: a cloned repository could collect yours",
            "if the file is yours, say so: --env-file .env")
    }

    private static func isRegion(_ text: String) -> Bool {
        text.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D }
    }
}
