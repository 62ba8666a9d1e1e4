/// An answer that is damaged on its way out. Stands between whoever answers and the connection, and records what the client
/// really got. Only exchanges for which an interceptor asked for damage have one.
final class DamagedAnswer {
    private struct Fault {
        let damage: Damage
        /// Its tool has been called, or it needs none.
        var isArmed: Bool
        /// Events sent since it was armed.
        var events = 0
        var hasActed = false
    }

    private var faults: [Fault]
    private let exchange: Exchange
    private let loop: EventLoop
    private unowned let client: Connection
    private var tape: ByteTape?
    /// An event that is not complete.
    private var rest: [UInt8] = []
    private var sentEvents = 0
    /// The block whose arguments come: its index, if a fault wants to stall there.
    private var toolBlock: Int?
    /// It was ended on purpose.
    private(set) var isOver = false
    /// The connection was closed on purpose.
    private(set) var isCut = false

    init(_ damages: [Damage], _ exchange: Exchange, _ client: Connection, _ loop: EventLoop) {
        faults = damages.sorted { $0.rank < $1.rank }.map { Fault(damage: $0, isArmed: $0.tool == nil) }
        self.exchange = exchange
        self.client = client
        self.loop = loop
    }

    // MARK: Streams

    /// More of an event stream.
    func stream(_ bytes: [UInt8]) async throws {
        if isOver { throw AnswerEnded() }
        if tape == nil { tape = ByteTape(.client, isEventStream: true) }
        rest += bytes
        while let end = Self.eventEnd(rest) {
            let event = Array(rest[..<end])
            rest.removeFirst(end)
            try await pass(event)
        }
    }

    /// Behind the first empty line.
    private static func eventEnd(_ bytes: [UInt8]) -> Int? {
        var at = 1
        while at < bytes.count {
            if bytes[at] == 0x0A, bytes[at - 1] == 0x0A { return at + 1 }
            at += 1
        }
        return nil
    }

    /// The end of an event stream.
    func endStream() async throws {
        if isOver { throw AnswerEnded() }
        if !rest.isEmpty { try await pass(rest) }
        try await breakOff()
        try await client.sendEnd()
        finish()
    }

    private func pass(_ raw: [UInt8]) async throws {
        let event = Self.parse(raw)
        if let event { arm(event) }
        try await breakOff()
        var pieces = [DamagedPiece(bytes: raw)]
        for index in faults.indices where faults[index].isArmed {
            if let event { pieces = change(pieces, event, &faults[index]) }
        }
        try await send(pieces)
        if case .ping? = event { return }
        sentEvents += 1
        for index in faults.indices where faults[index].isArmed { faults[index].events += 1 }
    }

    private static func parse(_ raw: [UInt8]) -> MessageEvent? {
        var parser = SSEParser()
        var found: SSEEvent?
        let all = raw[...]
        try? parser.feed(all.span) { if !$0.isComment { found = $0 } }
        return found.map { MessageEvent($0) }
    }

    private func arm(_ event: MessageEvent) {
        guard case .blockStart(let index, let block) = event else { return }
        toolBlock = nil
        guard let call = block.call else { return }
        for fault in faults.indices {
            if let fits = faults[fault].damage.tool, fits(call.name) { faults[fault].isArmed = true }
            if faults[fault].isArmed { toolBlock = index }
        }
    }

    /// Ends the answer where that is due.
    private func breakOff() async throws {
        for index in faults.indices where faults[index].isArmed {
            switch faults[index].damage.kind {
            case .cut(let events) where faults[index].events >= events:
                note(&faults[index])
                return try cut()
            case .error(let error, let events) where faults[index].events >= events:
                note(&faults[index])
                return try await end(with: error)
            default: break
            }
        }
    }

    private func cut() throws {
        isOver = true
        isCut = true
        finish()
        client.closeAfterwards()
        client.socket.close()
        throw AnswerEnded()
    }

    private func end(with error: MessageError) async throws {
        var out = JSONWriter()
        MessageEvent.error(error).write(into: &out)
        try await send([DamagedPiece(bytes: out.bytes)])
        isOver = true
        try await client.sendEnd()
        finish()
        throw AnswerEnded()
    }

    /// What is sent instead of these pieces of one event.
    private func change(_ pieces: [DamagedPiece], _ event: MessageEvent, _ fault: inout Fault) -> [DamagedPiece] {
        let changed = Self.changed(pieces, event, fault.damage.kind, isInCall: isInCall(event) && !fault.hasActed)
        guard let changed else { return pieces }
        if !fault.hasActed { note(&fault) }
        return changed
    }

    private func isInCall(_ event: MessageEvent) -> Bool {
        guard case .blockDelta(let index, .inputJSON) = event else { return false }
        return index == toolBlock
    }

    /// nil where the damage has nothing to do with this event.
    private static func changed(
        _ pieces: [DamagedPiece], _ event: MessageEvent, _ kind: Damage.Kind, isInCall: Bool
    ) -> [DamagedPiece]? {
        switch kind {
        case .cut, .error: return nil
        case .stall(let milliseconds): return isInCall ? stalled(event, milliseconds) : nil
        case .split:
            let split = pieces.flatMap { $0.splitInCharacter() }
            return split.count > pieces.count ? split : nil
        case .index(let index):
            guard case .blockDelta(let own, let delta) = event else { return nil }
            return [DamagedPiece(bytes: written(.blockDelta(index: index ?? own + 1, delta: delta)))]
        case .unnamed: return pieces.map(unnamed)
        case .slow(let rate):
            var slow = pieces
            slow[slow.count - 1].pauseMS += max(1, Int((1000 / rate).rounded()))
            return slow
        case .drip(let rate): return pieces.flatMap { $0.dripped(rate) }
        }
    }

    /// The first half of a call's arguments, a long wait, the second half.
    private static func stalled(_ event: MessageEvent, _ milliseconds: Int?) -> [DamagedPiece]? {
        guard case .blockDelta(let index, .inputJSON(let text)) = event else { return nil }
        let characters = Array(text.string)
        guard characters.count > 1 else { return nil }
        let halves = [characters[..<(characters.count / 2)], characters[(characters.count / 2)...]].map {
            written(.blockDelta(index: index, delta: .inputJSON(JSONText(String($0)))))
        }
        return [
            DamagedPiece(bytes: halves[0], pauseMS: milliseconds ?? 0, isLast: milliseconds == nil),
            DamagedPiece(bytes: halves[1]),
        ]
    }

    private static func written(_ event: MessageEvent) -> [UInt8] {
        var out = JSONWriter()
        event.write(into: &out)
        return out.bytes
    }

    private static func unnamed(_ piece: DamagedPiece) -> DamagedPiece {
        var piece = piece
        if piece.bytes.starts(with: "event:".utf8), let end = piece.bytes.firstIndex(of: 0x0A) {
            piece.bytes.removeFirst(end + 1)
        }
        return piece
    }

    private func send(_ pieces: [DamagedPiece]) async throws {
        for piece in pieces {
            if exchange.isObserved { tape?.append(piece.bytes, at: exchange.elapsedMS) }
            try await client.sendChunk(piece.bytes)
            try await wait(piece)
        }
        if let part = tape?.take(at: exchange.elapsedMS, isComplete: false) { exchange.record(part) }
    }

    /// Waits, and looks now and then whether the client is still there.
    private func wait(_ piece: DamagedPiece) async throws {
        var left = piece.pauseMS
        while left > 0 || piece.isLast {
            let step = piece.isLast ? Self.lookMS : min(left, Self.lookMS)
            await loop.sleep(milliseconds: step)
            left -= step
            if client.socket.isPeerDone || client.socket.isDead || client.socket.isClosed {
                throw Socket.Failure.closed
            }
        }
    }

    private static let lookMS = 50

    // MARK: Whole answers

    /// A whole answer: what can be done to one is done.
    ///
    /// - Parameter bytes: The answer with its head.
    func answer(_ bytes: [UInt8], body: [UInt8], isSuccess: Bool) async throws {
        tape = ByteTape(.client, isEventStream: false)
        let headEnd = bytes.count - body.count
        var pieces = [DamagedPiece(bytes: Array(bytes[headEnd...]))]
        var isCut = false
        for index in faults.indices where isSuccess && faults[index].damage.tool == nil {
            let changed: [DamagedPiece]
            switch faults[index].damage.kind {
            case .cut:
                isCut = true
                changed = [DamagedPiece(bytes: Array(body.prefix(body.count / 2)))]
            case .split: changed = pieces.flatMap { $0.splitInCharacter() }
            case .drip(let rate): changed = pieces.flatMap { $0.dripped(rate) }
            case .stall, .error, .index, .unnamed, .slow: continue
            }
            if isCut || changed.count > pieces.count { note(&faults[index]) }
            pieces = changed
        }
        try await client.sendPlain(Array(bytes[..<headEnd]))
        for piece in pieces {
            if exchange.isObserved { tape?.append(piece.bytes, at: exchange.elapsedMS) }
            try await client.sendPlain(piece.bytes)
            try await wait(piece)
        }
        if isCut { try cut() }
        finish()
    }

    // MARK: Records

    private func note(_ fault: inout Fault) {
        fault.hasActed = true
        exchange.record(
            .intercept(
                .init(
                    by: fault.damage.by, hook: "answer", action: fault.damage.action, path: "events[\(sentEvents)]",
                    after: fault.damage.rule)))
    }

    /// Hands over what is left of the record.
    func finish() {
        guard exchange.isObserved, let rest = tape?.take(at: exchange.elapsedMS, isComplete: true) else { return }
        exchange.record(rest)
    }
}

extension EventLoop {
    /// Comes back after this time; other tasks of the loop go on meanwhile.
    public func sleep(milliseconds: Int) async {
        await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
            after(milliseconds: milliseconds) { done.resume() }
        }
    }
}
