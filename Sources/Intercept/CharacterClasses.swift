/// The estimate for plain text: each run of letters, digits or blanks and each symbol weighs a measured share of a token.
enum CharacterClasses {
    /// Any other symbol, in thousandths of a token.
    static let symbol = 850
    private static let blanks = 800
    private static let ideograph = 1000

    /// Texts longer than this are sampled: of every four stretches one is read. That moves an estimate by less than its
    /// own error and keeps the estimate of a long conversation out of the time to the first token.
    private static let longest = 1024
    private static let stretch = 256

    /// Tokens in thousandths. The text may be JSON-escaped or plain: `\n` counts as the line feed it stands for.
    static func thousandths(_ text: Span<UInt8>) -> Int {
        if text.count <= longest { return exact(text) }
        var sum = 0
        var read = 0
        for start in stride(from: 0, to: text.count, by: 4 * stretch) {
            let end = min(start + stretch, text.count)
            sum += exact(text.extracting(start..<end))
            read += end - start
        }
        return sum * text.count / read
    }

    private static func exact(_ text: Span<UInt8>) -> Int {
        var sum = 0
        var at = 0
        while at < text.count {
            let byte = text[at]
            if isLetter(byte) {
                sum &+= letters(text, &at)
            } else if byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D || byte == 0x5C {
                sum &+= blank(text, &at)
            } else if byte &- 0x30 < 10 {
                sum &+= digits(text, &at)
            } else if byte < 0xE0 {
                sum &+= symbol
                at &+= 1
            } else {
                sum &+= byte < 0xF0 ? wide(text, at) : 2 * symbol
                at &+= byte < 0xF0 ? 3 : 4
            }
        }
        return sum
    }

    /// ASCII letters, and the two-byte letters of Latin, Greek, Cyrillic, Hebrew and Arabic.
    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x80 < 0x60
    }

    private static func letters(_ text: Span<UInt8>, _ at: inout Int) -> Int {
        let start = at
        at &+= 1
        while at < text.count, isLetter(text[at]) { at &+= 1 }
        // 6.2 letters are a token, and no run is less than one.
        return max(1000, (at &- start) &* 10_000 / 62)
    }

    private static func digits(_ text: Span<UInt8>, _ at: inout Int) -> Int {
        let start = at
        while at < text.count, text[at] &- 0x30 < 10 { at &+= 1 }
        return (at &- start) &* 10_000 / 22
    }

    /// A run of blanks, or an escape sequence that stands for something else.
    private static func blank(_ text: Span<UInt8>, _ at: inout Int) -> Int {
        let start = at
        while at < text.count {
            let byte = text[at]
            if byte == 0x5C {
                guard at &+ 1 < text.count, isBlankEscape(text[at &+ 1]) else { break }
                at &+= 2
            } else if byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D {
                at &+= 1
            } else {
                break
            }
        }
        switch at &- start {
        case 0: return escape(text, &at)
        case 1 where text[start] == 0x20: return 0
        default: return blanks
        }
    }

    private static func isBlankEscape(_ letter: UInt8) -> Bool { letter == 0x6E || letter == 0x74 || letter == 0x72 }

    private static func escape(_ text: Span<UInt8>, _ at: inout Int) -> Int {
        let isUnicode = at &+ 1 < text.count && text[at &+ 1] == 0x75
        at &+= isUnicode ? 6 : 2
        return isUnicode ? ideograph : symbol
    }

    /// Three bytes: punctuation and other signs (E2), or a script where a character is about a token.
    private static func wide(_ text: Span<UInt8>, _ at: Int) -> Int { text[at] == 0xE2 ? symbol : ideograph }
}
