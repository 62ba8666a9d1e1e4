/// One Messages request being answered: what every step of its way needs.
final class Turn {
    var request: MessageRequest
    let chain: Chain
    let exchange: Exchange
    let client: Connection
    /// Who answers, for the trace.
    var backend: String
    let limits: Limits
    let calibration: Calibration
    private let learns: Bool

    init(
        request: MessageRequest, chain: Chain, exchange: Exchange, client: Connection, backend: String, limits: Limits,
        calibration: Calibration, learns: Bool
    ) {
        self.request = request
        self.chain = chain
        self.exchange = exchange
        self.client = client
        self.backend = backend
        self.limits = limits
        self.calibration = calibration
        self.learns = learns
    }

    /// Learns from what a service says that this request's prompt was. After the answer, so that nobody waits for it.
    func learn(_ usage: Usage) {
        guard learns, request.endpoint == .messages, !usage.isEstimate, usage.prompt > 0 else { return }
        guard calibration.isDue(request.model) else { return }
        calibration.learn(request.body, model: request.model, reported: usage.prompt)
    }
}

/// The attempts of one exchange at its upstream.
final class Attempt<B: Backend> {
    private let backend: B
    private let request: MessageRequest
    private let exchange: Exchange
    private var losses = Losses()
    /// What goes out next; nil when there is nothing more to try.
    private(set) var sent: UpstreamRequest?
    /// 1 for the first.
    private(set) var number = 1
    private var next = NextTry()
    /// How long to wait before `sent` goes out, in milliseconds.
    var pauseMS: Int { next.pauseMS }
    /// What translating took.
    let microseconds: Double
    /// A grave loss ends the exchange instead of being recorded only.
    private let isStrict: Bool

    init(_ backend: B, _ request: MessageRequest, _ exchange: Exchange, isStrict: Bool = false) throws(MessageError) {
        self.backend = backend
        self.request = request
        self.exchange = exchange
        self.isStrict = isStrict
        if !B.speaksMessages { try RequestShape.check(request.body) }
        let began = Monotonic.now()
        do { sent = try backend.translate(request, &losses) } catch { throw error.error }
        microseconds = Monotonic.now().milliseconds(since: began) * 1000
        recordTranslation()
        try checkLosses()
    }

    private func checkLosses() throws(MessageError) {
        if isStrict, let refusal = losses.refusal(by: B.name) { throw refusal }
    }

    /// Asks the backend for another request after a refusal, or whether the same one may work after a pause. Throws when
    /// the other one would lose what may not be lost.
    func mend(_ head: UpstreamHead, _ body: [UInt8]) throws(MessageError) -> Bool {
        guard let last = sent else { return false }
        let before = losses.all.count
        sent = next.after(last, backend, request, head, body, &losses)
        number += 1
        if losses.all.count > before { recordTranslation() }
        if sent != nil { try checkLosses() }
        return sent != nil
    }

    private func recordTranslation() {
        exchange.record(
            .translation(
                .init(backend: B.name, upstreamModel: sent?.model ?? "", microseconds: microseconds, losses: losses)))
    }

    /// What was lost on the way back.
    func recordLosses(_ reply: Losses) {
        guard !reply.isEmpty else { return }
        exchange.record(
            .translation(.init(backend: B.name, upstreamModel: sent?.model ?? "", microseconds: 0, losses: reply)))
    }

    func headMoment(_ head: UpstreamHead, _ transfer: Transfer) -> Moment.Head {
        .init(attempt: number, head: head, transfer, exchange)
    }

    /// - Parameter body: what the service said; kept unless it goes to the client as it is.
    func recordFailure(_ error: MessageError, _ head: UpstreamHead, _ body: [UInt8], isRetried: Bool) {
        let isKept = (isRetried || !B.speaksMessages) && body.count <= Self.longestRefusal
        exchange.record(
            .error(
                .init(
                    stage: "upstream", kind: error.type, message: error.message, status: head.status,
                    isRetried: isRetried, body: isKept ? body : nil)))
    }

    /// Nobody needs more of a refusal.
    private static var longestRefusal: Int { 64 << 10 }

    /// Fields of the service's answer that are worth showing to the client.
    func fields(_ head: UpstreamHead) -> HTTPFields {
        HTTPFields(head.headers.fields.filter { $0.name.lowercased().hasPrefix("anthropic-ratelimit-") })
    }
}

extension Moment.Head {
    init(attempt: Int, head: UpstreamHead, _ transfer: Transfer, _ exchange: Exchange) {
        self.init(
            attempt: attempt, head: head, connectMS: transfer.connectMS, tlsMS: transfer.tlsMS,
            reused: transfer.isReused, firstByteMS: exchange.elapsedMS)
    }
}

/// What the client is told about a failure, and the stage the trace names.
struct Report {
    let error: MessageError
    let stage: String

    /// nil when the failure is the client's going away.
    init?(_ failure: any Error) {
        switch failure {
        case let failure as TransferError:
            guard failure.stage != .cancelled else { return nil }
            error = Self.describe(failure)
            stage = failure.stage == .connect ? "connect" : "upstream"
        case let failure as TranslationError:
            error = failure.error
            stage = "decode"
        case let failure as MessageError:
            error = failure
            stage = failure.status == 504 ? "upstream" : "hook"
        default: return nil
        }
    }

    private static func describe(_ failure: TransferError) -> MessageError {
        switch failure.stage {
        case .connect: MessageError(502, nil, "claudecodex: cannot reach the model service: \(failure.message)")
        case .noAnswer:
            MessageError(
                502, nil, "claudecodex: the model service ended the connection without an answer: \(failure.message)")
        case .firstByte: MessageError(504, nil, "claudecodex: \(failure.message)")
        case .body: MessageError(502, nil, "claudecodex: the answer broke off: \(failure.message)")
        case .cancelled: MessageError(499, nil, "cancelled")
        }
    }
}
