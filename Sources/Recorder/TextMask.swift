/// Finds in the texts of a request what differs from run to run without anybody's doing: dates, times, durations, UUIDs,
/// the working directory, what the client says of its environment. Works on texts in their escaped form.
internal import Intercept

struct TextMask: Sendable, Equatable {
    /// The client's working directory, its form as a name (`-tmp-work`), and the home directory; empty when unknown.
    var directory: [UInt8] = []
    var slug: [UInt8] = []
    var home: [UInt8] = []

    /// What stands for a stretch.
    enum Token: UInt64 {
        case directory = 1, home, slug, uuid, date, time, duration, digits, environment

        /// A user or a tool may have meant just this one.
        var tells: Bool { self == .date || self == .uuid }
    }

    init() {}

    init(directory: [UInt8], home: [UInt8]) {
        self.directory = directory.count > 1 ? directory : []
        self.home = home.count > 1 ? home : []
        slug = self.directory.map { Self.isWord($0) && $0 != UInt8(ascii: "_") ? $0 : UInt8(ascii: "-") }
    }

    /// Adds a text to a hash, and to another one what was left out of it: dates, years and ids, by which requests of the
    /// same form can still be told apart. `isEnvironment`: what the client says of its surroundings stands in it.
    func add(_ text: Span<UInt8>, isEnvironment: Bool, to hash: inout QuickHash, leftOut: inout QuickHash) {
        var from = 0
        var at = 0
        while let found = next(text, at, isEnvironment) {
            hash.add(text.extracting(from..<found.range.lowerBound))
            hash.add(found.token.rawValue)
            if found.token.tells, !isEnvironment { leftOut.add(text.extracting(found.range)) }
            from = found.range.upperBound
            at = from
        }
        hash.add(text.extracting(from..<text.count))
    }

    /// The text with a name in the place of each such stretch.
    func masked(_ text: [UInt8], isEnvironment: Bool = false) -> [UInt8] {
        var out: [UInt8] = []
        var at = 0
        let all = text[...]
        while let found = next(all.span, at, isEnvironment) {
            out += text[at..<found.range.lowerBound]
            out += "<\(found.token)>".utf8
            at = found.range.upperBound
        }
        return out + text[at...]
    }

    private func next(_ text: Span<UInt8>, _ from: Int, _ isEnvironment: Bool) -> (range: Range<Int>, token: Token)? {
        var at = from
        while at < text.count {
            let byte = text[at]
            if Self.starters[Int(byte)], let (end, token) = token(text, at, byte, isEnvironment) {
                return (at..<end, token)
            }
            at += 1
        }
        return nil
    }

    private func token(_ text: Span<UInt8>, _ at: Int, _ byte: UInt8, _ isEnvironment: Bool) -> (Int, Token)? {
        switch byte {
        case UInt8(ascii: "/"):
            if Self.stands(directory, text, at) { return (at + directory.count, .directory) }
            return Self.stands(home, text, at) ? (at + home.count, .home) : nil
        case UInt8(ascii: "-"): return Self.stands(slug, text, at) ? (at + slug.count, .slug) : nil
        case UInt8(ascii: "h"): return Self.digits(text, at).map { ($0, .digits) }
        case UInt8(ascii: "<"), UInt8(ascii: "#"), UInt8(ascii: "g"), UInt8(ascii: "T"), UInt8(ascii: "P"):
            if isEnvironment, let end = Self.environment(text, at) { return (end, .environment) }
        default: break
        }
        guard Self.beginsWord(text, at) else { return nil }
        if let end = Self.uuid(text, at) ?? Self.identifier(text, at) { return (end, .uuid) }
        return Self.isDigit(byte) ? Self.number(text, at) : Self.month(text, at).map { ($0, .date) }
    }

    private static let starters: [Bool] = (0..<256).map { byte in
        let byte = UInt8(byte)
        return isDigit(byte) || "abcdefABCDEF/-h<#gTPJMSONFW".utf8.contains(byte)
    }

    // MARK: Pieces

    static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
    static func isWord(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 97 < 26 || byte == UInt8(ascii: "_") }

    /// Nothing of a word stands before; `\n` and the like are no words.
    private static func beginsWord(_ text: Span<UInt8>, _ at: Int) -> Bool {
        guard at > 0 else { return true }
        let before = text[at - 1]
        if at > 1, text[at - 2] == UInt8(ascii: "\\"), "nrt".utf8.contains(before) { return true }
        return !isWord(before) && before != UInt8(ascii: ".")
    }

    private static func endsWord(_ text: Span<UInt8>, _ at: Int) -> Bool { at >= text.count || !isWord(text[at]) }

    /// Whether `word` stands here and ends here.
    private static func stands(_ word: [UInt8], _ text: Span<UInt8>, _ at: Int) -> Bool {
        guard !word.isEmpty, has(word, text, at) else { return false }
        return endsWord(text, at + word.count)
    }

    private static func has(_ word: [UInt8], _ text: Span<UInt8>, _ at: Int) -> Bool {
        guard at + word.count <= text.count else { return false }
        for offset in 0..<word.count where text[at + offset] != word[offset] { return false }
        return true
    }

    /// Behind `count` digits, or nil.
    private static func digits(_ count: Int, _ text: Span<UInt8>, _ at: Int) -> Int? {
        guard at + count <= text.count else { return nil }
        for offset in 0..<count where !isDigit(text[at + offset]) { return nil }
        return at + count
    }

    private static func digitsEnd(_ text: Span<UInt8>, _ at: Int) -> Int {
        var end = at
        while end < text.count, isDigit(text[end]) { end += 1 }
        return end
    }

    private static func uuid(_ text: Span<UInt8>, _ at: Int) -> Int? {
        let end = at + 36
        guard end <= text.count, text[at + 8] == UInt8(ascii: "-"), text[at + 13] == UInt8(ascii: "-"),
            endsWord(text, end)
        else { return nil }
        for offset in 0..<36 {
            let byte = text[at + offset]
            let isMark = offset == 8 || offset == 13 || offset == 18 || offset == 23
            let isHex = isDigit(byte) || (byte | 0x20) &- 97 < 6
            guard isMark ? byte == UInt8(ascii: "-") : isHex else { return nil }
        }
        return end
    }

    /// The end of a word of at least 12 hexadecimal digits, of both kinds: an id that a client has made up.
    private static func identifier(_ text: Span<UInt8>, _ at: Int) -> Int? {
        var end = at
        var (hasDigit, hasLetter) = (false, false)
        while end < text.count {
            if isDigit(text[end]) { hasDigit = true } else if text[end] &- 97 < 6 { hasLetter = true } else { break }
            end += 1
        }
        return end - at >= 12 && hasDigit && hasLetter && endsWord(text, end) ? end : nil
    }

    /// The digits of `hmac:XXXXXXXX]`: another installation has others.
    private static func digits(_ text: Span<UInt8>, _ at: Int) -> Int? {
        guard has(hmac, text, at), at + 14 <= text.count, text[at + 13] == UInt8(ascii: "]") else { return nil }
        return at + 13
    }

    private static let hmac = Array("hmac:".utf8)
}

/// Numbers that are dates, times and durations; months.
extension TextMask {
    fileprivate static func number(_ text: Span<UInt8>, _ at: Int) -> (Int, Token)? {
        let end = digitsEnd(text, at)
        if end - at == 4, let day = date(text, at) { return (clock(text, behind: day) ?? day, .date) }
        if end - at <= 2, let time = clock(text, at) { return (time, .time) }
        if isCountOfMilliseconds(text, at) { return (end, .duration) }
        if let unit = duration(text, end) { return (unit, .duration) }
        guard end - at == 4, text[at] == UInt8(ascii: "2"), text[at + 1] == UInt8(ascii: "0"),
            text[at + 2] >= UInt8(ascii: "2"), endsWord(text, end)
        else { return nil }
        return (end, .date)
    }

    /// `2026-11-29`, `2026/11/29`
    private static func date(_ text: Span<UInt8>, _ at: Int) -> Int? {
        guard at + 10 <= text.count, case let mark = text[at + 4],
            mark == UInt8(ascii: "-") || mark == UInt8(ascii: "/"),
            digits(2, text, at + 5) != nil, text[at + 7] == mark
        else { return nil }
        return digits(2, text, at + 8)
    }

    private static func clock(_ text: Span<UInt8>, behind day: Int) -> Int? {
        guard day < text.count, text[day] == UInt8(ascii: "T") || text[day] == UInt8(ascii: " ") else { return nil }
        return clock(text, day + 1)
    }

    /// `14:22`, `14:22:07.123Z`, with a zone.
    private static func clock(_ text: Span<UInt8>, _ at: Int) -> Int? {
        var end = digitsEnd(text, at)
        guard (1...2).contains(end - at), end < text.count, text[end] == UInt8(ascii: ":"),
            let minutes = digits(2, text, end + 1)
        else { return nil }
        end = minutes
        if end < text.count, text[end] == UInt8(ascii: ":"), let seconds = digits(2, text, end + 1) { end = seconds }
        if end + 1 < text.count, text[end] == UInt8(ascii: "."), isDigit(text[end + 1]) {
            end = digitsEnd(text, end + 1)
        }
        if end < text.count, text[end] == UInt8(ascii: "Z") { return end + 1 }
        if end + 5 < text.count, text[end] == UInt8(ascii: "+"), let hours = digits(2, text, end + 1) {
            return digits(2, text, text[hours] == UInt8(ascii: ":") ? hours + 1 : hours) ?? end
        }
        return end
    }

    /// The end of `.02s`, `ms`, ` seconds`, behind the first digits of a number.
    private static func duration(_ text: Span<UInt8>, _ digitsEnd: Int) -> Int? {
        var end = digitsEnd
        if end + 1 < text.count, text[end] == UInt8(ascii: "."), isDigit(text[end + 1]) {
            end = Self.digitsEnd(text, end + 1)
        }
        for unit in units where has(unit, text, end) && endsWord(text, end + unit.count) { return end + unit.count }
        return nil
    }

    /// Behind `duration_ms: `, in its spellings.
    private static func isCountOfMilliseconds(_ text: Span<UInt8>, _ at: Int) -> Bool {
        var end = at
        while end > 0, at - end < 4, ": =\"\\".utf8.contains(text[end - 1]) { end -= 1 }
        return end < at && end >= 3 && text[end - 1] == UInt8(ascii: "s") && text[end - 2] == UInt8(ascii: "m")
            && text[end - 3] == UInt8(ascii: "_")
    }

    private static let units = ["s", "ms", "µs", "us", "ns", " s", " ms", " seconds", " second", " sec", " secs"].map {
        Array($0.utf8)
    }

    /// `Nov 29`, `Sun Nov 29`, `November 29, 2026`: the words and the day.
    fileprivate static func month(_ text: Span<UInt8>, _ at: Int) -> Int? {
        guard let end = word(months, text, word(days, text, at) ?? at) else { return nil }
        let digits = digitsEnd(text, end)
        return (1...2).contains(digits - end) && endsWord(text, digits) ? digits : nil
    }

    /// Behind a word that begins with one of these, and a blank.
    private static func word(_ words: [[UInt8]], _ text: Span<UInt8>, _ at: Int) -> Int? {
        guard words.contains(where: { has($0, text, at) }) else { return nil }
        var end = at + 3
        while end < text.count, (text[end] | 0x20) &- 97 < 26 { end += 1 }
        let blanks = end
        while end < text.count, text[end] == 0x20 || text[end] == UInt8(ascii: ",") { end += 1 }
        return end > blanks ? end : nil
    }

    private static let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".utf8.split(separator: 0x20).map(
        Array.init)
    private static let days = "Mon Tue Wed Thu Fri Sat Sun".utf8.split(separator: 0x20).map(Array.init)
}

/// What a client says of its surroundings.
extension TextMask {
    /// The end of a part of the environment that begins here.
    fileprivate static func environment(_ text: Span<UInt8>, _ at: Int) -> Int? {
        for part in parts where has(part.begin, text, at) {
            var end = at + part.begin.count
            while end < text.count {
                if part.ends.contains(where: { has($0, text, end) }) { return end }
                end += 1
            }
            return end
        }
        return nil
    }

    private static let parts: [(begin: [UInt8], ends: [[UInt8]])] = [
        part("<env>", "</env>"), part("# Environment", #"\n# "#, #"\n\n# "#, "</system-reminder>"),
        part("gitStatus", #"\n# "#, "</system-reminder>"), part("Today's date", #"\n"#, "</system-reminder>"),
        part("Primary working directory", #"\n"#),
    ]

    private static func part(_ begin: String, _ ends: String...) -> (begin: [UInt8], ends: [[UInt8]]) {
        (Array(begin.utf8), ends.map { Array($0.utf8) })
    }
}
