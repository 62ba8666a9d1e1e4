/// Base64 (RFC 4648, with padding) for bodies that are no text.
enum Base64 {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word: UInt32 = 0
            for offset in 0..<3 { word = word << 8 | UInt32(offset < group.count ? group[start + offset] : 0) }
            for place in 0..<4 {
                out.append(place > group.count ? UInt8(ascii: "=") : letters[Int(word >> UInt32(18 - 6 * place)) & 63])
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Nil for anything that `encode` does not make.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var out: [UInt8] = []
        var word: UInt32 = 0
        var count = 0
        var padding = 0
        for byte in text {
            if byte == UInt8(ascii: "=") {
                padding += 1
                word <<= 6
            } else {
                guard padding == 0, let value = letters.firstIndex(of: byte) else { return nil }
                word = word << 6 | UInt32(value)
            }
            count += 1
            guard count % 4 == 0 else { continue }
            for place in 0..<3 { out.append(UInt8(truncatingIfNeeded: word >> UInt32(16 - 8 * place))) }
            word = 0
        }
        guard count % 4 == 0, padding < 3 else { return nil }
        return Array(out.dropLast(padding))
    }
}
