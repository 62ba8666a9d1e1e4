/// Reads `NAME=value` files: comments, `export`, single quotes (as written), double quotes (with `\n \t \r \" \\ \$`; they
/// may span lines). Nothing is expanded.
struct DotEnv: Equatable {
    struct Problem: Equatable {
        let line: Int
        let text: String
    }

    /// In the order of the file; a later entry of the same name counts.
    private(set) var entries: [(name: String, value: String)] = []
    private(set) var problems: [Problem] = []

    private var text: [UInt8]
    private var at = 0
    private var line = 1

    init(_ bytes: [UInt8]) {
        text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        while at < text.count { readLine() }
    }

    static func == (left: DotEnv, right: DotEnv) -> Bool {
        left.entries.elementsEqual(right.entries, by: ==) && left.problems == right.problems
    }

    /// Name to value.
    var values: [String: String] { Dictionary(entries.map { ($0.name, $0.value) }) { $1 } }

    private var peek: UInt8? { at < text.count ? text[at] : nil }
    private var isAtEnd: Bool { peek == nil || peek == 0x0A }

    private mutating func readLine() {
        let start = line
        skipBlanks()
        if isAtEnd || peek == UInt8(ascii: "#") { return skipLine() }
        var name = readName()
        if name == "export", let byte = peek, byte == 0x20 || byte == 0x09 {
            skipBlanks()
            name = readName()
        }
        skipBlanks()
        guard !name.isEmpty, peek == UInt8(ascii: "=") else { return complain(start, "expected NAME=value") }
        at += 1
        skipBlanks()
        guard let value = readValue() else { return complain(start, "the quote of \(name) is not closed") }
        entries.append((name, value))
        skipLine()
    }

    private mutating func complain(_ start: Int, _ problem: String) {
        problems.append(Problem(line: start, text: problem))
        skipLine()
    }

    private mutating func readName() -> String {
        let start = at
        while let byte = peek, isNameByte(byte, isFirst: at == start) { at += 1 }
        return String(decoding: text[start..<at], as: UTF8.self)
    }

    private func isNameByte(_ byte: UInt8, isFirst: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"): !isFirst
        default: false
        }
    }

    /// Nil when a quote is not closed.
    private mutating func readValue() -> String? {
        switch peek {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): readQuoted()
        default: readPlain()
        }
    }

    private mutating func readQuoted() -> String? {
        let quote = text[at]
        let (from, fromLine) = (at, line)
        at += 1
        var value: [UInt8] = []
        while let byte = peek {
            at += 1
            if byte == quote { return String(decoding: value, as: UTF8.self) }
            if byte == 0x0A { line += 1 }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), let next = peek {
                at += 1
                if next == 0x0A { line += 1 }
                value += Self.unescape(next)
            } else {
                value.append(byte)
            }
        }
        (at, line) = (from, fromLine)
        return nil
    }

    private static func unescape(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "n"): [0x0A]
        case UInt8(ascii: "t"): [0x09]
        case UInt8(ascii: "r"): [0x0D]
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "$"), UInt8(ascii: "`"): [byte]
        default: [UInt8(ascii: "\\"), byte]
        }
    }

    /// Up to the end of the line or to a `#` behind a blank.
    private mutating func readPlain() -> String {
        let start = at
        while !isAtEnd {
            let isComment =
                text[at] == UInt8(ascii: "#") && (at == start || text[at - 1] == 0x20 || text[at - 1] == 0x09)
            if isComment { break }
            at += 1
        }
        return Text.trim(String(decoding: text[start..<at], as: UTF8.self))
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0D { at += 1 }
    }

    private mutating func skipLine() {
        while !isAtEnd { at += 1 }
        at += 1
        line += 1
    }
}
