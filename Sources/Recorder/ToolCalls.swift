/// The tool calls of a trace, each with its result: the table under all questions about tools.
internal import Intercept

/// One call that a model made.
public struct RecordedCall: Sendable {
    /// The conversation it belongs to: calls follow one another only within it.
    public struct Thread: Hashable, Sendable {
        public let session: String
        public let agent: String
    }

    /// What came back.
    public struct Result: Sendable {
        /// The exchange whose request brought it.
        public let exchange: String
        /// When that request came, RFC 3339.
        public let time: String
        public let isError: Bool
        /// Size of the result's content in the request.
        public let bytes: Int
        /// The first 200 characters.
        public let preview: String
        /// From the end of the answer to the request with the result: the tool's time and the user's. Milliseconds.
        public let gap: Double?
    }

    /// The exchange whose answer made the call.
    public let exchange: String
    public let thread: Thread
    public let id: String
    public let tool: String
    public let model: String
    /// When the call was complete, as RFC 3339, and milliseconds since the exchange began.
    public let time: String
    public let milliseconds: Double
    /// The arguments as JSON, at most `RecordedCall.shownInput` bytes of it.
    public let input: String
    /// Equal for equal arguments.
    public let fingerprint: Int
    public let inputBytes: Int
    /// Whether the arguments are JSON.
    public let isValid: Bool
    /// Run by the service: its result comes in the same answer and is not recorded apart.
    public let isServerSide: Bool
    public internal(set) var result: Result?

    static let shownInput = 400
}

/// Collects calls and results from records in the order of the trace.
public struct ToolCalls: Sendable {
    /// The record types that `take` looks at.
    public static let types = ["tool_call", "tool_result"]

    public private(set) var calls: [RecordedCall] = []
    /// Ids and tools of results whose call is not in the trace.
    public private(set) var strayResults: [(id: String, tool: String)] = []
    private var places: [String: Int] = [:]

    public init() {}

    public mutating func take(_ record: TraceRecord) {
        switch record.type {
        case "tool_call": takeCall(record)
        case "tool_result": takeResult(record)
        default: break
        }
    }

    private mutating func takeCall(_ record: TraceRecord) {
        guard let id = record["tool_id"]?.string, let tool = record["tool"]?.string else { return }
        let input = record["input"]
        let raw = input.map {
            $0.isString && record["valid"]?.bool == false ? Array(($0.string ?? "").utf8)[...] : $0.raw
        }
        places[key(record, id)] = calls.count
        calls.append(
            RecordedCall(
                exchange: record.id ?? "", thread: Self.thread(record), id: id, tool: tool,
                model: record["model"]?.string ?? "", time: record["ts"]?.string ?? "",
                milliseconds: record["t_ms"]?.milliseconds ?? 0,
                input: String(decoding: (raw ?? []).prefix(RecordedCall.shownInput), as: UTF8.self),
                fingerprint: Array(raw ?? []).hashValue,
                inputBytes: record["input_bytes"]?.amount ?? raw?.count ?? 0,
                isValid: record["valid"]?.bool ?? true, isServerSide: record["server_side"]?.bool ?? false))
    }

    private mutating func takeResult(_ record: TraceRecord) {
        guard let id = record["tool_id"]?.string else { return }
        guard let place = places[key(record, id)] else {
            strayResults.append((id, record["tool"]?.string ?? ""))
            return
        }
        guard calls[place].result == nil else { return }
        calls[place].result = RecordedCall.Result(
            exchange: record.id ?? "", time: record["ts"]?.string ?? "", isError: record["is_error"]?.bool ?? false,
            bytes: record["content_bytes"]?.amount ?? 0, preview: record["preview"]?.string ?? "",
            gap: record["gap_ms"]?.milliseconds)
    }

    /// Services that count their ids from 0 make the same ones in every session.
    private func key(_ record: TraceRecord, _ id: String) -> String { "\(record.session ?? "") \(id)" }

    private static func thread(_ record: TraceRecord) -> RecordedCall.Thread {
        RecordedCall.Thread(session: record.session ?? "", agent: record["agent"]?.string ?? "")
    }
}
