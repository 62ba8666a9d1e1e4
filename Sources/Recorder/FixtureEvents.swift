/// The events that a client got, without what changes from run to run: the message's id, and estimates of tokens.
internal import Intercept

enum FixtureEvents {
    /// The service's own events, of an answer that passed through.
    static func bytes(_ reply: RecordedReply) -> [UInt8]? {
        guard let events = events(reply, { $0 }) else { return nil }
        var out = JSONWriter(capacity: reply.bytes.count)
        for event in events { named(event).write(into: &out) }
        return out.bytes
    }

    private static func named(_ event: MessageEvent) -> MessageEvent {
        guard case .messageStart(var start) = event else { return event }
        start.id = "msg_fixture"
        return .messageStart(start)
    }

    /// What a translation made of the answer.
    ///
    /// - Parameter isInvoke: the service counts tokens at the beginning itself.
    static func bytes(_ exchange: RecordedExchange, isInvoke: Bool) -> [UInt8]? {
        guard let reply = RecordedReply(exchange, side: "client"), let events = events(reply, whole) else { return nil }
        let isEstimated = exchange.response?["usage_estimated"]?.bool ?? false
        var out = JSONWriter(capacity: reply.bytes.count)
        var last: MessageEvent?
        for event in events {
            defer { last = event }
            switch event {
            case .messageStart(var start):
                start.id = "msg_fixture"
                if isEstimated || reply.isEventStream && !isInvoke { start.usage = Usage() }
                MessageEvent.messageStart(start).write(into: &out)
            case .messageDelta(var delta):
                if isEstimated { delta.usage = Usage() }
                MessageEvent.messageDelta(delta).write(into: &out)
            case .ping:
                // The others were sent because the service was silent.
                if case .messageStart? = last { event.write(into: &out) }
            default: event.write(into: &out)
            }
        }
        return out.bytes
    }

    private static func events(
        _ reply: RecordedReply, _ whole: ([MessageEvent]) -> [MessageEvent]?
    ) -> [MessageEvent]? {
        guard reply.isEventStream else {
            guard let message = try? JSON.parse(reply.bytes) else { return nil }
            let events = MessageEvent.all(of: message)
            return events.isEmpty ? nil : whole(events)
        }
        return try? StreamedEvents.read(reply.bytes)
    }

    /// The events from which a whole answer was put together: tokens that were written are known at its end.
    private static func whole(_ events: [MessageEvent]) -> [MessageEvent]? {
        guard case .messageStart(var start)? = events.first else { return nil }
        start.usage.output = 0
        start.usage.thinking = nil
        return [.messageStart(start), .ping] + events.dropFirst()
    }
}

/// The events of a stream's bytes.
enum StreamedEvents {
    static func read(_ bytes: [UInt8]) throws(TranslationError) -> [MessageEvent] {
        var parser = SSEParser()
        var events: [MessageEvent] = []
        let all = bytes[...]
        try parser.feed(all.span) { (event) throws(TranslationError) in
            if !event.isComment { events.append(MessageEvent(event)) }
        }
        try parser.finish { (event) throws(TranslationError) in events.append(MessageEvent(event)) }
        return events
    }
}
