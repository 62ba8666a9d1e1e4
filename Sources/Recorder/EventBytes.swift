/// From the lists of `events` records back to the bytes of a side.
internal import Intercept

struct EventBytes {
    private(set) var bytes: [UInt8] = []
    private(set) var marks: [Moment.Events.Mark] = []
    /// Something stood between the events that redaction has left out.
    private(set) var isLossy = false
    private var lastMS = -1.0

    /// The `events` records of one side, in order.
    static func lists(_ records: [TraceRecord], _ side: Moment.Events.Side) -> [TraceRecord] {
        records.filter { $0.type == "events" && $0["side"]?.equals(side.rawValue) ?? false }
    }

    /// Nil when a stretch is missing, or holds what is no event or no base64.
    init?(_ lists: [TraceRecord], isEventStream: Bool) {
        for (place, record) in lists.enumerated() {
            guard record["part"]?.int == place, let events = record["events"],
                add(events, isBinary: record["encoding"]?.equals("base64") ?? false, isEventStream)
            else { return nil }
        }
    }

    init?(_ record: TraceRecord, isEventStream: Bool) { self.init([record], isEventStream: isEventStream) }

    /// One list.
    init(_ list: JSON, isEventStream: Bool) { _ = add(list, isBinary: false, isEventStream) }

    private mutating func add(_ list: JSON, isBinary: Bool, _ isEventStream: Bool) -> Bool {
        for element in list.elements {
            guard let event = RecordedEvent(element) else { return false }
            mark(event.milliseconds)
            if isBinary {
                guard let piece = (event.value.text?.utf8Bytes).flatMap(Base64.decodeExactly) else { return false }
                bytes += piece
            } else if let exact = event.exact {
                bytes += exact
            } else {
                add(event, isEventStream)
            }
        }
        return true
    }

    private mutating func mark(_ milliseconds: Double) {
        guard milliseconds != lastMS else { return }
        lastMS = milliseconds
        marks.append(.init(offset: bytes.count, milliseconds: milliseconds))
    }

    private mutating func add(_ event: RecordedEvent, _ isEventStream: Bool) {
        guard isEventStream else { return append(event.value) }
        if event.name == nil, event.value.isNull {
            isLossy = true
            return
        }
        if let name = event.name {
            bytes += "event: ".utf8
            bytes += name.utf8
            bytes.append(0x0A)
        }
        if !event.value.isNull {
            bytes += "data: ".utf8
            append(event.value)
            bytes.append(0x0A)
        }
        bytes.append(0x0A)
    }

    private mutating func append(_ data: JSON) {
        if let text = data.text { bytes += text.utf8Bytes } else if !data.isNull { bytes += data.raw }
    }

    /// The first event, or the body, is one of the Messages API.
    var speaksMessages: Bool {
        let start = bytes.prefix(512)
        return [#""type":"message_start""#, #""type": "message_start""#, #""type":"message""#, #""type": "message""#]
            .contains { start.span.find(Array($0.utf8), in: 0..<start.count) != nil }
    }
}
