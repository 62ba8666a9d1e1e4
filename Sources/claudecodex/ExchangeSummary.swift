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
    /// The client's name for the model.
    private(set) var model: String?
    /// The model that the service was asked for.
    private(set) var upstreamModel: String?
    private(set) var usage: Usage?
    private(set) var firstTokenMS: Double?
    private(set) var stopReason: String?
    private(set) var tools: [ToolCall] = []
    /// Ids of the calls that were kept from the client.
    private(set) var deniedCalls: [String] = []
    /// What was done on purpose to the answer: `429`, `cut`.
    private(set) var faults: [String] = []
    private(set) var failure: Moment.Failure?
    private(set) var outcome: Outcome?
    /// The message's JSON.
    private(set) var message: [UInt8]?
    private var noted = Losses()
    /// `x-should-retry` of the upstream's or of our own answer.
    private var shouldRetry: Bool?
    /// How a recorded session answered.
    private(set) var replay: Moment.Replay?
    /// The body of an answer without success.
    private var refusal: [UInt8]?
    /// The URL of the last attempt.
    private var url: String?

    init(_ exchange: Exchange) {
        id = exchange.id
        started = exchange.started
        kind = exchange.kind
        session = exchange.session
        agent = exchange.agent
    }

    /// What was lost in translation; a second attempt does not repeat the first one's.
    var losses: [Losses.Loss] { noted.all }

    /// What it cost; nil when there was nothing to pay for.
    func charge(_ prices: PriceList) -> Charge? {
        replay?.action == .answer ? nil : prices.charge(usage, upstreamModel: upstreamModel, model: model)
    }

    var totalMS: Double? { ended?.milliseconds(since: started) }

    /// Something went wrong.
    var isError: Bool { failure != nil && (status ?? 599) >= 400 || (status ?? 0) >= 400 || outcome == .upstreamError }

    /// The model's answer did not reach the client whole: something went wrong, or it was refused or broken off on purpose.
    var isUnanswered: Bool { isError || outcome == .refused }

    /// Whether it is shown only with `-v`: nobody waits for it.
    var isNoise: Bool { kind == .countTokens || kind == .probe || kind == .models }

    mutating func take(_ moment: Moment) {
        switch moment.event {
        case .request(let request): model = request.body?["model"]?.string
        case .translation(let translation):
            for loss in translation.losses.all { noted.add(loss) }
            asked(translation.upstreamModel)
        case .upstream(let upstream):
            url = upstream.url
            asked(upstream.model)
        case .head(let head):
            firstByteMS = moment.time.milliseconds(since: started)
            status = head.head.status
            shouldRetry = head.head.headers["x-should-retry"].map { $0.lowercased() == "true" }
        case .replay(let found): replay = found
        case .toolCall(let made): if !deniedCalls.contains(made.call.id) { tools.append(made.call) }
        case .intercept(let act): take(act)
        case .response(let response): take(response)
        case .error(let failure): take(failure)
        case .end(let end):
            outcome = end.outcome
            ended = moment.time
        case .events, .check: break
        }
    }

    private mutating func take(_ act: Moment.Intercept) {
        if act.by == Faults.name {
            // `status=529 if kind=main` names the status.
            let words = act.action == "refuse" ? Faults.status(in: act.after ?? "") : act.action
            faults.append(words)
        } else if act.action == "deny" {
            deny(act.path ?? "")
        }
    }

    /// Notes a denied call, whether it is reported before or after the call itself.
    private mutating func deny(_ id: String) {
        deniedCalls.append(id)
        tools.removeAll { $0.id == id }
    }

    private mutating func asked(_ name: String) { if !name.isEmpty { upstreamModel = name } }

    private mutating func take(_ response: Moment.Response) {
        status = response.status
        if !response.model.isEmpty { model = response.model }
        usage = response.usage
        firstTokenMS = response.firstTokenMS
        stopReason = response.stopReason
        message = response.message
        if response.status >= 400 { refusal = response.body }
        if let told = response.shouldRetry { shouldRetry = told }
    }

    /// An attempt that was tried again is no failure of the exchange.
    private mutating func take(_ failure: Moment.Failure) {
        if failure.isRetried || failure.stage == "record" { return }
        self.failure = failure
        if let status = failure.status { self.status = status }
    }

    /// Whether the client tries again by itself after this failure.
    var clientRetries: Bool {
        guard let status, status >= 400 else { return false }
        return shouldRetry ?? (status == 401 || status == 408 || status == 409 || status == 429 || status >= 500)
    }

    /// What went wrong: the failure's kind and words, else those of the error that the client was sent.
    var problem: (kind: String, message: String) {
        if let failure { return (failure.kind, failure.message) }
        let error = refusal.flatMap { try? JSON.parse($0) }?["error"]
        let kind = error?["type"]?.string ?? status.map { MessageError.type(for: $0) } ?? "error"
        return (kind, error?["message"]?.string ?? "")
    }

    /// `127.0.0.1:11434`: the upstream to which there was no connection; nil when that was not the problem.
    var unreached: String? {
        guard failure?.stage == "connect", let url, let scheme = url.firstIndex(of: ":") else { return nil }
        let authority = url[scheme...].drop { $0 == ":" || $0 == "/" }.prefix { !"/?#".contains($0) }
        return String(authority[(authority.lastIndex(of: "@").map(authority.index(after:)) ?? authority.startIndex)...])
    }
}
