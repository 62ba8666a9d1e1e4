internal import Intercept

/// Mistakes that people make in base URLs, seen without asking anybody.
enum AddressShape {
    /// The variables that name where requests go, and the backends that use them.
    private static let variables: [(name: String, backends: [String])] = [
        ("OPENAI_BASE_URL", ["openai_compatible", "openai_responses"]),
        ("OPENAICOMPATIBLE_BASE_URL", ["openai_compatible", "openai_responses"]),
        ("ANTHROPIC_UPSTREAM_URL", ["anthropic"]),
    ]

    static func findings(_ settings: Settings, _ environment: Environment, backend: String) -> [Finding] {
        var given = variables.filter { $0.backends.contains(backend) }.compactMap { variable in
            environment.entry(variable.name).map { (source: "\(variable.name) (\($0.source))", url: $0.value) }
        }
        if let upstream = settings.upstream { given = [(upstream.source, upstream.text)] }
        let odd = given.flatMap { address in
            mistakes(address.url, backend: backend, listen: settings.listen).map { mistake in
                Finding(
                    level: mistake.level, check: "address",
                    text: "\(address.source) \(DoctorConfiguration.shown(address.url)) \(mistake.text)",
                    todo: mistake.todo.map { [$0] } ?? [])
            }
        }
        guard odd.isEmpty, let first = given.first else { return odd }
        return [.ok("address", "\(first.source) has the form of a base URL")]
    }

    struct Mistake: Equatable {
        let level: Finding.Level
        let text: String
        var todo: String?
    }

    /// What is odd about a base URL of this backend; a URL that is none at all is the backend's own complaint.
    static func mistakes(_ url: String, backend: String, listen: ListenAddress) -> [Mistake] {
        guard let parts = Parts(url) else { return [] }
        var found: [Mistake] = []
        if BackendChoice.isOwn(url, listen) {
            found.append(
                Mistake(level: .fail, text: "is this proxy's own address", todo: "name the service that shall answer"))
        }
        let isLocal = ListenAddress.isThisMachine(parts.host)
        if parts.scheme == "http", !isLocal, !isPrivate(parts.host) {
            found.append(
                Mistake(
                    level: .warn, text: "sends keys and texts unencrypted", todo: "use https:// if the service has it"))
        }
        if parts.scheme == "https", isLocal {
            found.append(
                Mistake(
                    level: .warn, text: "is https on this machine, where servers mostly speak plain http",
                    todo: "if connections fail: http://"))
        }
        if ["your-", "<", "example.com", "resource-name"].contains(where: { parts.host.lowercased().contains($0) }) {
            found.append(Mistake(level: .warn, text: "looks like a placeholder"))
        }
        return found + (backend == "anthropic" ? anthropic(parts) : chat(parts))
    }

    private static func anthropic(_ parts: Parts) -> [Mistake] {
        if parts.path.hasSuffix("/v1/messages") {
            return [
                Mistake(
                    level: .fail, text: "ends with /v1/messages, which is added by itself",
                    todo: "leave it out: \(parts.origin)\(parts.path.dropLast("/v1/messages".count))")
            ]
        }
        guard parts.host == "api.openai.com" else { return [] }
        return [Mistake(level: .fail, text: "does not speak the Messages API", todo: "-b openai_compatible")]
    }

    private static func chat(_ parts: Parts) -> [Mistake] {
        if parts.host == "api.anthropic.com" {
            return [
                Mistake(
                    level: .warn, text: "is Anthropic's: the pass-through loses nothing on the way",
                    todo: "-b anthropic")
            ]
        }
        if parts.path.hasSuffix("/v1/messages") {
            return [Mistake(level: .fail, text: "is an address of the Messages API", todo: "-b anthropic")]
        }
        if parts.path == "/api" || parts.path.hasPrefix("/api/") && parts.port == "11434" {
            return [
                Mistake(
                    level: .fail, text: "is Ollama's own API; its Chat Completions are at /v1",
                    todo: "\(parts.origin)/v1")
            ]
        }
        if parts.path.contains("/v1/v1") {
            return [Mistake(level: .fail, text: "has /v1 twice", todo: "write it once")]
        }
        return []
    }

    /// Addresses that no public network routes, and names without a dot.
    private static func isPrivate(_ host: String) -> Bool {
        host.hasPrefix("10.") || host.hasPrefix("192.168.") || host.hasPrefix("169.254.") || host.hasSuffix(".local")
            || host.hasSuffix(".internal") || !host.contains(".")
            || (16...31).contains { host.hasPrefix("172.\($0).") }
    }

    /// A URL as far as mistakes show in it.
    struct Parts: Equatable {
        let scheme: String
        let host: String
        let port: String
        let path: String

        var origin: String { "\(scheme)://\(host)" + (port.isEmpty ? "" : ":\(port)") }

        init?(_ url: String) {
            guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else { return nil }
            scheme = url[..<colon].lowercased()
            let rest = url[url.index(colon, offsetBy: 3)...]
            let authority = rest.prefix { !"/?#".contains($0) }
            let server = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
            let isBracketed = server.first == "["
            let mark = server.lastIndex(of: ":").flatMap { isBracketed && server[$0...].contains("]") ? nil : $0 }
            host = String(mark.map { server[..<$0] } ?? server).lowercased()
            port = mark.map { String(server[server.index(after: $0)...]) } ?? ""
            var path = rest.dropFirst(authority.count).prefix { $0 != "?" && $0 != "#" }
            while path.hasSuffix("/") { path.removeLast() }
            self.path = String(path)
            if host.isEmpty { return nil }
        }
    }
}
