/// Width and height of an image, read from the few bytes of its header that hold them, inside its base64 text.
struct ImageSize: Equatable {
    let width: Int
    let height: Int

    init?(base64 data: JSON) {
        guard data.isString else { return nil }
        let quoted = data.range
        let escaped = data.raw.contains(0x5C)
        let text = escaped ? data.text?.utf8Bytes ?? [] : data.document.bytes
        let range = escaped ? 0..<text.count : quoted.lowerBound + 1..<quoted.upperBound - 1
        self.init(Base64Bytes(text: text, range: range))
    }

    private init?(_ bytes: Base64Bytes) {
        guard let found = Self.png(bytes) ?? Self.gif(bytes) ?? Self.webp(bytes) ?? Self.jpeg(bytes) else { return nil }
        guard found.0 > 0, found.1 > 0 else { return nil }
        (width, height) = found
    }

    /// What the image costs: one token for each 28 x 28 pixels after it was scaled to the limits.
    func tokens(_ limits: (edge: Int, tokens: Int)) -> Int {
        let long = max(width, height)
        let scaled = min(long, limits.edge)
        let short = min(width, height)
        var columns = (scaled + 27) / 28
        var rows = (short * scaled / long + 27) / 28
        var edge = scaled
        while columns * max(rows, 1) > limits.tokens, columns > 1 {
            columns -= 1
            edge = columns * 28
            rows = (short * edge / long + 27) / 28
        }
        return columns * max(rows, 1)
    }

    private static func png(_ bytes: Base64Bytes) -> (Int, Int)? {
        guard bytes.starts([0x89, 0x50, 0x4E, 0x47]), let width = bytes.big(16, 4), let height = bytes.big(20, 4) else {
            return nil
        }
        return (width, height)
    }

    private static func gif(_ bytes: Base64Bytes) -> (Int, Int)? {
        guard bytes.starts([0x47, 0x49, 0x46, 0x38]), let width = bytes.little(6, 2), let height = bytes.little(8, 2)
        else { return nil }
        return (width, height)
    }

    private static func webp(_ bytes: Base64Bytes) -> (Int, Int)? {
        guard bytes.starts([0x52, 0x49, 0x46, 0x46]), bytes.starts([0x57, 0x45, 0x42, 0x50], at: 8) else { return nil }
        switch bytes[15] {
        case UInt8(ascii: "X"):
            guard let width = bytes.little(24, 3), let height = bytes.little(27, 3) else { return nil }
            return (width + 1, height + 1)
        case UInt8(ascii: "L"):
            guard let bits = bytes.little(21, 4) else { return nil }
            return (bits & 0x3FFF + 1, bits >> 14 & 0x3FFF + 1)
        default:
            guard let width = bytes.little(26, 2), let height = bytes.little(28, 2) else { return nil }
            return (width & 0x3FFF, height & 0x3FFF)
        }
    }

    /// Walks from marker to marker to the frame header.
    private static func jpeg(_ bytes: Base64Bytes) -> (Int, Int)? {
        guard bytes.starts([0xFF, 0xD8]) else { return nil }
        var at = 2
        for _ in 0..<512 {
            guard bytes[at] == 0xFF, let marker = bytes[at + 1], let length = bytes.big(at + 2, 2) else { return nil }
            switch marker {
            case 0xFF: at += 1
            case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
                guard let height = bytes.big(at + 5, 2), let width = bytes.big(at + 7, 2) else { return nil }
                return (width, height)
            default: at += 2 + length
            }
        }
        return nil
    }
}

/// Single bytes out of a base64 text, without decoding the rest.
struct Base64Bytes {
    let text: [UInt8]
    let range: Range<Int>

    subscript(_ index: Int) -> UInt8? {
        let group = range.lowerBound + index / 3 * 4
        let at = group + index % 3
        guard index >= 0, at + 1 < range.upperBound, let high = Self.value(text[at]), let low = Self.value(text[at + 1])
        else { return nil }
        switch index % 3 {
        case 0: return high << 2 | low >> 4
        case 1: return high << 4 | low >> 2
        default: return high << 6 | low
        }
    }

    func starts(_ magic: [UInt8], at start: Int = 0) -> Bool {
        magic.indices.allSatisfy { self[start + $0] == magic[$0] }
    }

    func big(_ start: Int, _ count: Int) -> Int? {
        var value = 0
        for index in start..<start + count {
            guard let byte = self[index] else { return nil }
            value = value << 8 | Int(byte)
        }
        return value
    }

    func little(_ start: Int, _ count: Int) -> Int? {
        var value = 0
        for index in (start..<start + count).reversed() {
            guard let byte = self[index] else { return nil }
            value = value << 8 | Int(byte)
        }
        return value
    }

    private static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
