internal import Backends
internal import Intercept

/// Which backend answers, why, and what else the environment would have allowed.
struct BackendChoice {
    let backend: any Backend
    /// `OPENAI_API_KEY is set`, `--backend anthropic`
    let because: String
    let alsoPossible: [String]
    /// The client must bring credentials of its own, which go on to the upstream.
    let needsCredentials: Bool

    var name: String { type(of: backend).name }

    init(_ settings: Settings, _ environment: Environment) throws(Failure) {
        let named = try settings.backend.map { setting throws(Failure) in try Self.known(setting) }
        var environment = environment
        var gateway: String?
        let address = try Self.address(settings, environment, named)
        if let (variable, url, source) = address {
            environment.set(variable, url, source)
            if settings.upstream == nil { gateway = "ANTHROPIC_BASE_URL=\(url)" }
        }
        if let named { try DotEnvRule.check(environment, backend: named) }
        let choice: Registry.Choice
        do { choice = try Self.pick(environment, named) } catch {
            throw Self.blaming(settings.upstream, address?.0, error)
        }
        backend = choice.backend
        because = settings.backend.map(Self.words) ?? gateway ?? Self.reason(choice.why, address?.0, settings.upstream)
        // The pass-through is always possible: worth a word only where something asks for it.
        alsoPossible = choice.alsoPossible.filter { !$0.hasSuffix("nothing else is configured") }
        needsCredentials =
            type(of: choice.backend).name == "anthropic"
            && environment.first("ANTHROPIC_UPSTREAM_API_KEY", "ANTHROPIC_UPSTREAM_AUTH_TOKEN") == nil
        try DotEnvRule.check(environment, backend: type(of: choice.backend).name)
    }

    /// The values of the variables that decide how the backend translates.
    func translationSettings(_ environment: Environment) -> [(name: String, value: String)] {
        type(of: backend).translationVariables.compactMap { name in environment[name].map { (name, $0) } }
    }

    /// One that was put together by hand.
    init(_ backend: any Backend, because: String) {
        self.backend = backend
        self.because = because
        alsoPossible = []
        needsCredentials = false
    }

    /// What an explicit choice is explained by.
    private static func words(_ setting: Setting) -> String {
        switch setting.origin {
        case .flag(let name): "--\(name) \(setting.text)"
        case .variable(let name, let source): "\(name)=\(setting.text) (\(source))"
        }
    }

    /// Names the variable that `--upstream` stood in for by what the user wrote.
    private static func reason(_ why: String, _ variable: String?, _ upstream: Setting?) -> String {
        let plain = why.hasPrefix("because ") ? String(why.dropFirst("because ".count)) : why
        guard let upstream, let variable, plain.hasPrefix(variable + "=") else { return plain }
        return words(upstream)
    }

    /// The same for a complaint: `OPENAI_BASE_URL (flag): the URL names no host` is about `--upstream`.
    private static func blaming(_ upstream: Setting?, _ variable: String?, _ failure: Failure) -> Failure {
        guard let upstream, let variable else { return failure }
        for prefix in ["\(variable) (flag): ", "\(variable)=\(upstream.text): "]
        where failure.message.hasPrefix(prefix) {
            return upstream.failure(String(failure.message.dropFirst(prefix.count)), hints: failure.hints)
        }
        return failure
    }

    private static func known(_ setting: Setting) throws(Failure) -> String {
        if let type = Registry.named(setting.text) { return type.name }
        let names = Registry.all.map { $0.name }
        throw setting.failure(
            "no backend has this name" + Suggestion.phrase(for: setting.text, in: names),
            hints: ["backends: auto, \(names.joined(separator: ", "))"])
    }

    private static func pick(_ environment: Environment, _ named: String?) throws(Failure) -> Registry.Choice {
        do { return try Registry.choose(environment, explicit: named) } catch {
            // A mix with ./.env may be what is wrong; that rule says it best.
            for type in Registry.all { try DotEnvRule.check(environment, backend: type.name) }
            throw .configuration("\(error)")
        }
    }

    /// Which backend it will be, whatever its address.
    private static func name(_ environment: Environment, _ named: String?) throws(Failure) -> String {
        if let named { return named }
        return type(of: try pick(environment, nil).backend).name
    }

    /// The variable to set for `--upstream`; or, for the pass-through, for a gateway that the client was told to use: its
    /// credentials are meant for that gateway and for nobody else.
    private static func address(
        _ settings: Settings, _ environment: Environment, _ named: String?
    ) throws(Failure) -> (String, String, Environment.Source)? {
        if let upstream = settings.upstream {
            let backend = try name(environment, named)
            guard let variable = Registry.named(backend)?.addressVariable else {
                throw upstream.failure("\(backend) has no upstream")
            }
            guard ["https://", "http://"].contains(where: upstream.text.hasPrefix) else {
                throw upstream.failure("expected an address that begins with https:// or http://")
            }
            return (variable, upstream.text, .flag)
        }
        guard let gateway = environment.entry("ANTHROPIC_BASE_URL"), environment["ANTHROPIC_UPSTREAM_URL"] == nil,
            !isOwn(gateway.value, settings.listen), try name(environment, named) == "anthropic"
        else { return nil }
        return ("ANTHROPIC_UPSTREAM_URL", gateway.value, gateway.source)
    }

    /// Whether a base URL points back at this proxy, as it does in a shell that has evaluated `claudecodex env`.
    static func isOwn(_ url: String, _ listen: ListenAddress) -> Bool {
        guard case .tcp(_, let port) = listen, url.hasPrefix("http://") else { return false }
        let authority = url.dropFirst("http://".count).prefix { $0 != "/" }
        guard let address = try? ListenAddress(parsing: String(authority)) else { return false }
        return address.isOfThisMachine && address.port == port
    }
}
