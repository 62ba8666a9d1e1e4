/// The client's side of one exchange: events go through the interceptors and become a stream or one whole answer. Keeps
/// what the trace needs to know about it.
final class Delivery {
    private let client: Connection
    private let exchange: Exchange
    private let request: MessageRequest
    private let backend: String
    private let chain: Chain
    private let turn: Turn
    private var assembly = Assembly()
    private var grammar = Grammar()
    private var out = JSONWriter(capacity: 512)
    private var tape: ByteTape
    private var hasBegun = false
    private var isOver = false
    private var weight: AnswerWeight
    private var pings = 0
    private var firstTokenMS: Double?
    /// Header fields of the answer beside those of every answer.
    private let fields: HTTPFields
    private let translateMicroseconds: Double?
    /// The longest wait for a byte of the upstream.
    var largestGapMS = 0.0

    init(_ turn: Turn, _ fields: HTTPFields, translateMicroseconds: Double?) {
        (client, exchange, request) = (turn.client, turn.exchange, turn.request)
        (chain, backend) = (turn.chain, turn.backend)
        self.turn = turn
        self.fields = fields
        self.translateMicroseconds = translateMicroseconds
        tape = ByteTape(.client, isEventStream: turn.request.stream)
        weight = AnswerWeight(turn.limits)
    }

    /// Sends events: those of one read go out in one write.
    func send(_ events: [MessageEvent]) async throws {
        for event in events {
            try weight.add(event)
            if chain.isIdle {
                try take(event)
            } else {
                for passed in try await chain.event(event) { try take(passed) }
            }
        }
        try await flush()
    }

    private func take(_ event: MessageEvent) throws(MessageError) {
        if let violation = grammar.check(event) {
            exchange.record(.check(rule: violation.rule, message: violation.message))
        }
        if case .error(let error) = event, !request.stream || !hasBegun { throw error }
        if case .ping = event { pings += 1 }
        if case .blockDelta = event, firstTokenMS == nil { firstTokenMS = exchange.elapsedMS }
        if let call = assembly.add(event) {
            exchange.record(.toolCall(.init(call: call, milliseconds: exchange.elapsedMS, isServerSide: false)))
        }
        if request.stream { event.write(into: &out) }
        hasBegun = true
    }

    /// What is damaged on its way out is recorded there.
    private var isTaped: Bool { exchange.isObserved && client.damaged == nil }

    private func flush() async throws {
        guard !out.bytes.isEmpty else { return }
        if !client.hasBegunAnswer { try await client.beginStream(200, streamFields()) }
        client.isBetweenEvents = false
        // A copy without the room that the writer has: it is kept until the answer is complete.
        if isTaped { tape.append(Array(out.bytes[...]), at: exchange.elapsedMS) }
        try await client.stream(out.bytes)
        client.isBetweenEvents = true
        out.removeAll()
        if let part = tape.take(at: exchange.elapsedMS, isComplete: false) { exchange.record(part) }
    }

    private func streamFields() -> HTTPFields {
        var all = HTTPFields([
            .init("Content-Type", "text/event-stream; charset=utf-8"), .init("Cache-Control", "no-cache"),
            .init("X-Accel-Buffering", "no"), .init("request-id", exchange.requestID),
        ])
        all.fields += fields.fields
        return all
    }

    /// Tells a waiting client that we still wait.
    func ping() async throws {
        guard request.stream, hasBegun else { return }
        try await send([.ping])
    }

    /// The events are over: a stream ends, a whole answer goes out.
    func finish() async throws {
        if let violation = grammar.finish() {
            exchange.record(.check(rule: violation.rule, message: violation.message))
        }
        isOver = true
        if request.stream {
            try await client.endStream()
        } else {
            let body = assembly.message()
            if isTaped { tape.append(body, at: exchange.elapsedMS) }
            try await client.answer(200, jsonFields(), body: body)
        }
        recordResponse(status: 200, body: nil)
        turn.learn(assembly.usage)
    }

    /// Ends the exchange with an error: as a status while nothing was sent, as an event afterwards.
    func fail(_ error: MessageError) async throws {
        guard !isOver else { return }
        isOver = true
        if client.hasBegunAnswer {
            MessageEvent.error(error).write(into: &out)
            _ = grammar.check(.error(error))
            try await flush()
            try await client.endStream()
            return recordResponse(status: 200, body: error.body(requestID: nil), shouldRetry: error.shouldRetry)
        }
        var all = jsonFields()
        all.advise(error)
        let body = error.body(requestID: exchange.requestID)
        if isTaped { tape.append(body, at: exchange.elapsedMS) }
        recordResponse(
            status: error.status, body: body, shouldRetry: error.shouldRetry, retryAfter: error.retryAfter)
        try await client.answer(error.status, all, body: body)
    }

    private func jsonFields() -> HTTPFields {
        var all = HTTPFields.json(exchange)
        all.fields += fields.fields
        return all
    }

    /// The client went away in the middle: what there was is kept.
    func abandon() {
        guard !isOver else { return }
        isOver = true
        if hasBegun { recordResponse(status: 200, body: nil) }
    }

    private func recordResponse(
        status: Int, body: [UInt8]?, shouldRetry: Bool? = nil, retryAfter: String? = nil
    ) {
        guard exchange.isObserved else { return }
        if let rest = tape.take(at: exchange.elapsedMS, isComplete: true) { exchange.record(rest) }
        let hasMessage = assembly.start != nil || assembly.hasContent
        exchange.record(
            .response(
                .init(
                    status: status, model: request.requestedModel, backend: backend,
                    stopReason: assembly.end?.stopReason?.rawValue, usage: hasMessage ? assembly.usage : nil,
                    firstTokenMS: firstTokenMS, durationMS: exchange.elapsedMS,
                    translateMicroseconds: translateMicroseconds,
                    largestGapMS: largestGapMS > 0 ? largestGapMS : nil,
                    message: hasMessage ? assembly.roleAndContent() : nil, body: body, pings: pings,
                    shouldRetry: shouldRetry, retryAfter: retryAfter)))
    }
}
