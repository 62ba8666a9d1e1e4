/// One request with what its service read from the prompt cache and wrote to it, and why it did not read more.
public import Intercept

public struct CacheTurn: Sendable {
    /// The conversation it is part of. Side requests of a session (a title, a web search) are conversations of their own.
    public struct Conversation: Hashable, Sendable {
        public let session: String
        public let agent: String
        public let kind: String
        /// Tells apart conversations of which all that is the same; from 1.
        public internal(set) var thread: Int
    }

    /// The request that this one was compared with.
    public struct Base: Sendable {
        public let id: String
        public let number: Int
    }

    public internal(set) var conversation: Conversation
    /// Counts the Messages requests of the session.
    public let number: Int
    public let id: String
    /// RFC 3339.
    public let time: String
    /// What the client asked for, who answered, and that service's name of the model.
    public let model: String
    public let backend: String
    public let upstreamModel: String
    /// What the client got; nil when the trace ends before.
    public let status: Int?
    /// How it ended: `ok`, `client_gone`, `upstream_error`, `refused`; nil when the trace ends before.
    public let outcome: String?
    /// Whether the service said how many tokens there were. The counts are 0 otherwise.
    public let isCounted: Bool
    /// Tokens: the whole prompt, of that read from the cache, and written to it.
    public let prompt: Int
    public let read: Int
    public let written: Int
    /// What could have been read: what the request before had left in the cache, and no more than the prompt.
    public internal(set) var expected = 0
    /// Nil for the first request of a conversation.
    public internal(set) var base: Base?
    /// Nil when it was a hit, or nothing is known.
    public internal(set) var miss: CacheMiss?
    /// What the service itself says (`diagnostics.cache_miss_reason`).
    public let serverReason: String?
    /// The service keeps what is marked, and not every prefix by itself.
    public internal(set) var isExplicit = true

    /// Share of the prompt that was read from the cache, 0 to 1.
    public var hit: Double? { prompt > 0 ? Double(read) / Double(prompt) : nil }

    /// What the service counted.
    let usage: Usage?

    /// Tokens that were in the cache and had to be read or written again.
    public var missedTokens: Int { miss == nil ? 0 : max(0, expected - read) }

    /// What the miss cost, in dollars: the answer's price less what it would have been with the missed tokens read from the
    /// cache. Nil for hits, and where a price is not known.
    public func missedDollars(_ prices: PriceList) -> Double? {
        guard missedTokens > 0, let usage else { return nil }
        var better = usage
        let written = min(missedTokens, usage.cacheCreation)
        let plain = min(missedTokens - written, usage.input)
        better.cacheCreation -= written
        better.cacheCreationHour = usage.cacheCreationHour.map { min($0, better.cacheCreation) }
        better.input -= plain
        better.cacheRead += written + plain
        let charges = [usage, better].map { prices.charge($0, upstreamModel: upstreamModel, model: model)?.dollars }
        guard let paid = charges[0], let least = charges[1] else { return nil }
        return max(0, paid - least)
    }

    init(_ exchange: RecordedExchange, backend: String, thread: Int) {
        let response = exchange.response
        let usage = response?["usage_estimated"]?.bool ?? false ? nil : response.flatMap(RecordedUsage.init)
        conversation = Conversation(
            session: exchange.session ?? "", agent: exchange.agent, kind: exchange.kind, thread: thread)
        number = exchange.number ?? 0
        id = exchange.id
        time = exchange.time
        model = exchange.model ?? ""
        self.backend = response?["backend"]?.string ?? exchange.last("translation")?["backend"]?.string ?? backend
        let named = exchange.last("upstream")?["model"] ?? exchange.last("translation")?["upstream_model"]
        upstreamModel = named?.string ?? exchange.model ?? ""
        status = response?["status"]?.int
        outcome = exchange.outcome
        self.usage = usage == nil ? nil : response.flatMap(RecordedUsage.counts)
        isCounted = usage != nil && usage?.prompt ?? 0 > 0
        prompt = usage?.prompt ?? 0
        read = usage?.cacheRead ?? 0
        written = usage?.cacheWritten ?? 0
        serverReason = ServerReason.find(exchange)
    }
}

/// The service's own word for a miss, which stands in a `message_start` or in the message.
enum ServerReason {
    private static let name = Array("\"cache_miss_reason\"".utf8)

    static func find(_ exchange: RecordedExchange) -> String? {
        exchange.records.lazy.filter { $0.type == "events" || $0.type == "response" }.compactMap(find).first
    }

    private static func find(_ record: TraceRecord) -> String? {
        let bytes = record.json.document.bytes
        guard bytes.span.find(name, in: 0..<bytes.count) != nil else { return nil }
        if let reason = reason(record["message"]) ?? reason(record["body"]) { return reason }
        return record["events"]?.elements.lazy.compactMap { event in
            event.elements.lazy.compactMap { reason($0) ?? reason($0["message"]) ?? reason($0["delta"]) }.first
        }.first
    }

    /// A word, or an object with the word as its type.
    private static func reason(_ json: JSON?) -> String? {
        guard let json, json.isObject, let found = json["diagnostics"]?["cache_miss_reason"] else { return nil }
        return found.string ?? found["type"]?.string
    }
}
