/// What the client got in a recorded exchange: status, fields and bytes, as exactly as the trace can tell.
public import Intercept

public struct RecordedAnswer: Sendable {
    public var status: Int
    /// Fields of the head, `request-id` among them.
    public var headers: HTTPFields
    /// Milliseconds from the request to the head.
    public var headMS: Double
    public var bytes: [UInt8]
    /// When which bytes came.
    public var marks: [Moment.Events.Mark]
    public var isEventStream: Bool
    /// It ended in its middle: why.
    public var breaksOff: String?
    /// What about it is not as it was.
    public var note: String?
}

/// Why a recorded exchange cannot answer.
public struct NoAnswer: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
}

extension HTTPFields {
    /// What the proxy itself says in the head of a translated answer; limits of the service go with it.
    static func own(json: Bool, requestID: String, of service: HTTPFields) -> HTTPFields {
        var fields = HTTPFields()
        fields.append("Content-Type", json ? "application/json" : "text/event-stream; charset=utf-8")
        if !json {
            fields.append("Cache-Control", "no-cache")
            fields.append("X-Accel-Buffering", "no")
        }
        fields.append("request-id", requestID)
        fields.fields += service.fields.filter { $0.name.lowercased().hasPrefix("anthropic-ratelimit-") }
        return fields
    }
}

extension RecordedExchange {
    /// What the client got. `redact` is the level at which the exchange was recorded.
    ///
    /// Needs the record types `head`, `events`, `response`, `error` and `intercept`.
    public func answer(_ redact: RedactionLevel = .tokens) throws(NoAnswer) -> RecordedAnswer {
        guard let response, let status = response["status"]?.int else {
            throw NoAnswer(description: outcome == nil ? "the trace ends before its answer" : "no answer was recorded")
        }
        guard (200..<600).contains(status) else {
            throw NoAnswer(description: "its status \(status) is none of an answer")
        }
        if status >= 400 { return try refusal(response, status) }
        if redact == .strict, response["message"] != nil {
            return try rebuilt(response, status, "recorded with --redact strict: its texts are placeholders")
        }
        if var answer = told(.client, status) ?? passedThrough(response, status) {
            answer.breaksOff = breakingOff(answer)
            return answer
        }
        if response["message"] != nil { return try rebuilt(response, status, "made anew from its message") }
        guard let body = Self.body(of: response) else {
            throw NoAnswer(description: "the trace does not hold its bytes")
        }
        return whole(status, body, last("head") == nil ? ownFields(json: true) : serviceFields())
    }

    /// An error, in the service's words or in ours.
    private func refusal(_ response: TraceRecord, _ status: Int) throws(NoAnswer) -> RecordedAnswer {
        guard let body = Self.body(of: response) else {
            throw NoAnswer(description: "the trace does not hold the body of its status \(status)")
        }
        let head = last("head")
        let headStatus = head?["status"]?.int ?? 0
        let isServices = !isMessages || !EventBytes.lists(records, .upstream).isEmpty
        if headStatus >= 400, isServices {
            return whole(status, body, serviceFields())
        }
        var fields = ownFields(json: true)
        // An answer that was itself replayed names the first exchange.
        if let named = (try? JSON.parse(body))?["request_id"]?.string { fields["request-id"] = named }
        if let told = response["should_retry"]?.bool { fields["x-should-retry"] = told ? "true" : "false" }
        let retryAfter = response["retry_after"]?.string ?? (headStatus >= 400 ? field("retry-after") : nil)
        if let retryAfter { fields["retry-after"] = retryAfter }
        return whole(status, body, fields)
    }

    private func whole(_ status: Int, _ body: [UInt8], _ fields: HTTPFields) -> RecordedAnswer {
        let duration = response?["timing"]?["duration_ms"]?.double ?? 0
        return RecordedAnswer(
            status: status, headers: fields, headMS: last("head")?["ttfb_ms"]?.double ?? duration, bytes: body,
            marks: [.init(offset: 0, milliseconds: duration)], isEventStream: false)
    }

    /// The bytes of a side, if all of them are here.
    private func told(_ side: Moment.Events.Side, _ status: Int) -> RecordedAnswer? {
        let lists = EventBytes.lists(records, side)
        if lists.isEmpty { return nil }
        let isStream = side == .client ? wantsStream : field("content-type")?.hasPrefix("text/event-stream") ?? false
        guard let found = EventBytes(lists, isEventStream: isStream) else { return nil }
        let fields = side == .client && !isPassedThrough ? ownFields(json: !isStream) : serviceFields()
        let head =
            side == .client && !isPassedThrough ? found.marks.first?.milliseconds : last("head")?["ttfb_ms"]?.double
        return RecordedAnswer(
            status: status, headers: fields, headMS: head ?? 0, bytes: found.bytes, marks: found.marks,
            isEventStream: isStream, note: found.isLossy ? "comments of its stream were not recorded" : nil)
    }

    /// A service that speaks the Messages API: the client got its bytes, unless an interceptor changed them.
    private func passedThrough(_ response: TraceRecord, _ status: Int) -> RecordedAnswer? {
        let changes = records("intercept").contains {
            !($0["action"]?.equals("note") ?? true) && !($0["hook"]?.equals("request") ?? false)
        }
        let model = last("translation")?["upstream_model"]?.string ?? self.model
        let wasChanged = changes || model != self.model && response["message"] != nil
        guard !wasChanged, let answer = told(.upstream, status) else { return nil }
        return answer.isMessagesAPI || response["message"] == nil ? answer : nil
    }

    /// The client's side was kept although the service's bytes were passed on: an interceptor saw the events.
    private var isPassedThrough: Bool {
        guard let first = EventBytes.lists(records, .upstream).first else { return false }
        return EventBytes(first, isEventStream: false)?.speaksMessages ?? false
    }

    private var wantsStream: Bool { request["stream"]?.bool ?? false }

    /// Why the answer ended in its middle, if it did.
    private func breakingOff(_ answer: RecordedAnswer) -> String? {
        if outcome == "client_gone" { return "the client went away here when this was recorded" }
        guard answer.isEventStream, outcome == "upstream_error", !answer.endsWithError,
            let said = records("error").last(where: { !($0["retried"]?.bool ?? false) })?["message"]?.string
        else { return nil }
        let ours = ["claudecodex: the answer broke off: ", "claudecodex: "].first { said.hasPrefix($0) } ?? ""
        return String(said.dropFirst(ours.count))
    }

    /// An answer whose bytes are gone, from what it said.
    private func rebuilt(_ response: TraceRecord, _ status: Int, _ note: String) throws(NoAnswer) -> RecordedAnswer {
        guard let message = try? JSON.parse(MessageText.whole(self, response)) else {
            throw NoAnswer(description: "its message is damaged")
        }
        let duration = response["timing"]?["duration_ms"]?.double ?? 0
        var out = JSONWriter()
        if wantsStream {
            for event in MessageEvent.all(of: message) { _ = event.write(into: &out) }
        } else {
            out.verbatim(bytes: message.document.bytes)
        }
        return RecordedAnswer(
            status: status, headers: ownFields(json: !wantsStream),
            headMS: response["timing"]?["ttft_ms"]?.double ?? duration, bytes: out.bytes,
            marks: [.init(offset: 0, milliseconds: duration)], isEventStream: wantsStream, note: note)
    }

    static func body(of response: TraceRecord) -> [UInt8]? {
        guard let body = response["body"] else { return nil }
        if response["body_encoding"]?.equals("base64") ?? false {
            return (body.text?.utf8Bytes).flatMap(Base64.decodeExactly)
        }
        return body.isString ? body.text?.utf8Bytes : Array(body.raw)
    }
}

/// Fields of answers.
extension RecordedExchange {
    /// `req_…`, as this program names an exchange to its client.
    private var requestID: String {
        String(decoding: Array("req_".utf8) + id.utf8.filter { $0 != UInt8(ascii: "-") }, as: UTF8.self)
    }

    private func ownFields(json: Bool) -> HTTPFields {
        let isRefused = (response?["status"]?.int ?? 0) >= 400
        return .own(json: json, requestID: requestID, of: isRefused ? HTTPFields() : recordedFields)
    }

    /// The service's own, without what was redacted and what belonged to its coding.
    private func serviceFields() -> HTTPFields {
        var fields = HTTPFields.endToEnd(recordedFields)
        fields.fields.removeAll { $0.value.contains("[redacted ") }
        fields["content-encoding"] = nil
        let isRelayed = !(request["path"]?.string?.hasPrefix("/v1/messages") ?? false)
        if fields["request-id"] == nil, !isRelayed { fields["request-id"] = requestID }
        return fields
    }

    private func field(_ name: String) -> String? { recordedFields[name] }

    private var recordedFields: HTTPFields {
        var fields = HTTPFields()
        guard let list = last("head")?["headers"] else { return fields }
        for field in list.elements {
            if let name = field["name"]?.string, let value = field["value"]?.string { fields.append(name, value) }
        }
        return fields
    }
}

extension RecordedAnswer {
    /// The last event is an error.
    fileprivate var endsWithError: Bool {
        let tail = bytes.suffix(4096)
        return tail.span.find(Array("event: error\n".utf8), in: 0..<tail.count) != nil
    }

    fileprivate var isMessagesAPI: Bool {
        let start = bytes.prefix(512)
        return ["message_start", #""type":"message""#, #""type": "message""#, #""type":"error""#].contains {
            start.span.find(Array($0.utf8), in: 0..<start.count) != nil
        }
    }
}

/// A whole message of the Messages API, from what a `response` record keeps of it.
enum MessageText {
    static func whole(_ exchange: RecordedExchange, _ response: TraceRecord) -> [UInt8] {
        let message = response["message"]
        var out = JSONWriter()
        out.beginObject()
        out.field("id", "msg_" + exchange.id.filter { $0 != "-" })
        out.field("type", "message")
        out.field("role", "assistant")
        out.field("model", exchange.model ?? response["model"]?.string ?? "")
        out.key("content")
        if let content = message?["content"], content.isArray {
            out.raw(content.raw)
        } else {
            out.beginArray()
            out.endArray()
        }
        out.field("stop_reason", response["stop_reason"]?.string ?? "end_turn")
        out.key("stop_sequence")
        out.raw("null")
        out.key("usage")
        if let usage = response["usage"] {
            out.raw(usage.raw)
        } else {
            out.raw(#"{"input_tokens":0,"output_tokens":0}"#)
        }
        out.endObject()
        return out.bytes
    }
}
