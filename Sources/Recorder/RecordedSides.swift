/// What the `events` records of an exchange hold, side by side.
internal import Intercept

/// One event of a recorded stream.
public struct RecordedEvent: Sendable {
    /// What stood behind `event:`; nil when nothing did.
    public let name: String?
    /// The exact text behind `data:`; nil when there was none.
    public let data: [UInt8]?

    init?(_ json: JSON) {
        let parts = Array(json.elements)
        guard parts.count >= 3 else { return nil }
        name = parts[1].string
        data = parts[2].isNull ? nil : parts[2].isString ? parts[2].text?.utf8Bytes : Array(parts[2].raw)
    }
}

/// One side of an exchange, record by record.
public struct RecordedSide: Sendable {
    private var records: [TraceRecord] = []

    public init() {}

    /// Takes the next record of this side.
    public mutating func add(_ record: TraceRecord) { records.append(record) }

    public var isEmpty: Bool { records.isEmpty }

    /// The events of a stream that is text.
    public var events: [RecordedEvent] {
        records.flatMap { record in (record["events"]?.elements).map { $0.compactMap(RecordedEvent.init) } ?? [] }
    }

    /// The body's bytes; nil where a stretch is missing.
    public func bytes(isEventStream: Bool) -> [UInt8]? { EventBytes(records, isEventStream: isEventStream)?.bytes }
}
