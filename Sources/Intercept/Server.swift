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
    private let bodies: BodyBudget
    /// Requests whose answer is being made.
    private var answering = 0
    private var listener: Listener?
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var isDraining = false
    private var whenDrained: (@Sendable () -> Void)?

    /// - Parameters:
    ///   - token: What clients must show, or nil. Who listens for other machines must have one.
    ///   - hosts: Names that clients may call us by, beside those of this machine.
    public init(
        loop: EventLoop, listen: ListenAddress, limits: Limits, service: Service, upstream: Upstream,
        token: AccessToken? = nil, hosts: [String] = []
    ) {
        precondition(listen.isLoopback || token != nil, "listening for other machines needs a token")
        self.loop = loop
        wanted = listen
        self.limits = limits
        self.service = service
        bodies = BodyBudget(limit: limits.maxBodies)
        gate = Gate(token: token, isLoopback: listen.isLoopback, hosts: hosts)
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
        guard connections.count < limits.maxConnections || makeRoom() else {
            let error = MessageError(
                529, nil, "more than \(limits.maxConnections) connections, all of them in use; try again")
            _ = socket.transmit(
                HTTPWriter.answer(503, HTTPFields(), body: error.body(requestID: nil), keepAlive: false))
            return socket.close()
        }
        let connection = Connection(socket, limits, bodies)
        let key = ObjectIdentifier(connection)
        connections[key] = connection
        loop.spawn { [self] in
            await talk(connection)
            connection.letBodyGo()
            connections[key] = nil
            checkDrained()
        }
    }

    /// Closes the connection that can best be done without: the one that has waited longest for a request, else the one
    /// whose body has been coming for longest. False when all are being answered.
    private func makeRoom() -> Bool {
        let spare = connections.filter { $0.value.phase != .answering }.min {
            ($0.value.phase.rawValue, $0.value.phaseBegan) < ($1.value.phase.rawValue, $1.value.phaseBegan)
        }
        guard let spare else { return false }
        spare.value.socket.close()
        // Its task ends only in the next round, but its place is free now.
        connections[spare.key] = nil
        return true
    }

    /// One client, from accept to close.
    private func talk(_ connection: Connection) async {
        do {
            while let head = try await connection.nextHead() {
                try await handle(head, connection)
                if !connection.keepAlive || isDraining { break }
                // Whoever sends requests without waiting for answers takes turns with all others.
                if connection.hasMore { await Task.yield() }
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
        var head = head
        do throws(MessageError) { path = try gate.admit(&head) } catch {
            return try await turnAway(head, error, connection)
        }
        let bytes = try await connection.body(head)
        guard head.method != "POST" || answering < limits.maxExchanges else {
            return try await busy(Received(head, path: path, bytes), connection)
        }
        answering += 1
        defer { answering -= 1 }
        switch (head.method, path) {
        case ("POST", "/v1/messages"):
            try await serve(Received(head, path: path, bytes, recent), .messages, connection)
        case ("POST", "/v1/messages/count_tokens"):
            try await serve(Received(head, path: path, bytes), .countTokens, connection)
        default:
            let received = Received(head, path: path, bytes)
            if let (request, replay) = service.source?.other(received) {
                return try await pipeline.forward(request, received, replay: replay, on: connection)
            }
            if let request = forwarded(received) {
                return try await pipeline.forward(request, received, on: connection)
            }
            try await local.answer(received, on: connection, isDraining: isDraining)
        }
    }

    private func serve(
        _ received: Received, _ endpoint: MessageRequest.Endpoint, _ connection: Connection
    ) async throws {
        let message = Result { () throws(MessageError) in try received.message(endpoint) }
        // What is no Messages request was refused when it was recorded, and is again, in the same words.
        if let source = service.source, (try? message.get()) == nil,
            let (request, replay) = source.other(received)
        {
            return try await pipeline.forward(request, received, replay: replay, on: connection)
        }
        try await pipeline.serve(received, endpoint, message, on: connection)
    }

    /// Too many requests at once. The client waits a moment and tries again.
    private func busy(_ received: Received, _ connection: Connection) async throws {
        let exchange = received.exchange(nil, service.observers)
        let error = MessageError(
            529, nil, "\(answering) requests are being answered, which is the limit (--max-streams); try again",
            retryAfter: "1")
        exchange.record(.error(.init(stage: "gate", error)))
        try await connection.refuse(error, exchange, backend: service.backendName)
        exchange.record(.end(.init(outcome: .refused, bytesIn: received.bytes.count, bytesOut: connection.bytesOut)))
    }

    private func forwarded(_ received: Received) -> UpstreamRequest? {
        service.backend.forward(
            method: received.head.method, path: received.path, query: received.head.query,
            headers: received.head.headers, body: received.bytes)
    }

    /// Refused by the gate: its body is not read, so the connection cannot go on.
    private func turnAway(_ head: HTTPHead, _ error: MessageError, _ connection: Connection) async throws {
        connection.closeAfterwards()
        let exchange = begin(head, .probe)
        exchange.record(.error(.init(stage: "gate", error)))
        try await connection.refuse(error, exchange, backend: service.backendName)
        exchange.record(.end(.init(outcome: .refused, bytesIn: 0, bytesOut: connection.bytesOut)))
        await connection.socket.closeGently()
    }

    /// An error below the Messages API: answered, recorded, and the connection is closed.
    private func refuse(_ failure: HTTPError, _ connection: Connection) async {
        connection.closeAfterwards()
        let head = connection.request ?? HTTPHead(method: "", target: "", minorVersion: 1, headers: HTTPFields())
        let exchange = begin(head, .other)
        let isPassing = failure.status == 408 || failure.status == 529
        let error = MessageError(
            failure.status, nil, failure.message, shouldRetry: isPassing ? nil : false,
            retryAfter: failure.status == 529 ? "1" : nil)
        exchange.record(.error(.init(stage: "client", error)))
        if !connection.hasBegunAnswer { try? await connection.refuse(error, exchange, backend: service.backendName) }
        exchange.record(.end(.init(outcome: .refused, bytesIn: 0, bytesOut: connection.bytesOut)))
        await connection.socket.closeGently()
    }

    /// The exchange of a request that got no further than its head. Nothing was taken out of that head, so a token may
    /// still be in it.
    private func begin(_ head: HTTPHead, _ kind: Exchange.Kind) -> Exchange {
        let shown = Gate.withoutToken(head)
        return Received(shown.head, path: shown.path, []).exchange(kind, service.observers)
    }
}

extension Moment.Failure {
    /// An error of ours that the client is told.
    init(stage: String, _ error: MessageError) {
        self.init(stage: stage, kind: error.type, message: error.message, status: error.status, isRetried: false)
    }
}
