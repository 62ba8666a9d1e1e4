/// Builds the tape. Strict (RFC 8259): bad escapes, `01`, `1.2.3`, control characters, invalid UTF-8, depth over 256 and
/// anything behind the value are errors that say the byte offset. One pass, no recursion.
extension JSON {
    /// How deep arrays and objects may nest.
    public static let maximumDepth = 256

    /// Reads one JSON text. The bytes are kept as they are.
    /// - Parameter earlier: a text that this one probably repeats in part: a conversation's last request. Values that
    ///   stand in it at the same place, byte for byte, are valid and indexed already. The result is the same without it.
    public static func parse(_ bytes: [UInt8], like earlier: JSON? = nil) throws(JSONError) -> JSON {
        guard bytes.count < UInt32.max else { throw JSONError(problem: "text of 4 GB or more", offset: 0) }
        let known = earlier?.index == 0 ? earlier?.document : nil
        var parser = JSONParser(capacity: known.map { $0.nodes.count + 64 } ?? bytes.count / 24 + 8, known)
        let all = bytes[...]
        try parser.run(all.span)
        return JSON(JSONDocument(bytes: bytes, nodes: parser.nodes), 0)
    }
}

private struct JSONParser {
    var nodes: [JSONDocument.Node] = []
    /// Open arrays and objects, innermost last.
    private var open: [Int] = []
    private var at = 0
    private var earlier: EarlierText?

    init(capacity: Int, _ known: JSONDocument?) {
        nodes.reserveCapacity(capacity)
        open.reserveCapacity(32)
        earlier = known.map(EarlierText.init)
    }

    mutating func run(_ text: Span<UInt8>) throws(JSONError) {
        try value(text)
        while let container = open.last {
            try nodes[container].kind == .object ? memberOrEnd(text, container) : elementOrEnd(text, container)
        }
        skipSpace(text)
        if at != text.count { throw fail("unexpected data behind the JSON value") }
    }

    private mutating func memberOrEnd(_ text: Span<UInt8>, _ container: Int) throws(JSONError) {
        skipSpace(text)
        let first = nodes.count == container + 1
        guard let byte = peek(text) else { throw fail("text ends inside an object") }
        if byte == UInt8(ascii: "}") { return close(container) }
        if !first {
            guard byte == UInt8(ascii: ",") else { throw fail("expected ',' or '}'") }
            at += 1
            skipSpace(text)
        }
        guard peek(text) == UInt8(ascii: "\"") else { throw fail("expected a member name") }
        try string(text)
        if earlier != nil { earlier?.nextMember(named: nodes[nodes.count - 1], in: text) }
        skipSpace(text)
        guard peek(text) == UInt8(ascii: ":") else { throw fail("expected ':'") }
        at += 1
        try value(text)
    }

    private mutating func elementOrEnd(_ text: Span<UInt8>, _ container: Int) throws(JSONError) {
        skipSpace(text)
        let first = nodes.count == container + 1
        guard let byte = peek(text) else { throw fail("text ends inside an array") }
        if byte == UInt8(ascii: "]") { return close(container) }
        if !first {
            guard byte == UInt8(ascii: ",") else { throw fail("expected ',' or ']'") }
            at += 1
        }
        if earlier != nil { earlier?.nextElement() }
        try value(text)
    }

    private mutating func close(_ container: Int) {
        at += 1
        if earlier != nil { earlier?.close() }
        nodes[container].end = UInt32(at)
        nodes[container].next = UInt32(nodes.count)
        open.removeLast()
    }

    private mutating func value(_ text: Span<UInt8>) throws(JSONError) {
        skipSpace(text)
        guard let byte = peek(text) else { throw fail("expected a value, the text ends") }
        if earlier != nil, let end = earlier?.takeOver(text, at, into: &nodes) {
            at = end
            return
        }
        switch byte {
        case UInt8(ascii: "\""): try string(text)
        case UInt8(ascii: "{"): try begin(.object)
        case UInt8(ascii: "["): try begin(.array)
        case UInt8(ascii: "t"): try word(text, "true", .true)
        case UInt8(ascii: "f"): try word(text, "false", .false)
        case UInt8(ascii: "n"): try word(text, "null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number(text)
        default: throw fail("expected a value")
        }
    }

    private mutating func begin(_ kind: JSON.Kind) throws(JSONError) {
        guard open.count < JSON.maximumDepth else { throw fail("nested deeper than \(JSON.maximumDepth)") }
        open.append(nodes.count)
        if earlier != nil { earlier?.open(kind) }
        append(kind, from: at)
        at += 1
    }

    private mutating func append(_ kind: JSON.Kind, from start: Int, to end: Int = 0, escaped: Bool = false) {
        nodes.append(
            .init(
                start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: end),
                next: UInt32(truncatingIfNeeded: nodes.count + 1), kind: kind, escaped: escaped))
    }

    private mutating func word(_ text: Span<UInt8>, _ word: StaticString, _ kind: JSON.Kind) throws(JSONError) {
        let start = at
        for offset in 0..<word.utf8CodeUnitCount {
            guard at < text.count, text[at] == (word.utf8Start + offset).pointee else { throw fail("expected a value") }
            at += 1
        }
        append(kind, from: start, to: at)
    }

    private mutating func number(_ text: Span<UInt8>) throws(JSONError) {
        let start = at
        if peek(text) == UInt8(ascii: "-") { at += 1 }
        if peek(text) == UInt8(ascii: "0") { at += 1 } else { try digits(text) }
        if peek(text) == UInt8(ascii: ".") {
            at += 1
            try digits(text)
        }
        if let byte = peek(text), byte | 0x20 == UInt8(ascii: "e") {
            at += 1
            if let sign = peek(text), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { at += 1 }
            try digits(text)
        }
        if let byte = peek(text), byte == UInt8(ascii: ".") || (0x30...0x39).contains(byte) {
            throw fail("malformed number")
        }
        append(.number, from: start, to: at)
    }

    private mutating func digits(_ text: Span<UInt8>) throws(JSONError) {
        let start = at
        while let byte = peek(text), (0x30...0x39).contains(byte) { at += 1 }
        if at == start { throw fail("malformed number") }
    }

    private mutating func string(_ text: Span<UInt8>) throws(JSONError) {
        let start = at
        var escaped = false
        at += 1
        while true {
            at += text.stringRun(from: at, escaped: &escaped)
            guard let byte = peek(text) else { throw fail("text ends inside a string") }
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                append(.string, from: start, to: at, escaped: escaped)
                return
            case UInt8(ascii: "\\"):
                escaped = true
                try unicodeEscape(text)
            case 0x80...: throw fail("invalid UTF-8")
            default: throw fail("control character in a string")
            }
        }
    }

    /// The escapes of two letters are stepped over with the plain text; what is left is `\u` or wrong.
    private mutating func unicodeEscape(_ text: Span<UInt8>) throws(JSONError) {
        at += 1
        guard peek(text) == UInt8(ascii: "u") else { throw fail("unknown escape") }
        at += 1
        for _ in 0..<4 {
            guard let byte = peek(text), JSONText.hex(byte) != nil else { throw fail("malformed \\u escape") }
            at += 1
        }
    }

    private mutating func skipSpace(_ text: Span<UInt8>) {
        while at < text.count {
            switch text[at] {
            case 0x20, 0x0A, 0x0D, 0x09: at &+= 1
            default: return
            }
        }
    }

    private func peek(_ text: Span<UInt8>) -> UInt8? { at < text.count ? text[at] : nil }

    private func fail(_ problem: String) -> JSONError { JSONError(problem: problem, offset: at) }
}
