/// Changes one member of a parsed text and leaves every other byte as it was.
extension JSON {
    /// The whole document's bytes with this object's member set: its value replaced, or the member added at the end.
    ///
    /// - Parameter value: one JSON value.
    func setting(_ name: String, to value: [UInt8]) -> [UInt8] {
        var bytes = document.bytes
        if let old = self[name] {
            bytes.replaceSubrange(old.range, with: value)
            return bytes
        }
        var member = JSONWriter(capacity: value.count + name.utf8.count + 4)
        if !isEmpty { member.verbatim(",") }
        member.verbatim("\"")
        member.verbatim(text: name)
        member.verbatim("\":")
        member.verbatim(bytes: value)
        let end = range.upperBound - 1
        bytes.replaceSubrange(end..<end, with: member.bytes)
        return bytes
    }
}
