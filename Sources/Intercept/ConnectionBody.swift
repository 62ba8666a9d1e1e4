/// Reading a request's body: framed by its length or by chunks, not too slowly, not too much, unpacked.
extension Connection {
    /// The request's body, unpacked. `head` must be the one `nextHead` gave.
    func body(_ head: HTTPHead) async throws -> [UInt8] {
        let framing = try head.framing()
        if case .length(let length) = framing, length > limits.maxBody { throw tooLarge(length) }
        if framing != .none, let expectation = head.headers["expect"] {
            guard HTTPFields.same(expectation, "100-continue") else {
                throw HTTPError(417, "Expect: \(expectation) is not understood; leave the field out")
            }
            if used == buffer.count { try await socket.write(HTTPWriter.continue) }
        }
        let packed: [UInt8] =
            switch framing {
            case .none: []
            case .length(let length): try await fixedBody(length)
            case .chunked: try await chunkedBody()
            }
        socket.deadline = nil
        enter(.answering)
        guard let coding = head.headers["content-encoding"] else { return packed }
        let plain = try Inflate.decode(packed, coding: coding, limits)
        try hold(max(0, plain.count - packed.count))
        return plain
    }

    private func tooLarge(_ seen: Int) -> HTTPError {
        HTTPError(413, "request body of \(seen) bytes: the limit is \(limits.maxBody) bytes (--max-body)")
    }

    private func fixedBody(_ length: Int) async throws -> [UInt8] {
        let have = min(length, buffer.count - used)
        var body: [UInt8] = []
        // A client that only announces a large body does not get the memory for it.
        body.reserveCapacity(min(length, 1 << 20))
        body.append(contentsOf: buffer[used..<used + have])
        used += have
        try hold(have)
        var pace = Pace(limits)
        while body.count < length {
            try await readBody(min(length - body.count, max(1 << 20, body.count)), into: &body, &pace)
        }
        return body
    }

    private func chunkedBody() async throws -> [UInt8] {
        var decoder = ChunkedBody()
        var body: [UInt8] = []
        var pace = Pace(limits)
        try hold(buffer.count - used)
        while true {
            used = try decoder.feed(buffer, from: used, into: &body)
            if body.count > limits.maxBody { throw tooLarge(body.count) }
            if decoder.isDone { return body }
            compact()
            try await readBody(65_536, into: &buffer, &pace)
        }
    }

    private func readBody(_ count: Int, into bytes: inout [UInt8], _ pace: inout Pace) async throws {
        socket.deadline = pace.deadline
        do {
            let came = try await socket.read(count, into: &bytes)
            if came == 0 { throw HTTPError(400, "the connection ended inside a request body") }
            pace.note(came)
            try hold(came)
        } catch Socket.Failure.timedOut {
            throw HTTPError(408, pace.complaint)
        }
    }
}

/// How fast a request body comes in.
private struct Pace {
    private let limits: Limits
    private let began = Monotonic.now()
    private var latest: Monotonic
    private var received = 0

    init(_ limits: Limits) {
        self.limits = limits
        latest = began
    }

    mutating func note(_ bytes: Int) {
        received += bytes
        latest = .now()
    }

    /// When to give up unless more has come: after a silence, or when all in all it was too slow.
    var deadline: Monotonic { min(silent, slow) }
    private var silent: Monotonic { latest.advanced(byMilliseconds: limits.bodyTimeoutMS) }
    private var slow: Monotonic {
        began.advanced(byMilliseconds: limits.bodyTimeoutMS + received * 1000 / limits.bodyRate)
    }

    var complaint: String {
        if silent < .now() { return "no byte of the request body for \(limits.bodyTimeoutMS) ms" }
        let passed = Int(latest.milliseconds(since: began))
        return "\(received) bytes of the request body in \(passed) ms: fewer than \(limits.bodyRate) a second"
    }
}
