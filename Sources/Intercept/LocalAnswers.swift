/// Paths that we answer ourselves: probes, health, the sums of a session, the model list, telemetry nobody reads, and "no
/// such path".
struct LocalAnswers {
    let service: Service

    func answer(_ received: Received, on client: Connection, isDraining: Bool) async throws {
        let method = received.head.method
        if let session = Self.session(received) { return try await stats(session, received, client) }
        let exchange = received.exchange(kind(received.path), service.observers)
        defer {
            let outcome = client.status.map { $0 < 400 ? Outcome.ok : .refused } ?? .clientGone
            exchange.record(
                .end(.init(outcome: outcome, bytesIn: received.bytes.count, bytesOut: client.bytesOut)))
        }
        switch (method, received.path) {
        case ("GET", "/"), ("HEAD", "/"), ("GET", "/api/hello"), ("HEAD", "/api/hello"):
            try await client.answer(object { $0.field("name", "claudecodex") }, exchange, backend: nil)
        case ("GET", "/health"), ("HEAD", "/health"):
            try await client.answer(health(), exchange, backend: nil)
        case ("GET", "/ready"), ("HEAD", "/ready"):
            if isDraining {
                let error = MessageError(503, nil, "draining: this proxy is about to stop")
                return try await client.refuse(error, exchange, backend: service.backendName)
            }
            try await client.answer(object { $0.field("ready", true) }, exchange, backend: nil)
        case ("POST", "/api/event_logging/batch"):
            try await client.answer(Array("{}".utf8), exchange, backend: nil)
        case ("GET", "/v1/models"), ("HEAD", "/v1/models"):
            try await models(received, exchange, client)
        case ("GET", let path), ("HEAD", let path):
            if path.hasPrefix("/v1/models/") { return try await model(String(path.dropFirst(11)), exchange, client) }
            try await refuse(received, exchange, client)
        default: try await refuse(received, exchange, client)
        }
    }

    /// `/v1/claudecodex/sessions/ID/stats`
    private static func session(_ received: Received) -> String? {
        let parts = received.path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard ["GET", "HEAD"].contains(received.head.method), parts.count == 6, parts[1] == "v1",
            parts[2] == "claudecodex", parts[3] == "sessions", parts[5] == "stats"
        else { return nil }
        return parts[4]
    }

    /// Our own question is no part of what clients do: it is in no record and in no sum.
    private func stats(_ session: String, _ received: Received, _ client: Connection) async throws {
        let exchange = received.exchange(.probe, [])
        guard let stats = service.sessionStats(session) else {
            let error = MessageError(404, nil, "session: no request of it has been answered here", shouldRetry: false)
            return try await client.refuse(error, exchange, backend: service.backendName)
        }
        try await client.answer(stats, exchange, backend: nil)
    }

    private func kind(_ path: String) -> Exchange.Kind {
        if path.hasPrefix("/v1/models") { return .models }
        return ["/", "/api/hello", "/health", "/ready"].contains(path) ? .probe : .other
    }

    private func object(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        body(&out)
        out.endObject()
        return out.bytes
    }

    private func health() -> [UInt8] {
        object { out in
            out.field("status", "ok")
            out.field("version", service.version)
            out.field("backend", service.backendName)
            if let more = service.health() {
                out.key("recorder")
                out.raw(Array(more.utf8))
            }
        }
    }

    private func models(_ received: Received, _ exchange: Exchange, _ client: Connection) async throws {
        let catalog = ModelCatalog(extra: service.backend.models)
        let page: [UInt8]
        do throws(MessageError) {
            page = try catalog.page(query: received.head.query)
        } catch {
            return try await client.refuse(error, exchange, backend: service.backendName)
        }
        try await client.answer(page, exchange, backend: nil)
    }

    private func model(_ id: String, _ exchange: Exchange, _ client: Connection) async throws {
        if let found = ModelCatalog(extra: service.backend.models).model(id) {
            return try await client.answer(found, exchange, backend: nil)
        }
        try await client.refuse(MessageError(404, nil, "model: \(id)"), exchange, backend: service.backendName)
    }

    /// Endpoints that exist at Anthropic but not here are said to be unsupported; the rest does not exist.
    private func refuse(_ received: Received, _ exchange: Exchange, _ client: Connection) async throws {
        let what = "\(received.head.method) \(received.path)"
        let isKnown = ["/v1/messages/batches", "/v1/files"].contains { received.path.hasPrefix($0) }
        let error =
            isKnown
            ? MessageError(
                501, "not_supported", "\(what): the backend \(service.backendName) has no such endpoint",
                shouldRetry: false)
            : MessageError(
                404, nil, "\(what): no such endpoint; this proxy serves /v1/messages and /v1/models", shouldRetry: false
            )
        try await client.refuse(error, exchange, backend: service.backendName)
    }
}
