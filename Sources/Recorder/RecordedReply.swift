/// The bytes of an answer, put together from the events of a trace.
internal import Intercept

public struct RecordedReply: Sendable {
    public let bytes: [UInt8]
    /// Server-sent events; otherwise one body, or a stream in another form.
    public let isEventStream: Bool
    /// Milliseconds from the beginning of the exchange to the first and the last byte.
    public let firstMS: Double
    public let lastMS: Double
    /// False where redaction had to leave out a stretch.
    public let isWhole: Bool

    /// What went to the client (`client`), or came from the service at the last attempt (`upstream`). Nil when the trace
    /// holds nothing of it: an answer that passed through is recorded once, as `upstream`.
    public init?(_ exchange: RecordedExchange, side: String) {
        let all = exchange.records("events").filter { $0["side"]?.equals(side) ?? false }
        guard let begin = all.lastIndex(where: { $0["part"]?.int == 0 }) else { return nil }
        let parts = all[begin...]
        var (bytes, hasFields, first, last): ([UInt8], Bool, Double?, Double) = ([], false, nil, 0)
        let isStream = Self.isNamedStream(exchange, side, parts)
        for part in parts {
            let isBinary = part["encoding"]?.equals("base64") ?? false
            for piece in Self.pieces(part) {
                last = piece[0].double ?? last
                first = first ?? last
                hasFields = true
                Self.append(piece, isBinary: isBinary, isStream: isStream, to: &bytes)
            }
        }
        guard hasFields, let first else { return nil }
        self.bytes = bytes
        isEventStream = isStream
        (firstMS, lastMS) = (first, last)
        isWhole = parts.allSatisfy { $0["events_dropped"] == nil }
    }

    /// A stream has names, texts of its own, or several events; a service that names no event says so in its head.
    private static func isNamedStream(
        _ exchange: RecordedExchange, _ side: String, _ parts: ArraySlice<TraceRecord>
    ) -> Bool {
        if parts.contains(where: { $0["encoding"] != nil }) { return false }
        let isNamed = parts.contains { part in
            Self.pieces(part).contains { $0.count > 3 || $0[1].isString }
        }
        return isNamed || parts.reduce(0) { $0 + Self.pieces($1).count } > 1
            || side == "upstream" && (exchange.mediaType?.hasPrefix("text/event-stream") ?? false)
    }

    /// The events of a record, each `[t_ms, name, data]` or one more.
    private static func pieces(_ part: TraceRecord) -> [[JSON]] {
        (part["events"]?.elements.map { Array($0.elements) } ?? []).filter { $0.count >= 3 }
    }

    private static func append(_ piece: [JSON], isBinary: Bool, isStream: Bool, to bytes: inout [UInt8]) {
        if piece.count > 3, let exact = piece[3].text {
            bytes += exact.utf8Bytes
        } else if isBinary {
            bytes += piece[2].text.map { Base64.decode($0.utf8Bytes) ?? [] } ?? []
        } else if isStream {
            if let name = piece[1].text { bytes += Array("event: ".utf8) + name.utf8Bytes + [0x0A] }
            bytes += Array("data: ".utf8) + data(piece[2]) + [0x0A, 0x0A]
        } else {
            bytes += data(piece[2])
        }
    }

    private static func data(_ json: JSON) -> [UInt8] {
        json.isNull ? [] : json.text?.utf8Bytes ?? Array(json.raw)
    }
}

extension RecordedExchange {
    /// What the service said its last answer is, in lower case: `text/event-stream; charset=utf-8`.
    var mediaType: String? { last("head")?.header("content-type")?.lowercased() }

    /// What the client got: recorded as such where it was translated, else the service's own bytes.
    public var clientReply: RecordedReply? {
        RecordedReply(self, side: "client") ?? RecordedReply(self, side: "upstream")
    }

    /// Whether the client got other bytes than the service sent.
    public var isTranslated: Bool { records("events").contains { $0["side"]?.equals("client") ?? false } }
}

extension TraceRecord {
    /// The first value of a header field.
    public func header(_ name: String) -> String? {
        json["headers"]?.elements.first { HTTPFields.same($0["name"]?.string ?? "", name) }?["value"]?.string
    }

    /// The header fields in their order.
    public var headers: [(name: String, value: String)] {
        json["headers"]?.elements.map { ($0["name"]?.string ?? "", $0["value"]?.string ?? "") } ?? []
    }
}
