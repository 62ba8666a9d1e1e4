/// What a byte can be part of: one table look-up for each question the secret patterns ask.
struct ByteClass: OptionSet, Sendable {
    let rawValue: UInt8

    static let upper = ByteClass(rawValue: 1)
    static let lower = ByteClass(rawValue: 2)
    static let digit = ByteClass(rawValue: 4)
    static let hyphen = ByteClass(rawValue: 8)
    static let underscore = ByteClass(rawValue: 16)
    /// `+ / =`
    static let base64 = ByteClass(rawValue: 32)
    static let dot = ByteClass(rawValue: 64)
    /// Ends a value that stands unquoted: blanks, quotes, backslash, brackets, separators.
    static let delimiter = ByteClass(rawValue: 128)

    static let letter: ByteClass = [.upper, .lower]
    static let alphanumeric: ByteClass = [.upper, .lower, .digit]
    /// base64url without padding.
    static let token: ByteClass = [.upper, .lower, .digit, .hyphen, .underscore]
    static let base64Run: ByteClass = [.upper, .lower, .digit, .base64]

    static func of(_ byte: UInt8) -> ByteClass { ByteClass(rawValue: table[Int(byte)]) }

    /// Whether the byte belongs to any of these.
    func holds(_ byte: UInt8) -> Bool { Self.table[Int(byte)] & rawValue != 0 }

    private static let table: [UInt8] = {
        var table = [UInt8](repeating: 0, count: 256)
        func mark(_ bytes: some Sequence<UInt8>, _ kind: ByteClass) {
            for byte in bytes { table[Int(byte)] |= kind.rawValue }
        }
        mark(UInt8(ascii: "A")...UInt8(ascii: "Z"), .upper)
        mark(UInt8(ascii: "a")...UInt8(ascii: "z"), .lower)
        mark(UInt8(ascii: "0")...UInt8(ascii: "9"), .digit)
        mark("-".utf8, .hyphen)
        mark("_".utf8, .underscore)
        mark("+/=".utf8, .base64)
        mark(".".utf8, .dot)
        mark(UInt8(0)...UInt8(0x20), .delimiter)
        mark("\"'`\\<>(){}[],;|&".utf8, .delimiter)
        return table
    }()
}

extension Span where Element == UInt8 {
    /// Index of the first byte at or behind `from` that is none of these.
    func run(of kind: ByteClass, from: Int) -> Int {
        var at = from
        while at < count, kind.holds(self[at]) { at += 1 }
        return at
    }

    func matches(_ word: [UInt8], at: Int) -> Bool {
        guard at >= 0, at + word.count <= count else { return false }
        for offset in 0..<word.count where self[at + offset] != word[offset] { return false }
        return true
    }

    /// Index of `word` in `range`, or nil.
    func find(_ word: [UInt8], in range: Range<Int>) -> Int? {
        var at = range.lowerBound
        while at + word.count <= range.upperBound {
            if self[at] == word[0], matches(word, at: at) { return at }
            at += 1
        }
        return nil
    }

    /// Whether a word may begin at `at`: no letter or digit before it, unless that is the end of a JSON escape (`\n`).
    func wordBegins(at: Int) -> Bool {
        guard at > 0, ByteClass.alphanumeric.holds(self[at - 1]) else { return true }
        let backslash = UInt8(ascii: "\\")
        if at >= 2, self[at - 2] == backslash, [0x6E, 0x74, 0x72, 0x62, 0x66].contains(self[at - 1]) { return true }
        return at >= 6 && self[at - 6] == backslash && self[at - 5] == UInt8(ascii: "u")
    }
}
