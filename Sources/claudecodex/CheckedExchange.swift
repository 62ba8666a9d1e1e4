internal import Backends
internal import Intercept
internal import Recorder

/// One exchange on its way through the check: its records as they come, and what this version makes of them.
struct CheckedExchange {
    /// What the `meta` record before it says.
    struct Surroundings {
        var isStrict = false
        var settings: [String: String] = [:]

        init() {}

        init(_ meta: TraceRecord) {
            isStrict = meta["redact"]?.equals("strict") ?? false
            guard let recorded = meta["settings"], recorded.isObject else { return }
            for (name, value) in recorded.members { settings[name.string ?? ""] = value.string }
        }
    }

    private var result: TraceCheck.Result
    private let record: TraceRecord
    private let surroundings: Surroundings
    private var request: MessageRequest?
    private var backendName = ""
    private var upstreamModel = ""
    private var backend: (any Backend)?
    /// What this version would have sent last.
    private var sent: UpstreamRequest?
    private var head: UpstreamHead?
    private var upstream = RecordedSide()
    private var client = RecordedSide()
    private var response: TraceRecord?
    private var isAnswerChanged = false
    private var isBrokenOff = false
    private var outcome = ""
    /// Nothing more of it can be compared.
    private var isOver = false

    init(
        _ record: TraceRecord, _ result: TraceCheck.Result, _ surroundings: Surroundings, _ bodies: inout TraceBodies
    ) {
        (self.record, self.result, self.surroundings) = (record, result, surroundings)
        do { begin(try bodies.body(of: record)) } catch { leave(.damaged, "\(error)") }
    }

    private mutating func begin(_ body: [UInt8]?) {
        guard !(record["path"]?.string ?? "").hasSuffix("/count_tokens") else { return leave(.counts) }
        guard !surroundings.isStrict else { return leave(.strict) }
        guard record["body_dropped"] == nil else { return leave(.dropped) }
        guard let body, let json = try? JSON.parse(body) else { return leave(.ownAnswer) }
        request = try? MessageRequest(
            endpoint: .messages, path: record["path"]?.string ?? "", query: record["query"]?.string,
            headers: Self.fields(record), body: json)
        if request == nil { leave(.ownAnswer) }
    }

    private mutating func leave(_ reason: TraceCheck.Reason, _ detail: String? = nil) {
        isOver = true
        note(reason, detail)
    }

    private mutating func note(_ reason: TraceCheck.Reason, _ detail: String? = nil) {
        if !result.reasons.contains(reason) { result.reasons.append(reason) }
        if let detail { result.details.append(detail) }
    }

    static func fields(_ record: TraceRecord) -> HTTPFields {
        guard let list = record["headers"], list.isArray else { return HTTPFields() }
        return HTTPFields(list.elements.map { .init($0["name"]?.string ?? "", $0["value"]?.string ?? "") })
    }

    /// Takes the next record of the exchange.
    mutating func take(_ record: TraceRecord, _ bodies: inout TraceBodies, _ backends: inout RecordedBackends) {
        switch record.type {
        case "upstream":
            let body: [UInt8]?
            do { body = try bodies.body(of: record) } catch { return leave(.damaged, "\(error)") }
            if !isOver { compare(record, body, &backends) }
        case "intercept": if !isOver { take(intercept: record) }
        case "translation" where backendName.isEmpty:
            backendName = record["backend"]?.string ?? ""
            upstreamModel = record["upstream_model"]?.string ?? ""
        case "head":
            head = UpstreamHead(status: record["status"]?.int ?? 0, headers: Self.fields(record))
        case "events":
            if record["side"]?.equals("client") ?? false { client.add(record) } else { upstream.add(record) }
        case "error": if !isOver { take(error: record) }
        case "response": response = record
        case "end":
            outcome = record["outcome"]?.string ?? ""
            if record["dropped"]?.int ?? 0 > 0, !isOver { leave(.dropped) }
        default: break
        }
    }

    /// What an interceptor did, where that can be done again.
    private mutating func take(intercept act: TraceRecord) {
        switch (act["hook"]?.string ?? "", act["action"]?.string ?? "") {
        case ("request", "edit"):
            guard act["path"]?.equals("model") ?? false, let model = act["after"]?.string else {
                return leave(.changedRequest)
            }
            request?.model = model
        case (_, "note"), ("request", "wait"), (_, "skip"): break
        case ("request", _): leave(.ownAnswer)
        default: isAnswerChanged = true
        }
    }

    // MARK: Requests

    private mutating func compare(_ record: TraceRecord, _ body: [UInt8]?, _ backends: inout RecordedBackends) {
        guard let request else { return }
        let attempt = record["try"]?.int ?? 1
        if record["body_dropped"] != nil { return leave(.dropped) }
        if attempt == 1 {
            guard makeBackend(record, &backends) else { return }
            var losses = Losses()
            do { sent = try backend?.translate(request, &losses) } catch {
                return differ("request", "", recorded: "a request", now: "refused: \(error.error.message)")
            }
        }
        guard let sent else { return leave(.unknownRefusal) }
        result.isRequestChecked = true
        let text = attempt == 1 ? "request" : "request, try \(attempt)"
        compare(url: record, sent, text)
        let recorded = body ?? request.body.document.bytes
        compare(recorded, sent.body, text)
    }

    private mutating func makeBackend(_ record: TraceRecord, _ backends: inout RecordedBackends) -> Bool {
        let description = RecordedBackends.Description(
            name: backendName, url: record["url"]?.string ?? "", model: request?.model ?? "",
            upstreamModel: upstreamModel, settings: surroundings.settings)
        do {
            backend = try backends.backend(description)
            return true
        } catch {
            leave(.unknownBackend, "\(error)")
            return false
        }
    }

    private mutating func compare(url record: TraceRecord, _ sent: UpstreamRequest, _ text: String) {
        let recorded = record["url"]?.string ?? ""
        if recorded == sent.url || recorded.utf8.contains(UInt8(ascii: "[")) { return }
        differ(text, "url", recorded: recorded, now: sent.url)
    }

    private mutating func compare(_ recorded: [UInt8], _ now: [UInt8], _ text: String) {
        if recorded == now { return }
        guard let old = try? JSON.parse(recorded), let new = try? JSON.parse(now) else {
            return differ(text, "", recorded: Self.words(recorded), now: Self.words(now))
        }
        let changes = JSONDifference(from: old, to: new).changes
        for change in changes { differ(text, change) }
        guard changes.isEmpty else { return }
        let place = zip(recorded, now).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        let at = place ?? min(recorded.count, now.count)
        differ(
            text, "byte \(at) (the values are equal)", recorded: Self.words(Array(recorded[at...])),
            now: Self.words(Array(now[at...])))
    }

    // MARK: Refusals

    private mutating func take(error record: TraceRecord) {
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
        self.sent = backend.retry(request, after: sent, head: head, body: words, &losses)
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

    // MARK: Differences

    private mutating func differ(_ text: String, _ change: JSONDifference.Change, in place: String = "") {
        differ(
            text, place + change.place.description, recorded: change.old.map { Self.words(Array($0.raw)) },
            now: change.new.map { Self.words(Array($0.raw)) })
    }

    private mutating func differ(_ text: String, _ path: String, recorded: String?, now: String?) {
        let mark = "[redacted "
        if let recorded, recorded.contains(mark) { return note(.maybeRedacted) }
        if let now, now.contains(mark) { return note(.maybeRedacted) }
        result.differences.append(.init(text: text, path: path, recorded: recorded, now: now))
    }

    /// The beginning of a value.
    private static func words(_ bytes: [UInt8]) -> String {
        let most = 300
        return String(decoding: bytes.prefix(most), as: UTF8.self) + (bytes.count > most ? "…" : "")
    }
}
