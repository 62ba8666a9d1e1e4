/// Finds the outline of a body that resembles an earlier one without parsing what both have in common: where the earlier
/// body's bytes stand again, they are valid and their parts known.
internal import Intercept

extension Outline {
    /// The outline of `bytes`, or nil when they are not compact JSON (no blanks between the parts) or `base` is no help; then
    /// the parser decides.
    init?(_ bytes: [UInt8], like base: Outline) {
        var match = OutlineMatch(bytes, base)
        guard let members = match.object() else { return nil }
        self.init(bytes: bytes, members: members)
    }
}

private struct OutlineMatch {
    private let bytes: [UInt8]
    private let base: Outline
    private var at = 0

    init(_ bytes: [UInt8], _ base: Outline) {
        self.bytes = bytes
        self.base = base
    }

    mutating func object() -> [Outline.Member]? {
        guard take("{") else { return nil }
        var members: [Outline.Member] = []
        while true {
            let hint = members.count
            guard
                let known = base.members.indices.first(where: {
                    stands(base.members[(hint + $0) % base.members.count].key)
                })
            else { return nil }
            let mate = base.members[(hint + known) % base.members.count]
            let key = at..<at + mate.key.count
            at = key.upperBound
            guard take(":"), let member = value(key, mate) else { return nil }
            members.append(member)
            if take("}") { return at == bytes.count ? members : nil }
            guard take(",") else { return nil }
        }
    }

    /// Whether these bytes of the base stand here.
    private func stands(_ range: Range<Int>) -> Bool {
        at + range.count <= bytes.count && base.same(range, bytes, at..<at + range.count)
    }

    /// Whether this value of the base stands here, and nothing that would make it a longer one.
    private func standsWhole(_ range: Range<Int>) -> Bool {
        let end = at + range.count
        guard end < bytes.count, [0x2C, 0x5D, 0x7D].contains(bytes[end]) else { return false }
        return stands(range)
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: byte) else { return false }
        at += 1
        return true
    }

    private mutating func value(_ key: Range<Int>, _ mate: Outline.Member) -> Outline.Member? {
        let start = at
        if standsWhole(mate.value) {
            at += mate.value.count
            let distance = start - mate.value.lowerBound
            let elements = mate.elements?.map { $0.lowerBound + distance..<$0.upperBound + distance }
            return Self.member(key, start..<at, elements)
        }
        if let known = mate.elements, take("[") {
            guard let elements = elements(known) else { return nil }
            return Self.member(key, start..<at, elements)
        }
        guard let fresh = freshValue(), !JSONBytes.isArray(bytes, fresh) else { return nil }
        return Self.member(key, fresh, nil)
    }

    private static func member(_ key: Range<Int>, _ value: Range<Int>, _ elements: [Range<Int>]?) -> Outline.Member {
        Outline.Member(
            key: key, head: key.lowerBound..<key.upperBound + 1, value: value, elements: elements,
            close: elements == nil ? value.upperBound : value.upperBound - 1)
    }

    private mutating func elements(_ known: [Range<Int>]) -> [Range<Int>]? {
        var elements: [Range<Int>] = []
        if take("]") { return elements }
        while true {
            let place = elements.count
            if place < known.count, standsWhole(known[place]) {
                elements.append(at..<at + known[place].count)
                at += known[place].count
            } else {
                guard let fresh = freshValue() else { return nil }
                elements.append(fresh)
            }
            if take("]") { return elements }
            guard take(",") else { return nil }
        }
    }

    /// A value that the base does not have here: its end is looked for, and the parser must agree.
    private mutating func freshValue() -> Range<Int>? {
        guard let end = JSONBytes.end(of: bytes, from: at) else { return nil }
        // The parser would take blanks around the value, an outline does not.
        guard bytes[at] > 0x20, bytes[end - 1] > 0x20 else { return nil }
        // In brackets, because it may not nest deeper than the parser allows for the whole body.
        guard (try? JSON.parse([0x5B, 0x5B] + bytes[at..<end] + [0x5D, 0x5D])) != nil else { return nil }
        let range = at..<end
        at = end
        return range
    }
}

/// Looking at JSON text without parsing it.
enum JSONBytes {
    static func isArray(_ bytes: [UInt8], _ range: Range<Int>) -> Bool { bytes[range.lowerBound] == UInt8(ascii: "[") }

    /// Index behind the value that begins at `from`, if it is one at all; nil when the text ends before.
    static func end(of bytes: [UInt8], from: Int) -> Int? {
        var depth = 0
        var at = from
        while at < bytes.count {
            switch bytes[at] {
            case 0x22:
                guard let close = stringEnd(bytes, at) else { return nil }
                at = close
                if depth == 0 { return at }
                continue
            case 0x5B, 0x7B: depth += 1
            case 0x5D, 0x7D:
                if depth == 0 { return at > from ? at : nil }
                depth -= 1
                if depth == 0 { return at + 1 }
            case 0x2C where depth == 0: return at > from ? at : nil
            default: break
            }
            at += 1
        }
        return nil
    }

    /// Index behind the string that begins at `from`.
    private static func stringEnd(_ bytes: [UInt8], _ from: Int) -> Int? {
        var at = from + 1
        while at < bytes.count {
            switch bytes[at] {
            case 0x22: return at + 1
            case 0x5C: at += 2
            default: at += 1
            }
        }
        return nil
    }
}
