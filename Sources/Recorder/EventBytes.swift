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

    /// Nil when a stretch is missing.
    init?(_ lists: [TraceRecord], isEventStream: Bool) {
        for (place, record) in lists.enumerated() {
            guard record["part"]?.int == place, let events = record["events"] else { return nil }
            add(events, isBinary: record["encoding"]?.equals("base64") ?? false, isEventStream)
        }
    }

    init?(_ record: TraceRecord, isEventStream: Bool) { self.init([record], isEventStream: isEventStream) }

    /// One list.
    init(_ list: JSON, isEventStream: Bool) { add(list, isBinary: false, isEventStream) }

    private mutating func add(_ list: JSON, isBinary: Bool, _ isEventStream: Bool) {
        for event in list.elements {
            let parts = Array(event.elements)
            guard parts.count > 2 else { continue }
            mark(parts[0].milliseconds ?? 0)
            if isBinary {
                bytes += (parts[2].text?.utf8Bytes).flatMap(Base64.decodeExactly) ?? []
            } else if parts.count > 3, let exact = parts[3].text {
                bytes += exact.utf8Bytes
            } else {
                add(name: parts[1], data: parts[2], isEventStream)
            }
        }
    }

    private mutating func mark(_ milliseconds: Double) {
        guard milliseconds != lastMS else { return }
        lastMS = milliseconds
        marks.append(.init(offset: bytes.count, milliseconds: milliseconds))
    }

    private mutating func add(name: JSON, data: JSON, _ isEventStream: Bool) {
        guard isEventStream else { return append(data) }
        if name.isNull, data.isNull {
            isLossy = true
            return
        }
        if let name = name.text {
            bytes += "event: ".utf8
            bytes += name.utf8Bytes
            bytes.append(0x0A)
        }
        if !data.isNull {
            bytes += "data: ".utf8
            append(data)
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
