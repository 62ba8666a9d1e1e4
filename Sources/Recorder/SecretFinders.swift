/// Finders for secrets that are more than a prefix and a run of characters.
enum SecretFinders {
    /// `sk-ant-…` and other `sk-…` keys. Without `ant` a key must look random: letters and digits, 20 or more, with a run
    /// of 12 that no hyphen breaks; class names such as `sk-folding-cube` pass.
    static let skKey: SecretPattern.Finder = { text, at, found in
        let start = at - 1
        guard text.matches(sk, at: start), text.wordBegins(at: start) else { return }
        let body = start + sk.count
        let end = text.run(of: .token, from: body)
        if text.matches(skAnt, at: start) {
            if end - start >= skAnt.count + 10 {
                found.append(Secret(start..<end, anthropicKind(text, start + skAnt.count)))
            }
        } else if end - body >= 20, looksRandom(text, body..<end) {
            found.append(Secret(start..<end, "sk"))
        }
    }

    private static let sk = Array("sk-".utf8)
    private static let skAnt = Array("sk-ant-".utf8)

    /// `sk-ant-api03`, `sk-ant-oat01`: the public word behind the prefix, where there is one.
    private static func anthropicKind(_ text: Span<UInt8>, _ at: Int) -> String {
        let letters = text.run(of: .lower, from: at)
        let end = text.run(of: .digit, from: letters)
        guard (2...6).contains(letters - at), end - letters == 2, end < text.count, text[end] == UInt8(ascii: "-")
        else {
            return "sk-ant"
        }
        return "sk-ant-" + string(text, at..<end)
    }

    static func string(_ text: Span<UInt8>, _ range: Range<Int>) -> String {
        text.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    private static func looksRandom(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var seen = ByteClass()
        var run = 0
        var longest = 0
        for at in range {
            let kind = ByteClass.of(text[at])
            seen.formUnion(kind)
            run = kind.isDisjoint(with: .alphanumeric) ? 0 : run + 1
            longest = max(longest, run)
        }
        return seen.contains(.digit) && !seen.isDisjoint(with: .letter) && longest >= 12
    }

    /// `AKIA…`/`ASIA…`, and the secret key or session token that stands within 400 bytes behind it.
    static let awsKey: SecretPattern.Finder = { text, at, found in
        let start = at - 2
        guard start >= 0, text[start] == UInt8(ascii: "A"), [0x4B, 0x53].contains(text[start + 1]),
            text.wordBegins(at: start)
        else { return }
        let end = text.run(of: [.upper, .digit], from: start + 4)
        guard end - start == 20, end == text.count || !ByteClass.lower.holds(text[end]) else { return }
        found.append(Secret(start..<end, string(text, start..<start + 4)))
        var next = end
        let limit = min(text.count, end + 400)
        while next < limit {
            // An escape's letter must not count as the first letter of the run.
            if text[next] == UInt8(ascii: "\\") {
                next += 2
                continue
            }
            let stop = text.run(of: .base64Run, from: next)
            if stop - next == 40 || stop - next >= 100 { found.append(Secret(next..<stop, "aws-secret")) }
            next = stop + 1
        }
    }

    /// A PEM private key, with line ends as they are or escaped once or twice. Without an end mark, all that looks like
    /// base64 goes.
    static let privateKey: SecretPattern.Finder = { text, at, found in
        let start = at - 4
        guard text.matches(begin, at: start) else { return }
        let head = start + begin.count
        guard let mark = text.find(mark, in: head..<min(text.count, head + 40)) else { return }
        let body = mark + Self.mark.count
        if let foot = text.find(end, in: body..<min(text.count, body + 20_000)),
            let last = text.find(Self.mark, in: foot..<min(text.count, foot + 60)),
            text.find([UInt8(ascii: "\"")], in: body..<last) == nil
        {
            found.append(Secret(start..<last + Self.mark.count, "private-key"))
        } else {
            found.append(Secret(start..<pemEnd(text, body), "private-key"))
        }
    }

    private static let begin = Array("-----BEGIN ".utf8)
    private static let mark = Array("PRIVATE KEY-----".utf8)
    private static let end = Array("-----END ".utf8)

    private static func pemEnd(_ text: Span<UInt8>, _ from: Int) -> Int {
        var at = from
        while at < text.count {
            if ByteClass.base64Run.holds(text[at]) || text[at] == 0x0A || text[at] == 0x0D {
                at += 1
                continue
            }
            var escape = at
            while escape < text.count, text[escape] == UInt8(ascii: "\\") { escape += 1 }
            guard escape > at, escape < text.count, [0x6E, 0x72].contains(text[escape]) else { break }
            at = escape + 1
        }
        return at
    }

    /// A JSON Web Token: three base64url parts with dots between them, the first an object.
    static let webToken: SecretPattern.Finder = { text, at, found in
        let start = at - 1
        guard start >= 0, text[start] == UInt8(ascii: "e"), text.wordBegins(at: start) else { return }
        var end = text.run(of: .token, from: start)
        guard end - start >= 12 else { return }
        for _ in 0..<2 {
            guard end < text.count, text[end] == UInt8(ascii: ".") else { return }
            let part = end + 1
            end = text.run(of: .token, from: part)
            guard end - part >= 8 else { return }
        }
        found.append(Secret(start..<end, "jwt"))
    }

    /// The `user:password` of a URL; slashes may be escaped.
    static let userInURL: SecretPattern.Finder = { text, at, found in
        var start = at + 1
        for _ in 0..<2 {
            if start < text.count, text[start] == UInt8(ascii: "\\") { start += 1 }
            guard start < text.count, text[start] == UInt8(ascii: "/") else { return }
            start += 1
        }
        var colon: Int?
        var end = start
        while end < text.count, end - start < 512, text[end] != UInt8(ascii: "@") {
            if text[end] == UInt8(ascii: "/") || ByteClass.delimiter.holds(text[end]) { return }
            if text[end] == UInt8(ascii: ":") { colon = colon ?? end }
            end += 1
        }
        guard let colon, colon < end - 1, end < text.count, text[end] == UInt8(ascii: "@") else { return }
        found.append(Secret(start..<end, "user:password"))
    }

    /// `NAME=value` where a name in capitals ends in a word that stands for a secret. Only the value goes. Values that
    /// name a variable or are a known key themselves are left to whoever knows them better.
    static let assignment: SecretPattern.Finder = { text, at, found in
        var start = at + 1
        while start > 0, ByteClass([.upper, .digit, .underscore]).holds(text[start - 1]) { start -= 1 }
        guard namesSecret(string(text, start..<at + 1)) else { return }
        var value = at + 2
        while value < text.count, [0x22, 0x27, 0x5C].contains(text[value]) { value += 1 }
        var end = value
        while end < text.count, !ByteClass.delimiter.holds(text[end]) { end += 1 }
        guard end - value >= 8, ByteClass.alphanumeric.union(.base64).holds(text[value]) else { return }
        if prefixes.contains(where: { text.matches($0, at: value) }) { return }
        found.append(Secret(value..<end, "value"))
    }

    private static func namesSecret(_ name: String) -> Bool {
        secretEndings.contains { name == $0 || name.hasSuffix("_" + $0) }
    }

    private static let secretEndings = [
        "PASSWORD", "PASSWD", "PWD", "SECRET", "TOKEN", "API_KEY", "APIKEY", "ACCESS_KEY", "SECRET_KEY", "PRIVATE_KEY",
        "AUTH_KEY", "ENCRYPTION_KEY", "SIGNING_KEY",
    ]
    private static let prefixes = ["sk-", "gh", "xox", "AIza", "glpat-", "npm_", "hf_", "eyJ", "AKIA", "ASIA"].map {
        Array($0.utf8)
    }
}
