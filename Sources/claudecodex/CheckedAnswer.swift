internal import Backends
internal import Intercept
internal import Recorder

/// The answer's side of a checked exchange: refusals as they come, the answer at the end.
extension CheckedExchange {
    mutating func take(error record: TraceRecord) {
        let stage = record["stage"]?.string ?? ""
        if stage == "upstream", record["status"] != nil, let head, head.status >= 300 {
            return refused(record, head)
        }
        if ["connect", "upstream"].contains(stage) { isBrokenOff = true }
    }

    /// A service refused: what the client is told, and what is tried instead.
    private mutating func refused(_ record: TraceRecord, _ head: UpstreamHead) {
        guard let request, let backend, let sent, let words = record["body"]?.text?.utf8Bytes else {
            self.sent = nil
            return
        }
        let error = backend.reply(to: request).failure(head, body: words)
        compare(error, record)
        var losses = Losses()
        let isRetried = record["retried"]?.bool ?? false
        self.sent = next.after(sent, backend, request, head, words, &losses)
        if isRetried != (self.sent != nil) {
            differ(
                "error", "retried", recorded: "\(isRetried)", now: "\(self.sent != nil)")
        }
    }

    private mutating func compare(_ error: MessageError, _ record: TraceRecord) {
        let type = record["error_type"]?.string ?? ""
        if type != error.type { differ("error", "error.type", recorded: type, now: error.type) }
        let message = record["message"]?.string ?? ""
        if message != error.message { differ("error", "error.message", recorded: message, now: error.message) }
    }

    // MARK: Answers

    /// The exchange is over: what came of it.
    func finished(isEnded: Bool) -> TraceCheck.Result {
        var last = self
        last.finishAnswer(isEnded: isEnded)
        return last.result
    }

    private mutating func finishAnswer(isEnded: Bool) {
        if isOver { return }
        guard isEnded else { return note(.noAnswer) }
        guard let request, let backend else { return note(.ownAnswer) }
        if isAnswerChanged { return note(.changedAnswer) }
        guard let head, (200..<300).contains(head.status) else { return }
        let decoder = backend.reply(to: request)
        if decoder.passesThrough(head) { return note(.passedThrough) }
        if outcome == "client_gone" { return note(.clientGone) }
        guard let bytes = upstream.bytes(isEventStream: head.mediaType == "text/event-stream"),
            client.bytes(isEventStream: request.stream) != nil
        else { return note(.dropped) }
        let again = AnswerAgain(decoder, request, head, bytes, isComplete: !isBrokenOff)
        result.isAnswerChecked = true
        if again.isRefused || isBrokenOff && client.isEmpty {
            compare(refusal: again)
        } else if request.stream {
            compare(events: again)
        } else {
            compare(message: again)
        }
    }

    private mutating func compare(events again: AnswerAgain) {
        var recorded = client.events.filter { $0.name != "ping" && $0.data != nil }
        let now = again.events.filter { $0 != .ping }
        // Its last event is ours: the service's stream broke off.
        if isBrokenOff, recorded.last?.name == "error" { recorded.removeLast() }
        for (index, (old, new)) in zip(recorded, now).enumerated() { compare(old, new, "events[\(index)]") }
        guard recorded.count != now.count else { return }
        let index = min(recorded.count, now.count)
        differ(
            "answer", "events[\(index)]", recorded: index < recorded.count ? recorded[index].name : nil,
            now: index < now.count ? now[index].name : nil)
    }

    private mutating func compare(_ old: RecordedEvent, _ new: MessageEvent, _ place: String) {
        var out = JSONWriter()
        new.writeData(into: &out)
        guard let recorded = old.data, recorded != out.bytes else { return }
        guard let before = try? JSON.parse(recorded), let now = try? JSON.parse(out.bytes) else {
            return differ("answer", place, recorded: Self.words(recorded), now: Self.words(out.bytes))
        }
        for change in JSONDifference(from: before, to: now).changes where !Self.isRandom(change) {
            differ("answer", change, in: place + ".")
        }
    }

    private mutating func compare(message again: AnswerAgain) {
        let recorded = client.bytes(isEventStream: false) ?? []
        guard let old = try? JSON.parse(recorded), let new = try? JSON.parse(again.message) else {
            return differ("answer", "", recorded: Self.words(recorded), now: Self.words(again.message))
        }
        for change in JSONDifference(from: old, to: new).changes where !Self.isRandom(change) {
            differ("answer", change)
        }
    }

    private mutating func compare(refusal again: AnswerAgain) {
        // The words for a connection that broke are no translator's.
        if isBrokenOff { return }
        let status = response?["status"]?.int
        if status != again.failure?.status {
            differ("answer", "status", recorded: status.map { "\($0)" }, now: again.failure.map { "\($0.status)" })
        }
        let error = response?["body"]?["error"]
        guard let now = again.failure, let message = error?["message"]?.string else { return }
        if message != now.message { differ("answer", "error.message", recorded: message, now: now.message) }
        let type = error?["type"]?.string
        if type != now.type { differ("answer", "error.type", recorded: type, now: now.type) }
    }

    /// Ids that this program makes up are others each time.
    private static func isRandom(_ change: JSONDifference.Change) -> Bool {
        guard case .member("id")? = change.place.steps.last, let old = change.old?.string, let new = change.new?.string
        else { return false }
        let isMessage = old.hasPrefix("msg_") && new.hasPrefix("msg_")
        return isMessage || old.hasPrefix("toolu_") && new.hasPrefix("toolu_") && new.utf8.count == 30
    }
}
