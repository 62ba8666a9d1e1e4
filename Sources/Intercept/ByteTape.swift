/// Bytes of one side of an answer with the times at which they came, until they are handed to the observers.
struct ByteTape {
    private let side: Moment.Events.Side
    private let isEventStream: Bool
    private var bytes: [UInt8] = []
    private var marks: [Moment.Events.Mark] = []
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
        if bytes.isEmpty { partStarted = milliseconds }
        marks.append(.init(offset: bytes.count, milliseconds: milliseconds))
        bytes.append(contentsOf: more)
    }

    /// What is ready to be handed over: everything when the answer is complete, else a large or old stretch up to the end
    /// of its last event.
    mutating func take(at milliseconds: Double, isComplete: Bool) -> Moment.Event? {
        guard !bytes.isEmpty else { return nil }
        if isComplete { return .events(cut(bytes.count)) }
        guard isEventStream, bytes.count > Self.partBytes || milliseconds - partStarted > Self.partMS,
            let end = lastEventEnd()
        else { return nil }
        return .events(cut(end))
    }

    private func lastEventEnd() -> Int? {
        var at = bytes.count - 1
        while at > 0 {
            if bytes[at] == 0x0A, bytes[at - 1] == 0x0A || at > 1 && bytes[at - 1] == 0x0D && bytes[at - 2] == 0x0A {
                return at + 1
            }
            at -= 1
        }
        return nil
    }

    private mutating func cut(_ end: Int) -> Moment.Events {
        let first = marks.firstIndex { $0.offset >= end } ?? marks.count
        let events = Moment.Events(
            side: side, part: part, bytes: Array(bytes[..<end]), marks: Array(marks[..<first]),
            isEventStream: isEventStream)
        let last = marks[..<first].last?.milliseconds ?? 0
        bytes.removeFirst(end)
        marks = marks[first...].map { .init(offset: $0.offset - end, milliseconds: $0.milliseconds) }
        if !bytes.isEmpty, marks.first?.offset != 0 { marks.insert(.init(offset: 0, milliseconds: last), at: 0) }
        part += 1
        partStarted = marks.first?.milliseconds ?? 0
        return events
    }
}
