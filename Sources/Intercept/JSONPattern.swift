/// A JSON text with holes where its strings are: most events of a stream differ from the one before in a piece of text only,
/// and one that fits the pattern is known to be valid, and what stands where, without being parsed.
internal import CSystem

public struct JSONPattern: Sendable {
    /// What stands between the holes, one behind the other.
    private var text: [UInt8] = []
    /// Where each stretch ends in `text`: a hole stands behind all but the last.
    private var ends: [Int] = []

    /// Learns from valid JSON. `holes` are contents of strings in `range`, in order, without their quotes.
    public init(_ json: [UInt8], _ range: Range<Int>, holes: [Range<Int>]) {
        text.reserveCapacity(range.count)
        var from = range.lowerBound
        for hole in holes {
            text.append(contentsOf: json[from..<hole.lowerBound])
            ends.append(text.count)
            from = hole.upperBound
        }
        text.append(contentsOf: json[from..<range.upperBound])
        ends.append(text.count)
    }

    /// What was found in a hole.
    public struct Found: Sendable {
        public let range: Range<Int>
        /// It holds escape sequences.
        public let isEscaped: Bool
    }

    /// Whether `bytes` are the same text but for the holes. What is in them may be any valid string without `\u`; such a
    /// one is left to the parser.
    public func fits(_ bytes: Span<UInt8>) -> Bool { find(-1, in: bytes) != nil }

    /// What `bytes` hold in a hole (counted from 0), or nil when they do not fit.
    public func find(_ hole: Int, in bytes: Span<UInt8>) -> Found? {
        bytes.withUnsafeBufferPointer { all in
            text.withUnsafeBufferPointer { text in
                guard let base = all.baseAddress, let text = text.baseAddress else { return nil }
                return find(hole, base, all.count, text)
            }
        }
    }

    private func find(
        _ hole: Int, _ base: UnsafePointer<UInt8>, _ count: Int, _ text: UnsafePointer<UInt8>
    ) -> Found? {
        var found = Found(range: 0..<0, isEscaped: false)
        var at = 0
        var from = 0
        for index in 0..<ends.count {
            let length = ends[index] - from
            guard length <= count - at, memcmp(base + at, text + from, length) == 0 else { return nil }
            at += length
            from += length
            if index == ends.count - 1 { break }
            var escape: Int32 = 0
            let end = at + bytesx_string_run(base + at, count - at, &escape)
            guard end < count, base[end] == UInt8(ascii: "\"") else { return nil }
            if index == hole { found = Found(range: at..<end, isEscaped: escape != 0) }
            at = end
        }
        return at == count ? found : nil
    }
}
