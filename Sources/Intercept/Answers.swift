/// Whole answers of our own, with their record in the trace.
extension Connection {
    /// A JSON body with status 200.
    func answer(_ body: [UInt8], _ exchange: Exchange, backend: String?) async throws {
        exchange.record(
            .response(
                .init(
                    status: 200, model: "", backend: backend ?? "", durationMS: exchange.elapsedMS, body: body, pings: 0
                )))
        try await answer(200, .json(exchange), body: body)
    }

    /// A Messages API error: as a status, or as an event when a stream has begun.
    func refuse(_ error: MessageError, _ exchange: Exchange, backend: String) async throws {
        let body = error.body(requestID: exchange.requestID)
        exchange.record(
            .response(
                .init(
                    status: error.status, model: "", backend: backend, durationMS: exchange.elapsedMS, body: body,
                    pings: 0, shouldRetry: error.shouldRetry, retryAfter: error.retryAfter)))
        if hasBegunAnswer { return try await breakOff(error) }
        var fields = HTTPFields.json(exchange)
        fields.advise(error)
        try await answer(error.status, fields, body: body)
    }

    /// Ends a stream that has begun: with an `error` event where one can stand, else by closing in mid-answer, so that
    /// the client sees that something is missing.
    func breakOff(_ error: MessageError) async throws {
        guard isBetweenEvents else {
            closeAfterwards()
            return socket.close()
        }
        var out = JSONWriter()
        MessageEvent.error(error).write(into: &out)
        try await stream(out.bytes)
        try await endStream()
    }
}

extension HTTPFields {
    /// What every JSON answer of ours carries.
    static func json(_ exchange: Exchange) -> HTTPFields {
        HTTPFields([.init("Content-Type", "application/json"), .init("request-id", exchange.requestID)])
    }

    /// Adds what an error says about trying again.
    mutating func advise(_ error: MessageError) {
        if let shouldRetry = error.shouldRetry { self["x-should-retry"] = shouldRetry ? "true" : "false" }
        if let retryAfter = error.retryAfter { self["retry-after"] = retryAfter }
        if error.status == 405 { self["allow"] = Gate.methods.joined(separator: ", ") }
    }
}
