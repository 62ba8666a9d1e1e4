/// Where the top-level members of a JSON object stand in its bytes, and the elements of those that are arrays. Only
/// objects in compact form have one: nothing between members but a comma, nothing around the value, no name twice.
/// From such an outline the bytes can be put together again exactly.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import Intercept

struct Outline: Sendable {
    struct Member: Sendable {
        /// With its quotes.
        var key: Range<Int>
        var value: Range<Int>
        /// The elements, when the value is an array in compact form.
        var elements: [Range<Int>]?
    }

    let bytes: [UInt8]
    let members: [Member]

    /// Nil when `json` is not the whole of its text, no object, or not compact at its top level.
    init?(_ json: JSON) {
        let bytes = json.document.bytes
        guard json.isObject, json.range == 0..<bytes.count else { return nil }
        var members: [Member] = []
        var at = 1
        for (key, value) in json.members {
            guard key.range.lowerBound == at, value.range.lowerBound == key.range.upperBound + 1 else { return nil }
            let (keyRange, valueRange) = (key.range, value.range)
            members.append(Member(key: keyRange, value: valueRange, elements: Self.elements(value)))
            at = valueRange.upperBound + 1
        }
        guard at == bytes.count || members.isEmpty && bytes.count == 2 else { return nil }
        self.init(bytes: bytes, members: members)
    }

    /// Nil when a name comes twice.
    init?(bytes: [UInt8], members: [Member]) {
        self.bytes = bytes
        self.members = members
        guard hasDistinctKeys else { return nil }
    }

    private static func elements(_ value: JSON) -> [Range<Int>]? {
        guard value.isArray else { return nil }
        var ranges: [Range<Int>] = []
        var at = value.range.lowerBound + 1
        for element in value.elements {
            let range = element.range
            guard range.lowerBound == at else { return nil }
            ranges.append(range)
            at = range.upperBound + 1
        }
        let isEmpty = ranges.isEmpty && value.range.count == 2
        return isEmpty || at == value.range.upperBound ? ranges : nil
    }

    private var hasDistinctKeys: Bool {
        for (index, member) in members.enumerated() {
            for other in members[..<index] where same(member.key, bytes, other.key) { return false }
        }
        return true
    }

    /// Whether two stretches hold the same bytes.
    func same(_ range: Range<Int>, _ other: [UInt8], _ otherRange: Range<Int>) -> Bool {
        guard range.count == otherRange.count else { return false }
        return bytes.withUnsafeBytes { here in
            other.withUnsafeBytes { there in
                guard let left = here.baseAddress, let right = there.baseAddress else { return true }
                return memcmp(left + range.lowerBound, right + otherRange.lowerBound, range.count) == 0
            }
        }
    }

    /// The member whose name is spelled like this one; `hint` is where to look first.
    func member(named key: Range<Int>, of other: Outline, hint: Int) -> Int? {
        if hint < members.count, same(members[hint].key, other.bytes, key) { return hint }
        return members.firstIndex { same($0.key, other.bytes, key) }
    }

    /// The name of a member, without quotes and as it is spelled.
    func name(_ index: Int) -> String {
        String(decoding: bytes[members[index].key.dropFirst().dropLast()], as: UTF8.self)
    }

    /// How many leading bytes are the same in both texts; the first `known` are known to be.
    static func commonPrefix(_ left: [UInt8], _ right: [UInt8], known: Int = 0) -> Int {
        let limit = min(left.count, right.count)
        return left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                guard let a = left.baseAddress, let b = right.baseAddress else { return 0 }
                var at = known
                var step = 4096
                while at < limit {
                    let length = min(step, limit - at)
                    if memcmp(a + at, b + at, length) == 0 {
                        at += length
                    } else if length == 1 {
                        return at
                    } else {
                        step = max(1, length / 4)
                    }
                }
                return limit
            }
        }
    }
}
