internal import CSystem

/// A parsed JSON text: an index (the tape) over bytes that stay untouched, so that any part can be copied exactly as it
/// was written. Key order, number spelling and escapes survive: prompt caches and thinking signatures depend on them.
public final class JSONDocument: Sendable {
    /// The text itself.
    public let bytes: [UInt8]
    let nodes: [Node]

    /// One value (or key) of the text. Keys are string nodes that stand directly before their value.
    struct Node: Sendable {
        var start: UInt32
        var end: UInt32
        /// Index of the first node behind this one's subtree.
        var next: UInt32
        var kind: JSON.Kind
        /// A string that holds a backslash and must be decoded before it is read.
        var escaped: Bool
    }

    init(bytes: [UInt8], nodes: [Node]) {
        self.bytes = bytes
        self.nodes = nodes
    }
}

/// A view of one value in a ``JSONDocument``. Copying it copies a reference and an index.
public struct JSON: Sendable {
    /// What a JSON value can be.
    public enum Kind: UInt8, Sendable {
        case object, array, string, number, `true`, `false`, null
    }

    public let document: JSONDocument
    let index: Int

    init(_ document: JSONDocument, _ index: Int) {
        self.document = document
        self.index = index
    }

    var node: JSONDocument.Node { document.nodes[index] }

    public var kind: Kind { node.kind }
    public var isObject: Bool { kind == .object }
    public var isArray: Bool { kind == .array }
    public var isString: Bool { kind == .string }
    public var isNull: Bool { kind == .null }

    /// Where the value stands in the document's bytes; strings include their quotes.
    public var range: Range<Int> { Int(node.start)..<Int(node.end) }

    /// The value exactly as it was written.
    public var raw: ArraySlice<UInt8> { document.bytes[range] }

    /// Whether the value is written with exactly these bytes.
    public func isSpelled(_ bytes: [UInt8]) -> Bool {
        let range = range
        guard range.count == bytes.count else { return false }
        return document.bytes.withUnsafeBytes { here in
            bytes.withUnsafeBytes { there in
                guard let left = here.baseAddress, let right = there.baseAddress else { return bytes.isEmpty }
                return memcmp(left + range.lowerBound, right, range.count) == 0
            }
        }
    }

    /// The first member with this name, or nil when there is none or this is no object.
    public subscript(_ name: String) -> JSON? {
        var name = name
        return name.withUTF8 { wanted in member { $0.spells(wanted) } }
    }

    private func member(where matches: (JSON) -> Bool) -> JSON? {
        guard kind == .object else { return nil }
        var at = index + 1
        let end = Int(node.next)
        while at < end {
            if matches(JSON(document, at)) { return JSON(document, at + 1) }
            at = Int(document.nodes[at + 1].next)
        }
        return nil
    }

    /// Whether this string, decoded, is exactly these bytes.
    private func spells(_ wanted: UnsafeBufferPointer<UInt8>) -> Bool {
        let node = node
        guard node.kind == .string else { return false }
        if node.escaped { return text?.utf8Bytes.elementsEqual(wanted) ?? false }
        let length = Int(node.end) - Int(node.start) - 2
        guard length == wanted.count else { return false }
        let from = Int(node.start) + 1
        for offset in 0..<length where document.bytes[from + offset] != wanted[offset] { return false }
        return true
    }

    /// Whether this is a string that reads exactly like `wanted`.
    public func equals(_ wanted: String) -> Bool {
        var wanted = wanted
        return wanted.withUTF8 { spells($0) }
    }

    /// Members of an object, in order; empty for anything else.
    public var members: Members { Members(json: self) }

    /// Elements of an array, in order; empty for anything else.
    public var elements: Elements { Elements(json: self) }

    /// The string still in its escaped form, or nil when this is no string.
    public var text: JSONText? {
        let node = node
        guard node.kind == .string else { return nil }
        return JSONText(escaped: Array(document.bytes[Int(node.start) + 1..<Int(node.end) - 1]), plain: !node.escaped)
    }

    /// The decoded string, or nil when this is no string.
    public var string: String? {
        let node = node
        guard node.kind == .string else { return nil }
        if node.escaped { return text?.string }
        return String(decoding: document.bytes[Int(node.start) + 1..<Int(node.end) - 1], as: UTF8.self)
    }

    /// Whether this is the string `""`.
    public var isEmptyString: Bool { kind == .string && node.end - node.start == 2 }

    /// A whole number of at most 2^53 either way, or nil: beyond that, programs read different numbers (RFC 8259, 6).
    /// `1.0` and `1e3` count as whole.
    public var int: Int? {
        guard kind == .number else { return nil }
        let spelled = String(decoding: raw, as: UTF8.self)
        if let whole = Int(spelled) { return (-Self.exact...Self.exact).contains(whole) ? whole : nil }
        guard let value = Double(spelled), value.rounded() == value, abs(value) <= Double(Self.exact) else {
            return nil
        }
        return Int(value)
    }

    private static let exact = 1 << 53

    /// A count or a size that will be added to others: within 0 and 10^12. Whoever wrote the number cannot make sums overflow.
    public var amount: Int? { int.map { min(max($0, 0), Self.mostAmount) } }

    public static let mostAmount = 1_000_000_000_000

    /// A duration in milliseconds: within 0 and 10^12 (32 years).
    public var milliseconds: Double? { double.map { min(max($0, 0), Double(Self.mostAmount)) } }

    public var double: Double? {
        guard kind == .number else { return nil }
        return Double(String(decoding: raw, as: UTF8.self))
    }

    public var bool: Bool? {
        switch kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// Number of members or elements.
    public var count: Int {
        var count = 0
        if isObject { for _ in members { count += 1 } } else { for _ in elements { count += 1 } }
        return count
    }

    public var isEmpty: Bool { Int(node.next) == index + 1 }

    /// Iterates an array.
    public struct Elements: Sequence, IteratorProtocol, Sendable {
        let document: JSONDocument
        var at: Int
        let end: Int

        init(json: JSON) {
            document = json.document
            at = json.index + 1
            end = json.isArray ? Int(json.node.next) : at
        }

        public mutating func next() -> JSON? {
            guard at < end else { return nil }
            defer { at = Int(document.nodes[at].next) }
            return JSON(document, at)
        }
    }

    /// Iterates an object.
    public struct Members: Sequence, IteratorProtocol, Sendable {
        let document: JSONDocument
        var at: Int
        let end: Int

        init(json: JSON) {
            document = json.document
            at = json.index + 1
            end = json.isObject ? Int(json.node.next) : at
        }

        public mutating func next() -> (key: JSON, value: JSON)? {
            guard at < end else { return nil }
            defer { at = Int(document.nodes[at + 1].next) }
            return (JSON(document, at), JSON(document, at + 1))
        }
    }
}

/// Why a text is no JSON, and where.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was wrong, as a phrase: "expected ',' or '}'".
    public let problem: String
    /// Byte offset at which it was noticed.
    public let offset: Int

    public var description: String { "\(problem) at byte \(offset)" }
}
