/// One client from accept to close: reads requests one after the other and writes their answers in the same order.
/// Bytes of later requests wait in the buffer, so pipelined requests are answered in turn.
final class Connection: @unchecked Sendable {
    /// How far the current request is, and with that whether the connection can be done without.
    enum Phase: Int {
        /// Between two requests, or inside a head.
        case waiting
        /// The head was read and may be refused, the body comes.
        case reading
        case answering
    }

    let socket: Socket
    let limits: Limits
    private let bodies: BodyBudget
    /// What of `bodies` this connection has taken.
    private var heldBytes = 0
    private(set) var phase = Phase.waiting
    /// When the phase began; for a wait between requests, when that wait began.
    private(set) var phaseBegan = Monotonic.now()
    /// What was read and not used yet; `used` bytes at its beginning are spent.
    var buffer: [UInt8] = []
    var used = 0
    /// How far the end of the head was looked for.
    private var searched = 0
    /// Whether a request is being worked on.
    var isBusy: Bool { phase != .waiting }
    /// Whether more has been sent than the current request.
    var hasMore: Bool { used < buffer.count }
    private var isChunkedOut = false
    private(set) var keepAlive = true
    private(set) var hasBegunAnswer = false
    private(set) var bytesOut = 0
    /// The current answer's status, once it began.
    private(set) var status: Int?
    /// An event stream stands at the end of an event, so that something may be put in.
    var isBetweenEvents = false
    /// The current request's head, once read.
    private(set) var request: HTTPHead?
    /// What is done on purpose to the current answer; nearly always nil.
    var damaged: DamagedAnswer?

    init(_ socket: Socket, _ limits: Limits, _ bodies: BodyBudget) {
        self.socket = socket
        self.limits = limits
        self.bodies = bodies
    }

    func enter(_ phase: Phase) {
        self.phase = phase
        phaseBegan = .now()
    }

    /// Reads the next request's head; nil when the client is done.
    func nextHead() async throws -> HTTPHead? {
        beginRequest()
        while try !takeHead() {
            if try await readMore() == 0 {
                try checkEnd()
                break
            }
        }
        return request
    }

    private func beginRequest() {
        enter(.waiting)
        letBodyGo()
        hasBegunAnswer = false
        isChunkedOut = false
        isBetweenEvents = false
        damaged = nil
        request = nil
        bytesOut = 0
        status = nil
        searched = 0
        compact()
        skipEmptyLines()
        socket.deadline = phaseBegan.advanced(
            byMilliseconds: buffer.isEmpty ? limits.keepAliveMS : limits.headTimeoutMS)
    }

    /// Whether all of the head has come and was understood.
    private func takeHead() throws -> Bool {
        guard let end = HTTPHeadParser.end(of: buffer, from: used, searched: &searched) else {
            if HTTPHeadParser.hasBareLineFeed(buffer, from: used) {
                throw HTTPError(400, "a line feed without a carriage return in the request head")
            }
            guard buffer.count - used <= limits.head.total else {
                throw HTTPError(
                    431, "request head of more than \(limits.head.total) bytes; send fewer or shorter fields")
            }
            return false
        }
        enter(.reading)
        socket.deadline = nil
        let head = try HTTPHeadParser.parse(buffer, used..<end, limits.head)
        used = end
        keepAlive = head.keepsAlive
        request = head
        return true
    }

    private func checkEnd() throws {
        if !buffer.isEmpty { throw HTTPError(400, "the connection ended inside a request head") }
    }

    /// Bytes of a body have come. Throws when all bodies together would be too many.
    func hold(_ bytes: Int) throws(HTTPError) {
        guard bodies.take(bytes) else {
            throw HTTPError(
                529, "the requests being answered hold \(bodies.held) bytes, the limit is \(bodies.limit); try again")
        }
        heldBytes += bytes
    }

    /// The connection is over, or the request is: its body's bytes are no longer held.
    func letBodyGo() {
        bodies.give(heldBytes)
        heldBytes = 0
    }

    private func readMore() async throws -> Int {
        let wasIdle = buffer.isEmpty
        let count: Int
        do {
            count = try await socket.read(16_384, into: &buffer)
        } catch {
            if error == .closed || wasIdle { throw error }
            throw HTTPError(408, "request head incomplete after \(limits.headTimeoutMS) ms")
        }
        if wasIdle { socket.deadline = .now().advanced(byMilliseconds: limits.headTimeoutMS) }
        skipEmptyLines()
        return count
    }

    /// RFC 9112 section 2.2: empty lines before a request are ignored.
    private func skipEmptyLines() {
        while buffer.count >= used + 2, buffer[used] == 0x0D, buffer[used + 1] == 0x0A { used += 2 }
        compact()
    }

    /// Forgets what is spent.
    func compact() {
        searched = 0
        if used == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= 65_536)
        } else if used > 0 {
            buffer.removeFirst(used)
        }
        used = 0
    }
}

/// Answering.
extension Connection {
    /// Sends a complete answer.
    func answer(_ status: Int, _ fields: HTTPFields, body: [UInt8]) async throws {
        hasBegunAnswer = true
        self.status = status
        let bytes = HTTPWriter.answer(
            status, fields, body: body, keepAlive: keepAlive, withoutBody: request?.method == "HEAD")
        if let damaged {
            return try await damaged.answer(bytes, body: body, isSuccess: (200..<300).contains(status))
        }
        try await send(bytes)
    }

    /// Begins an answer whose length is not known.
    func beginStream(_ status: Int, _ fields: HTTPFields) async throws {
        hasBegunAnswer = true
        self.status = status
        isChunkedOut = (request?.minorVersion ?? 1) >= 1
        if !isChunkedOut { keepAlive = false }
        // A stream may last long: what the request was read into is not kept for it.
        if used == buffer.count { (buffer, used) = ([], 0) }
        try await send(HTTPWriter.streamHead(status, fields, chunked: isChunkedOut, keepAlive: keepAlive))
    }

    /// Sends more of a stream.
    func stream(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        if let damaged { return try await damaged.stream(bytes) }
        try await sendChunk(bytes)
    }

    /// The same, without regard to any damage.
    func sendChunk(_ bytes: [UInt8]) async throws {
        guard isChunkedOut else { return try await send(bytes) }
        var framed: [UInt8] = []
        framed.reserveCapacity(bytes.count + 16)
        HTTPWriter.chunk(bytes, into: &framed)
        try await send(framed)
    }

    /// Ends a stream as it should end.
    func endStream() async throws {
        if let damaged { return try await damaged.endStream() }
        try await sendEnd()
    }

    /// The same, without regard to any damage.
    func sendEnd() async throws {
        if isChunkedOut { try await send(HTTPWriter.lastChunk) }
    }

    /// The connection cannot carry another request.
    func closeAfterwards() { keepAlive = false }

    /// Sees whether a client that stopped sending still listens. What is sent harms nobody who does, and makes the kernel
    /// of one who does not reset the connection: an interim answer before the answer, a comment inside an event stream.
    func probe() {
        guard isChunkedOut || !hasBegunAnswer, (request?.minorVersion ?? 0) >= 1 else {
            return socket.giveUp()
        }
        guard !socket.isWriting else { return }
        if !hasBegunAnswer {
            _ = socket.transmit(HTTPWriter.processing)
        } else if isBetweenEvents {
            _ = socket.transmit(HTTPWriter.commentChunk)
        }
    }

    /// From now on the transfer ends when the client goes away; nil: nothing depends on the client.
    func follow(_ transfer: Transfer?) {
        guard let transfer else { return socket.onPeerDone = nil }
        follow { [weak transfer] in transfer?.cancel() }
    }

    /// From now on the client's going away is told to whoever works for the exchange.
    func follow(_ departure: Departure) { follow { departure.happen() } }

    private func follow(_ isGone: @escaping @Sendable () -> Void) {
        socket.onPeerDone = { [weak self] in
            guard let self else { return }
            if !self.socket.isDead { self.probe() }
            if self.socket.isDead { isGone() }
        }
        if socket.isPeerDone || socket.isDead { socket.onPeerDone?() }
    }

    /// Sends bytes of a whole answer.
    func sendPlain(_ bytes: [UInt8]) async throws { try await send(bytes) }

    private func send(_ bytes: [UInt8]) async throws {
        socket.deadline = .now().advanced(byMilliseconds: limits.writeTimeoutMS)
        try await socket.write(bytes)
        socket.deadline = nil
        bytesOut += bytes.count
    }
}
