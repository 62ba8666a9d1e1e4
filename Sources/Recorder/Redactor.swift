/// Takes secrets out of what is recorded. A secret becomes `[redacted KIND hmac:XXXXXXXX]`: the kind is public, the eight
/// digits are 32 bits of an HMAC under a key of this installation, so equal secrets stay equal and nothing can be guessed
/// elsewhere. It works on copies on the recorder's thread; the live exchange never sees it.
internal import Intercept

/// How much is taken out of a trace. Each level includes the ones before it.
public enum RedactionLevel: String, Sendable, CaseIterable, Comparable {
    /// Nothing.
    case off
    /// Credentials in header fields and in query strings.
    case headers
    /// Well-known key shapes anywhere.
    case tokens
    /// All text; structure, names, sizes, times and usage stay.
    case strict

    public static func < (left: RedactionLevel, right: RedactionLevel) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .off: 0
        case .headers: 1
        case .tokens: 2
        case .strict: 3
        }
    }
}

struct Redactor: Sendable {
    let level: RedactionLevel
    private let hmac: HMAC
    private let scan: SecretScan

    init(_ level: RedactionLevel, key: [UInt8], patterns: [SecretPattern] = SecretPattern.all) {
        self.level = level
        hmac = HMAC(key: key)
        scan = SecretScan(patterns)
    }

    /// What must be replaced in `range` of a JSON text or of plain text. The level `strict` is not decided here.
    func edits(_ bytes: [UInt8], _ range: Range<Int>) -> [Edit] {
        guard level >= .tokens, !range.isEmpty else { return [] }
        let secrets = scan.secrets(in: bytes[range].span)
        if secrets.isEmpty { return [] }
        return secrets.map { secret in
            let place = secret.range.lowerBound + range.lowerBound..<secret.range.upperBound + range.lowerBound
            return Edit(range: place, replacement: placeholder(secret.kind, bytes[place]))
        }
    }

    /// A text of which only names and sizes may stay at `strict`, and no secrets at `tokens`.
    func text(_ value: String) -> String {
        switch level {
        case .off, .headers: value
        case .tokens: withoutSecrets(value)
        case .strict: String(decoding: measure(Array(value.utf8)[...]), as: UTF8.self)
        }
    }

    /// A name, an address or an id: kept at `strict`, without secrets.
    func withoutSecrets(_ value: String) -> String {
        guard level >= .tokens, value.utf8.count > 12 else { return value }
        let bytes = Array(value.utf8)
        let edits = edits(bytes, 0..<bytes.count)
        return edits.isEmpty ? value : String(decoding: bytes.edited(0..<bytes.count, edits), as: UTF8.self)
    }

    /// `[redacted KIND hmac:XXXXXXXX]`
    func placeholder(_ kind: String, _ secret: ArraySlice<UInt8>) -> [UInt8] {
        let bytes = kind == "private-key" ? Self.keyMaterial(secret) : Array(secret)
        return Array("[redacted \(kind) hmac:\(digest(bytes))]".utf8)
    }

    /// `[text N hmac:XXXXXXXX]`: the length in bytes, and whether it is the same text as elsewhere.
    func measure(_ text: ArraySlice<UInt8>) -> [UInt8] {
        Array("[text \(text.count) hmac:\(digest(Array(text)))]".utf8)
    }

    private func digest(_ bytes: [UInt8]) -> String { Identifier.hex(hmac.authenticate(bytes).prefix(4)) }

    /// A key's characters without line ends in any of their spellings, so that the same key gives the same digits.
    private static func keyMaterial(_ pem: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var escaped = false
        for byte in pem {
            if byte == UInt8(ascii: "\\") {
                escaped = true
                continue
            }
            if !escaped, byte > 0x20 { out.append(byte) }
            escaped = false
        }
        return out
    }
}

extension Redactor {
    /// The value of a header field as it may be kept.
    func header(_ name: String, _ value: String) -> String {
        guard level > .off else { return value }
        guard SecretNames.isSecret(name) else { return withoutSecrets(value) }
        let scheme = value.firstIndex(of: " ").map { value[..<$0] } ?? ""
        let isScheme = !scheme.isEmpty && scheme.utf8.allSatisfy { ByteClass.token.holds($0) }
        let secret = Array((isScheme ? value[scheme.endIndex...].dropFirst() : value[...]).utf8)
        if secret.isEmpty { return value }
        let hidden = String(decoding: placeholder(kind(of: secret) ?? name.lowercased(), secret[...]), as: UTF8.self)
        return isScheme ? "\(scheme) \(hidden)" : hidden
    }

    /// The kind of a key that is all of `secret`.
    private func kind(of secret: [UInt8]) -> String? {
        let all = secret[...]
        guard let only = scan.secrets(in: all.span).first, only.range == 0..<secret.count else { return nil }
        return only.kind
    }

    /// A URL without user, password and secret query values.
    func url(_ url: String) -> String {
        guard level > .off else { return url }
        guard let mark = url.firstIndex(of: "?") else { return userless(url) }
        return userless(String(url[..<mark])) + "?" + query(String(url[mark...].dropFirst()))
    }

    private func userless(_ url: String) -> String {
        let bytes = Array(url.utf8)
        var found: [Secret] = []
        let all = bytes[...]
        if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) { SecretFinders.userInURL(all.span, colon, &found) }
        guard let user = found.first else { return withoutSecrets(url) }
        let edit = Edit(range: user.range, replacement: placeholder(user.kind, bytes[user.range]))
        return withoutSecrets(String(decoding: bytes.edited(0..<bytes.count, [edit]), as: UTF8.self))
    }

    /// `name=value&…` without the values whose names stand for secrets.
    func query(_ query: String) -> String {
        guard level > .off else { return query }
        let parts = query.split(separator: "&", omittingEmptySubsequences: false).map { part in
            guard let equals = part.firstIndex(of: "="), SecretNames.isSecret(part[..<equals]) else {
                return withoutSecrets(String(part))
            }
            let value = Array(part[part.index(after: equals)...].utf8)
            if value.isEmpty { return String(part) }
            let hidden = placeholder(kind(of: value) ?? "value", value[...])
            return "\(part[...equals])\(String(decoding: hidden, as: UTF8.self))"
        }
        return parts.joined(separator: "&")
    }
}

/// Names of header fields and parameters whose value is a secret.
enum SecretNames {
    /// Whether one of the name's words stands for a secret: `x-api-key`, `Set-Cookie`, `X-Amz-Security-Token`. Counters
    /// such as `anthropic-ratelimit-tokens-remaining` are none.
    static func isSecret(_ name: some StringProtocol) -> Bool {
        var word: UInt64 = offset
        var secret = false
        var harmless = false
        for byte in name.utf8 {
            let lower = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
            if lower == UInt8(ascii: "-") || lower == UInt8(ascii: "_") {
                secret = secret || words.contains(word)
                harmless = harmless || word == idempotency
                word = offset
            } else {
                word = (word ^ UInt64(lower)) &* prime
            }
        }
        return (secret || words.contains(word)) && !harmless
    }

    private static let offset: UInt64 = 0xcbf2_9ce4_8422_2325
    private static let prime: UInt64 = 0x100_0000_01b3

    private static func hash(_ word: String) -> UInt64 {
        word.utf8.reduce(offset) { ($0 ^ UInt64($1)) &* prime }
    }

    private static let idempotency = hash("idempotency")
    private static let words = Set(
        [
            "authorization", "auth", "authentication", "key", "apikey", "token", "secret", "password", "passwd",
            "cookie",
            "credential", "credentials", "signature", "sig", "bearer", "jwt",
        ].map(hash))
}
