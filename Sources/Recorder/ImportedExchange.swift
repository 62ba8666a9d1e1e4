/// One exchange of another tool's recording, as far as that says: what becomes records of a trace.
internal import Intercept

struct ImportedExchange {
    /// What tells it from all others: its exchange's id is made from this, so that a second import gives the same.
    var identity: String
    var started: Timestamp
    /// When the answer was complete; nil without an answer.
    var ended: Timestamp?
    var kind = Exchange.Kind.main
    var session: String?
    var agent: String?
    var parentAgent: String?
    var request: Request
    var calls: [Call] = []
    var response: Moment.Response?
    var failure: Moment.Failure?
    /// Nil where the recording does not say how it ended.
    var outcome: Outcome?

    /// Nanoseconds from 1970 to the year 2262, where 64 bits end. What a recording dates behind it, or before 1970, has no
    /// time that we could write.
    static let latest = 9.2e18

    static func time(_ text: String) -> Timestamp? {
        // Its first digits, since later years cannot even be computed.
        guard let year = Int(text.prefix(4)), (1970..<2262).contains(year) else { return nil }
        return Timestamp(rfc3339: text)
    }

    enum Request {
        case whole(Moment.Request)
        case conversation(ConversationRequest)
    }

    struct Call {
        let call: ToolCall
        let time: Timestamp
        let isServerSide: Bool
    }

    /// Hands its records to the writer, each with the time at which it happened.
    func write(to writer: RecordWriter) {
        let exchange = Exchange(
            id: Self.id(identity, started), started: started, kind: kind, session: session, agent: agent,
            parentAgent: parentAgent)
        func record(_ event: Moment.Event, _ time: Timestamp) {
            writer.write(.moment(Moment(exchange: exchange, time: time, event: event)))
        }
        var bytesIn = 0
        switch request {
        case .whole(let request):
            bytesIn = request.bytes.count
            record(.request(request), started)
        case .conversation(let request): bytesIn = writer.write(request, exchange, started)
        }
        for call in calls {
            let made = Moment.ToolCallMade(
                call: call.call, milliseconds: max(0, call.time.milliseconds(since: started)),
                isServerSide: call.isServerSide)
            record(.toolCall(made), call.time)
        }
        let end = ended ?? started
        if let response { record(.response(response), end) }
        if let failure { record(.error(failure), end) }
        guard let outcome else { return }
        let answer = (response?.message ?? response?.body)?.count ?? 0
        record(.end(.init(outcome: outcome, bytesIn: bytesIn, bytesOut: answer)), end)
    }

    /// In the form of a UUIDv7: its time, then digits of a hash.
    private static func id(_ identity: String, _ time: Timestamp) -> String {
        let milliseconds = UInt64(max(0, time.nanoseconds / 1_000_000))
        var bytes = (0..<6).map { UInt8(truncatingIfNeeded: milliseconds >> (40 - 8 * UInt64($0))) }
        bytes += SHA256.hash(Array(identity.utf8)).prefix(10)
        bytes[6] = bytes[6] & 0x0F | 0x70
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Identifier.hex(bytes)
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { range in
            String(Array(digits)[range])
        }
        return parts.joined(separator: "-")
    }
}

/// A message of the model in a recording, whatever form it has there.
struct ImportedMessage {
    var assembly = Assembly()
    /// The calls it makes, and whether the service runs them itself.
    private(set) var calls: [(call: ToolCall, isServerSide: Bool)] = []

    init(_ events: [MessageEvent]) {
        var serverSide: [Int: (id: String, name: String)] = [:]
        for event in events {
            if case .blockStart(let index, .other(let json)) = event, let block = try? JSON.parse(json),
                let type = block["type"]?.string, type.hasSuffix("tool_use"), let id = block["id"]?.string
            {
                serverSide[index] = (id, block["name"]?.string ?? "")
                let input = block["input"].map { Array($0.raw) } ?? Array("{}".utf8)
                let call = ToolCall(id: id, name: block["name"]?.string ?? "", input: input, index: index)
                calls.append((call, type != "tool_use"))
            }
            if let call = assembly.add(event), serverSide[call.index] == nil { calls.append((call, false)) }
        }
    }

    func response(status: Int, backend: String, durationMS: Double) -> Moment.Response {
        Moment.Response(
            status: status, model: assembly.start?.model ?? "", backend: backend,
            stopReason: assembly.end?.stopReason?.rawValue, usage: assembly.start == nil ? nil : assembly.usage,
            durationMS: durationMS, message: assembly.roleAndContent(), pings: 0)
    }
}
