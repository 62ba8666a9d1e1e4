/// The shapes of secrets, as a table. Each has two neighbouring bytes (the anchor) that every such secret holds and
/// ordinary text rarely does; only where they stand is anything else looked at.
struct SecretPattern: Sendable {
    /// Looks around the anchor at the index and appends what must go.
    typealias Finder = @Sendable (Span<UInt8>, Int, inout [Secret]) -> Void

    let anchor: (UInt8, UInt8)
    let find: Finder

    /// A fixed beginning and a run of `body` behind it. `anchorAt` is where in `prefix` the anchor stands.
    static func token(
        _ kind: String, _ prefix: String, anchorAt: Int, body: ByteClass, atLeast: Int, atMost: Int = .max
    ) -> SecretPattern {
        let word = Array(prefix.utf8)
        return SecretPattern(anchor: (word[anchorAt], word[anchorAt + 1])) { text, at, found in
            let start = at - anchorAt
            guard text.matches(word, at: start), text.wordBegins(at: start) else { return }
            let end = text.run(of: body, from: start + word.count)
            guard (atLeast...atMost).contains(end - start - word.count) else { return }
            found.append(Secret(start..<end, kind))
        }
    }

    /// The order does not matter.
    static let all: [SecretPattern] = [
        SecretPattern(anchor: (0x6B, 0x2D), find: SecretFinders.skKey),  // k-
        SecretPattern(anchor: (0x49, 0x41), find: SecretFinders.awsKey),  // IA
        .token("ghp", "ghp_", anchorAt: 0, body: .alphanumeric, atLeast: 30),
        .token("gho", "gho_", anchorAt: 0, body: .alphanumeric, atLeast: 30),
        .token("ghs", "ghs_", anchorAt: 0, body: .alphanumeric, atLeast: 30),
        .token("ghu", "ghu_", anchorAt: 0, body: .alphanumeric, atLeast: 30),
        .token("ghr", "ghr_", anchorAt: 0, body: .alphanumeric, atLeast: 30),
        .token("github_pat", "github_pat_", anchorAt: 5, body: .token, atLeast: 22),
        .token("xoxa", "xoxa-", anchorAt: 0, body: .token, atLeast: 10),
        .token("xoxb", "xoxb-", anchorAt: 0, body: .token, atLeast: 10),
        .token("xoxe", "xoxe-", anchorAt: 0, body: .token, atLeast: 10),
        .token("xoxp", "xoxp-", anchorAt: 0, body: .token, atLeast: 10),
        .token("xoxr", "xoxr-", anchorAt: 0, body: .token, atLeast: 10),
        .token("xoxs", "xoxs-", anchorAt: 0, body: .token, atLeast: 10),
        .token("AIza", "AIza", anchorAt: 1, body: .token, atLeast: 35, atMost: 40),
        .token("glpat", "glpat-", anchorAt: 0, body: .token, atLeast: 20),
        .token("npm", "npm_", anchorAt: 1, body: .alphanumeric, atLeast: 36),
        .token("hf", "hf_", anchorAt: 0, body: .alphanumeric, atLeast: 30),
        SecretPattern(anchor: (0x2D, 0x42), find: SecretFinders.privateKey),  // -B
        SecretPattern(anchor: (0x79, 0x4A), find: SecretFinders.webToken),  // yJ
        SecretPattern(anchor: (0x3A, 0x2F), find: SecretFinders.userInURL),  // :/
        SecretPattern(anchor: (0x3A, 0x5C), find: SecretFinders.userInURL),  // :\
        SecretPattern(anchor: (0x44, 0x3D), find: SecretFinders.assignment),  // D=
        SecretPattern(anchor: (0x54, 0x3D), find: SecretFinders.assignment),  // T=
        SecretPattern(anchor: (0x4E, 0x3D), find: SecretFinders.assignment),  // N=
        SecretPattern(anchor: (0x59, 0x3D), find: SecretFinders.assignment),  // Y=
    ]
}

/// A stretch of text that must not be kept.
struct Secret: Sendable, Equatable {
    var range: Range<Int>
    /// The public part: says what it was, never which.
    var kind: String

    init(_ range: Range<Int>, _ kind: String) {
        self.range = range
        self.kind = kind
    }
}
