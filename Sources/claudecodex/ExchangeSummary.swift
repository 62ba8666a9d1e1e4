internal import Intercept

/// What one exchange came to: its moments folded into the few values of a line.
struct ExchangeSummary: Sendable {
    let id: String
    let started: Timestamp
    let kind: Exchange.Kind
    let session: String?
    let agent: String?
    private(set) var ended: Timestamp?
    private(set) var firstByteMS: Double?
    private(set) var status: Int?
    private(set) var model: String?
    private(set) var usage: Usage?
    private(set) var stopReason: String?
    private(set) var tools: [ToolCall] = []
    /// Ids of the calls that were kept from the client.
    private(set) var deniedCalls: [String] = []
    private(set) var losses: [Losses.Loss] = []
    private(set) var failure: Moment.Failure?
    private(set) var outcome: Outcome?
    /// The message's JSON.
    private(set) var message: [UInt8]?
    /// The upstream asked not to be tried again.
    private(set) var isRetryForbidden = false

    init(_ exchange: Exchange) {
        id = exchange.id
        started = exchange.started
        kind = exchange.kind
        session = exchange.session
        agent = exchange.agent
    }

    var totalMS: Double? { ended?.milliseconds(since: started) }

    /// Something went wrong.
    var isError: Bool { failure != nil && (status ?? 599) >= 400 || (status ?? 0) >= 400 || outcome == .upstreamError }

    /// Whether it is shown only with `-v`: nobody waits for it.
    var isNoise: Bool { kind == .countTokens || kind == .probe || kind == .models }

    mutating func take(_ moment: Moment) {
        switch moment.event {
        case .translation(let translation): losses += translation.losses.all
        case .head(let head):
            firstByteMS = moment.time.milliseconds(since: started)
            status = head.head.status
            isRetryForbidden = head.head.headers["x-should-retry"]?.lowercased() == "false"
        case .toolCall(let made): if !deniedCalls.contains(made.call.id) { tools.append(made.call) }
        case .intercept(let act): if act.action == "deny" { deny(act.path ?? "") }
        case .response(let response): take(response)
        case .error(let failure): take(failure)
        case .end(let end):
            outcome = end.outcome
            ended = moment.time
        case .request, .upstream, .events, .check: break
        }
    }

    /// Notes a denied call, whether it is reported before or after the call itself.
    private mutating func deny(_ id: String) {
        deniedCalls.append(id)
        tools.removeAll { $0.id == id }
    }

    private mutating func take(_ response: Moment.Response) {
        status = response.status
        model = response.model
        usage = response.usage
        stopReason = response.stopReason
        message = response.message
    }

    /// An attempt that was tried again is no failure of the exchange.
    private mutating func take(_ failure: Moment.Failure) {
        if failure.isRetried || failure.stage == "record" { return }
        self.failure = failure
        if let status = failure.status { self.status = status }
    }

    /// Whether the client tries again by itself after this failure.
    var clientRetries: Bool {
        guard let status, !isRetryForbidden else { return false }
        return status == 401 || status == 408 || status == 409 || status == 429 || status >= 500
    }
}
