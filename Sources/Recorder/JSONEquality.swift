/// Whether two JSON values mean the same: members may stand in another order, escapes and numbers be spelled otherwise.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
public import Intercept

extension JSON {
    /// Whether both are written with the same bytes.
    public func isSpelled(like other: JSON) -> Bool {
        let (here, there) = (range, other.range)
        guard here.count == there.count else { return false }
        return document.bytes.withUnsafeBytes { left in
            other.document.bytes.withUnsafeBytes { right in
                guard let a = left.baseAddress, let b = right.baseAddress else { return true }
                return memcmp(a + here.lowerBound, b + there.lowerBound, here.count) == 0
            }
        }
    }

    /// Whether both are the same value. Of members with one name, the last counts.
    public func means(_ other: JSON) -> Bool {
        if isSpelled(like: other) { return true }
        guard kind == other.kind else { return false }
        switch kind {
        case .object:
            let (mine, others) = (lastMembers, other.lastMembers)
            return mine.count == others.count
                && mine.allSatisfy { name, value in others[name].map { value.means($0) } ?? false }
        case .array:
            var (mine, others) = (elements, other.elements)
            while let one = mine.next() {
                guard let two = others.next(), one.means(two) else { return false }
            }
            return others.next() == nil
        case .string: return string == other.string
        case .number: return isSameNumber(other)
        case .true, .false, .null: return true
        }
    }

    /// Whole numbers of any length are told apart; others as far as a double does.
    private func isSameNumber(_ other: JSON) -> Bool {
        guard let mine = double, let others = other.double, mine == others else { return false }
        return mine == 0 || !isWhole || !other.isWhole
    }

    /// Written with digits alone.
    private var isWhole: Bool { raw.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") } }

    var lastMembers: [String: JSON] {
        var found: [String: JSON] = [:]
        for (key, value) in members { if let name = key.string { found[name] = value } }
        return found
    }

    /// Equal for values that mean the same.
    var meaning: Int {
        var hasher = Hasher()
        hasher.combine(kind.rawValue)
        switch kind {
        case .object: hasher.combine(lastMembers.reduce(0) { $0 &+ Self.hash($1.key, $1.value.meaning) })
        case .array: for one in elements { hasher.combine(one.meaning) }
        case .string: hasher.combine(string)
        case .number: hasher.combine(double)
        case .true, .false, .null: break
        }
        return hasher.finalize()
    }

    private static func hash(_ name: String, _ value: Int) -> Int {
        var hasher = Hasher()
        hasher.combine(name)
        hasher.combine(value)
        return hasher.finalize()
    }

    /// Equal for elements of a list of which one may be a new form of the other: by their names, ids and roles.
    var identity: Int {
        var hasher = Hasher()
        hasher.combine(isObject ? 2 : isArray ? 1 : 0)
        for name in ["name", "id", "tool_use_id", "tool_call_id", "type", "role"] { hasher.combine(self[name]?.string) }
        return hasher.finalize()
    }
}
