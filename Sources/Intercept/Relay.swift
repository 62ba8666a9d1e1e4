/// One upstream attempt's answer on its way to the client.
final class Relay<Decoder: ReplyDecoder> {
    private let transfer: Transfer
    private let head: UpstreamHead
    private let limits: Limits
    private var decoder: Decoder
    private let delivery: Delivery
    /// What came from the service, for the trace.
    private var tape: ByteTape
    private let inflater: Inflater?
    private var weight: AnswerWeight
    private let exchange: Exchange
    private var decoded = Decoded()

    init(_ transfer: Transfer, _ head: UpstreamHead, _ decoder: Decoder, _ turn: Turn, to delivery: Delivery) {
        self.transfer = transfer
        self.head = head
        self.decoder = decoder
        self.delivery = delivery
        limits = turn.limits
        exchange = turn.exchange
        tape = ByteTape(.upstream, isEventStream: head.mediaType == "text/event-stream")
        inflater = Inflater(for: head)
        weight = AnswerWeight(turn.limits)
    }

    /// What was lost in the reply so far.
    var losses: Losses { decoder.losses }

    /// Translates: bytes become events as they come, events go out whenever nothing more is buffered.
    func translate() async throws {
        decoded.begin(&decoder, head)
        try await hand()
        var gap = Gap(limits)
        while true {
            switch try await transfer.next(within: gap.patienceMS) {
            case .bytes(let bytes):
                gap.close(&delivery.largestGapMS)
                let plain = try unpack(bytes)
                note(plain)
                decoded.feed(&decoder, plain)
                try await hand()
            case .silence:
                if gap.isTooLong { throw gap.error }
                try await delivery.ping()
            case .end:
                decoded.finish(&decoder)
                try await hand()
                return finish()
            }
        }
    }

    /// What was understood before a failure still goes out.
    private func hand() async throws {
        if !decoded.events.isEmpty { try await delivery.send(decoded.events) }
        if let failure = decoded.failure { throw failure }
        decoded.events.removeAll(keepingCapacity: true)
    }

    private func unpack(_ bytes: [UInt8]) throws(MessageError) -> [UInt8] {
        let plain = try inflater?.unpack(bytes, limits) ?? bytes
        try weight.add(plain)
        return plain
    }

    private func note(_ bytes: [UInt8]) {
        guard exchange.isObserved else { return }
        tape.append(bytes, at: exchange.elapsedMS)
        if let part = tape.take(at: exchange.elapsedMS, isComplete: false) { exchange.record(part) }
    }

    /// Hands over what is left, also after a failure.
    func finish() {
        guard exchange.isObserved else { return }
        if let rest = tape.take(at: exchange.elapsedMS, isComplete: true) { exchange.record(rest) }
    }
}

extension Inflater {
    /// For the coding that an answer's head names; nil for none.
    convenience init?(for head: UpstreamHead) {
        switch head.headers["content-encoding"]?.lowercased() {
        case "gzip", "x-gzip", "deflate": self.init(.detect)
        default: return nil
        }
    }

    /// The next piece of an answer.
    func unpack(_ bytes: [UInt8], _ limits: Limits) throws(MessageError) -> [UInt8] {
        var plain: [UInt8] = []
        guard feed(bytes, into: &plain, limit: limits.maxAnswer) else {
            throw MessageError(502, nil, "claudecodex: the upstream's compressed answer is damaged")
        }
        if isOverLimit { throw AnswerWeight.tooMuch(limits) }
        return plain
    }
}

/// What one read of the upstream was decoded to.
private struct Decoded {
    var events: [MessageEvent] = []
    var failure: TranslationError?

    mutating func begin(_ decoder: inout some ReplyDecoder, _ head: UpstreamHead) {
        do { try decoder.head(head) { events.append($0) } } catch { failure = error }
    }

    mutating func feed(_ decoder: inout some ReplyDecoder, _ bytes: [UInt8]) {
        let all = bytes[...]
        do { try decoder.feed(all.span) { events.append($0) } } catch { failure = error }
    }

    mutating func finish(_ decoder: inout some ReplyDecoder) {
        do { try decoder.finish { events.append($0) } } catch { failure = error }
    }
}

/// The upstream's silence: when to ping, when to give up.
struct Gap {
    private let limits: Limits
    private var since = Monotonic.now()

    init(_ limits: Limits) { self.limits = limits }

    private var silentMS: Double { Monotonic.now().milliseconds(since: since) }

    /// How long to wait for the next byte before doing something.
    var patienceMS: Int {
        let left = max(1, limits.idleTimeoutMS - Int(silentMS))
        return limits.pingIntervalMS > 0 ? min(limits.pingIntervalMS, left) : left
    }

    var isTooLong: Bool { silentMS >= Double(limits.idleTimeoutMS) }

    /// Bytes came.
    mutating func close(_ largest: inout Double) {
        let now = Monotonic.now()
        largest = max(largest, now.milliseconds(since: since))
        since = now
    }

    var error: MessageError {
        MessageError(
            504, nil,
            "claudecodex: the upstream sent nothing for \(Limits.words(limits.idleTimeoutMS)) in mid-answer (--timeout)"
        )
    }
}
