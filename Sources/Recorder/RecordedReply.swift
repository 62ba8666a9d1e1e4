/// The bytes of an answer, as far as the trace holds them.
internal import Intercept

public struct RecordedReply: Sendable {
    /// Up to the first stretch that is missing.
    public let bytes: [UInt8]
    /// Server-sent events; otherwise one body, or a stream in another form.
    public let isEventStream: Bool
    /// Milliseconds from the beginning of the exchange to the first and the last byte.
    public let firstMS: Double
    public let lastMS: Double
    /// What is missing, in a sentence without its full stop; nil when all of it is here.
    public let gap: String?
    /// Comments of the stream were not recorded.
    let isLossy: Bool

    public var isWhole: Bool { gap == nil }

    /// What went to the client (`client`), or came from the service at the last attempt (`upstream`). Nil when the trace
    /// holds nothing of it: an answer that passed through is recorded once, as `upstream`.
    public init?(_ exchange: RecordedExchange, side: String) {
        let all = exchange.records("events").filter { $0["side"]?.equals(side) ?? false }
        if all.isEmpty { return nil }
        let parts = Array(all[(all.lastIndex { $0["part"]?.int == 0 } ?? 0)...])
        let known = parts.enumerated().prefix { $0.element["part"]?.int == $0.offset && $0.element["events"] != nil }
            .map(\.element)
        let isStream = Self.isNamedStream(exchange, side, parts)
        let found = EventBytes(known, isEventStream: isStream)
        gap = Self.gap(parts, known.count, isDamaged: found == nil, side)
        bytes = found?.bytes ?? []
        guard !bytes.isEmpty || gap != nil else { return nil }
        isEventStream = isStream
        (firstMS, lastMS) = (found?.marks.first?.milliseconds ?? 0, found?.marks.last?.milliseconds ?? 0)
        isLossy = found?.isLossy ?? false
    }

    private static func gap(_ parts: [TraceRecord], _ known: Int, isDamaged: Bool, _ side: String) -> String? {
        if isDamaged { return "a stretch of the answer is damaged in the trace (side \(side))" }
        guard known < parts.count else { return nil }
        let place = "(side \(side), part \(known)); what comes behind it is left out"
        let isRedacted = parts[known]["part"]?.int == known && parts[known]["events_dropped"] != nil
        return isRedacted
            ? "redaction left out a stretch of the answer \(place)"
            : "a stretch of the answer is not in the trace \(place)"
    }

    /// A stream has names, texts of its own, or several events; a service that names no event says so in its head.
    private static func isNamedStream(_ exchange: RecordedExchange, _ side: String, _ parts: [TraceRecord]) -> Bool {
        if parts.contains(where: { $0["encoding"] != nil }) { return false }
        let events = parts.flatMap { ($0["events"]?.elements).map { $0.compactMap(RecordedEvent.init) } ?? [] }
        return events.count > 1 || events.contains { $0.name != nil || $0.exact != nil }
            || side == "upstream" && (exchange.mediaType?.hasPrefix("text/event-stream") ?? false)
    }
}

extension RecordedExchange {
    /// What the service said its last answer is, in lower case: `text/event-stream; charset=utf-8`.
    var mediaType: String? { last("head")?.header("content-type")?.lowercased() }

    /// What the client got: recorded as such where it was translated, else the service's own bytes.
    public var clientReply: RecordedReply? {
        RecordedReply(self, side: "client") ?? RecordedReply(self, side: "upstream")
    }

    /// What of the answer's bytes is missing, a sentence for each side.
    public var lostStretches: [String] { ["upstream", "client"].compactMap { RecordedReply(self, side: $0)?.gap } }

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
