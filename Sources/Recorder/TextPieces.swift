/// The texts of a recorded answer as a client puts them together: where a string ends in one event, its text goes on in the
/// next string at the same place of a later event. Looks only at the events that are asked for.
internal import Intercept

struct TextPieces {
    private let bytes: [UInt8]
    private let isEventStream: Bool
    /// Where events begin, found when first needed, and their strings once they were looked at.
    private var starts: [Int] = []
    private var strings: [Int: [Piece]] = [:]

    private struct Piece {
        let place: UInt64
        /// Between the quotes.
        let range: Range<Int>
    }

    init(_ bytes: [UInt8], isEventStream: Bool) {
        self.bytes = bytes
        self.isEventStream = isEventStream
    }

    /// Where the text goes on of which a string ends at the quote at `end`; nil when that was its last piece.
    mutating func next(behind end: Int) -> Int? {
        guard isEventStream else { return nil }
        if starts.isEmpty { findEvents() }
        guard var event = starts.lastIndex(where: { $0 <= end }),
            let piece = pieces(of: event).first(where: { $0.range.upperBound == end })
        else { return nil }
        while event < starts.count {
            let next = pieces(of: event).first { $0.place == piece.place && $0.range.lowerBound > end }
            if let next { return next.range.lowerBound }
            event += 1
        }
        return nil
    }

    private mutating func findEvents() {
        starts = bytes.withUnsafeBufferPointer { bytes in
            var starts: [Int] = []
            var at = 0
            while at < bytes.count {
                starts.append(at)
                at = RawEvent(bytes, at).end
            }
            return starts
        }
    }

    /// The strings of one event that hold something.
    private mutating func pieces(of event: Int) -> [Piece] {
        if let known = strings[event] { return known }
        let end = event + 1 < starts.count ? starts[event + 1] : bytes.count
        let text = bytes[starts[event]..<end]
        var pieces: [Piece] = []
        if let from = text.firstIndex(of: UInt8(ascii: "{")), let to = text.lastIndex(of: UInt8(ascii: "}")), from < to,
            let json = try? JSON.parse(Array(text[from...to]))
        {
            PieceRedaction.strings(json) { place, range in
                pieces.append(Piece(place: place, range: range.lowerBound + from..<range.upperBound + from))
            }
        }
        strings[event] = pieces
        return pieces
    }
}
