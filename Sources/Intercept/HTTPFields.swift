/// Header fields in the order and spelling in which they came. Names compare without case.
public struct HTTPFields: Sendable, Equatable, Sequence {
    /// One header line.
    public struct Field: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var fields: [Field]

    public init(_ fields: [Field] = []) { self.fields = fields }

    public func makeIterator() -> IndexingIterator<[Field]> { fields.makeIterator() }

    /// The first value of this name; setting replaces all of them, nil removes them.
    public subscript(_ name: String) -> String? {
        get { fields.first { Self.same($0.name, name) }?.value }
        set {
            fields.removeAll { Self.same($0.name, name) }
            if let newValue { fields.append(Field(name, newValue)) }
        }
    }

    public func values(_ name: String) -> [String] { fields.filter { Self.same($0.name, name) }.map(\.value) }

    public mutating func append(_ name: String, _ value: String) { fields.append(Field(name, value)) }

    /// Whether a comma-separated field (`Connection`, `Accept-Encoding`) lists this word.
    public func lists(_ name: String, _ word: String) -> Bool {
        fields.contains { field in
            Self.same(field.name, name)
                && field.value.utf8.split(separator: UInt8(ascii: ",")).contains {
                    Self.same(Self.trim(String(Substring($0))), word)
                }
        }
    }

    /// ASCII comparison without case.
    public static func same(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        var other = right.utf8.makeIterator()
        for byte in left.utf8 {
            guard let mate = other.next(), byte == mate || lower(byte) == lower(mate) else { return false }
        }
        return true
    }

    static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    /// Without spaces and tabs at both ends.
    public static func trim(_ text: Substring) -> String { trim(String(text)) }

    /// Without spaces and tabs at both ends.
    public static func trim(_ text: String) -> String {
        var bytes = text.utf8[...]
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return bytes.count == text.utf8.count ? text : String(Substring(bytes))
    }
}

extension HTTPFields {
    /// Fields that belong to one connection (RFC 9110 section 7.6.1) or are made anew for the next.
    private static let hop = [
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
        "proxy-authenticate", "proxy-authorization", "content-length", "host", "expect",
    ]

    /// The fields that go on to the other side.
    public static func endToEnd(_ fields: HTTPFields) -> HTTPFields {
        let named = fields.values("connection").flatMap { value in
            value.utf8.split(separator: UInt8(ascii: ",")).map { trim(String(Substring($0))) }
        }
        return HTTPFields(
            fields.fields.filter { field in
                !hop.contains { same($0, field.name) } && !named.contains { same($0, field.name) }
            })
    }
}
