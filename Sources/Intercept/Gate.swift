/// Who may talk to us. Pure rules over the request head, in order; each refusal says what to do. `docs/security.md` gives
/// the reasons.
struct Gate: Sendable {
    /// Everything lives under `/k/<token>`, or the token comes in a field of its own; nil: no token is asked for.
    let token: AccessToken?
    /// Only programs of this machine can connect.
    let isLoopback: Bool
    /// Names that `Host` may have beside those of this machine, in lower case.
    let hosts: [String]

    init(token: AccessToken? = nil, isLoopback: Bool, hosts: [String] = []) {
        self.token = token
        self.isLoopback = isLoopback
        self.hosts = hosts.map { $0.lowercased() }
    }

    static let methods = ["GET", "HEAD", "POST", "DELETE"]
    static let tokenField = "x-claudecodex-token"

    /// The path behind the token. Takes the token out of the head, so that nobody behind the gate sees it.
    func admit(_ head: inout HTTPHead) throws(MessageError) -> String {
        try checkMethod(head)
        try checkHost(head)
        try checkBrowser(head)
        let path = try checkToken(&head)
        try checkPath(path)
        if head.method == "POST" { try checkContentType(head) }
        return path
    }

    private func checkMethod(_ head: HTTPHead) throws(MessageError) {
        if Self.methods.contains(head.method) { return }
        throw MessageError(
            405, "invalid_request_error",
            "\(head.method): this proxy answers \(Self.methods.joined(separator: ", ")) and no other method",
            shouldRetry: false)
    }

    /// Against DNS rebinding: a page of another name must not reach us under it. Any port will do, because a forwarded
    /// one shows the port at its other end.
    private func checkHost(_ head: HTTPHead) throws(MessageError) {
        guard let host = head.headers["host"] else { return }
        let name = Self.isBroken(host) ? "" : Proxies.host(of: host)
        if ListenAddress.isThisMachine(name) || hosts.contains(name) { return }
        // Whoever listens for others is called by its address; a page cannot have an address for its name.
        if !isLoopback, ListenAddress.isLiteral(name) { return }
        throw MessageError(
            421, "invalid_request_error",
            "Host: \(host): this proxy answers to \(known); if that name is yours, start it with --allow-host \(name.isEmpty ? "NAME" : name)",
            shouldRetry: false)
    }

    /// A bracket that is not closed, or that something else than a port follows.
    private static func isBroken(_ host: String) -> Bool {
        guard host.hasPrefix("[") else { return false }
        guard let end = host.utf8.firstIndex(of: UInt8(ascii: "]")) else { return true }
        let rest = host.utf8[end...].dropFirst()
        return !rest.isEmpty && rest.first != UInt8(ascii: ":")
    }

    private var known: String {
        let own = isLoopback ? ["127.0.0.1", "[::1]", "localhost"] : ["addresses in numbers", "localhost"]
        return (own + hosts).joined(separator: ", ")
    }

    /// Claude Code sends neither field. Node's fetch sends `Sec-Fetch-Mode`, so that one says nothing.
    private func checkBrowser(_ head: HTTPHead) throws(MessageError) {
        if let origin = head.headers["origin"] {
            throw MessageError(403, nil, "Origin: \(origin): browsers may not use this proxy", shouldRetry: false)
        }
        if let site = head.headers["sec-fetch-site"], site != "same-origin", site != "none" {
            throw MessageError(403, nil, "Sec-Fetch-Site: \(site): browsers may not use this proxy", shouldRetry: false)
        }
    }

    private func checkToken(_ head: inout HTTPHead) throws(MessageError) -> String {
        let shown = head.headers[Self.tokenField]
        if shown != nil { head.headers[Self.tokenField] = nil }
        guard let token else { return head.path }
        if let shown, token.matches(Array(shown.utf8)[...]) { return head.path }
        if let (candidate, rest) = Self.split(head.path), token.matches(candidate) { return rest }
        throw MessageError(
            401, nil,
            "the access token of this proxy is missing or wrong: it belongs into the base URL (http://HOST:PORT/k/TOKEN) "
                + "or into the field \(Self.tokenField)", shouldRetry: false)
    }

    /// What stands behind `/k/`, up to the next slash, and the rest.
    private static func split(_ path: String) -> (candidate: ArraySlice<UInt8>, rest: String)? {
        let bytes = Array(path.utf8)
        guard bytes.starts(with: "/k/".utf8) else { return nil }
        let candidate = bytes[3...].prefix { $0 != UInt8(ascii: "/") }
        let rest = bytes[candidate.endIndex...]
        return (candidate, rest.isEmpty ? "/" : String(decoding: rest, as: UTF8.self))
    }

    /// The head as it may be recorded: a token in it, right or wrong, is left out.
    static func withoutToken(_ head: HTTPHead) -> (head: HTTPHead, path: String) {
        var head = head
        if head.headers[tokenField] != nil { head.headers[tokenField] = "[token]" }
        guard let (_, rest) = split(head.path) else { return (head, head.path) }
        return (head, "/k/[token]" + rest)
    }

    /// Each path is one of a list. A path that leads out of its beginning (`/v1/files/../x`) could pass for another one.
    private func checkPath(_ path: String) throws(MessageError) {
        let isPlain = path.utf8.first == UInt8(ascii: "/") && !Self.strays(Array(path.utf8))
        if isPlain { return }
        throw MessageError(
            400, nil, "path \(path): expected a plain path like /v1/messages, without '..', '//' or encoded slashes",
            shouldRetry: false)
    }

    /// Whether the path has an empty segment, a dot segment, or bytes that others could read as one.
    private static func strays(_ path: [UInt8]) -> Bool {
        var segment = path.startIndex + 1
        for (at, byte) in path.enumerated().dropFirst() {
            if byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "%") && hides(path, at) { return true }
            guard byte == UInt8(ascii: "/") else { continue }
            if at == segment || isDots(path[segment..<at]) { return true }
            segment = at + 1
        }
        return isDots(path[segment...])
    }

    private static func isDots(_ segment: ArraySlice<UInt8>) -> Bool {
        segment.elementsEqual(".".utf8) || segment.elementsEqual("..".utf8)
    }

    /// Whether a dot, a slash, a backslash or a NUL is encoded here.
    private static func hides(_ path: [UInt8], _ percent: Int) -> Bool {
        guard percent + 2 < path.count, let high = JSONText.hex(path[percent + 1]),
            let low = JSONText.hex(path[percent + 2])
        else { return true }
        return [0x2E, 0x2F, 0x5C, 0x00].contains(high << 4 | low)
    }

    /// A body that a browser form could have sent is refused: JSON must say that it is JSON.
    private func checkContentType(_ head: HTTPHead) throws(MessageError) {
        let type = head.headers["content-type"] ?? ""
        let media = HTTPFields.trim(String(Substring(type.utf8.prefix { $0 != UInt8(ascii: ";") })))
        guard HTTPFields.same(media, "application/json") else {
            throw MessageError(
                415, "invalid_request_error",
                "content-type: \(type.isEmpty ? "missing" : type): expected application/json",
                shouldRetry: false)
        }
    }
}

/// A secret that a client must show. It is no part of any description, so that no message can tell it.
public struct AccessToken: Sendable, Equatable, CustomStringConvertible {
    /// The secret itself, for the client's base URL.
    public let secret: String

    /// Fewer characters can be guessed.
    public static let leastLength = 16

    /// Nil when the text is too short or has characters that mean something in a path.
    public init?(_ secret: String) {
        let isPlain = secret.utf8.allSatisfy { HTTPHeadParser.isToken($0) && $0 != UInt8(ascii: "%") }
        guard isPlain, (Self.leastLength...200).contains(secret.utf8.count), secret != "." else { return nil }
        self.secret = secret
    }

    /// 32 random bytes.
    public static func random() -> AccessToken { AccessToken(trusted: Identifier.hex(Identifier.random(32))) }

    private init(trusted: String) { secret = trusted }

    public var description: String { "[token]" }

    /// Looks at every byte whatever the first difference, so that time tells nothing about the token.
    func matches(_ candidate: ArraySlice<UInt8>) -> Bool {
        let own = Array(secret.utf8)
        let other = Array(candidate)
        var difference = own.count ^ other.count
        for (index, byte) in own.enumerated() { difference |= Int(byte ^ (index < other.count ? other[index] : 0)) }
        return difference == 0
    }
}
