internal import Intercept
internal import Recorder

/// A recorded request that is sent again.
struct SendJob: Sendable {
    let id: String
    /// Among the Messages requests of its session, from 1.
    let number: Int?
    let path: String
    let headers: HTTPFields
    let body: [UInt8]
    let recorded: AnswerOutline

    /// Fields of the client's request that say what it wants; the others belong to its connection or its credentials.
    private static let kept = [
        "content-type", "accept", "user-agent", "anthropic-version", "anthropic-beta", "x-app",
        "x-claude-code-agent-id", "x-claude-code-parent-agent-id",
    ]

    /// Nil where the trace holds no request or no whole answer to compare with.
    init?(_ exchange: RecordedExchange) {
        guard let body = exchange.body, (try? JSON.parse(body)) != nil, let response = exchange.response,
            let outline = AnswerOutline(response)
        else { return nil }
        id = exchange.id
        number = exchange.number
        path = exchange.request["path"]?.string ?? "/v1/messages"
        self.body = body
        recorded = outline
        let fields = CheckedExchange.fields(exchange.request).fields
        headers = HTTPFields(fields.filter { Self.kept.contains($0.name.lowercased()) })
    }
}

/// What came of sending one job once.
struct SendOutcome: Sendable {
    let job: SendJob
    /// From 1.
    let attempt: Int
    var answer: AnswerOutline?
    /// Why there is no answer.
    var failure: String?

    var comparison: AnswerComparison? { answer.map { AnswerComparison(job.recorded, $0) } }
}

/// Sends jobs to a proxy in this process, as their client did.
struct SendClient: Sendable {
    let upstream: Upstream
    /// With its token.
    let url: String
    let session: String
    /// The credentials of whoever pays, for services that the proxy passes requests through to.
    let credentials: HTTPFields.Field?

    func send(_ job: SendJob, attempt: Int) async -> SendOutcome {
        var outcome = SendOutcome(job: job, attempt: attempt)
        var headers = job.headers
        if headers["content-type"] == nil { headers["content-type"] = "application/json" }
        headers["x-claude-code-session-id"] = session
        if let credentials { headers[credentials.name] = credentials.value }
        let request = UpstreamRequest(url: url + job.path, headers: headers, body: job.body, model: "")
        let began = Monotonic.now()
        let answer: FetchedAnswer
        do throws(FetchFailure) { answer = try await upstream.fetch(request) } catch {
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
        }
    }

    private static func outline(_ assembly: Assembly) -> AnswerOutline {
        var outline = AnswerOutline()
        outline.stopReason = assembly.end?.stopReason?.rawValue
        if let content = (try? JSON.parse(assembly.roleAndContent()))?["content"] { outline.take(content: content) }
        if !assembly.usage.isEstimate {
            (outline.promptTokens, outline.outputTokens) = (assembly.usage.prompt, assembly.usage.output)
        }
        return outline
    }
}
