/// What the `events` records of an exchange hold, side by side.
internal import Intercept

/// One event of a recorded stream, or a stretch of a body: `[t_ms, name, data]` or `[t_ms, name, data, exact]`.
public struct RecordedEvent: Sendable {
    /// From the beginning of the exchange to the event's last byte.
    public let milliseconds: Double
    /// What stood behind `event:`; nil when nothing did.
    public let name: String?
    /// What stood behind `data:`; null when there was none.
    let value: JSON
    /// The event's whole text, where it was spelled otherwise.
    let exact: [UInt8]?

    init?(_ json: JSON) {
        let parts = Array(json.elements)
        guard parts.count >= 3 else { return nil }
        milliseconds = parts[0].milliseconds ?? 0
        name = parts[1].string
        value = parts[2]
        exact = parts.count > 3 ? parts[3].text?.utf8Bytes : nil
    }

    /// The exact text behind `data:`; nil when there was none.
    public var data: [UInt8]? {
        value.isNull ? nil : value.isString ? value.text?.utf8Bytes : Array(value.raw)
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
