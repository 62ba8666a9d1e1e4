/// The life of one exchange, top to bottom: record, intercept, translate, send, relay, record.
struct Pipeline {
    let service: Service
    let upstream: Upstream
    let limits: Limits
    let calibration = Calibration()

    /// Answers a request to the Messages API, or says why it is none.
    func serve(
        _ received: Received, _ endpoint: MessageRequest.Endpoint, _ message: Result<MessageRequest, MessageError>,
        on client: Connection
    ) async throws {
        let exchange = received.exchange(endpoint == .countTokens ? .countTokens : nil, service.observers)
        var outcome = Outcome.refused
        var stage = "client"
        var chain: Chain?
        do {
            let request = try message.get()
            let turn = Turn(
                request: request, chain: Chain(service.interceptors, exchange), exchange: exchange, client: client,
                backend: service.backendName, limits: limits, calibration: calibration,
                learns: service.backend.mayEstimate)
            chain = turn.chain
            stage = "hook"
            if let faults = service.faults { try await spoil(faults, turn) }
            stage = "replay"
            if let source = service.source, let done = try await replay(source, received, turn) {
                outcome = done
            } else {
                stage = "hook"
                outcome = try await answer(turn, &stage)
            }
        } catch let error as MessageError {
            exchange.record(
                .error(
                    .init(
                        stage: stage, kind: error.type, message: error.message, status: error.status, isRetried: false))
            )
            try? await client.refuse(error, exchange, backend: service.backendName)
        } catch is AnswerEnded {
            outcome = .refused
        } catch {
            outcome = .clientGone
            if case Socket.Failure.timedOut = error { exchange.record(.error(stalled)) }
        }
        chain?.finished(outcome)
        client.damaged?.finish()
        exchange.record(.end(.init(outcome: outcome, bytesIn: received.bytes.count, bytesOut: client.bytesOut)))
        if outcome == .clientGone || client.damaged?.isCut ?? false { throw Socket.Failure.closed }
    }

    /// What is to go wrong on purpose comes first, also where a recorded session answers.
    private func spoil(_ faults: any FaultSource, _ turn: Turn) async throws {
        turn.client.follow(turn.exchange.departure)
        defer { turn.client.follow(nil as Transfer?) }
        let damages = try await faults.spoil(turn.request, turn.exchange)
        guard turn.request.endpoint == .messages, !damages.isEmpty else { return }
        turn.client.damaged = DamagedAnswer(damages, turn.exchange, turn.client, upstream.loop)
    }

    /// The interceptors' answer, or the backend's.
    private func answer(_ turn: Turn, _ stage: inout String) async throws -> Outcome {
        let client = turn.client
        if !service.interceptors.isEmpty { client.follow(turn.exchange.departure) }
        let verdict = try await turn.chain.request(&turn.request)
        client.follow(nil as Transfer?)
        switch verdict {
        case .refuse(let error): throw error
        case .answer(let text): return try await answer(Reply.text(text, to: turn.request), turn)
        case .reply(let events, _): return try await answer(events, turn)
        case .pass:
            stage = "translate"
            return try await forward(service.backend, turn)
        }
    }

    private var stalled: Moment.Failure {
        let message = "the client took nothing of its answer for \(Limits.words(limits.writeTimeoutMS))"
        return .init(stage: "client", kind: "timeout_error", message: message, isRetried: false)
    }

    /// Translates, sends, and relays the answer; tries again what the backend knows to mend.
    private func forward<B: Backend>(_ backend: B, _ turn: Turn) async throws -> Outcome {
        if turn.request.endpoint == .countTokens, !backend.countsTokens {
            return try await count(turn, backend.counting(turn.request))
        }
        let attempt = try Attempt(backend, turn.request, turn.exchange, isStrict: service.isStrict)
        while let sent = attempt.sent {
            if attempt.pauseMS > 0 { try await pause(attempt.pauseMS, turn) }
            let transfer: Transfer
            do {
                transfer = try await send(sent, attempt.number, turn.exchange)
            } catch {
                throw Report(error)?.error ?? MessageError(500, nil, "claudecodex: cannot send the request: \(error)")
            }
            turn.client.follow(transfer)
            defer {
                turn.client.follow(nil)
                transfer.release()
            }
            do {
                let head = try await transfer.readHead()
                turn.exchange.record(.head(attempt.headMoment(head, transfer)))
                if turn.request.endpoint == .countTokens, backend.lacksCounting(head) {
                    return try await count(turn, nil)
                }
                let decoder = backend.reply(to: turn.request)
                if decoder.passesThrough(head) {
                    return try await PassThrough.run(transfer, head, turn, mends: decoder.mendsStream)
                }
                if (200..<300).contains(head.status) { return try await relay(decoder, transfer, head, turn, attempt) }
                let body = try await transfer.plainBody(head)
                let error = decoder.failure(head, body: body)
                let isRetried = try mend(attempt, head, body, error)
                attempt.recordFailure(error, head, body, isRetried: isRetried)
                if isRetried { continue }
                if B.speaksMessages { return try await PassThrough.refuse(head, body, turn) }
                try await turn.client.refuse(error, turn.exchange, backend: turn.backend)
                return .upstreamError
            } catch let failure as TransferError {
                guard let report = Report(failure) else { throw failure }
                turn.exchange.record(report, isRetried: false)
                try await turn.client.refuse(report.error, turn.exchange, backend: turn.backend)
                return .upstreamError
            }
        }
        return .upstreamError
    }

    /// Waits before another try; ends with an error as soon as the client goes away.
    private func pause(_ milliseconds: Int, _ turn: Turn) async throws {
        let departure = turn.exchange.departure
        turn.client.follow(departure)
        defer { turn.client.follow(nil as Transfer?) }
        await upstream.loop.pause(milliseconds: milliseconds, unless: departure)
        if departure.hasHappened { throw Socket.Failure.closed }
    }

    /// Whether there is something more to try. Where that would lose too much, the failed attempt is on record before the
    /// exchange ends.
    private func mend<B: Backend>(
        _ attempt: Attempt<B>, _ head: UpstreamHead, _ body: [UInt8], _ error: MessageError
    ) throws(MessageError) -> Bool {
        do { return try attempt.mend(head, body) } catch {
            attempt.recordFailure(error, head, body, isRetried: false)
            throw error
        }
    }

    func send(_ sent: UpstreamRequest, _ number: Int, _ exchange: Exchange) async throws -> Transfer {
        let signed = try await sent.signed(at: .now(), upstream.errands)
        exchange.record(
            .upstream(
                .init(
                    attempt: number, method: signed.method, url: signed.url, headers: signed.headers,
                    model: signed.model, body: signed.isClientBody ? nil : signed.body, bodyBytes: signed.body.count)))
        return try upstream.start(signed)
    }

    /// The backend's events to the client.
    private func relay<B: Backend>(
        _ decoder: B.Reply, _ transfer: Transfer, _ head: UpstreamHead, _ turn: Turn, _ attempt: Attempt<B>
    ) async throws -> Outcome {
        let delivery = Delivery(turn, attempt.fields(head), translateMicroseconds: attempt.microseconds)
        let relay = Relay(transfer, head, decoder, turn, to: delivery)
        do {
            try await relay.translate()
            attempt.recordLosses(relay.losses)
            try await delivery.finish()
            return .ok
        } catch let failure {
            relay.finish()
            guard let report = Report(failure) else {
                delivery.abandon()
                throw failure
            }
            turn.exchange.record(report, isRetried: false)
            attempt.recordLosses(relay.losses)
            try await delivery.fail(report.error)
            return .upstreamError
        }
    }

    /// The service's count; nil, and a record of the reason, when it has none.
    private func ask(_ counting: TokenCounting, _ exchange: Exchange) async -> Int? {
        do {
            let transfer = try await send(counting.request, 1, exchange)
            defer { transfer.release() }
            let head = try await transfer.readHead()
            let body = try await transfer.plainBody(head)
            if let count = counting.read(head, body) { return count }
            let words = "no count from the service: \(String(decoding: body.prefix(300), as: UTF8.self))"
            if let report = Report(MessageError(head.status, nil, words)) { exchange.record(report, isRetried: true) }
        } catch {
            if let report = Report(error) { exchange.record(report, isRetried: true) }
        }
        return nil
    }

    /// A request that is none to the Messages API, for a service that has such a path: relayed as it is.
    ///
    /// - Parameter replay: how the recorded answer that the request carries was found.
    func forward(
        _ request: UpstreamRequest, _ received: Received, replay: Moment.Replay? = nil, on client: Connection
    ) async throws {
        let exchange = received.exchange(received.path.hasPrefix("/v1/models") ? .models : .other, service.observers)
        if let replay { exchange.record(.replay(replay)) }
        var outcome = Outcome.upstreamError
        defer {
            exchange.record(.end(.init(outcome: outcome, bytesIn: received.bytes.count, bytesOut: client.bytesOut)))
        }
        do {
            let transfer = try await send(request, 1, exchange)
            client.follow(transfer)
            defer {
                client.follow(nil)
                transfer.release()
            }
            let head = try await transfer.readHead()
            exchange.record(.head(.init(attempt: 1, head: head, transfer, exchange)))
            let body = try await transfer.rest(limit: limits.maxAnswer)
            exchange.record(
                .response(
                    .init(
                        status: head.status, model: "", backend: service.backendName,
                        durationMS: exchange.elapsedMS, body: body, pings: 0)))
            try await client.answer(head.status, HTTPFields.endToEnd(head.headers), body: body)
            outcome = .ok
        } catch let failure as TransferError {
            guard let report = Report(failure) else {
                outcome = .clientGone
                throw failure
            }
            exchange.record(report, isRetried: false)
            try await client.refuse(report.error, exchange, backend: service.backendName)
        }
    }

    /// An interceptor's own answer.
    private func answer(_ events: [MessageEvent], _ turn: Turn) async throws -> Outcome {
        let delivery = Delivery(turn, HTTPFields(), translateMicroseconds: nil)
        do {
            try await delivery.send(events)
            try await delivery.finish()
            return .ok
        } catch {
            delivery.abandon()
            throw error
        }
    }

    /// A count by the service, or by our own estimate.
    private func count(_ turn: Turn, _ counting: TokenCounting?) async throws -> Outcome {
        let counted = if let counting { await ask(counting, turn.exchange) } else { Int?.none }
        var out = JSONWriter()
        out.beginObject()
        out.field("input_tokens", counted ?? calibration.count(turn.request.body, model: turn.request.model))
        out.endObject()
        try await turn.client.answer(out.bytes, turn.exchange, backend: turn.backend)
        return .ok
    }
}

extension Exchange {
    func record(_ report: Report, isRetried: Bool) {
        record(
            .error(
                .init(
                    stage: report.stage, kind: report.error.type, message: report.error.message, isRetried: isRetried)))
    }
}
