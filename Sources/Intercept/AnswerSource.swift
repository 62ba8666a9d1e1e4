/// Knows answers before the backend is asked: a recorded session. Called on the loop's thread; must return at once.
public protocol AnswerSource: Sendable {
    /// What becomes of a Messages request or a token count.
    func answer(to request: Moment.Request, _ exchange: Exchange) -> KnownAnswer

    /// The recorded answer to another request (a model list, a file), or nil when it is answered as always.
    func answer(toOther request: Moment.Request) -> (answer: ScriptedAnswer, replay: Moment.Replay)?
}

/// What a source says to a request, and what the trace keeps of that.
public enum KnownAnswer: Sendable {
    /// This is the answer. Nothing is sent.
    case play(ScriptedAnswer, Moment.Replay)
    /// The client is told why there is none.
    case refuse(MessageError, Moment.Replay)
    /// The backend is asked after all.
    case ask(Moment.Replay)
}

extension Moment.Request {
    init(_ received: Received) {
        self.init(
            method: received.head.method, path: received.path, query: received.head.query,
            headers: received.head.headers, bytes: received.bytes, body: try? received.json.get())
    }
}

extension UpstreamRequest {
    /// A request whose answer is known: nothing of it is ever sent.
    init(_ received: Received, model: String, answeredBy answer: ScriptedAnswer, of id: String?) {
        self.init(
            method: received.head.method, url: "replay:" + (id ?? ""), headers: HTTPFields(), body: received.bytes,
            model: model, isClientBody: true)
        scripted = answer
    }
}

extension AnswerSource {
    func other(_ received: Received) -> (UpstreamRequest, Moment.Replay)? {
        guard let known = answer(toOther: Moment.Request(received)) else { return nil }
        let request = UpstreamRequest(received, model: "", answeredBy: known.answer, of: known.replay.of)
        return (request, known.replay)
    }
}

extension Pipeline {
    /// The source's answer; nil when the backend is to be asked.
    func replay(_ source: any AnswerSource, _ received: Received, _ turn: Turn) async throws -> Outcome? {
        switch source.answer(to: Moment.Request(received), turn.exchange) {
        case .play(let answer, let replay):
            turn.exchange.record(.replay(replay))
            turn.backend = Moment.Replay.backend
            let model = turn.request.model
            return try await play(UpstreamRequest(received, model: model, answeredBy: answer, of: replay.of), turn)
        case .refuse(let error, let replay):
            turn.exchange.record(.replay(replay))
            throw error
        case .ask(let replay):
            turn.exchange.record(.replay(replay))
            return nil
        }
    }

    /// A known answer takes the way of one that is passed through.
    private func play(_ request: UpstreamRequest, _ turn: Turn) async throws -> Outcome {
        let transfer: Transfer
        do { transfer = try await send(request, 1, turn.exchange) } catch {
            throw Report(error)?.error ?? MessageError(500, nil, "claudecodex: cannot replay the answer: \(error)")
        }
        turn.client.follow(transfer)
        defer {
            turn.client.follow(nil)
            transfer.release()
        }
        let head: UpstreamHead
        do { head = try await transfer.readHead() } catch {
            guard let report = Report(error) else { throw error }
            throw report.error
        }
        turn.exchange.record(
            .head(.init(attempt: 1, head: head, reused: true, firstByteMS: turn.exchange.elapsedMS)))
        return try await PassThrough.run(transfer, head, turn, mends: false)
    }
}
