internal import Intercept
internal import Recorder

/// A recorded exchange whose request is sent again: what its answer was. The request itself stays in the trace.
struct SendJob: Sendable {
    let id: String
    /// Among the Messages requests of its session, from 1.
    let number: Int?
    let recorded: AnswerOutline
}

extension SendJob {
    /// Nil where the trace holds no request or no whole answer to compare with.
    init?(_ exchange: RecordedExchange, _ costs: inout RequestCosts) {
        var cost: RequestCost?
        for record in exchange.records { cost = costs.take(record) ?? cost }
        guard let body = exchange.body, (try? JSON.parse(body)) != nil, let response = exchange.response,
            var outline = AnswerOutline(response)
        else { return nil }
        id = exchange.id
        number = exchange.number
        outline.model = cost?.model ?? ""
        outline.charge = cost?.charge
        recorded = outline
    }
}

/// What came of sending one job once.
struct SendOutcome: Sendable {
    let job: SendJob
    /// From 1.
    let attempt: Int
    /// Among the requests of its attempt.
    let place: Int
    var answer: AnswerOutline?
    /// The answer's `request-id`.
    var requestID = ""
    /// Why there is no answer.
    var failure: String?

    var comparison: AnswerComparison? { answer.map { AnswerComparison(job.recorded, $0) } }

    /// The same with tokens and price, as the proxy knows them.
    func priced(_ notes: SendNotes, _ prices: PriceList) -> SendOutcome {
        guard var answer, let note = notes[requestID] else { return self }
        answer.model = note.model.isEmpty ? note.clientModel : note.model
        if let usage = note.usage, !usage.isEstimate {
            (answer.promptTokens, answer.outputTokens) = (usage.prompt, usage.output)
        }
        answer.charge = prices.charge(
            note.usage, upstreamModel: note.model.isEmpty ? nil : note.model, model: note.clientModel)
        var priced = self
        priced.answer = answer
        return priced
    }
}

/// Sends requests to a proxy in this process, as their client did.
struct SendClient: Sendable {
    let upstream: Upstream
    /// With its token.
    let url: String
    let session: String
    /// The credentials of whoever pays, for services that the proxy passes requests through to.
    let credentials: HTTPFields.Field?

    func send(_ request: SendRequest) async -> SendOutcome {
        var outcome = SendOutcome(job: request.job, attempt: request.attempt, place: request.place)
        var headers = request.headers
        if headers["content-type"] == nil { headers["content-type"] = "application/json" }
        headers["x-claude-code-session-id"] = session
        if let credentials { headers[credentials.name] = credentials.value }
        let call = UpstreamRequest(url: url + request.path, headers: headers, body: request.body, model: "")
        let began = Monotonic.now()
        let answer: FetchedAnswer
        do throws(FetchFailure) { answer = try await upstream.fetch(call) } catch {
            outcome.failure = error.message
            return outcome
        }
        guard (200..<300).contains(answer.head.status) else {
            outcome.failure = "\(answer.head.status) \(Self.words(answer.body))"
            return outcome
        }
        take(answer, &outcome)
        outcome.answer?.milliseconds = Monotonic.now().milliseconds(since: began)
        return outcome
    }

    private static func words(_ body: [UInt8]) -> String {
        let error = (try? JSON.parse(body))?["error"]
        return error?["message"]?.string ?? String(decoding: body.prefix(200), as: UTF8.self)
    }

    private func take(_ answer: FetchedAnswer, _ outcome: inout SendOutcome) {
        var assembly = Assembly()
        if answer.head.mediaType == "text/event-stream" {
            var parser = SSEParser()
            let all = answer.body[...]
            try? parser.feed(all.span) { if !$0.isComment { assembly.add(MessageEvent($0)) } }
        } else if let message = try? JSON.parse(answer.body) {
            for event in MessageEvent.all(of: message) { assembly.add(event) }
        }
        if let error = assembly.error {
            outcome.failure = error.message
        } else if !assembly.isComplete {
            outcome.failure = "the answer broke off"
        } else {
            outcome.answer = Self.outline(assembly)
            outcome.requestID = answer.head.headers["request-id"] ?? ""
        }
    }

    /// Without its tokens: whether they are estimates is not said to clients.
    private static func outline(_ assembly: Assembly) -> AnswerOutline {
        var outline = AnswerOutline()
        outline.stopReason = assembly.end?.stopReason?.rawValue
        if let content = (try? JSON.parse(assembly.roleAndContent()))?["content"] { outline.take(content: content) }
        return outline
    }
}
