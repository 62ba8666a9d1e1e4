/// What is put together for one proxy: who answers, who listens in, who writes it down.
public struct Service: Sendable {
    public let backend: any Backend
    /// What goes wrong on purpose.
    public let faults: (any FaultSource)?
    /// In the order of execution.
    public let interceptors: [any Interceptor]
    /// Knows answers before the backend is asked.
    public let source: (any AnswerSource)?
    public let observers: [any Observer]
    public let version: String
    /// A request that would lose something on its way is refused: see ``Losses/refusal(by:)``.
    public let isStrict: Bool
    /// One JSON object for `/health`: what the recorder has to say.
    public let health: @Sendable () -> String?
    /// One JSON object for `/v1/claudecodex/sessions/ID/stats`; nil for a session that is not known.
    public let sessionStats: @Sendable (String) -> [UInt8]?

    public init(
        backend: any Backend, faults: (any FaultSource)? = nil, interceptors: [any Interceptor] = [],
        source: (any AnswerSource)? = nil, observers: [any Observer] = [], version: String = "0",
        isStrict: Bool = false, health: @escaping @Sendable () -> String? = { nil },
        sessionStats: @escaping @Sendable (String) -> [UInt8]? = { _ in nil }
    ) {
        self.backend = backend
        self.faults = faults
        self.interceptors = interceptors
        self.source = source
        self.observers = observers
        self.version = version
        self.isStrict = isStrict
        self.health = health
        self.sessionStats = sessionStats
    }

    var backendName: String { type(of: backend).name }
}
