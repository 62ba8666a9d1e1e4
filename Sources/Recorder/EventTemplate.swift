/// What the data of a stream's events look like apart from their strings.
internal import Intercept

/// The patterns of one stream, the last one that fitted first.
struct EventTemplates {
    private static let most = 4
    private var known: [JSONPattern] = []

    /// Whether the data are JSON that one of the patterns describes.
    mutating func describe(_ data: Span<UInt8>) -> Bool {
        guard let place = known.firstIndex(where: { $0.fits(data) }) else { return false }
        if place > 0 { known.swapAt(0, place) }
        return true
    }

    /// Learns from data that the parser has accepted.
    mutating func learn(_ data: JSON) {
        if known.count == Self.most { known.removeLast() }
        var holes: [Range<Int>] = []
        Self.strings(in: data) { holes.append($0) }
        known.insert(JSONPattern(data.document.bytes, data.range, holes: holes), at: 0)
    }

    private static func strings(in json: JSON, _ take: (Range<Int>) -> Void) {
        switch json.kind {
        case .string: take(json.range.lowerBound + 1..<json.range.upperBound - 1)
        case .array: for element in json.elements { strings(in: element, take) }
        case .object: for (_, value) in json.members { strings(in: value, take) }
        default: return
        }
    }
}
