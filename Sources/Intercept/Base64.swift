/// Base64 with padding (RFC 4648, section 4).
public enum Base64 {
    private static let alphabet = Base64Alphabet(ending: "+/")

    public static func encode(_ bytes: [UInt8]) -> String { alphabet.encode(bytes, isPadded: true) }

    /// The bytes, or nil when the text is no base64. Line ends and missing padding are forgiven.
    public static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? { alphabet.decode(text, isPadded: true) }

    /// Nil for what `encode` would not have written so: line ends, padding that is missing or too much.
    public static func decodeExactly(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0, text.count(where: { $0 == UInt8(ascii: "=") }) < 3,
            !text.contains(where: { $0 == 0x0A || $0 == 0x0D })
        else { return nil }
        return decode(text)
    }
}

/// Base64 with the alphabet of URLs and without padding (RFC 4648, section 5).
public enum Base64URL {
    private static let alphabet = Base64Alphabet(ending: "-_")

    public static func encode(_ bytes: [UInt8]) -> String { alphabet.encode(bytes, isPadded: false) }

    /// The bytes, or nil when the text is not of this alphabet.
    public static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? { alphabet.decode(text, isPadded: false) }
}

/// 64 letters: the two alphabets differ in the last two.
private struct Base64Alphabet {
    private let letters: [UInt8]
    /// What each letter stands for; 255 for all others.
    private let values: [UInt8]

    init(ending: String) {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\(ending)".utf8)
        var values = [UInt8](repeating: 255, count: 256)
        for (value, letter) in letters.enumerated() { values[Int(letter)] = UInt8(value) }
        (self.letters, self.values) = (letters, values)
    }

    func encode(_ bytes: [UInt8], isPadded: Bool) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        var at = 0
        while at < bytes.count {
            let count = min(3, bytes.count - at)
            var bits = UInt32(bytes[at]) << 16
            if count > 1 { bits |= UInt32(bytes[at + 1]) << 8 }
            if count > 2 { bits |= UInt32(bytes[at + 2]) }
            for place in 0...count { out.append(letters[Int(bits >> (18 - 6 * UInt32(place)) & 63)]) }
            if isPadded { for _ in count..<3 { out.append(UInt8(ascii: "=")) } }
            at += 3
        }
        return String(decoding: out, as: UTF8.self)
    }

    func decode(_ text: some Sequence<UInt8>, isPadded: Bool) -> [UInt8]? {
        var out: [UInt8] = []
        var bits: UInt32 = 0
        var held = 0
        var isOver = false
        for byte in text {
            if isPadded, byte == 0x0A || byte == 0x0D { continue }
            if isPadded, byte == UInt8(ascii: "=") {
                isOver = true
                continue
            }
            let value = values[Int(byte)]
            guard value < 64, !isOver else { return nil }
            bits = bits << 6 | UInt32(value)
            held += 6
            if held >= 8 {
                held -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
            }
        }
        return held < 6 ? out : nil
    }
}
