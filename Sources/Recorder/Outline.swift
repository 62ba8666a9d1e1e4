/// Where the top-level members of a JSON object stand in its bytes, and the elements of those that are arrays. Blanks
/// between them belong to the part beside which they stand, so that the parts put together again are the bytes, exactly.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import Intercept

struct Outline: Sendable {
    struct Member: Sendable {
        /// The name with its quotes.
        var key: Range<Int>
        /// The name with blanks around it and the colon.
        var head: Range<Int>
        /// Everything behind the colon, up to the next comma or the closing brace.
        var value: Range<Int>
        /// The elements with blanks around them, when the value is an array; empty for `[ ]`.
        var elements: [Range<Int>]?
        /// Where the array's closing bracket stands; the value's end for anything else.
        var close: Int
    }

    let bytes: [UInt8]
    let members: [Member]

    /// Nil when `json` is not the whole of its text, or no object with distinct names.
    init?(_ json: JSON) {
        let bytes = json.document.bytes
        guard json.isObject, json.range == 0..<bytes.count else { return nil }
        var members: [Member] = []
        var at = 1
        for (key, value) in json.members {
            let (name, inner) = (key.range, value.range)
            let colon = Self.next(UInt8(ascii: ":"), bytes, name.upperBound)
            let end = Self.end(of: inner, bytes)
            members.append(
                Member(
                    key: name, head: at..<colon + 1, value: colon + 1..<end, elements: Self.elements(value),
                    close: value.isArray ? inner.upperBound - 1 : end))
            at = end + 1
        }
        if members.isEmpty, bytes.count > 2 { return nil }
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
        let bytes = value.document.bytes
        var ranges: [Range<Int>] = []
        var at = value.range.lowerBound + 1
        for element in value.elements {
            let end = Self.end(of: element.range, bytes)
            ranges.append(at..<end)
            at = end + 1
        }
        return ranges
    }

    /// Index of the comma or bracket behind a value of valid JSON.
    private static func end(of value: Range<Int>, _ bytes: [UInt8]) -> Int {
        var at = value.upperBound
        while bytes[at] <= 0x20 { at += 1 }
        return at
    }

    private static func next(_ byte: UInt8, _ bytes: [UInt8], _ from: Int) -> Int {
        var at = from
        while bytes[at] != byte { at += 1 }
        return at
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
