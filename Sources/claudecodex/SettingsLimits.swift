internal import Intercept

/// Addresses and limits among the settings.
extension Settings {
    /// `--listen`, or a host and a port that were set apart.
    static func listen(_ lookup: Lookup) throws(Failure) -> ListenAddress {
        let whole = try whole(lookup)
        let port = try lookup(.port)
        if let whole, let port {
            if whole.strength == port.strength {
                guard try address(whole).port == portNumber(port) else {
                    throw port.failure("\(whole.source) says \(whole.text)", hints: ["give the port once"])
                }
            } else if whole.strength < port.strength {
                return try withPort(port, host: whole, lookup)
            }
        }
        if let whole { return try checked(try address(whole), whole, lookup) }
        return try withPort(port, host: try lookup.variable(["SERVER_HOST"]), lookup)
    }

    private static func whole(_ lookup: Lookup) throws(Failure) -> Setting? {
        if let text = lookup.arguments.values(.listen).last { return Setting(text: text, origin: .flag("listen")) }
        return try lookup.variable(["CLAUDECODEX_LISTEN"])
    }

    private static func withPort(
        _ port: Setting?, host: Setting?, _ lookup: Lookup
    ) throws(Failure) -> ListenAddress {
        let number = try port.map { setting throws(Failure) in try portNumber(setting) } ?? 8082
        guard let host else { return .tcp(host: "127.0.0.1", port: number) }
        if case .variable("SERVER_HOST", _) = host.origin {
            return try checked(.tcp(host: host.text, port: number), host, lookup)
        }
        guard case .tcp(let name, _) = try address(host) else {
            throw .configuration("\(host.source) is a socket's path, but there is a port too", "give one of them")
        }
        return try checked(.tcp(host: name, port: number), host, lookup)
    }

    private static func portNumber(_ setting: Setting) throws(Failure) -> Int {
        guard let number = Int(setting.text), (0...65_535).contains(number) else {
            throw setting.failure("expected a port from 0 to 65535")
        }
        return number
    }

    private static func address(_ setting: Setting) throws(Failure) -> ListenAddress {
        do { return try ListenAddress(parsing: setting.text) } catch {
            throw Failure(setting.strength == .flag ? .usage : .configuration, "\(setting.source): \(error)")
        }
    }

    static func limits(_ lookup: Lookup) throws(Failure) -> Limits {
        var limits = Limits()
        if let setting = try lookup(.maxBody) {
            guard let bytes = Quantity.bytes(setting.text), bytes >= 1024 else {
                throw setting.failure("expected a size of at least 1K, for example 64M")
            }
            limits.maxBody = bytes
        }
        if let setting = try lookup(.maxStreams) {
            guard let number = Int(setting.text), number > 0 else {
                throw setting.failure("expected a number of requests, for example 100")
            }
            limits.maxExchanges = number
        }
        if let setting = try lookup(.timeout) { try takeTimeout(setting, &limits) }
        if let setting = try lookup(.ping) {
            limits.pingIntervalMS = setting.text == "0" ? 0 : try milliseconds(setting, setting.text)
        }
        return limits
    }

    private static func takeTimeout(_ setting: Setting, _ limits: inout Limits) throws(Failure) {
        let parts = setting.text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2 else { throw setting.failure("expected FIRST or FIRST/IDLE, for example 10m/5m") }
        limits.firstByteTimeoutMS = try milliseconds(setting, parts[0])
        limits.idleTimeoutMS = try milliseconds(setting, parts[parts.count - 1])
    }

    private static func milliseconds(_ setting: Setting, _ text: String) throws(Failure) -> Int {
        guard let value = Quantity.milliseconds(text), value >= 100 else {
            throw setting.failure("expected a time from 100ms to \(Quantity.mostTime), for example 15s, 500ms or 10m")
        }
        return value
    }
}

extension ListenAddress {
    var port: Int? {
        if case .tcp(_, let port) = self { port } else { nil }
    }

    /// Stands for all addresses of the machine, so that clients need another one.
    var isAny: Bool {
        guard case .tcp(let host, _) = self else { return false }
        return host == "0.0.0.0" || host == "::"
    }

    /// Nobody outside this machine can connect. A host name that only looks like a loopback address does not count.
    var isOfThisMachine: Bool {
        // A name under localhost is resolved by whoever answers for names; as an address to listen on it proves nothing.
        if case .tcp(let host, _) = self, host.hasSuffix(".localhost") { return false }
        return isLoopback
    }
}
