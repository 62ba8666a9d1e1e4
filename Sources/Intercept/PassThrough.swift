/// An answer that goes to the client as it came: status, fields and bytes. What it says is read on the side, for the
/// trace. Where an interceptor sees events they are taken apart and only what it changed is written anew.
final class PassThrough {
    private let transfer: Transfer
    private let head: UpstreamHead
    private let turn: Turn
    private var assembly = Assembly()
    private var parser = SSEParser()
    private var reader = MessageEventReader()
    private var tape: ByteTape
    /// What the client got, where that may be something else.
    private var clientTape: ByteTape
    private let inflater: Inflater?
    private var weight: AnswerWeight
    private var firstTokenMS: Double?
    private var pings = 0
    private var gap: Gap
    private var largestGapMS = 0.0
    private let isEventStream: Bool
    private let isEdited: Bool
    private var mend: StreamMend?

    private init(_ transfer: Transfer, _ head: UpstreamHead, _ turn: Turn, mends: Bool) {
        (self.transfer, self.head, self.turn) = (transfer, head, turn)
        isEventStream = head.mediaType == "text/event-stream"
        let isSuccess = (200..<300).contains(head.status) && turn.request.endpoint == .messages
        let isRenamed = turn.request.model != turn.request.requestedModel
        isEdited = isSuccess && (mends || turn.chain.seesEvents || isRenamed || turn.client.damaged != nil)
        if mends, isSuccess {
            mend = StreamMend { turn.calibration.count(turn.request.body, model: turn.request.model) }
        }
        tape = ByteTape(.upstream, isEventStream: isEventStream)
        clientTape = ByteTape(.client, isEventStream: isEventStream)
        inflater = Inflater(for: head)
        gap = Gap(turn.limits)
        weight = AnswerWeight(turn.limits)
    }

    private var client: Connection { turn.client }
    private var exchange: Exchange { turn.exchange }

    /// Relays one answer from beginning to end.
    ///
    /// - Parameter mends: What clients need and the service leaves out is added.
    static func run(
        _ transfer: Transfer, _ head: UpstreamHead, _ turn: Turn, mends: Bool
    ) async throws -> Outcome {
        let relay = PassThrough(transfer, head, turn, mends: mends)
        do {
            return try await relay.run()
        } catch let failure {
            relay.finish(status: head.status, body: nil)
            guard let report = Report(failure) else { throw failure }
            turn.exchange.record(report, isRetried: false)
            if turn.client.hasBegunAnswer {
                try await turn.client.breakOff(report.error)
            } else {
                try await turn.client.refuse(report.error, turn.exchange, backend: turn.backend)
            }
            return .upstreamError
        }
    }

    private func run() async throws -> Outcome {
        if isEventStream { try await stream() } else { try await whole() }
        guard (200..<300).contains(head.status), assembly.error == nil else { return .upstreamError }
        turn.learn(assembly.usage)
        return .ok
    }

    /// Hands on a refusal that was read already: the service's own words. Clients look for the cause of a refusal only
    /// in a 400.
    static func refuse(_ head: UpstreamHead, _ body: [UInt8], _ turn: Turn) async throws -> Outcome {
        let status = head.status == 422 ? 400 : head.status
        var fields = HTTPFields.endToEnd(head.headers)
        fields["content-encoding"] = nil
        if fields["request-id"] == nil { fields["request-id"] = turn.exchange.requestID }
        if turn.exchange.isObserved {
            var tape = ByteTape(.upstream, isEventStream: false)
            tape.append(body, at: turn.exchange.elapsedMS)
            if let all = tape.take(at: turn.exchange.elapsedMS, isComplete: true) { turn.exchange.record(all) }
            turn.exchange.record(
                .response(
                    .init(
                        status: status, model: turn.request.requestedModel, backend: turn.backend,
                        durationMS: turn.exchange.elapsedMS, body: body, pings: 0)))
        }
        try await turn.client.answer(status, fields, body: body)
        return .upstreamError
    }

    /// The upstream's fields without those that belong to its connection.
    private var fields: HTTPFields {
        var fields = HTTPFields.endToEnd(head.headers)
        if isEdited { fields["content-encoding"] = nil }
        if fields["request-id"] == nil { fields["request-id"] = exchange.requestID }
        return fields
    }

    private func whole() async throws {
        let bytes = try await transfer.rest(limit: turn.limits.maxAnswer)
        let plain = try unpack(bytes)
        if exchange.isObserved { tape.append(plain, at: exchange.elapsedMS) }
        let message = try? JSON.parse(plain)
        var body = bytes
        if let message, message["content"] != nil {
            let events = MessageEvent.all(of: message)
            for event in events { try note(event) }
            if isEdited {
                body = try await edited(message, events)
                noteEdited(body)
            }
        }
        finish(status: head.status, body: assembly.start == nil ? plain : nil)
        try await client.answer(head.status, fields, body: body)
    }

    /// The message after the interceptors; untouched bytes when they changed nothing.
    private func edited(_ message: JSON, _ events: [MessageEvent]) async throws -> [UInt8] {
        var out = Assembly()
        var isChanged = false
        for event in events {
            let passed = try await turn.chain.event(event)
            isChanged = isChanged || passed != [event]
            for event in passed { out.add(event) }
        }
        let bytes = isChanged ? out.message() : mend?.mend(whole: message) ?? message.document.bytes
        return Self.rename(bytes, at: nil, to: turn.request)
    }

    private func stream() async throws {
        try await client.beginStream(head.status, fields)
        while true {
            switch try await transfer.next(within: gap.patienceMS) {
            case .bytes(let bytes):
                gap.close(&largestGapMS)
                try await relay(bytes)
            case .silence:
                if gap.isTooLong { throw gap.error }
                if client.isBetweenEvents { try await client.stream(Self.pingEvent) }
            case .end:
                try await end()
                return
            }
        }
    }

    private static let pingEvent = Array("event: ping\ndata: {\"type\":\"ping\"}\n\n".utf8)

    private func relay(_ bytes: [UInt8]) async throws {
        client.isBetweenEvents = false
        if !isEdited { try await client.stream(bytes) }
        let plain = try unpack(bytes)
        try weight.add(plain)
        if exchange.isObserved { tape.append(plain, at: exchange.elapsedMS) }
        let events = try split(plain)
        // Of an edited stream the client gets whole events only.
        client.isBetweenEvents = isEdited || !parser.isInsideEvent && inflater == nil
        for event in events { try note(reader.read(event)) }
        if isEdited { try await streamEdited(events) }
        if let part = tape.take(at: exchange.elapsedMS, isComplete: false) { exchange.record(part) }
    }

    private func streamEdited(_ events: [SSEEvent]) async throws {
        let bytes = try await edited(events)
        noteEdited(bytes)
        try await client.stream(bytes)
        if let part = clientTape.take(at: exchange.elapsedMS, isComplete: false) { exchange.record(part) }
    }

    private func noteEdited(_ bytes: [UInt8]) {
        if exchange.isObserved, client.damaged == nil { clientTape.append(bytes, at: exchange.elapsedMS) }
    }

    /// The events that `bytes` complete; nil: those that the end completes.
    private func split(_ bytes: [UInt8]?) throws(TranslationError) -> [SSEEvent] {
        var events: [SSEEvent] = []
        let take: (SSEEvent) throws(TranslationError) -> Void = { events.append($0) }
        guard let bytes else {
            try parser.finish(take)
            return events
        }
        let all = bytes[...]
        try parser.feed(all.span, take)
        return events
    }

    /// The events after the interceptors; what they left alone keeps its bytes.
    private func edited(_ events: [SSEEvent]) async throws -> [UInt8] {
        var out = JSONWriter(capacity: 1024)
        for raw in events {
            if raw.isComment {
                // A sign of life is one for the client too.
                if mend != nil { out.verbatim(":\n\n") }
                continue
            }
            let raw = mend?.mend(raw) ?? raw
            let event = MessageEvent(raw)
            let passed = try await turn.chain.event(event)
            guard passed == [event] else {
                for event in passed { event.write(into: &out) }
                continue
            }
            out.verbatim("event: ")
            out.verbatim(text: raw.name.isEmpty ? event.name : raw.name)
            out.verbatim("\ndata: ")
            out.eventData(
                raw.name == "message_start" ? Self.rename(raw.data, at: "message", to: turn.request) : raw.data)
            out.verbatim("\n\n")
        }
        return out.bytes
    }

    /// Puts the name the client asked for where the answer names another model.
    private static func rename(_ bytes: [UInt8], at member: String?, to request: MessageRequest) -> [UInt8] {
        guard request.model != request.requestedModel, let json = try? JSON.parse(bytes) else { return bytes }
        guard let model = (member.map { json[$0] } ?? json)?["model"] else { return bytes }
        var name = JSONWriter()
        name.string(request.requestedModel)
        var out = bytes
        out.replaceSubrange(model.range, with: name.bytes)
        return out
    }

    private func end() async throws {
        let rest = try split(nil)
        for event in rest { try note(reader.read(event)) }
        if isEdited, !rest.isEmpty { try await streamEdited(rest) }
        if let missing = mend?.end() {
            var out = JSONWriter(capacity: 128)
            missing.write(into: &out)
            noteEdited(out.bytes)
            try await client.stream(out.bytes)
            exchange.record(.check(rule: "last-event", message: "the service left out the end of its stream"))
        }
        try await client.endStream()
        finish(status: head.status, body: nil)
    }

    private func unpack(_ bytes: [UInt8]) throws(MessageError) -> [UInt8] {
        guard let inflater, exchange.isObserved || isEdited else { return bytes }
        return try inflater.unpack(bytes, turn.limits)
    }

    private func note(_ event: MessageEvent) throws(MessageError) {
        try weight.add(event)
        guard exchange.isObserved else { return }
        if case .error(let error) = event {
            exchange.record(
                .error(.init(stage: "upstream", kind: error.type, message: error.message, isRetried: false)))
        }
        if case .ping = event { pings += 1 }
        if case .blockDelta = event, firstTokenMS == nil { firstTokenMS = exchange.elapsedMS }
        if let call = assembly.add(event) {
            exchange.record(.toolCall(.init(call: call, milliseconds: exchange.elapsedMS, isServerSide: false)))
        }
    }

    /// Records what there was; also called when the answer broke off.
    private func finish(status: Int, body: [UInt8]?) {
        guard exchange.isObserved else { return }
        if let rest = tape.take(at: exchange.elapsedMS, isComplete: true) { exchange.record(rest) }
        if let rest = clientTape.take(at: exchange.elapsedMS, isComplete: true) { exchange.record(rest) }
        let hasMessage = assembly.start != nil
        exchange.record(
            .response(
                .init(
                    status: status, model: turn.request.requestedModel, backend: turn.backend,
                    stopReason: assembly.end?.stopReason?.rawValue, usage: hasMessage ? assembly.usage : nil,
                    firstTokenMS: firstTokenMS, durationMS: exchange.elapsedMS,
                    largestGapMS: largestGapMS > 0 ? largestGapMS : nil,
                    message: hasMessage ? assembly.roleAndContent() : nil, body: body, pings: pings)))
    }

}
