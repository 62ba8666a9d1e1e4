#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where the proxy listens.
public enum ListenAddress: Sendable, Equatable, CustomStringConvertible {
    case tcp(host: String, port: Int)
    case unix(path: String)

    /// Reads `127.0.0.1:8082`, `[::1]:8082`, `:0`, `8082`, `localhost:8082` or `unix:/path`.
    public init(parsing text: String) throws(ConfigError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, path.utf8.count < 100 else {
                throw ConfigError("listen address \(text): the socket's path must have 1 to 99 bytes")
            }
            self = .unix(path: path)
            return
        }
        let colon = text.lastIndex(of: ":")
        let portText = colon.map { text[text.index(after: $0)...] } ?? text[...]
        var host = colon.map { String(text[..<$0]) } ?? ""
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard let port = Int(portText), (0...65_535).contains(port) else {
            throw ConfigError(
                "listen address \(text): expected HOST:PORT, :PORT or unix:/path, for example 127.0.0.1:8082")
        }
        self = .tcp(host: host.isEmpty ? "127.0.0.1" : host, port: port)
    }

    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// What a client's base URL must be.
    public var url: String {
        switch self {
        case .tcp: "http://\(self)"
        case .unix: description
        }
    }

    /// The base URL of a client that must show this token.
    public func url(with token: AccessToken?) -> String { token.map { "\(url)/k/\($0.secret)" } ?? url }

    /// Whether a host name can only mean this machine: `localhost` and names under it, `::1` (also in brackets), 127.x.y.z.
    public static func isThisMachine(_ host: String) -> Bool {
        if host == "localhost" || host.hasSuffix(".localhost") || host == "::1" || host == "[::1]" { return true }
        let parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0].elementsEqual("127".utf8)
            && parts.allSatisfy { UInt8(String(Substring($0))) != nil }
    }

    /// Whether a host is an address in numbers: `[…]` or four numbers with dots.
    static func isLiteral(_ host: String) -> Bool {
        if host.hasPrefix("[") {
            return host.hasSuffix("]") && host.utf8.contains(UInt8(ascii: ":"))
                && host.utf8.dropFirst().dropLast().allSatisfy {
                    JSONText.hex($0) != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
                }
        }
        let parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8(String(Substring($0))) != nil }
    }

    /// Only programs of this machine reach it.
    public var isLoopback: Bool {
        switch self {
        case .tcp(let host, _): Self.isThisMachine(host)
        case .unix: true
        }
    }
}

/// The address cannot be listened on.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    public let address: ListenAddress
    /// `errno` of the call that failed.
    public let code: Int32

    /// Another process has it.
    public var isInUse: Bool { code == EADDRINUSE }

    public var description: String {
        isInUse
            ? "\(address) is in use by another process (claudecodex doctor says by whom); "
                + "choose another port with --port, 0 for any free one"
            : "cannot listen on \(address): \(String(cString: strerror(code)))"
    }
}
