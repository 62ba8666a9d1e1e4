internal import Intercept
internal import Recorder

/// What `serve` says when it is ready.
struct Banner {
    let address: ListenAddress
    let backend: String
    /// The backend's own words: host, region, models.
    let summary: String
    let because: String
    var alsoPossible: [String]
    let needsCredentials: Bool
    /// `*haiku* -> qwen3:8b`
    let models: [String]
    let denied: [String]
    /// Nil when nothing is recorded.
    let trace: String?
    let redact: String
    /// The flags of this proxy that `claudecodex env` needs as well, the address apart: `-b anthropic`.
    var flags: [String]
    /// `claudecodex env` can print the same.
    var isKnownToEnv = true
    /// Clients must show a token.
    var hasToken = false
    /// That token where this proxy made it: nobody could know it otherwise.
    var token: AccessToken?

    var text: String {
        var lines = ["claudecodex \(Version.number)  \(address.url)", "backend  " + backendLine]
        if !alsoPossible.isEmpty {
            lines.append("         also possible: \(alsoPossible.joined(separator: ", "))     (choose with -b)")
        }
        if !denied.isEmpty { lines.append("deny     " + denied.joined(separator: "   ")) }
        lines.append("traces   " + (trace.map { "\($0)     redact: \(redact)" } ?? "off"))
        lines.append("use it   " + use)
        lines.append("Ready (^C to quit)")
        return lines.map { Text.printable(Text.withoutCredentials($0)) + "\n" }.joined() + "\n"
    }

    private var backendLine: String {
        let words = summary.isEmpty ? "" : " (\(summary))"
        let map = models.isEmpty ? "" : "     " + models.joined(separator: ", ")
        return "\(backend)\(words), because \(because)\(map)"
    }

    private var use: String {
        guard case .tcp = address else { return "a client that can speak HTTP over the socket \(address)" }
        let credentials = needsCredentials ? "" : " ANTHROPIC_AUTH_TOKEN=\(ClientEnvironment.placeholder)"
        return "export ANTHROPIC_BASE_URL=\(baseURL)\(credentials)" + evaluation
    }

    private var baseURL: String {
        let url = address.isAny ? "http://HOST:\(address.port ?? 0)" : address.url
        return hasToken ? "\(url)/k/\(token?.secret ?? "$CLAUDECODEX_TOKEN")" : url
    }

    /// The same by `claudecodex env`; nothing when a flag holds a password, which must not be shown.
    private var evaluation: String {
        if token != nil || address.isAny || !isKnownToEnv { return "" }
        let words = (["claudecodex env"] + addressFlag + flags).joined(separator: " ")
        return Text.withoutCredentials(words) == words ? "     (eval \"$(\(words))\")" : ""
    }

    private var addressFlag: [String] {
        guard case .tcp("127.0.0.1", let port) = address else { return ["-l \(Env.word(address.description))"] }
        return port == 8082 ? [] : ["-p \(port)"]
    }
}

extension Banner {
    /// What is the same for every proxy that listens. `made` is the token that it made for itself.
    init(
        _ proxy: Proxy, _ settings: Settings, _ environment: Environment, _ address: ListenAddress,
        made: AccessToken?
    ) {
        self.init(
            address: address, backend: proxy.choice.name, summary: proxy.choice.backend.summary,
            because: proxy.choice.because, alsoPossible: [], needsCredentials: proxy.choice.needsCredentials,
            models: settings.models.map { "\($0.from.pattern) -> \($0.to)" }, denied: settings.denied.map(\.text),
            trace: proxy.recorder.map { LogDirectory.shown($0.path, environment) }, redact: settings.redact,
            flags: [], hasToken: settings.token != nil, token: settings.token == .made ? made : nil)
    }
}
