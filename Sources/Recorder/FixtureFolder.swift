/// A recorded exchange as a golden folder of `Tests/Fixtures`: a bug report becomes a test.
internal import Intercept

public struct FixtureFolder: Sendable {
    /// The folder's own name and that of the one above it: `openai_chat`, `openai_responses`, `bedrock`.
    public let backend: String
    public let name: String
    public let files: [(name: String, bytes: [UInt8])]
    /// What a person should know, in sentences; they stand in `notes.md` too.
    public let notes: [String]

    /// `exchange` with its bodies. Why there is no folder: the request went through unchanged, or a body is missing.
    public static func make(_ exchange: RecordedExchange) -> Result<FixtureFolder, TraceError> {
        guard let upstream = exchange.records("upstream").first, let url = upstream["url"]?.string,
            let service = FixtureService(url, model: upstream["model"]?.string ?? "")
        else {
            return .failure(
                TraceError("\(exchange.id) was not translated for another service: a fixture would hold nothing"))
        }
        guard let body = exchange.body, let sent = exchange.upstreamBodies[upstream["try"]?.int ?? 1] else {
            let reason = exchange.problems.first ?? "the trace does not hold it"
            return .failure(TraceError("a body of \(exchange.id) is missing: \(reason)"))
        }
        return .success(FixtureFolder(exchange, service, body: body, sent: sent))
    }

    private init(_ exchange: RecordedExchange, _ service: FixtureService, body: [UInt8], sent: [UInt8]) {
        let isStream = exchange.request["stream"]?.bool ?? false
        backend = service.folder
        name = "\(isStream ? "stream" : "whole")_\(exchange.id.suffix(12))"
        var files = [("request.json", body), ("upstream.json", sent), ("variables.json", service.variablesJSON)]
        if let headers = Self.headers(exchange.request) { files.append(("headers.json", headers)) }
        var notes = Self.notes(exchange)
        if exchange.last("head")?["status"]?.int == 200, let reply = RecordedReply(exchange, side: "upstream") {
            files.append(("upstream.bytes", reply.bytes))
            if let events = FixtureEvents.bytes(exchange, isInvoke: service.isInvoke) {
                files.append(("events.sse", events))
            }
            if !reply.isWhole { notes.append("Redaction left out a part of the service's stream.") }
        } else {
            notes.append("The service's answer was no success, or is not in the trace: only the request is here.")
        }
        files.append(("notes.md", Self.page(exchange, notes)))
        self.files = files
        self.notes = notes
    }

    /// Fields that a translation looks at.
    private static func headers(_ request: TraceRecord) -> [UInt8]? {
        let kept = request.headers.filter { header in
            ["anthropic-beta", "anthropic-version"].contains { HTTPFields.same($0, header.name) }
        }
        guard !kept.isEmpty else { return nil }
        var out = JSONWriter()
        out.beginObject()
        for header in kept {
            out.key(text: header.name.lowercased())
            out.string(header.value)
        }
        out.endObject()
        out.newline()
        return out.bytes
    }

    private static func notes(_ exchange: RecordedExchange) -> [String] {
        var notes: [String] = []
        if exchange.records("upstream").count > 1 {
            notes.append("There were several attempts: upstream.json is the first, upstream.bytes answers the last.")
        }
        for record in exchange.records("intercept") where record["action"]?.equals("note") != true {
            notes.append(
                "\(record["by"]?.string ?? "An interceptor") acted at \(record["hook"]?.string ?? "a hook"): "
                    + "the translation alone may give something else.")
        }
        if (exchange.request["redacted"]?.int ?? 0) > 0 {
            notes.append("Secrets of the request are placeholders, in all files alike.")
        }
        return notes
    }

    private static func page(_ exchange: RecordedExchange, _ notes: [String]) -> [UInt8] {
        let losses = exchange.records("translation").reduce(0) { $0 + ($1["losses"]?.count ?? 0) }
        var lines = [
            "Recorded \(exchange.time), exchange \(exchange.id), outcome \(exchange.outcome ?? "unknown"), \(losses) losses.",
            "`variables.json` is made from the addresses and models in the trace; other variables were not recorded.",
        ]
        lines += notes
        return Array((lines.joined(separator: "\n\n") + "\n").utf8)
    }
}

/// What an upstream address says of the service behind it.
private struct FixtureService {
    let folder: String
    let variables: [(name: String, value: String)]
    var isInvoke = false

    /// Nil for a service that speaks the Messages API itself.
    init?(_ url: String, model: String) {
        let address = String(url.prefix { $0 != "?" })
        if address.hasSuffix("/chat/completions") {
            self.init(openAI: address, ending: "/chat/completions", "openai_chat", "chat", model)
        } else if address.hasSuffix("/responses") {
            self.init(openAI: address, ending: "/responses", "openai_responses", "responses", model)
        } else if let mark = address.range(ofPart: "/model/") {
            self.init(bedrock: address, host: String(address[..<mark]), model)
        } else {
            return nil
        }
    }

    private init(openAI address: String, ending: String, _ folder: String, _ api: String, _ model: String) {
        self.folder = folder
        variables = [
            ("OPENAI_BASE_URL", String(address.dropLast(ending.count))), ("OPENAI_MODEL", model), ("OPENAI_API", api),
        ]
    }

    private init(bedrock address: String, host: String, _ model: String) {
        folder = "bedrock"
        isInvoke = address.split(separator: "/").last?.hasPrefix("invoke") ?? false
        var variables = [("BEDROCK_MODEL_ID", model)]
        let labels = host.split(separator: ".")
        if labels.first?.hasSuffix("bedrock-runtime") ?? false, labels.count > 2, host.contains("amazonaws.com") {
            variables.append(("AWS_REGION", String(labels[1])))
        } else {
            variables.append(("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", host))
        }
        if isInvoke { variables.append(("BEDROCK_API", "invoke")) }
        self.variables = variables
    }

    var variablesJSON: [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        for variable in variables {
            out.key(text: variable.name)
            out.string(variable.value)
        }
        out.endObject()
        out.newline()
        return out.bytes
    }
}

extension String {
    /// Where a part begins, or nil.
    fileprivate func range(ofPart part: String) -> String.Index? {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(part) { return at }
            at = index(after: at)
        }
        return nil
    }
}

/// What the client got, without what changes from run to run: the message's id, and estimates of tokens.
private enum FixtureEvents {
    /// - Parameter isInvoke: the service counts tokens at the beginning itself.
    static func bytes(_ exchange: RecordedExchange, isInvoke: Bool) -> [UInt8]? {
        guard let reply = RecordedReply(exchange, side: "client"), let events = events(reply) else { return nil }
        let isEstimated = exchange.response?["usage_estimated"]?.bool ?? false
        var out = JSONWriter(capacity: reply.bytes.count)
        var last: MessageEvent?
        for event in events {
            defer { last = event }
            switch event {
            case .messageStart(var start):
                start.id = "msg_fixture"
                if isEstimated || reply.isEventStream && !isInvoke { start.usage = Usage() }
                MessageEvent.messageStart(start).write(into: &out)
            case .messageDelta(var delta):
                if isEstimated { delta.usage = Usage() }
                MessageEvent.messageDelta(delta).write(into: &out)
            case .ping:
                // The others were sent because the service was silent.
                if case .messageStart? = last { event.write(into: &out) }
            default: event.write(into: &out)
            }
        }
        return out.bytes
    }

    private static func events(_ reply: RecordedReply) -> [MessageEvent]? {
        guard reply.isEventStream else {
            guard let message = try? JSON.parse(reply.bytes) else { return nil }
            return whole(MessageEvent.all(of: message))
        }
        return try? StreamedEvents.read(reply.bytes)
    }

    /// The events from which a whole answer was put together: tokens that were written are known at its end.
    private static func whole(_ events: [MessageEvent]) -> [MessageEvent]? {
        guard case .messageStart(var start)? = events.first else { return nil }
        start.usage.output = 0
        start.usage.thinking = nil
        return [.messageStart(start), .ping] + events.dropFirst()
    }
}

/// The events of a stream's bytes.
enum StreamedEvents {
    static func read(_ bytes: [UInt8]) throws(TranslationError) -> [MessageEvent] {
        var parser = SSEParser()
        var events: [MessageEvent] = []
        let all = bytes[...]
        try parser.feed(all.span) { (event) throws(TranslationError) in
            if !event.isComment { events.append(MessageEvent(event)) }
        }
        try parser.finish { (event) throws(TranslationError) in events.append(MessageEvent(event)) }
        return events
    }
}
