/// Bytes of one side of an answer with the times at which they came, until they are handed to the observers.
struct ByteTape {
    private let side: Moment.Events.Side
    private let isEventStream: Bool
    /// What came, piece by piece: shared with whoever passes it on, and joined when it is handed over.
    private var pieces: [(bytes: [UInt8], milliseconds: Double)] = []
    private var count = 0
    /// A line ended since an event's end was looked for: one long event is not joined anew for each of its pieces.
    private var mayHoldEnd = false
    private var part = 0
    private var partStarted = 0.0

    /// A part is handed over when it is this large or old.
    private static let partBytes = 1 << 20
    private static let partMS = 30_000.0

    init(_ side: Moment.Events.Side, isEventStream: Bool) {
        self.side = side
        self.isEventStream = isEventStream
    }

    mutating func append(_ more: [UInt8], at milliseconds: Double) {
        if more.isEmpty { return }
        if pieces.isEmpty { partStarted = milliseconds }
        pieces.append((more, milliseconds))
        count += more.count
        mayHoldEnd = mayHoldEnd || more.contains(0x0A)
    }

    /// What is ready to be handed over: everything when the answer is complete, else a large or old stretch up to the end
    /// of its last event.
    mutating func take(at milliseconds: Double, isComplete: Bool) -> Moment.Event? {
        if pieces.isEmpty { return nil }
        if isComplete { return .events(cut(joined(), count)) }
        guard isEventStream, mayHoldEnd, count > Self.partBytes || milliseconds - partStarted > Self.partMS else {
            return nil
        }
        mayHoldEnd = false
        let bytes = joined()
        return lastEventEnd(bytes).map { .events(cut(bytes, $0)) }
    }

    private func joined() -> [UInt8] {
        if pieces.count == 1 { return pieces[0].bytes }
        var all: [UInt8] = []
        all.reserveCapacity(count)
        for piece in pieces { all.append(contentsOf: piece.bytes) }
        return all
    }

    private func lastEventEnd(_ bytes: [UInt8]) -> Int? {
        var at = bytes.count - 1
        while at > 0 {
            if bytes[at] == 0x0A, bytes[at - 1] == 0x0A || at > 1 && bytes[at - 1] == 0x0D && bytes[at - 2] == 0x0A {
                return at + 1
            }
            at -= 1
        }
        return nil
    }

    private mutating func cut(_ bytes: [UInt8], _ end: Int) -> Moment.Events {
        var marks: [Moment.Events.Mark] = []
        marks.reserveCapacity(pieces.count)
        var offset = 0
        var last = 0.0
        for piece in pieces where offset < end {
            marks.append(.init(offset: offset, milliseconds: piece.milliseconds))
            last = piece.milliseconds
            offset += piece.bytes.count
        }
        // The rest of the last piece came when that piece came.
        let rest = Array(bytes[end..<offset])
        pieces.removeFirst(marks.count)
        if !rest.isEmpty { pieces.insert((rest, last), at: 0) }
        count -= end
        let events = Moment.Events(
            side: side, part: part, bytes: end == bytes.count ? bytes : Array(bytes[..<end]), marks: marks,
            isEventStream: isEventStream)
        part += 1
        partStarted = pieces.first?.milliseconds ?? 0
        return events
    }
}
