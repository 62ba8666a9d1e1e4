/// One request and its answer: what hooks and records know of it.
public final class Exchange: Sendable {
    /// What a request is for; hides noise from readers.
    public enum Kind: String, Sendable {
        case main, subagent, countTokens = "count_tokens", compact, webSearch = "web_search", models, probe, other
    }

    /// UUIDv7.
    public let id: String
    public let started: Timestamp
    public let startedMonotonic: Monotonic
    public let kind: Kind
    /// `x-claude-code-session-id`, else the session in `metadata.user_id`.
    public let session: String?
    /// `x-claude-code-agent-id`, only on requests of sub-agents.
    public let agent: String?
    public let parentAgent: String?
    /// From `traceparent`, if the client sent one.
    public let traceID: String?
    /// For interceptors that take their time over a request.
    public let departure = Departure()
    private let observers: [any Observer]

    public init(
        id: String = Identifier.uuid7(), started: Timestamp = .now(), startedMonotonic: Monotonic = .now(),
        kind: Kind = .main, session: String? = nil, agent: String? = nil, parentAgent: String? = nil,
        traceID: String? = nil, observers: [any Observer] = []
    ) {
        self.id = id
        self.started = started
        self.startedMonotonic = startedMonotonic
        self.kind = kind
        self.session = session
        self.agent = agent
        self.parentAgent = parentAgent
        self.traceID = traceID
        self.observers = observers
    }

    /// `req_…`: the id in the answer's `request-id` header and in error bodies.
    public var requestID: String {
        String(decoding: Array("req_".utf8) + id.utf8.filter { $0 != UInt8(ascii: "-") }, as: UTF8.self)
    }

    /// Whether anybody listens: saves preparing what nobody would see.
    public var isObserved: Bool { !observers.isEmpty }

    /// Tells all observers, in order.
    public func record(_ event: Moment.Event) {
        guard isObserved else { return }
        let moment = Moment(exchange: self, time: .now(), event: event)
        for observer in observers { observer.observe(moment) }
    }

    /// Milliseconds since the request began.
    public var elapsedMS: Double { Monotonic.now().milliseconds(since: startedMonotonic) }
}
