/// One request of a session and what came of it, in a few words: a line of a session's tree.
internal import Intercept

public struct SessionTurn: Sendable {
    /// A tool call in the answer.
    public struct Call: Sendable {
        public let id: String
        public let tool: String
        /// The arguments as JSON, cut.
        public let input: String
        /// What says most about them in one line: the first text among them.
        public let brief: String
        /// What a sub-agent would be told.
        let prompt: AgentPrompt?
        /// When the call was complete, RFC 3339.
        public let time: String
        public let isValid: Bool
        public let isServerSide: Bool
        public internal(set) var result: RecordedCall.Result?
    }

    public let id: String
    /// Counts the Messages requests of the session from 1; nil for others.
    public let number: Int?
    /// RFC 3339.
    public let time: String
    /// `main` where a session is known and nobody else is named.
    public let agent: String
    public let parentAgent: String?
    public let kind: String
    /// The model asked for.
    public let model: String
    /// The failed exchange that this one repeats.
    public let retryOf: String?
    /// The beginning of what is new from the user, and of the answer.
    public internal(set) var user = ""
    public internal(set) var assistant = ""
    public internal(set) var calls: [Call] = []
    public internal(set) var backend = ""
    public internal(set) var upstreamModel = ""
    /// Attempts upstream.
    public internal(set) var attempts = 0
    public internal(set) var status: Int?
    /// `ok client_gone upstream_error refused`; nil when the trace ends before the exchange does.
    public internal(set) var outcome: String?
    public internal(set) var stopReason = ""
    /// Milliseconds.
    public internal(set) var firstToken: Double?
    public internal(set) var duration: Double?
    /// Tokens: the whole prompt, of that read from the cache, and written; nil when the service said nothing.
    public internal(set) var prompt: Int?
    public internal(set) var cacheRead = 0
    public internal(set) var output = 0
    /// What failed: types and messages, those that another attempt followed included.
    public internal(set) var errors: [String] = []
    public internal(set) var losses = 0
    /// Records of this exchange that are missing.
    public internal(set) var dropped = 0

    /// A turn of a conversation, not something that the client asked on the side.
    public var isTurn: Bool { number != nil && ["main", "subagent", ""].contains(kind) }

    /// How much of a text is kept.
    static let shownText = 400

    /// The turn of a whole exchange.
    public init(_ exchange: RecordedExchange) {
        self.init(exchange.request, number: exchange.number)
        for record in exchange.records { take(record) }
    }

    init(_ request: TraceRecord, number: Int?) {
        id = request.id ?? ""
        self.number = number
        time = request["ts"]?.string ?? ""
        agent = request["agent"]?.string ?? ""
        parentAgent = request["parent_agent"]?.string
        kind = request["kind"]?.string ?? ""
        model = request["model"]?.string ?? ""
        retryOf = request["retry_of"]?.string
        user = String(NewText(request).text.prefix(Self.shownText))
    }
}

extension SessionTurn {
    /// Takes what a later record of the exchange says.
    mutating func take(_ record: TraceRecord) {
        switch record.type {
        case "translation":
            losses += record["losses"]?.count ?? 0
            upstreamModel = record["upstream_model"]?.string ?? upstreamModel
        case "upstream": attempts = max(attempts, record["try"]?.int ?? 1)
        case "tool_call": calls.append(Call(record))
        case "response": takeResponse(record)
        case "error":
            let words = [record["error_type"]?.string, record["message"]?.string].compactMap(\.self)
            errors.append(words.joined(separator: ": ") + (record["retried"]?.bool ?? false ? " (tried again)" : ""))
        case "check": errors.append("our stream broke the rule \(record["rule"]?.string ?? "")")
        case "end":
            outcome = record["outcome"]?.string
            dropped = record["dropped"]?.int ?? 0
        default: break
        }
    }

    private mutating func takeResponse(_ record: TraceRecord) {
        status = record["status"]?.int
        backend = record["backend"]?.string ?? ""
        stopReason = record["stop_reason"]?.string ?? ""
        firstToken = record["timing"]?["ttft_ms"]?.milliseconds
        duration = record["timing"]?["duration_ms"]?.milliseconds
        if let usage = RecordedUsage(record) {
            (prompt, cacheRead, output) = (usage.prompt, usage.cacheRead, usage.output)
        }
        takeError(record["body"]?["error"])
        let blocks = record["message"]?["content"]?.elements.map { $0 } ?? []
        let texts = blocks.filter { $0["type"]?.equals("text") ?? false }.compactMap { $0["text"]?.string }
        assistant = String(texts.joined(separator: " ").prefix(Self.shownText))
    }
}

extension SessionTurn {
    /// An error that the service sent and we passed on has no record of its own.
    private mutating func takeError(_ error: JSON?) {
        guard errors.isEmpty, let error, error.isObject else { return }
        errors.append([error["type"]?.string, error["message"]?.string].compactMap(\.self).joined(separator: ": "))
    }
}

extension SessionTurn.Call {
    init(_ record: TraceRecord) {
        let input = record["input"]
        id = record["tool_id"]?.string ?? ""
        tool = record["tool"]?.string ?? ""
        self.input = String(decoding: (input?.raw ?? []).prefix(SessionTurn.shownText), as: UTF8.self)
        let first = input?.members.lazy.compactMap(\.value.string).first { !$0.isEmpty }
        brief = String((first ?? input?.string ?? self.input).prefix(SessionTurn.shownText))
        prompt = input?["prompt"]?.string.flatMap(AgentPrompt.init)
        time = record["ts"]?.string ?? ""
        isValid = record["valid"]?.bool ?? true
        isServerSide = record["server_side"]?.bool ?? false
    }
}

/// What a request says that the conversation did not hold before.
struct NewText {
    /// The user's words, without what the client put around them.
    let text: String
    /// Everything that the user's messages say: what a sub-agent was started with stands in it.
    let texts: [String]

    init(_ request: TraceRecord) {
        let messages = request["body"]?["messages"]?.elements.map { $0 } ?? []
        let answer = messages.lastIndex { $0["role"]?.equals("assistant") ?? false }
        let new = messages[(answer.map { $0 + 1 } ?? 0)...].filter { $0["role"]?.equals("user") ?? false }
        texts = new.flatMap { Self.texts($0["content"]) }
        text = texts.filter { !$0.hasPrefix("<system-reminder>") }.joined(separator: " ")
    }

    private static func texts(_ content: JSON?) -> [String] {
        if let text = content?.string { return [text] }
        return content?.elements.filter { $0["type"]?.equals("text") ?? false }.compactMap { $0["text"]?.string } ?? []
    }
}
