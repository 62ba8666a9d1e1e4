/// The proxy's front: accepts clients, reads their requests, finds who answers each path, and drains when told to stop.
/// Belongs to its loop's thread.
public final class Server: @unchecked Sendable {
    private let loop: EventLoop
    private let wanted: ListenAddress
    private let limits: Limits
    private let service: Service
    private let gate: Gate
    private let pipeline: Pipeline
    private let local: LocalAnswers
    private let recent = RecentBodies()
    private var listener: Listener?
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var isDraining = false
    private var whenDrained: (@Sendable () -> Void)?

    /// - Parameter pathPrefix: everything lives under this path (`/k/<token>`), or nil.
    public init(
        loop: EventLoop, listen: ListenAddress, limits: Limits, service: Service, upstream: Upstream,
        pathPrefix: String? = nil
    ) {
        self.loop = loop
        wanted = listen
        self.limits = limits
        self.service = service
        gate = Gate(pathPrefix: pathPrefix, isLoopback: listen.isLoopback)
        pipeline = Pipeline(service: service, upstream: upstream, limits: limits)
        local = LocalAnswers(service: service)
        loop.tickMS = limits.tickMS
    }

    /// Begins to listen. Gives the address with its real port.
    public func listen() throws(ListenError) -> ListenAddress {
        let listener = try Listener(wanted, loop) { [weak self] fd in self?.accept(fd) }
        self.listener = listener
        return listener.address
    }

    /// Requests being answered now.
    public var openExchanges: Int { connections.values.count { $0.isBusy } }

    /// Takes no new connections, lets open exchanges finish, then calls `whenDone`.
    public func drain(whenDone: @escaping @Sendable () -> Void) {
        guard !isDraining else { return }
        isDraining = true
        whenDrained = whenDone
        listener?.stop()
        for connection in connections.values where !connection.isBusy { connection.socket.close() }
        loop.after(milliseconds: limits.drainMS) { [weak self] in self?.drainNow() }
        checkDrained()
    }

    /// Ends all connections at once.
    public func drainNow() {
        listener?.stop()
        for connection in connections.values { connection.socket.giveUpNow() }
    }

    private func checkDrained() {
        guard isDraining, connections.isEmpty, let done = whenDrained else { return }
        whenDrained = nil
        done()
    }

    private func accept(_ fd: Int32) {
        guard let socket = try? Socket(fd, loop) else { return }
        let connection = Connection(socket, limits)
        guard connections.count < limits.maxConnections else {
            let error = MessageError(529, nil, "more than \(limits.maxConnections) connections")
            _ = socket.transmit(
                HTTPWriter.answer(503, HTTPFields(), body: error.body(requestID: nil), keepAlive: false))
            return socket.close()
        }
        let key = ObjectIdentifier(connection)
        connections[key] = connection
        loop.spawn { [self] in
            await talk(connection)
            connections[key] = nil
            checkDrained()
        }
    }

    /// One client, from accept to close.
    private func talk(_ connection: Connection) async {
        do {
            while let head = try await connection.nextHead() {
                try await handle(head, connection)
                if !connection.keepAlive || isDraining { break }
            }
            connection.socket.close()
        } catch let error as HTTPError {
            await refuse(error, connection)
        } catch {
            // The client is gone or too slow: nobody is left to tell.
            connection.socket.close()
        }
    }

    private func handle(_ head: HTTPHead, _ connection: Connection) async throws {
        if isDraining { connection.closeAfterwards() }
        let path: String
        do throws(MessageError) {
            path = try gate.admit(head)
            if head.method == "POST" { try gate.checkContentType(head) }
        } catch {
            return try await turnAway(head, error, connection)
        }
        let bytes = try await connection.body(head)
        switch (head.method, path) {
        case ("POST", "/v1/messages"):
            try await pipeline.serve(Received(head, path: path, bytes, recent), .messages, on: connection)
        case ("POST", "/v1/messages/count_tokens"):
            try await pipeline.serve(Received(head, path: path, bytes), .countTokens, on: connection)
        default:
            let received = Received(head, path: path, bytes)
            if let request = forwarded(received) {
                return try await pipeline.forward(request, received, on: connection)
            }
            try await local.answer(received, on: connection, isDraining: isDraining)
        }
    }

    private func forwarded(_ received: Received) -> UpstreamRequest? {
        service.backend.forward(
            method: received.head.method, path: received.path, query: received.head.query,
            headers: received.head.headers, body: received.bytes)
    }

    /// Refused by the gate: its body is not read, so the connection cannot go on.
    private func turnAway(_ head: HTTPHead, _ error: MessageError, _ connection: Connection) async throws {
        connection.closeAfterwards()
        let received = Received(head, path: head.path, [])
        let exchange = received.exchange(.probe, service.observers)
        exchange.record(
            .error(
                .init(stage: "gate", kind: error.type, message: error.message, status: error.status, isRetried: false)))
        try await connection.refuse(error, exchange, backend: service.backendName)
        exchange.record(.end(.init(outcome: .refused, bytesIn: 0, bytesOut: connection.bytesOut)))
        await connection.socket.closeGently()
    }

    /// An error below the Messages API: answered, recorded, and the connection is closed.
    private func refuse(_ failure: HTTPError, _ connection: Connection) async {
        connection.closeAfterwards()
        let head = connection.request ?? HTTPHead(method: "", target: "", minorVersion: 1, headers: HTTPFields())
        let exchange = Received(head, path: head.path, []).exchange(.other, service.observers)
        let error = MessageError(failure.status, nil, failure.message, shouldRetry: failure.status == 408 ? nil : false)
        exchange.record(
            .error(
                .init(stage: "client", kind: error.type, message: error.message, status: error.status, isRetried: false)
            ))
        if !connection.hasBegunAnswer { try? await connection.refuse(error, exchange, backend: service.backendName) }
        exchange.record(.end(.init(outcome: .refused, bytesIn: 0, bytesOut: connection.bytesOut)))
        await connection.socket.closeGently()
    }
}
