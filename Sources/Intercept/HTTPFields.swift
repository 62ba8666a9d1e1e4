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
        values(name).contains { $0.split(separator: ",").contains { Self.same(Self.trim($0), word) } }
    }

    /// ASCII comparison without case.
    public static func same(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
        var other = right.utf8.makeIterator()
        for byte in left.utf8 {
            guard let mate = other.next(), lower(byte) == lower(mate) else { return false }
        }
        return other.next() == nil
    }

    static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    /// Without spaces and tabs at both ends.
    public static func trim(_ text: some StringProtocol) -> String {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        return String(String(text.drop(while: blank).reversed()).drop(while: blank).reversed())
    }
}
