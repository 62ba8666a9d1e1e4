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

    var result: TraceCheck.Result
    let record: TraceRecord
    let surroundings: Surroundings
    var request: MessageRequest?
    var backendName = ""
    var upstreamModel = ""
    var backend: (any Backend)?
    /// What this version would have sent last.
    var sent: UpstreamRequest?
    var next = NextTry()
    var head: UpstreamHead?
    var upstream = RecordedSide()
    var client = RecordedSide()
    var response: TraceRecord?
    var isAnswerChanged = false
    var isBrokenOff = false
    var outcome = ""
    /// Nothing more of it can be compared.
    var isOver = false

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

    mutating func note(_ reason: TraceCheck.Reason, _ detail: String? = nil) {
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
        compare(headers: record, sent, text)
        let recorded = body ?? request.body.document.bytes
        compare(recorded, sent.body, text)
    }

    private mutating func makeBackend(_ record: TraceRecord, _ backends: inout RecordedBackends) -> Bool {
        // Nobody has translated: a recorded session has answered.
        if backendName.isEmpty {
            leave(.ownAnswer)
            return false
        }
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

    /// Header fields that say what a body means or what is wanted; all others belong to a connection, to credentials or to
    /// whoever sent them.
    private static func hasMeaning(_ name: String) -> Bool {
        ["content-type", "accept", "anthropic-version", "anthropic-beta", "openai-beta"].contains(name)
            || name.hasPrefix("x-amzn-bedrock-")
    }

    private static func meaning(_ fields: HTTPFields) -> [String: String] {
        let wanted = fields.fields.map { ($0.name.lowercased(), $0.value) }.filter { hasMeaning($0.0) }
        return Dictionary(wanted) { "\($0), \($1)" }
    }

    private mutating func compare(headers record: TraceRecord, _ sent: UpstreamRequest, _ text: String) {
        guard record["headers"]?.isArray ?? false else { return }
        let (recorded, now) = (Self.meaning(Self.fields(record)), Self.meaning(sent.headers))
        for name in Set(recorded.keys).union(now.keys).sorted() where recorded[name] != now[name] {
            differ(text, "headers.\(name)", recorded: recorded[name], now: now[name])
        }
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

    // MARK: Differences

    mutating func differ(_ text: String, _ change: JSONDifference.Change, in place: String = "") {
        differ(
            text, place + change.place.description, recorded: change.old.map { Self.words(Array($0.raw)) },
            now: change.new.map { Self.words(Array($0.raw)) })
    }

    mutating func differ(_ text: String, _ path: String, recorded: String?, now: String?) {
        let mark = "[redacted "
        if let recorded, recorded.contains(mark) { return note(.maybeRedacted) }
        if let now, now.contains(mark) { return note(.maybeRedacted) }
        result.differences.append(.init(text: text, path: path, recorded: recorded, now: now))
    }

    /// The beginning of a value.
    static func words(_ bytes: [UInt8]) -> String {
        let most = 300
        return String(decoding: bytes.prefix(most), as: UTF8.self) + (bytes.count > most ? "…" : "")
    }
}
