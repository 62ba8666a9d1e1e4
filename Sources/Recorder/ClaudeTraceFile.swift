/// The recordings of claude-trace (`.claude-trace/log-*.jsonl`): a line is a request with its answer. Its forks differ, so
/// nothing but `request` must be there.
internal import Intercept

enum ClaudeTraceFile {
    static func isPair(_ json: JSON) -> Bool { json["request"]?["url"] != nil || json["request"]?["method"] != nil }

    static func read(
        _ reader: TraceReader, _ report: inout TraceImport.Report, _ seen: inout Set<String>,
        take: (ImportedExchange) -> Void
    ) {
        while let line = reader.nextLine() {
            if line.isEmpty { continue }
            guard let json = try? JSON.parse(line) else {
                report.leftOut["no JSON", default: 0] += 1
                continue
            }
            guard isPair(json), let exchange = exchange(json) else {
                report.leftOut["no pair of request and answer", default: 0] += 1
                continue
            }
            guard seen.insert(exchange.identity).inserted else {
                report.repeated += 1
                continue
            }
            report.exchanges += 1
            if let session = exchange.session { report.sessions.insert(session) }
            take(exchange)
        }
    }

    /// Nil without a time: an exchange has its place by it.
    private static func exchange(_ json: JSON) -> ImportedExchange? {
        guard let request = json["request"], let started = time(request["timestamp"]) ?? time(json["logged_at"]) else {
            return nil
        }
        let headers = fields(request["headers"])
        let bytes = body(request)
        let parsed = try? JSON.parse(bytes)
        let (path, query) = target(request["url"]?.string ?? "/v1/messages")
        let isMessages = path == "/v1/messages"
        let kind: Exchange.Kind =
            path.hasSuffix("/count_tokens") ? .countTokens : isMessages ? RequestOrigin.kind(headers, parsed) : .other
        var exchange = ImportedExchange(
            identity: "claude-trace \(started.nanoseconds) \(SHA256Digits.of(bytes))", started: started, kind: kind,
            session: RequestOrigin.session(headers, parsed), agent: headers["x-claude-code-agent-id"],
            parentAgent: headers["x-claude-code-parent-agent-id"],
            request: .whole(
                .init(
                    method: request["method"]?.string ?? "POST", path: path, query: query, headers: headers,
                    bytes: bytes, body: parsed)))
        if let response = json["response"], response.isObject { add(response, to: &exchange) }
        return exchange
    }

    private static func add(_ response: JSON, to exchange: inout ImportedExchange) {
        let ended = max(time(response["timestamp"]) ?? exchange.started, exchange.started)
        let status = response["status_code"]?.int ?? response["status"]?.int ?? 0
        let duration = ended.milliseconds(since: exchange.started)
        exchange.ended = ended
        exchange.outcome = (200..<400).contains(status) ? .ok : .upstreamError
        let bytes = answer(response)
        guard let message = message(bytes, response) else {
            exchange.response = .init(
                status: status, model: "", backend: "anthropic", durationMS: duration,
                body: bytes.isEmpty ? nil : bytes,
                pings: 0)
            if status >= 400 { exchange.failure = failure(status, bytes) }
            return
        }
        exchange.calls = message.calls.map { .init(call: $0.call, time: ended, isServerSide: $0.isServerSide) }
        exchange.response = message.response(status: status, backend: "anthropic", durationMS: duration)
        if let error = message.assembly.error {
            exchange.outcome = .upstreamError
            exchange.failure = .init(
                stage: "upstream", kind: error.type, message: error.message, status: status, isRetried: false)
        }
    }

    /// From a stream as text, a list of events, or a whole message.
    private static func message(_ bytes: [UInt8], _ response: JSON) -> ImportedMessage? {
        var events: [MessageEvent] = []
        if let list = response["events"], list.isArray {
            events = list.elements.map { event in
                let data = event["data"] ?? event
                return MessageEvent(
                    SSEEvent(name: event["event"]?.string ?? "", data: data.text?.utf8Bytes ?? Array(data.raw)))
            }
        } else if let whole = try? JSON.parse(bytes) {
            events = MessageEvent.all(of: whole)
        } else {
            events = (try? StreamedEvents.read(bytes)) ?? []
        }
        let message = ImportedMessage(events)
        return message.assembly.start == nil && message.assembly.error == nil ? nil : message
    }

    private static func failure(_ status: Int, _ bytes: [UInt8]) -> Moment.Failure {
        let error = (try? JSON.parse(bytes))?["error"]
        return .init(
            stage: "upstream", kind: error?["type"]?.string ?? "api_error",
            message: error?["message"]?.string ?? "status \(status)", status: status, isRetried: false)
    }

    private static func answer(_ response: JSON) -> [UInt8] {
        for name in ["body_raw", "body"] {
            guard let value = response[name], !value.isNull else { continue }
            return value.text?.utf8Bytes ?? Array(value.raw)
        }
        return []
    }

    /// The body as it was, as far as the recording kept it: JSON, or a text that holds it.
    private static func body(_ request: JSON) -> [UInt8] {
        guard let body = request["body"] ?? request["body_raw"], !body.isNull else { return [] }
        return body.text?.utf8Bytes ?? Array(body.raw)
    }

    /// An object of names and values, or a list of pairs.
    private static func fields(_ json: JSON?) -> HTTPFields {
        guard let json else { return HTTPFields() }
        var fields = HTTPFields()
        for (name, value) in json.members { fields.append(name.string ?? "", value.string ?? "") }
        for pair in json.elements {
            let both = Array(pair.elements)
            let name = (both.first ?? pair["name"])?.string
            let value = (both.count > 1 ? both[1] : pair["value"])?.string
            if let name, let value { fields.append(name, value) }
        }
        return fields
    }

    private static func target(_ url: String) -> (path: String, query: String?) {
        var rest = url[...]
        if let scheme = rest.firstIndex(of: ":"), rest[scheme...].hasPrefix("://") {
            rest = rest[rest.index(scheme, offsetBy: 3)...].drop { $0 != "/" }
        }
        let path = rest.prefix { $0 != "?" }
        let query = rest.dropFirst(path.count + 1)
        return (path.isEmpty ? "/" : String(path), query.isEmpty ? nil : String(query))
    }

    /// Seconds or milliseconds since 1970, or a text.
    private static func time(_ json: JSON?) -> Timestamp? {
        if let text = json?.string { return ImportedExchange.time(text) }
        guard let number = json?.double, number > 0 else { return nil }
        let nanoseconds = number < 1e11 ? number * 1e9 : number * 1e6
        return ImportedExchange.latest > nanoseconds ? Timestamp(nanoseconds: Int64(nanoseconds)) : nil
    }
}

/// A hash as digits.
enum SHA256Digits {
    static func of(_ bytes: [UInt8]) -> String { Identifier.hex(SHA256.hash(bytes).prefix(12)) }
}
