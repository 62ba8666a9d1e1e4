/// The content of a JSON string, kept in its escaped form, so that text moves from one JSON text to another without being
/// decoded and encoded again. `string` gives the characters.
public struct JSONText: Sendable, Equatable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// What stands between the quotes.
    public private(set) var escaped: [UInt8]
    /// Known to hold no escape sequence.
    private var plain: Bool

    /// Takes bytes that are already valid between the quotes of a JSON string.
    public init(escaped: [UInt8], plain: Bool = false) {
        self.escaped = escaped
        self.plain = plain
    }

    public init(_ string: String) {
        self.init(utf8: Array(string.utf8))
    }

    /// Escapes raw UTF-8; invalid sequences become U+FFFD.
    public init(utf8 bytes: [UInt8]) {
        escaped = []
        escaped.reserveCapacity(bytes.count + 8)
        let all = bytes[...]
        JSONWriter.escape(all.span, into: &escaped)
        plain = escaped.count == bytes.count
    }

    public init(stringLiteral value: String) { self.init(value) }

    public var isEmpty: Bool { escaped.isEmpty }
    /// Length in bytes of the escaped form.
    public var count: Int { escaped.count }
    public var description: String { string }
    public var string: String { String(decoding: utf8Bytes, as: UTF8.self) }

    public static func == (left: JSONText, right: JSONText) -> Bool {
        left.escaped == right.escaped || left.utf8Bytes == right.utf8Bytes
    }

    /// Joins two texts; escapes never need the neighbour.
    public mutating func append(_ other: JSONText) {
        escaped.append(contentsOf: other.escaped)
        plain = plain && other.plain
    }

    /// The text as UTF-8. A lone surrogate becomes U+FFFD.
    public var utf8Bytes: [UInt8] {
        if plain { return escaped }
        let all = escaped[...]
        return JSONText.decode(all.span)
    }

    static func decode(_ text: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var at = 0
        while at < text.count {
            let byte = text[at]
            guard byte == UInt8(ascii: "\\"), at + 1 < text.count else {
                out.append(byte)
                at += 1
                continue
            }
            at += 1
            switch text[at] {
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "u"): at = unicode(text, at, &out)
            case let other: out.append(other)
            }
            at += 1
        }
        return out
    }

    /// Decodes `uXXXX` (and the low half behind it) at `at`; gives the index of its last byte.
    private static func unicode(_ text: Span<UInt8>, _ at: Int, _ out: inout [UInt8]) -> Int {
        guard let high = unit(text, at) else { return at }
        var end = at + 4
        var scalar = UInt32(high)
        if (0xD800..<0xDC00).contains(scalar), end + 2 < text.count, text[end + 1] == UInt8(ascii: "\\"),
            text[end + 2] == UInt8(ascii: "u"), let low = unit(text, end + 2), (0xDC00..<0xE000).contains(low)
        {
            scalar = 0x10000 + (scalar - 0xD800) << 10 + (UInt32(low) - 0xDC00)
            end += 6
        }
        let character = Unicode.Scalar(scalar) ?? "\u{FFFD}"
        out.append(contentsOf: UTF8.encode(character) ?? UTF8.encodedReplacementCharacter)
        return end
    }

    private static func unit(_ text: Span<UInt8>, _ at: Int) -> UInt16? {
        guard at + 4 < text.count else { return nil }
        var value: UInt16 = 0
        for offset in 1...4 {
            guard let digit = hex(text[at + offset]) else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
