/// What an event's data look like apart from its strings: most events of a stream differ in one piece of text only, and
/// such an event is known to be valid JSON without parsing it.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import CSystem
internal import Intercept

struct EventTemplate {
    /// What stands between the contents of the strings, one behind the other.
    private var text: [UInt8] = []
    /// Where each of them ends in `text`.
    private var ends: [Int] = []

    /// Learns from data that the parser has accepted.
    init(_ data: JSON) {
        var from = data.range.lowerBound
        Self.strings(in: data) { content in
            text.append(contentsOf: data.document.bytes[from..<content.lowerBound])
            ends.append(text.count)
            from = content.upperBound
        }
        text.append(contentsOf: data.document.bytes[from..<data.range.upperBound])
        ends.append(text.count)
    }

    private static func strings(in json: JSON, _ take: (Range<Int>) -> Void) {
        switch json.kind {
        case .string: take(json.range.lowerBound + 1..<json.range.upperBound - 1)
        case .array: for element in json.elements { strings(in: element, take) }
        case .object: for (_, value) in json.members { strings(in: value, take) }
        default: return
        }
    }

    /// Whether these bytes are the same but for the contents of strings, and those are plain text. Not ASCII or `\u`:
    /// the parser decides.
    func fits(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        return text.withUnsafeBytes { text in
            guard let text = text.baseAddress else { return false }
            var at = range.lowerBound
            var from = 0
            for (index, end) in ends.enumerated() {
                let count = end - from
                guard count <= range.upperBound - at, memcmp(base + at, text + from, count) == 0 else { return false }
                at += count
                from = end
                if index == ends.count - 1 { break }
                guard let close = Self.stringEnd(base, at, range.upperBound) else { return false }
                at = close
            }
            return at == range.upperBound
        }
    }

    /// Where the string whose content begins at `from` has its closing quote.
    private static func stringEnd(_ base: UnsafePointer<UInt8>, _ from: Int, _ end: Int) -> Int? {
        var hasEscape: Int32 = 0
        let at = from + bytesx_string_run(base + from, end - from, &hasEscape)
        return at < end && base[at] == 0x22 ? at : nil
    }
}

/// The templates of one stream, the last one that fitted first.
struct EventTemplates {
    private static let most = 4
    private var known: [EventTemplate] = []

    /// Whether the data are JSON that one of the templates describes.
    mutating func describe(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        guard let place = known.firstIndex(where: { $0.fits(bytes, range) }) else { return false }
        if place > 0 { known.swapAt(0, place) }
        return true
    }

    mutating func learn(_ data: JSON) {
        if known.count == Self.most { known.removeLast() }
        known.insert(EventTemplate(data), at: 0)
    }
}
