/// The variables that make a client use this proxy.
enum ClientEnvironment {
    /// Stands where a client wants credentials though none are needed.
    static let placeholder = "local"

    enum Change: Equatable {
        case set(String, String)
        case remove(String)

        var name: String {
            switch self {
            case .set(let name, _), .remove(let name): name
            }
        }
    }

    /// - Parameters:
    ///   - url: The proxy's base URL.
    ///   - needsCredentials: The client's own credentials go on to the upstream and stay as they are.
    ///   - shell: The environment that is to be changed.
    static func changes(url: String, needsCredentials: Bool, _ shell: [String: String]) -> [Change] {
        var changes: [Change] = [.set("ANTHROPIC_BASE_URL", url)]
        if !needsCredentials {
            changes.append(.set("ANTHROPIC_AUTH_TOKEN", placeholder))
            if shell["ANTHROPIC_API_KEY"] != nil { changes.append(.remove("ANTHROPIC_API_KEY")) }
        }
        let elsewhere = shell.keys.filter { $0.hasPrefix("CLAUDE_CODE_USE_") }.sorted()
        return changes + elsewhere.map(Change.remove) + withoutProxy(shell)
    }

    /// A client behind an HTTP proxy must not look for this machine there.
    private static func withoutProxy(_ shell: [String: String]) -> [Change] {
        let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
        guard proxies.contains(where: { shell[$0] != nil || shell[$0.lowercased()] != nil }) else { return [] }
        let known = shell["no_proxy"] ?? shell["NO_PROXY"] ?? ""
        let hosts = known.split(separator: ",").map(Text.trim)
        if hosts.contains("127.0.0.1") || hosts.contains("*") { return [] }
        let all = (hosts + ["127.0.0.1", "localhost"]).joined(separator: ",")
        return [.set("NO_PROXY", all), .set("no_proxy", all)]
    }

    /// Applies changes to a list of `NAME=value` entries; those that are not named stay byte for byte.
    static func apply(_ changes: [Change], to entries: [[UInt8]]) -> [[UInt8]] {
        let names = Set(changes.map { Array($0.name.utf8) })
        let kept = entries.filter { !names.contains(Array($0.prefix { $0 != UInt8(ascii: "=") })) }
        return kept
            + changes.compactMap { change in
                if case .set(let name, let value) = change { Array("\(name)=\(value)".utf8) } else { nil }
            }
    }
}
