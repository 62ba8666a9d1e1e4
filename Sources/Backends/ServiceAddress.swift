internal import Intercept

/// The address of a service, made from whatever form of base URL its user knows: a host, a host with `/v1`, or the full
/// endpoint.
struct ServiceAddress: Sendable, Equatable {
    let scheme: String
    /// Host and, unless it is the scheme's own, the port.
    let authority: String
    /// The host without its port.
    let host: String
    /// Without a slash at the end.
    let path: String
    /// With its question mark, or empty.
    let query: String

    /// - Parameters:
    ///   - url: What stands in the variable.
    ///   - variable: The variable's name and source, for messages: "OPENAI_BASE_URL (shell)".
    init(_ url: String, variable: String) throws(ConfigError) {
        let text = HTTPFields.trim(url)
        func wrong(_ problem: String) -> ConfigError {
            ConfigError("\(variable): \(problem); it should look like https://api.openai.com/v1")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw wrong("the URL holds blanks or letters outside ASCII")
        }
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            throw wrong("no URL with http:// or https:// in front: \(text)")
        }
        scheme = text[..<colon].lowercased()
        guard scheme == "http" || scheme == "https" else { throw wrong("http or https expected, got \(scheme)") }
        let rest = text[text.index(colon, offsetBy: 3)...].prefix { $0 != "#" }
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        guard !host.isEmpty else { throw wrong("the URL names no host: \(text)") }
        guard !host.contains("@") else { throw wrong("the URL holds a user name; put the key into OPENAI_API_KEY") }
        let behind = rest.dropFirst(host.count)
        let path = behind.prefix { $0 != "?" }
        authority = host.lowercased()
        self.host = Self.host(of: host.lowercased())
        self.path = String(path.reversed().drop { $0 == "/" }.reversed())
        query = String(behind.dropFirst(path.count))
    }

    private static func host(of authority: String) -> String {
        guard let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") else { return authority }
        return String(authority[..<colon])
    }

    /// Scheme, host and port.
    var origin: String { "\(scheme)://\(authority)" }

    /// The base URL as it may be shown: a query can hold a key.
    var shown: String { origin + path }

    /// The port that the URL names.
    var port: Int? { authority.count > host.count ? Int(authority.dropFirst(host.count + 1)) : nil }

    /// The full URL of an endpoint such as `/chat/completions`.
    ///
    /// - Parameter model: the service's name of the model, for services that want it in the path.
    func endpoint(_ name: String, _ profile: ServiceProfile = .unknown, model: String = "") -> String {
        if api != nil { return origin + path + query }
        return origin + base(profile, model) + name + query
    }

    /// The path before the endpoint's name: what the URL says, completed if it is only a beginning.
    private func base(_ profile: ServiceProfile, _ model: String) -> String {
        guard profile.root.hasPrefix(path + "/") else { return path }
        guard let dated = profile.datedRoot, query.contains("api-version=") else { return profile.root }
        return dated.split(separator: "/").map { $0 == "{model}" ? "/" + model : "/" + $0 }.joined()
    }

    /// Whether the host is this one or inside this domain.
    func isAt(_ domain: String) -> Bool { host == domain || host.hasSuffix("." + domain) }
}
