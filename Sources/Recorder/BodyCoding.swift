/// How one body goes into the trace: what of it must be replaced, what an earlier body already says, its hash.
internal import Intercept

struct CodedBody {
    let bytes: [UInt8]
    /// The parsed body; an upstream's body that resembles an earlier one is not parsed.
    let json: JSON?
    let outline: Outline?
    let base: RememberedBody?
    let delta: Delta?
    /// Nil when redaction could not understand the body: nothing of it is written.
    let edits: [Edit]?
    let hashes: HashTrail

    /// A body that was not parsed before.
    init(_ bytes: [UInt8], redactor: Redactor, memory: BodyMemory?, thread: String) {
        let outline = memory?.newest(thread).flatMap { Outline(bytes, like: $0.outline) }
        let json = outline == nil ? try? JSON.parse(bytes) : nil
        self.init(
            bytes, json: json, outline: outline ?? json.flatMap(Outline.init), redactor: redactor, memory: memory,
            thread: thread)
    }

    /// A body with its parsed form, if it has one. `memory` is nil where every body is kept whole.
    init(_ bytes: [UInt8], json: JSON?, redactor: Redactor, memory: BodyMemory?, thread: String) {
        let outline = json.flatMap(Outline.init)
        self.init(bytes, json: json, outline: outline, redactor: redactor, memory: memory, thread: thread)
    }

    private init(
        _ bytes: [UInt8], json: JSON?, outline: Outline?, redactor: Redactor, memory: BodyMemory?, thread: String
    ) {
        self.bytes = bytes
        self.json = json
        let found = outline.flatMap { memory?.base(for: $0, thread: thread) }
        self.outline = outline
        base = found?.body
        delta = found?.delta
        let edits = Self.edits(bytes, json, outline, found?.body, found?.delta, redactor)
        let common = found.map { found in
            let known = outline.map { found.delta.sharedPrefix($0, found.body.outline) } ?? 0
            return Outline.commonPrefix(bytes, found.body.outline.bytes, known: known)
        }
        self.edits = edits
        hashes = HashTrail(bytes, edits: edits ?? [], base: found?.body.hashes, common: common ?? 0)
    }

    /// Members and elements that the base has as well were looked at when the base was; their edits are taken over.
    private static func edits(
        _ bytes: [UInt8], _ json: JSON?, _ outline: Outline?, _ base: RememberedBody?, _ delta: Delta?,
        _ redactor: Redactor
    ) -> [Edit]? {
        guard redactor.level >= .tokens else { return [] }
        guard let outline else { return loose(bytes, json, redactor) }
        var edits: [Edit] = []
        for index in outline.members.indices {
            let part = delta?.parts[index] ?? .whole
            if part != .whole, let base, let mate = delta?.mates[index] {
                let known = base.outline.members[mate]
                let kept = part == .same ? known.value : known.value.lowerBound..<Self.end(of: part, in: known)
                let distance = outline.members[index].value.lowerBound - known.value.lowerBound
                edits += base.edits.within(kept).shifted(by: distance)
            }
            let rest = outline.remainder(index, part)
            if rest.isEmpty { continue }
            guard let more = fresh(outline, index, part, rest, redactor) else { return nil }
            edits += more
        }
        return edits
    }

    /// For a body without an outline: nothing of it can be taken over.
    private static func loose(_ bytes: [UInt8], _ json: JSON?, _ redactor: Redactor) -> [Edit]? {
        guard let json else {
            guard redactor.level == .strict else { return redactor.edits(bytes, 0..<bytes.count) }
            return [Edit(range: 0..<bytes.count, replacement: redactor.measure(bytes[...]))]
        }
        guard json.isObject else { return redactor.edits(inValue: bytes, json.range, name: "") }
        var edits: [Edit] = []
        for (key, value) in json.members {
            guard let more = redactor.edits(inValue: bytes, value.range, name: key.string ?? "") else { return nil }
            edits += more
        }
        return edits
    }

    private static func end(of part: Delta.Part, in member: Outline.Member) -> Int {
        guard case .keep(let count) = part, let elements = member.elements, count > 0, count <= elements.count else {
            return member.value.upperBound
        }
        return elements[count - 1].upperBound
    }

    private static func fresh(
        _ outline: Outline, _ index: Int, _ part: Delta.Part, _ rest: Range<Int>, _ redactor: Redactor
    ) -> [Edit]? {
        let name = outline.name(index)
        guard case .keep(let count) = part, redactor.level == .strict, let elements = outline.members[index].elements
        else {
            return redactor.edits(inValue: outline.bytes, rest, name: name)
        }
        var edits: [Edit] = []
        for element in elements[count...] {
            guard let more = redactor.edits(inValue: outline.bytes, element, name: name) else { return nil }
            edits += more
        }
        return edits
    }
}

extension CodedBody {
    /// Writes `delta`, `body_encoding` and `body`, or `body_dropped`. False when the body was dropped.
    func write(into out: inout JSONWriter) -> Bool {
        guard let edits else { return drop(into: &out) }
        if let delta, let base, let outline {
            var remainder: [UInt8] = []
            remainder.reserveCapacity(delta.size + 64)
            delta.writeRemainder(outline, edits: edits, into: &remainder)
            guard edits.isEmpty || (try? JSON.parse(remainder)) != nil else { return drop(into: &out) }
            out.key("delta")
            delta.write(outline, base: base.id, attempt: base.attempt, into: &out)
            Self.write(remainder, into: &out)
            return true
        }
        let whole = edits.isEmpty ? bytes : bytes.edited(0..<bytes.count, edits)
        if isBare {
            guard edits.isEmpty || (try? JSON.parse(whole)) != nil else { return drop(into: &out) }
            Self.write(whole, into: &out)
        } else {
            Self.writeText(whole, into: &out)
        }
        return true
    }

    /// Nothing stands around the JSON value.
    private var isBare: Bool { outline != nil || json?.range == 0..<bytes.count }

    private func drop(into out: inout JSONWriter) -> Bool {
        out.field("body_dropped", "redaction")
        return false
    }

    /// Bytes that are JSON, or the same as a string where a line cannot hold them.
    private static func write(_ json: [UInt8], into out: inout JSONWriter) {
        guard LineSafety.isSafe(json) else { return writeText(json, into: &out) }
        out.key("body")
        out.verbatim(bytes: json)
    }

    /// A body as a string: its text, or base64 where it is no UTF-8.
    static func writeText(_ bytes: [UInt8], into out: inout JSONWriter) {
        if String(validating: bytes, as: UTF8.self) != nil {
            out.field("body_encoding", "text")
            out.key("body")
            out.string(utf8: bytes)
        } else {
            out.field("body_encoding", "base64")
            out.field("body", Base64.encode(bytes))
        }
    }
}
