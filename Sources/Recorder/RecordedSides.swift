/// What the `events` records of an exchange hold, side by side.
internal import Intercept

/// One event of a recorded stream.
public struct RecordedEvent: Sendable {
    /// What stood behind `event:`; nil when nothing did.
    public let name: String?
    /// The exact text behind `data:`; nil when there was none.
    public let data: [UInt8]?
    /// The event's whole text, where it has a spelling of its own.
    public let exact: [UInt8]?

    init?(_ json: JSON) {
        let parts = Array(json.elements)
        guard parts.count >= 3 else { return nil }
        name = parts[1].string
        data = parts[2].isNull ? nil : parts[2].isString ? parts[2].text?.utf8Bytes : Array(parts[2].raw)
        exact = parts.count > 3 ? parts[3].text?.utf8Bytes : nil
    }

    /// As it stood in the stream.
    var bytes: [UInt8] {
        if let exact { return exact }
        var out: [UInt8] = []
        if let name { out += Array("event: \(name)\n".utf8) }
        if let data { out += Array("data: ".utf8) + data + [0x0A] }
        return out + [0x0A]
    }
}

/// One side of an exchange: its events in order.
public struct RecordedSide: Sendable {
    public private(set) var events: [RecordedEvent] = []
    /// The bytes of an answer that is no text.
    private var binary: [UInt8] = []
    private var isBinary = false
    /// Something of it is missing: a stretch was left out or cannot be read.
    public private(set) var isDamaged = false
    public private(set) var isEmpty = true

    public init() {}

    /// Takes the next record of this side.
    public mutating func add(_ record: TraceRecord) {
        isEmpty = false
        guard let list = record["events"] else {
            isDamaged = true
            return
        }
        isBinary = isBinary || record["encoding"]?.equals("base64") ?? false
        for element in list.elements {
            guard let event = RecordedEvent(element) else {
                isDamaged = true
                continue
            }
            guard isBinary else {
                events.append(event)
                continue
            }
            guard let piece = event.data.flatMap(Base64.decodeExactly) else {
                isDamaged = true
                continue
            }
            binary += piece
        }
    }

    /// The body's bytes. A body that is no event stream is one event without a name.
    public func bytes(isEventStream: Bool) -> [UInt8] {
        if isBinary { return binary }
        return isEventStream ? events.flatMap(\.bytes) : events.flatMap { $0.data ?? [] }
    }
}
