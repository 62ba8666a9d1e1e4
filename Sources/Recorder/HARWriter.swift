/// HTTP Archive 1.2: exchanges as network tools read them, one page for each session.
/// http://www.softwareishard.com/blog/har-12-spec/
internal import Intercept

/// Writes the archive in pieces, so that no more than one exchange is held: `begin`, an `entry` for each, `end`.
public struct HARWriter: Sendable {
    private struct Page: Sendable {
        let id: String
        let started: String
        let title: String
    }

    private let creator: String
    private let version: String
    private var pages: [Page] = []
    private var known: Set<String> = []
    private var isFirst = true

    /// `creator` and `version` are the program's.
    public init(creator: String, version: String) {
        self.creator = creator
        self.version = version
    }

    /// The bytes before the first entry.
    public func begin() -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.key("log")
        out.beginObject()
        out.field("version", "1.2")
        out.key("creator")
        out.beginObject()
        out.field("name", creator)
        out.field("version", version)
        out.endObject()
        out.key("entries")
        out.beginArray()
        return out.bytes
    }

    /// One exchange, on a line of its own.
    public mutating func entry(_ exchange: RecordedExchange) -> [UInt8] {
        let session = exchange.session ?? "no session"
        if known.insert(session).inserted {
            pages.append(Page(id: session, started: exchange.time, title: "Session \(session)"))
        }
        var out = JSONWriter(capacity: (exchange.body?.count ?? 0) * 2 + 4096)
        out.beginObject()
        out.field("pageref", session)
        HAREntry(exchange).write(into: &out)
        out.endObject()
        let start = Array((isFirst ? "\n" : ",\n").utf8)
        isFirst = false
        return start + out.bytes
    }

    /// The bytes behind the last entry.
    public func end() -> [UInt8] {
        var out = JSONWriter()
        out.verbatim("\n],\"pages\":")
        out.beginArray()
        for page in pages {
            out.beginObject()
            out.field("startedDateTime", page.started)
            out.field("id", page.id)
            out.field("title", page.title)
            out.key("pageTimings")
            out.beginObject()
            out.endObject()
            out.endObject()
        }
        out.endArray()
        out.verbatim("}}\n")
        return out.bytes
    }
}

/// One exchange as the client saw it.
private struct HAREntry {
    let exchange: RecordedExchange
    let reply: RecordedReply?

    init(_ exchange: RecordedExchange) {
        self.exchange = exchange
        reply = exchange.clientReply
    }

    func write(into out: inout JSONWriter) {
        let total = exchange.response?["timing"]?["duration_ms"]?.double ?? reply?.lastMS ?? 0
        let wait = min(reply?.firstMS ?? exchange.last("head")?["ttfb_ms"]?.double ?? total, total)
        out.field("startedDateTime", exchange.time)
        out.field("time", total)
        writeRequest(into: &out)
        writeResponse(into: &out)
        out.key("cache")
        out.beginObject()
        out.endObject()
        out.key("timings")
        out.beginObject()
        for name in ["blocked", "dns", "connect", "ssl"] as [StaticString] { out.field(name, -1) }
        out.field("send", 0)
        out.field("wait", wait)
        out.field("receive", max(0, total - wait))
        out.endObject()
        writeOurs(into: &out)
        if let problem = exchange.problems.first { out.field("comment", problem) }
    }

    private func writeRequest(into out: inout JSONWriter) {
        let request = exchange.request
        let query = request["query"]?.string
        let host = request.header("host") ?? "localhost"
        out.key("request")
        out.beginObject()
        out.field("method", request["method"]?.string ?? "POST")
        out.field("url", "http://\(host)\(request["path"]?.string ?? "/")" + (query.map { "?\($0)" } ?? ""))
        out.field("httpVersion", "HTTP/1.1")
        Self.list("cookies", into: &out) { _ in }
        Self.write(request.headers, into: &out)
        Self.list("queryString", into: &out) { out in
            for part in (query ?? "").split(separator: "&") {
                let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                Self.write(name: String(pair[0]), value: pair.count > 1 ? String(pair[1]) : "", into: &out)
            }
        }
        if let body = exchange.body {
            out.key("postData")
            out.beginObject()
            out.field("mimeType", request.header("content-type") ?? "application/json")
            out.key("text")
            out.string(utf8: body)
            out.endObject()
        }
        out.field("headersSize", -1)
        out.field("bodySize", request["body_bytes"]?.int ?? -1)
        out.endObject()
    }

    private func writeResponse(into out: inout JSONWriter) {
        let status = exchange.response?["status"]?.int ?? exchange.last("error")?["status"]?.int ?? 0
        let content = content
        out.key("response")
        out.beginObject()
        out.field("status", status)
        out.field("statusText", "")
        out.field("httpVersion", "HTTP/1.1")
        Self.list("cookies", into: &out) { _ in }
        let head = exchange.isTranslated ? nil : exchange.last("head")
        Self.write(head?.headers ?? [("content-type", content.type)], into: &out)
        out.key("content")
        out.beginObject()
        out.field("size", content.bytes.count)
        out.field("mimeType", content.type)
        if String(validating: content.bytes, as: UTF8.self) != nil {
            out.key("text")
            out.string(utf8: content.bytes)
        } else {
            out.field("text", Base64.encode(content.bytes))
            out.field("encoding", "base64")
        }
        if let remark = content.remark { out.field("comment", remark) }
        out.endObject()
        out.field("redirectURL", "")
        out.field("headersSize", -1)
        out.field("bodySize", exchange.last("end")?["bytes_out"]?.int ?? -1)
        out.endObject()
    }

    /// The answer's bytes; where the trace has none (an import, an answer of our own), the message it came to.
    private var content: (bytes: [UInt8], type: String, remark: String?) {
        if let reply {
            let type = exchange.isTranslated ? nil : exchange.last("head")?.header("content-type")
            let kind = type ?? (reply.isEventStream ? "text/event-stream" : "application/json")
            return (reply.bytes, kind, reply.gap ?? doubt(reply))
        }
        guard let response = exchange.response, let value = response["message"] ?? response["body"] else {
            return ([], "x-unknown", "no answer is recorded")
        }
        let bytes = value.text?.utf8Bytes ?? Array(value.raw)
        return (bytes, "application/json", "put together: the bytes of the answer are not recorded")
    }

    /// What may be missing without a trace of it.
    private func doubt(_ reply: RecordedReply) -> String? {
        guard let end = exchange.last("end") else { return "the trace ends before the exchange does" }
        let dropped = end["dropped"]?.int ?? 0
        if dropped > 0 { return "records of this exchange could not be written (\(dropped)): it may not be whole" }
        return reply.isLossy ? "comments of the stream were not recorded" : nil
    }

    private func writeOurs(into out: inout JSONWriter) {
        let response = exchange.response
        out.key("_claudecodex")
        out.beginObject()
        out.field("id", exchange.id)
        out.field("session", ifPresent: exchange.session)
        out.field("agent", ifPresent: exchange.request["agent"])
        out.field("kind", ifPresent: exchange.request["kind"])
        out.field("number", ifPresent: exchange.number)
        out.field("outcome", ifPresent: exchange.outcome)
        out.field("backend", ifPresent: response?["backend"])
        out.field("upstream_model", ifPresent: exchange.last("translation")?["upstream_model"])
        out.field("upstream_url", ifPresent: exchange.last("upstream")?["url"])
        out.field("attempts", exchange.records("upstream").count)
        out.field("stop_reason", ifPresent: response?["stop_reason"])
        out.field("usage", ifPresent: response?["usage"])
        out.field("cost_usd", ifPresent: response?["cost_usd"])
        out.field("cache", ifPresent: response?["cache"])
        out.field("ttft_ms", ifPresent: response?["timing"]?["ttft_ms"])
        out.field("redacted", ifPresent: exchange.request["redacted"])
        out.endObject()
    }

    private static func write(_ headers: [(name: String, value: String)], into out: inout JSONWriter) {
        list("headers", into: &out) { out in
            for header in headers { write(name: header.name, value: header.value, into: &out) }
        }
    }

    private static func write(name: String, value: String, into out: inout JSONWriter) {
        out.beginObject()
        out.field("name", name)
        out.field("value", value)
        out.endObject()
    }

    private static func list(_ name: StaticString, into out: inout JSONWriter, _ fill: (inout JSONWriter) -> Void) {
        out.key(name)
        out.beginArray()
        fill(&out)
        out.endArray()
    }
}
