/// A request body as the difference from an earlier one, and back. Pure: bytes in, bytes out, and what comes back is
/// what went in, byte for byte. The rule is written down in `docs/trace-format.md`.
internal import Intercept

/// What `body` keeps of `base`. Equality is equality of bytes: of whole top-level values, and of leading elements of
/// top-level arrays.
struct Delta: Sendable {
    /// What becomes of each member of the body, in its order.
    enum Part: Sendable, Equatable {
        /// Equal to the base's member of the same name.
        case same
        /// An array whose first `count` elements are the base's.
        case keep(count: Int)
        /// Written out.
        case whole
    }

    let parts: [Part]
    /// For each member, the base's member it was compared with.
    let mates: [Int?]
    /// Whether the members do not stand in the order in which they would be put together.
    let needsOrder: Bool
    /// Bytes that the delta form takes, without the words around it.
    let size: Int

    init(_ body: Outline, against base: Outline) {
        var parts: [Part] = []
        var mates: [Int?] = []
        var size = 0
        for (index, member) in body.members.enumerated() {
            let mate = base.member(named: member.key, of: body, hint: index)
            let part = Self.compare(body, member, base, mate.map { base.members[$0] })
            parts.append(part)
            mates.append(mate)
            size += member.head.count + 1 + Self.written(member, part)
        }
        self.parts = parts
        self.mates = mates
        self.size = size
        needsOrder = Self.isOutOfOrder(mates)
    }

    private static func compare(_ body: Outline, _ member: Outline.Member, _ base: Outline, _ mate: Outline.Member?)
        -> Part
    {
        guard let mate, body.same(member.head, base.bytes, mate.head) else { return .whole }
        if body.same(member.value, base.bytes, mate.value) { return .same }
        guard let elements = member.elements, let others = mate.elements,
            body.same(body.opening(of: member), base.bytes, base.opening(of: mate))
        else { return .whole }
        var count = 0
        while count < elements.count, count < others.count, body.same(elements[count], base.bytes, others[count]) {
            count += 1
        }
        return count > 0 ? .keep(count: count) : .whole
    }

    private static func written(_ member: Outline.Member, _ part: Part) -> Int {
        switch part {
        case .same: 0
        case .whole: member.value.count
        case .keep(let count): Outline.rest(of: member, behind: count).count + 8
        }
    }

    /// The order when put together: the base's members first, as the base has them, then the others.
    private static func isOutOfOrder(_ mates: [Int?]) -> Bool {
        var last = -1
        for mate in mates {
            let place = mate ?? .max
            if place < last { return true }
            last = place
        }
        return false
    }
}

extension Delta {
    /// Leading bytes that both bodies surely share: members that are the same at the same place.
    func sharedPrefix(_ body: Outline, _ base: Outline) -> Int {
        var shared = 0
        for (index, part) in parts.enumerated() {
            guard mates[index] == index, body.members[index].value.lowerBound == base.members[index].value.lowerBound
            else { break }
            switch part {
            case .same:
                shared = body.members[index].value.upperBound
                continue
            case .keep(let count): return body.members[index].elements?[count - 1].upperBound ?? shared
            case .whole: return shared
            }
        }
        return shared
    }
}

extension Outline {
    /// The bytes of an array behind its first `count` elements, without brackets.
    static func rest(of member: Member, behind count: Int) -> Range<Int> {
        guard let elements = member.elements, count < elements.count else { return member.close..<member.close }
        return elements[count].lowerBound..<member.close
    }

    /// An array's opening bracket with the blanks before it.
    func opening(of member: Member) -> Range<Int> {
        let first = member.elements?.first?.lowerBound ?? member.value.upperBound
        let end = bytes[member.value.lowerBound..<first].firstIndex(of: UInt8(ascii: "["))
        return member.value.lowerBound..<(end ?? member.value.lowerBound - 1) + 1
    }

    /// What a member brings that the base does not have; empty for `same`.
    func remainder(_ index: Int, _ part: Delta.Part) -> Range<Int> {
        let member = members[index]
        switch part {
        case .same: return member.value.lowerBound..<member.value.lowerBound
        case .whole: return member.value
        case .keep(let count): return Self.rest(of: member, behind: count)
        }
    }
}

extension Delta {
    /// Writes `{"base":…,"same":[…],"keep":{…}}`. `attempt` belongs to the base of an upstream body.
    func write(_ body: Outline, base: String, attempt: Int?, into out: inout JSONWriter) {
        out.beginObject()
        out.field("base", base)
        out.field("base_try", ifPresent: attempt)
        out.key("same")
        out.beginArray()
        for (index, part) in parts.enumerated() where part == .same { out.raw(body.bytes[body.members[index].key]) }
        out.endArray()
        writeKeep(body, into: &out)
        if needsOrder {
            out.key("order")
            out.beginArray()
            for member in body.members { out.raw(body.bytes[member.key]) }
            out.endArray()
        }
        out.endObject()
    }

    private func writeKeep(_ body: Outline, into out: inout JSONWriter) {
        out.key("keep")
        out.beginObject()
        for (index, part) in parts.enumerated() {
            guard case .keep(let count) = part else { continue }
            out.raw(body.bytes[body.members[index].key])
            out.verbatim(":")
            out.int(count)
        }
        out.endObject()
    }

    /// Appends the members that the base does not have, as one object.
    func writeRemainder(_ body: Outline, edits: [Edit], into out: inout [UInt8]) {
        out.append(UInt8(ascii: "{"))
        var isFirst = true
        for (index, part) in parts.enumerated() where part != .same {
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            let member = body.members[index]
            out.append(contentsOf: body.bytes[member.head])
            let rest = body.remainder(index, part)
            let isPart = part != .whole
            if isPart { out.append(contentsOf: body.bytes[body.opening(of: member)]) }
            body.bytes.forEachPiece(of: rest, edits) { out.append(contentsOf: $0) }
            if isPart { out.append(contentsOf: body.bytes[rest.upperBound..<member.value.upperBound]) }
        }
        out.append(UInt8(ascii: "}"))
    }

    /// Puts a body together again. Nil when the delta does not fit the base.
    static func rebuild(_ delta: JSON, body: JSON?, base: JSON) -> [UInt8]? {
        guard let base = Outline(base) else { return nil }
        let brought = body.flatMap(Outline.init)
        if let body, !body.isEmpty, brought == nil { return nil }
        let same = Set((delta["same"]?.elements).map { $0.map { Array($0.raw) } } ?? [])
        var out: [UInt8] = [UInt8(ascii: "{")]
        for key in order(delta, same, brought, base) {
            if out.count > 1 { out.append(UInt8(ascii: ",")) }
            let mate = base.member(key)
            let kept = delta["keep"]?.members.first { $0.key.raw.elementsEqual(key) }?.value.int ?? 0
            if same.contains(key) {
                guard let mate else { return nil }
                out.append(contentsOf: base.bytes[mate.head.lowerBound..<mate.value.upperBound])
            } else {
                guard let brought, let member = brought.member(key) else { return nil }
                out.append(contentsOf: brought.bytes[member.head])
                guard append(member, of: brought, keeping: kept, of: mate, base, to: &out) else { return nil }
            }
        }
        out.append(UInt8(ascii: "}"))
        return out
    }

    private static func order(_ delta: JSON, _ same: Set<[UInt8]>, _ brought: Outline?, _ base: Outline) -> [[UInt8]] {
        if let stated = delta["order"] { return stated.elements.map { Array($0.raw) } }
        let new = brought?.keys ?? []
        let known = base.keys.filter { same.contains($0) || new.contains($0) }
        return known + new.filter { !known.contains($0) }
    }

    private static func append(
        _ member: Outline.Member, of body: Outline, keeping kept: Int, of mate: Outline.Member?, _ base: Outline,
        to out: inout [UInt8]
    ) -> Bool {
        guard kept > 0 else {
            out.append(contentsOf: body.bytes[member.value])
            return true
        }
        guard let own = member.elements, let elements = mate?.elements, kept <= elements.count else { return false }
        let opening = body.opening(of: member)
        out.append(contentsOf: body.bytes[opening])
        out.append(contentsOf: base.bytes[elements[0].lowerBound..<elements[kept - 1].upperBound])
        if !own.isEmpty { out.append(UInt8(ascii: ",")) }
        out.append(contentsOf: body.bytes[(own.first?.lowerBound ?? member.close)..<member.value.upperBound])
        return true
    }
}

extension Outline {
    fileprivate var keys: [[UInt8]] { members.map { Array(bytes[$0.key]) } }

    fileprivate func member(_ key: [UInt8]) -> Member? { members.first { bytes[$0.key].elementsEqual(key) } }
}
