/// The estimate for plain text: runs of letters and of blanks, digits and symbols each weigh a measured share of a token.
/// 64 bytes are looked at together, one bit for each: no branch depends on the text, so a long prompt costs microseconds.
struct CharacterClasses {
    /// Any symbol, in thousandths of a token.
    static let symbol = 850
    private static let blank = 800
    private static let ideograph = 1000

    private var letterRuns = 0
    /// Letters behind the sixth of their run, and runs that have such.
    private var lateLetters = 0
    private var longRuns = 0
    private var digits = 0
    private var blankRuns = 0
    private var symbols = 0
    private var wide = 0

    // What the block before leaves behind.
    private var letters: UInt64 = 0
    private var late: UInt64 = 0
    private var blanks: UInt64 = 0
    private var endsInSingleSpace = false
    private var endsInEscape: UInt64 = 0
    private var leads = (three: UInt64(0), four: UInt64(0))

    /// Tokens in thousandths. The text may be JSON-escaped or plain: `\n` counts as the line feed it stands for.
    static func thousandths(_ text: Span<UInt8>) -> Int {
        var classes = CharacterClasses()
        let raw = text.bytes
        var at = 0
        while at &+ 64 <= text.count {
            var block = Block()
            for word in 0..<8 {
                let bytes = raw.unsafeLoadUnaligned(fromByteOffset: at &+ word &* 8, as: UInt64.self)
                block.add(UInt64(littleEndian: bytes), at: word)
            }
            classes.add(block, valid: .max)
            at &+= 64
        }
        if at < text.count { classes.addRest(text, at) }
        return classes.total
    }

    private var total: Int {
        // 6.2 letters are a token, and no run is less than one; 2.2 digits are a token.
        letterRuns * 1000 + (lateLetters * 10_000 - longRuns * 2_000) / 62 + digits * 10_000 / 22
            + blankRuns * Self.blank + symbols * Self.symbol + wide
    }

    private mutating func addRest(_ text: Span<UInt8>, _ start: Int) {
        var block = Block()
        for word in 0..<8 {
            var bytes: UInt64 = 0
            let from = start &+ word &* 8
            for offset in 0..<max(0, min(8, text.count - from)) {
                bytes |= UInt64(text[from &+ offset]) << UInt64(offset &* 8)
            }
            block.add(bytes, at: word)
        }
        add(block, valid: (1 << UInt64(text.count - start)) - 1)
    }

    private mutating func add(_ block: Block, valid: UInt64) {
        var letters = block.letters
        var blanks = block.spaces | block.controls & valid
        var symbols = valid & ~(letters | block.digits | blanks | block.high)
        if block.backslashes != 0 || endsInEscape != 0 {
            let escaped = escaped(block.backslashes)
            let breaks = escaped & block.breakLetters
            letters &= ~breaks
            blanks |= breaks | breaks >> 1
            symbols &= ~(block.backslashes & ~escaped)
        }
        if block.high != 0 || leads.three | leads.four != 0 { letters |= narrow(block) }
        addLetters(letters)
        addBlanks(blanks, block.spaces)
        digits += block.digits.nonzeroBitCount
        self.symbols += symbols.nonzeroBitCount
    }

    private mutating func addLetters(_ letters: UInt64) {
        let before = self.letters
        var late = letters
        for distance: UInt64 in 1...6 { late &= letters << distance | before >> (64 - distance) }
        letterRuns += (letters & ~(letters << 1 | before >> 63)).nonzeroBitCount
        lateLetters += late.nonzeroBitCount
        longRuns += (late & ~(late << 1 | self.late >> 63)).nonzeroBitCount
        self.letters = letters
        self.late = late
    }

    /// A run of blanks counts, except a single space between words.
    private mutating func addBlanks(_ blanks: UInt64, _ spaces: UInt64) {
        let starts = blanks & ~(blanks << 1 | self.blanks >> 63)
        let singles = starts & spaces & ~(blanks >> 1)
        blankRuns += starts.nonzeroBitCount - singles.nonzeroBitCount
        if endsInSingleSpace, blanks & 1 == 1 { blankRuns += 1 }
        endsInSingleSpace = singles >> 63 == 1
        self.blanks = blanks
    }

    /// Which characters stand behind a backslash that is not itself escaped.
    private mutating func escaped(_ all: UInt64) -> UInt64 {
        let even: UInt64 = 0x5555_5555_5555_5555
        let backslashes = all & ~endsInEscape
        let behind = backslashes << 1 | endsInEscape
        let oddStarts = backslashes & ~even & ~behind
        let (sum, overflow) = oddStarts.addingReportingOverflow(backslashes)
        endsInEscape = overflow ? 1 : 0
        return (even ^ sum << 1) & behind
    }

    /// Bytes outside ASCII. Gives the letters among them: characters of two bytes. Wider ones weigh by themselves.
    private mutating func narrow(_ block: Block) -> UInt64 {
        let three = block.threeLeads
        let four = block.fourLeads
        let parts =
            three | three << 1 | three << 2 | four | four << 1 | four << 2 | four << 3
            | leads.three >> 63 | leads.three >> 62 | leads.four >> 63 | leads.four >> 62 | leads.four >> 61
        wide += three.nonzeroBitCount * Self.ideograph + four.nonzeroBitCount * 2 * Self.symbol
        // E2 begins punctuation and signs.
        wide -= block.signLeads.nonzeroBitCount * (Self.ideograph - Self.symbol)
        leads = (three, four)
        return block.high & ~parts
    }
}

/// The classes of 64 bytes, one bit for each byte, the first byte lowest.
private struct Block {
    var letters: UInt64 = 0
    var digits: UInt64 = 0
    var spaces: UInt64 = 0
    var controls: UInt64 = 0
    var backslashes: UInt64 = 0
    /// n, r and t: behind a backslash they are blanks.
    var breakLetters: UInt64 = 0
    var high: UInt64 = 0
    var threeLeads: UInt64 = 0
    var fourLeads: UInt64 = 0
    var signLeads: UInt64 = 0

    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// Takes eight bytes, which stand at `8 * place`.
    @inline(__always)
    mutating func add(_ word: UInt64, at place: Int) {
        let shift = UInt64(place &* 8)
        let low = word & Self.ones &* 0x7F
        let folded = low | Self.ones &* 0x20
        letters |= Self.bits(Self.least(folded, 0x61) & ~Self.least(folded, 0x7B) & ~word) << shift
        digits |= Self.bits(Self.least(low, 0x30) & ~Self.least(low, 0x3A) & ~word) << shift
        spaces |= Self.bits(Self.equal(low, 0x20) & ~word) << shift
        controls |= Self.bits(~Self.least(low, 0x20) & ~word) << shift
        let backslash = Self.bits(Self.equal(low, 0x5C) & ~word)
        backslashes |= backslash << shift
        breakLetters |=
            Self.bits((Self.equal(low, 0x6E) | Self.equal(low, 0x72) | Self.equal(low, 0x74)) & ~word) << shift
        if word & Self.ones &* 0x80 != 0 { addHigh(word, low, shift) }
    }

    private mutating func addHigh(_ word: UInt64, _ low: UInt64, _ shift: UInt64) {
        high |= Self.bits(word) << shift
        threeLeads |= Self.bits(Self.least(low, 0x60) & ~Self.least(low, 0x70) & word) << shift
        fourLeads |= Self.bits(Self.least(low, 0x70) & word) << shift
        signLeads |= Self.bits(Self.equal(low, 0x62) & word) << shift
    }

    /// The high bit of each byte that is at least `limit`; all bytes are below 0x80.
    @inline(__always)
    private static func least(_ word: UInt64, _ limit: UInt64) -> UInt64 { word &+ ones &* (0x80 - limit) }

    /// The high bit of each byte that is `value`; all bytes are below 0x80.
    @inline(__always)
    private static func equal(_ word: UInt64, _ value: UInt64) -> UInt64 { ~((word ^ ones &* value) &+ ones &* 0x7F) }

    /// The high bits of eight bytes, side by side.
    @inline(__always)
    private static func bits(_ word: UInt64) -> UInt64 { ((word >> 7) & ones) &* 0x0102_0408_1020_4080 >> 56 }
}
