/// Changes of one member: what hooks need to edit a request or a tool call.
extension JSON {
    /// This object's text with a member replaced (each time it occurs), or added at the end; nil when this is no object.
    func setting(_ name: String, _ write: (inout JSONWriter) -> Void) -> [UInt8]? {
        guard isObject else { return nil }
        var value = JSONWriter()
        write(&value)
        var out = Array(raw)
        let old = members.filter { $0.key.equals(name) }.map(\.value.range)
        for place in old.reversed() {
            let start = range.lowerBound
            out.replaceSubrange(place.lowerBound - start..<place.upperBound - start, with: value.bytes)
        }
        if !old.isEmpty { return out }
        var member = JSONWriter()
        if !isEmpty { member.verbatim(",") }
        member.string(name)
        member.verbatim(":")
        out.insert(contentsOf: member.bytes + value.bytes, at: out.count - 1)
        return out
    }
}

extension MessageRequest {
    /// Replaces a top-level member, or adds it at the end: `request.set("max_tokens") { $0.int(4096) }`.
    public mutating func set(_ name: String, _ write: (inout JSONWriter) -> Void) {
        var value = JSONWriter()
        write(&value)
        set(name, value.bytes)
    }
}

extension ToolCall {
    /// Replaces an argument, or adds it: `call.set("timeout") { $0.int(60_000) }`. Gives false, and changes nothing, when
    /// the arguments are no JSON object.
    @discardableResult
    public mutating func set(_ name: String, _ write: (inout JSONWriter) -> Void) -> Bool {
        guard let changed = arguments?.setting(name, write) else { return false }
        input = changed
        return true
    }
}
