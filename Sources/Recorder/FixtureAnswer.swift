/// The answer's half of a golden folder: what the service said, and what the client is expected to get.
internal import Intercept

struct FixtureAnswer {
    private(set) var files: [(name: String, bytes: [UInt8])] = []
    /// What is missing, and why, in sentences.
    private(set) var notes: [String] = []

    init(_ exchange: RecordedExchange, _ wire: RecordedVariables.Wire) {
        guard let head = exchange.last("head"), let status = head["status"]?.int else {
            notes = ["The trace holds no answer of the service: only the request is here."]
            return
        }
        let reply = RecordedReply(exchange, side: "upstream")
        if let gap = reply?.gap {
            notes = ["Only the request is here: \(gap)."]
        } else if let reply, status == 200 {
            success(exchange, reply, wire)
        } else if let reply {
            files = [("upstream.bytes", reply.bytes), ("head.json", Self.head(head, status))]
            if let error = Self.error(exchange) { files.append(("error.json", error)) }
        } else if status == 200 {
            notes = ["The trace does not hold the service's answer: only the request is here."]
        } else {
            notes = [
                "The service refused (\(status)), in words that the trace does not hold: only the request is here."
            ]
        }
        notes += Self.ending(exchange)
    }

    private static func ending(_ exchange: RecordedExchange) -> [String] {
        guard let end = exchange.last("end") else { return ["The trace ends before the exchange does."] }
        let dropped = end["dropped"]?.int ?? 0
        return dropped > 0 ? ["Records of the exchange could not be written (\(dropped)): it may not be whole."] : []
    }

    private mutating func success(
        _ exchange: RecordedExchange, _ reply: RecordedReply, _ wire: RecordedVariables.Wire
    ) {
        files = [("upstream.bytes", reply.bytes)]
        if wire == .messages {
            // The service's bytes went through; that they are read rightly is what can be tested.
            if let events = FixtureEvents.bytes(reply) { files.append(("events.sse", events)) }
        } else if let client = RecordedReply(exchange, side: "client"), let gap = client.gap {
            notes.append("There is no events.sse: \(gap).")
        } else if let events = FixtureEvents.bytes(exchange, isInvoke: wire == .invoke) {
            files.append(("events.sse", events))
        }
        if let outcome = exchange.outcome, outcome != "ok" {
            notes.append("The exchange did not end well (\(outcome)): its answer is here as far as it came.")
        }
        if reply.isLossy { notes.append("Comments of the service's stream were not recorded.") }
    }

    /// `{"status":529,"headers":{"content-type":"application/json"}}`: fields from which an error is read.
    private static func head(_ head: TraceRecord, _ status: Int) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.field("status", status)
        out.key("headers")
        out.beginObject()
        for name in ["content-type", "retry-after", "x-should-retry"] {
            guard let value = head.header(name) else { continue }
            out.key(text: name)
            out.string(value)
        }
        out.endObject()
        out.endObject()
        out.newline()
        return out.bytes
    }

    /// `{"status":529,"message":"Overloaded"}`: what the client was told.
    private static func error(_ exchange: RecordedExchange) -> [UInt8]? {
        guard let response = exchange.response, let status = response["status"]?.int,
            let message = response["body"]?["error"]?["message"]?.string
        else { return nil }
        var out = JSONWriter()
        out.beginObject()
        out.field("status", status)
        out.field("message", message)
        out.endObject()
        out.newline()
        return out.bytes
    }
}
