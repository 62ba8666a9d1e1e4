/// The life of one exchange, top to bottom: record, intercept, translate, send, relay, record.
struct Pipeline {
    let service: Service
    let upstream: Upstream
    let limits: Limits

    /// Answers a request to the Messages API.
    func serve(_ received: Received, _ endpoint: MessageRequest.Endpoint, on client: Connection) async throws {
        let exchange = received.exchange(endpoint == .countTokens ? .countTokens : nil, service.observers)
        var outcome = Outcome.refused
        var stage = "client"
        var chain: Chain?
        do {
            let request = try received.message(endpoint)
            stage = "hook"
            let turn = Turn(
                request: request, chain: Chain(service.interceptors, exchange), exchange: exchange, client: client,
                backend: service.backendName, limits: limits)
            chain = turn.chain
            switch try await turn.chain.request(&turn.request) {
            case .refuse(let error): throw error
            case .answer(let text): outcome = try await answer(text, turn)
            case .pass:
                stage = "translate"
                outcome = try await forward(service.backend, turn)
            }
        } catch let error as MessageError {
            exchange.record(
                .error(
                    .init(
                        stage: stage, kind: error.type, message: error.message, status: error.status, isRetried: false))
            )
            try? await client.refuse(error, exchange, backend: service.backendName)
        } catch {
            outcome = .clientGone
        }
        chain?.finished(outcome)
        exchange.record(.end(.init(outcome: outcome, bytesIn: received.bytes.count, bytesOut: client.bytesOut)))
        if outcome == .clientGone { throw Socket.Failure.closed }
    }

    /// Translates, sends, and relays the answer; tries again what the backend knows to mend.
    private func forward<B: Backend>(_ backend: B, _ turn: Turn) async throws -> Outcome {
        if turn.request.endpoint == .countTokens, !backend.countsTokens { return try await count(turn) }
        let attempt = try Attempt(backend, turn.request, turn.exchange)
        while let sent = attempt.sent {
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
                let decoder = backend.reply(to: turn.request)
                if decoder.passesThrough { return try await PassThrough.run(transfer, head, turn) }
                if (200..<300).contains(head.status) { return try await relay(decoder, transfer, head, turn, attempt) }
                let body = try await transfer.plainBody(head)
                let error = decoder.failure(head, body: body)
                let isRetried = attempt.mend(head, body)
                attempt.recordFailure(error, head, isRetried: isRetried)
                if isRetried { continue }
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

    private func send(_ sent: UpstreamRequest, _ number: Int, _ exchange: Exchange) async throws -> Transfer {
        let signed = try await sent.signed(at: .now())
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

    /// A request that is none to the Messages API, for a service that has such a path: relayed as it is.
    func forward(_ request: UpstreamRequest, _ received: Received, on client: Connection) async throws {
        let exchange = received.exchange(received.path.hasPrefix("/v1/models") ? .models : .other, service.observers)
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

    /// An interceptor's own words as the model's answer.
    private func answer(_ text: String, _ turn: Turn) async throws -> Outcome {
        let delivery = Delivery(turn, HTTPFields(), translateMicroseconds: nil)
        let start = MessageStart(
            id: "msg_" + Identifier.hex(Identifier.random(12)), model: turn.request.requestedModel, usage: Usage())
        let end = MessageDelta(stopReason: .endTurn, usage: Usage())
        try await delivery.send(
            [.messageStart(start)] + MessageEvent.text(text, at: 0) + [.messageDelta(end), .messageStop])
        try await delivery.finish()
        return .ok
    }

    /// A count by our own estimate.
    private func count(_ turn: Turn) async throws -> Outcome {
        var out = JSONWriter()
        out.beginObject()
        out.field("input_tokens", TokenCounter.count(turn.request.body, model: turn.request.model))
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
