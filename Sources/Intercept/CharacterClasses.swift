/// The estimate for plain text: each word, number, run of symbols and run of blanks weighs a measured share of a token.
///
/// The weights are a least-squares fit over prose, Markdown, four programming languages, JSON and JSON Schema, against a
/// published tokenizer of the Claude family (`docs/counting.md`).
enum CharacterClasses {
    // Weights in thousandths of a token.
    private static let word = 963
    /// For each letter of a word behind the fourth.
    private static let longer = 24
    private static let capital = 122
    /// A word that follows a symbol, a digit or another word directly.
    private static let joined = 140
    /// For each byte of a letter outside ASCII.
    private static let foreignByte = 161
    private static let number = 1_050
    private static let digit = 114
    /// A run of symbols of any length: `":{"` is as cheap as `.`.
    private static let symbols = 990
    private static let lineFeed = 1_184
    private static let blanks = 1_352
    private static let ideograph = 1_000
    /// Punctuation and signs of three bytes, from U+2000 on.
    private static let sign = 1_136

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

    /// What compact JSON costs more when it is shown to a model with a blank behind each `:` and `,`: there a run of
    /// symbols is cut in two.
    static func spacing(_ json: Span<UInt8>) -> Int {
        var cuts = 0
        var isInString = false
        var at = 0
        while at &+ 1 < json.count {
            let byte = json[at]
            if isInString {
                if byte == 0x5C { at &+= 1 } else if byte == 0x22 { isInString = false }
            } else if byte == 0x22 {
                isInString = true
            } else if byte == 0x3A || byte == 0x2C {
                let next = json[at &+ 1]
                if next == 0x22 || next == 0x7B || next == 0x5B { cuts &+= 1 }
            }
            at &+= 1
        }
        return cuts * symbols
    }

    private static func exact(_ text: Span<UInt8>) -> Int {
        var sum = 0
        var at = 0
        var isJoined = false
        while at < text.count {
            let byte = text[at]
            if isLetter(byte) {
                if isJoined { sum &+= joined }
                sum &+= letters(text, &at)
                isJoined = true
            } else if isBlank(text, at) {
                sum &+= blank(text, &at)
                isJoined = false
            } else if isDigit(byte) {
                sum &+= digits(text, &at)
                isJoined = true
            } else if byte < 0x80 {
                sum &+= symbol(text, &at)
                isJoined = true
            } else {
                sum &+= byte == 0xE2 ? sign : byte < 0xF0 ? ideograph : 2 * ideograph
                at &+= byte < 0xF0 ? 3 : 4
                isJoined = false
            }
        }
        return sum
    }

    /// ASCII letters, and the two-byte letters of Latin, Greek, Cyrillic, Hebrew and Arabic.
    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x80 < 0x60
    }

    private static func isCapital(_ byte: UInt8) -> Bool { byte &- 0x41 < 26 }
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// A blank, or the escape sequence of one.
    private static func isBlank(_ text: Span<UInt8>, _ at: Int) -> Bool {
        switch text[at] {
        case 0x20, 0x0A, 0x09, 0x0D: true
        case 0x5C: at &+ 1 < text.count && (text[at &+ 1] == 0x6E || text[at &+ 1] == 0x74 || text[at &+ 1] == 0x72)
        default: false
        }
    }

    /// One word: letters up to a capital that follows a small letter.
    private static func letters(_ text: Span<UInt8>, _ at: inout Int) -> Int {
        let start = at
        var foreign = text[at] < 0x80 ? 0 : 1
        at &+= 1
        while at < text.count, isLetter(text[at]) {
            if isCapital(text[at]), !isCapital(text[at &- 1]) { break }
            if text[at] >= 0x80 { foreign &+= 1 }
            at &+= 1
        }
        return word + (isCapital(text[start]) ? capital : 0)
            + max(0, at &- start &- foreign &- 4) &* longer + foreign &* foreignByte
    }

    private static func digits(_ text: Span<UInt8>, _ at: inout Int) -> Int {
        let start = at
        while at < text.count, isDigit(text[at]) { at &+= 1 }
        return number + (at &- start) &* digit
    }

    private static func blank(_ text: Span<UInt8>, _ at: inout Int) -> Int {
        var count = 0
        var hasLineFeed = false
        while at < text.count, isBlank(text, at) {
            let isEscape = text[at] == 0x5C
            hasLineFeed = hasLineFeed || text[at] == 0x0A || isEscape && text[at &+ 1] == 0x6E
            at &+= isEscape ? 2 : 1
            count &+= 1
        }
        return hasLineFeed ? lineFeed : count > 1 ? blanks : 0
    }

    /// A run of ASCII symbols; `\"` and `\\` are parts of it, `\u….` stands for a character of its own.
    private static func symbol(_ text: Span<UInt8>, _ at: inout Int) -> Int {
        let start = at
        while at < text.count, text[at] < 0x80, !isLetter(text[at]), !isDigit(text[at]), !isBlank(text, at) {
            guard text[at] == 0x5C else {
                at &+= 1
                continue
            }
            if at &+ 1 < text.count, text[at &+ 1] == 0x75 { break }
            at &+= 2
        }
        guard at == start else { return symbols }
        at &+= 6
        return ideograph
    }
}
