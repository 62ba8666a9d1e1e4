/// Writes JSON into one growing byte array. Commas come by themselves: a value that follows another value in the same
/// container gets one. Parts of a parsed text are copied byte for byte.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    public mutating func beginObject() { open(UInt8(ascii: "{")) }
    public mutating func endObject() { bytes.append(UInt8(ascii: "}")) }
    public mutating func beginArray() { open(UInt8(ascii: "[")) }
    public mutating func endArray() { bytes.append(UInt8(ascii: "]")) }

    /// A member name; its value must follow.
    public mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    /// A member name that is only known at run time.
    public mutating func key(text name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
    }

    public mutating func string(_ value: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { Self.escape(Span(_unsafeElements: $0), into: &bytes) }
        bytes.append(UInt8(ascii: "\""))
    }

    public mutating func string(utf8 value: [UInt8]) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        let all = value[...]
        Self.escape(all.span, into: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    public mutating func string(_ value: JSONText) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: value.escaped)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A string that holds the JSON text of `value`: how Chat Completions carries tool arguments.
    public mutating func string(containing value: JSON) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        let text = value.raw
        Self.escape(text.span, into: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    public mutating func int(_ value: Int) {
        separate()
        bytes.append(contentsOf: String(value).utf8)
    }

    public mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }
    public mutating func null() { raw("null") }

    /// A finite number, written the shortest way that reads back equal; whole numbers without a point.
    public mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        if value.rounded() == value, abs(value) < 1e15 { return int(Int(value)) }
        separate()
        bytes.append(contentsOf: "\(value)".utf8)
    }

    /// A value copied exactly as it was written.
    public mutating func value(_ json: JSON) {
        separate()
        bytes.append(contentsOf: json.raw)
    }

    /// Bytes that are one complete JSON value.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    public mutating func raw(_ json: StaticString) {
        separate()
        json.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    public mutating func field(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    public mutating func field(_ name: StaticString, _ value: JSONText) {
        key(name)
        string(value)
    }

    public mutating func field(_ name: StaticString, _ value: Int) {
        key(name)
        int(value)
    }

    public mutating func field(_ name: StaticString, _ value: Bool) {
        key(name)
        bool(value)
    }

    public mutating func field(_ name: StaticString, _ value: Double) {
        key(name)
        double(value)
    }

    public mutating func field(_ name: StaticString, _ value: JSON) {
        key(name)
        self.value(value)
    }

    /// Writes the member only when there is a value.
    public mutating func field(_ name: StaticString, ifPresent value: String?) {
        if let value { field(name, value) }
    }

    public mutating func field(_ name: StaticString, ifPresent value: Int?) {
        if let value { field(name, value) }
    }

    public mutating func field(_ name: StaticString, ifPresent value: JSON?) {
        if let value { field(name, value) }
    }

    /// Bytes around JSON (an SSE field name, a line end), copied without a comma.
    public mutating func verbatim(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Bytes that only the caller knows to be right where they stand.
    public mutating func verbatim(bytes more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    public mutating func verbatim(text: String) { bytes.append(contentsOf: text.utf8) }

    /// A number behind a name that was written verbatim.
    public mutating func verbatim(int value: Int) {
        if (0..<10).contains(value) {
            bytes.append(UInt8(ascii: "0") + UInt8(value))
        } else {
            verbatim(text: String(value))
        }
    }

    /// A string behind a name that was written verbatim.
    public mutating func quoted(_ text: JSONText) {
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: text.escaped)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Ends a line of a JSONL file.
    public mutating func newline() { bytes.append(0x0A) }

    public mutating func removeAll(keepingCapacity: Bool = true) { bytes.removeAll(keepingCapacity: keepingCapacity) }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
    }

    /// A comma, unless the last byte says that this is the first thing in its container or a member's value.
    private mutating func separate() {
        switch bytes.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"), UInt8(ascii: ","), 0x0A, 0x20: return
        default: bytes.append(UInt8(ascii: ","))
        }
    }
}

extension JSONWriter {
    /// What each byte becomes between quotes: 0 as it is, 1 `\u00XX`, 2 needs a look (not ASCII), else the letter behind
    /// the backslash.
    private static let escapes: [UInt8] = {
        var table = [UInt8](repeating: 0, count: 256)
        for byte in 0..<0x20 { table[byte] = 1 }
        for byte in 0x80..<0x100 { table[byte] = 2 }
        table[0x22] = UInt8(ascii: "\"")
        table[0x5C] = UInt8(ascii: "\\")
        table[0x0A] = UInt8(ascii: "n")
        table[0x0D] = UInt8(ascii: "r")
        table[0x09] = UInt8(ascii: "t")
        table[0x08] = UInt8(ascii: "b")
        table[0x0C] = UInt8(ascii: "f")
        return table
    }()

    /// Appends UTF-8 text in escaped form; invalid sequences become U+FFFD.
    static func escape(_ text: Span<UInt8>, into out: inout [UInt8]) {
        var from = 0
        while from < text.count {
            let plain = from + text.plainRun(from: from)
            if plain > from {
                text.extracting(from..<plain).withUnsafeBufferPointer { out.append(contentsOf: $0) }
                from = plain
            }
            guard from < text.count else { return }
            from = escapeOne(text, from, &out)
        }
    }

    /// Escapes the one character at `at`; gives the index behind it.
    private static func escapeOne(_ text: Span<UInt8>, _ at: Int, _ out: inout [UInt8]) -> Int {
        let byte = text[at]
        switch escapes[Int(byte)] {
        case 0: out.append(byte)
        case 1:
            let digits: StaticString = "0123456789abcdef"
            out.append(contentsOf: "\\u00".utf8)
            out.append((digits.utf8Start + Int(byte >> 4)).pointee)
            out.append((digits.utf8Start + Int(byte & 15)).pointee)
        case 2: return copyCharacter(text, at, &out)
        case let letter:
            out.append(UInt8(ascii: "\\"))
            out.append(letter)
        }
        return at + 1
    }

    private static func copyCharacter(_ text: Span<UInt8>, _ at: Int, _ out: inout [UInt8]) -> Int {
        let length = text.sequenceLength(at: at)
        if length == 0 {
            out.append(contentsOf: [0xEF, 0xBF, 0xBD])
            return at + 1
        }
        for offset in 0..<length { out.append(text[at + offset]) }
        return at + length
    }
}
