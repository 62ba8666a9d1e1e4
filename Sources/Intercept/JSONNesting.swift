/// Objects and arrays around what a closure writes, so that none stays open.
extension JSONWriter {
    /// An object, as an element or as the only value.
    public mutating func object<E: Error>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
        beginObject()
        try body(&self)
        endObject()
    }

    /// An object as a member.
    public mutating func object<E: Error>(
        _ name: StaticString, _ body: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        key(name)
        try object(body)
    }

    /// An array, as an element or as the only value.
    public mutating func array<E: Error>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
        beginArray()
        try body(&self)
        endArray()
    }

    /// An array as a member.
    public mutating func array<E: Error>(
        _ name: StaticString, _ body: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        key(name)
        try array(body)
    }

    /// An array as a member, one element after the other.
    public mutating func array<Element, E: Error>(
        _ name: StaticString, of elements: some Sequence<Element>,
        _ body: (inout JSONWriter, Element) throws(E) -> Void
    ) throws(E) {
        key(name)
        beginArray()
        for element in elements { try body(&self, element) }
        endArray()
    }
}
