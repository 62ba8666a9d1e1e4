/// How the prompts of a conversation grew from turn to turn, and where they shrank.
internal import Intercept

public struct ContextGrowth: Sendable {
    public struct Turn: Sendable {
        /// The request's number in its session.
        public let number: Int
        public let time: String
        /// Tokens of the prompt, as the service counted them.
        public let prompt: Int
        public let messages: Int
    }

    /// A turn whose history is shorter than the one before.
    public struct Compaction: Sendable {
        public let before: Turn
        public let after: Turn
        /// The client asked the model for a summary in between.
        public let isAsked: Bool
    }

    public private(set) var turns: [Turn] = []
    public private(set) var compactions: [Compaction] = []
    private var isAsked = false

    mutating func take(_ exchange: RecordedExchange, _ usage: RecordedUsage) {
        if exchange.kind == "compact" {
            isAsked = true
            return
        }
        let turn = Turn(
            number: exchange.number ?? 0, time: exchange.time, prompt: usage.prompt,
            messages: exchange.request["messages"]?.int ?? 0)
        if let last = turns.last, isAsked || turn.messages < last.messages && turn.prompt < last.prompt {
            compactions.append(Compaction(before: last, after: turn, isAsked: isAsked))
        }
        isAsked = false
        turns.append(turn)
    }
}

/// Finds the request that is asked for, and follows its conversation.
public struct ContextSearch: Sendable {
    /// The record types that this needs beside requests, with their bodies.
    public static let wants = ExchangeReader.Wants(types: ["translation", "response"], body: true)

    /// The request whose window it is.
    public struct Found: Sendable {
        public let exchange: RecordedExchange
        public let growth: ContextGrowth
        /// Tokens of the prompt, as the service counted them.
        public let counted: Int?
        /// Answered requests of this agent that look like questions on the side: one message and no tools, while others have
        /// tools. They are no part of the growth.
        public let setAside: [Int]
        /// The recording holds the messages only: a session file of Claude Code has neither system prompt nor tools.
        public let isPartial: Bool

        /// Fails with a sentence where the trace does not hold the body.
        public func window() throws(TraceError) -> ContextWindow {
            guard let body = exchange.body else {
                throw TraceError(exchange.problems.first ?? "the trace does not hold the body of \(exchange.id)")
            }
            let model = exchange.last("translation")?["upstream_model"]?.string ?? exchange.model ?? ""
            do { return try ContextWindow(body, model: model, counted: counted, isPartial: isPartial) } catch {
                throw TraceError("the body of \(exchange.id) is no JSON: \(error)")
            }
        }
    }

    private struct Key: Hashable {
        let session: String
        let agent: String
    }

    /// The turns of one agent.
    private struct Thread {
        /// Without and with the requests that may be questions on the side.
        var turns = ContextGrowth()
        var all = ContextGrowth()
        var setAside: [Int] = []
        var hasTools = false
    }

    private let number: Int?
    private let id: String?
    private var threads: [Key: Thread] = [:]
    private var best: (exchange: RecordedExchange, rank: Int, isPartial: Bool)?
    private var isPartial = false

    /// The request with this number or id; without them the last of the main conversation that was answered.
    public init(number: Int?, id: String?) {
        self.number = number
        self.id = id
    }

    /// What a `meta` record says of the exchanges behind it.
    public mutating func begin(_ meta: TraceRecord) {
        isPartial = meta["imported_from"]?.equals("claude-code") ?? false
    }

    public mutating func take(_ exchange: RecordedExchange) {
        guard exchange.isMessages else { return }
        let usage = Self.usage(exchange)
        if let usage, usage.prompt > 0 { follow(exchange, usage) }
        let rank = rank(exchange, usage)
        if rank > 0, rank >= best?.rank ?? 0 { best = (exchange, rank, isPartial) }
    }

    private mutating func follow(_ exchange: RecordedExchange, _ usage: RecordedUsage) {
        let isCompaction = exchange.kind == "compact"
        guard isCompaction || ["main", "subagent", ""].contains(exchange.kind) else { return }
        let key = Key(session: exchange.session ?? "", agent: exchange.agent)
        let isTurn = isCompaction || Self.isTurn(exchange)
        if isTurn { threads[key, default: Thread()].turns.take(exchange, usage) }
        threads[key, default: Thread()].all.take(exchange, usage)
        if !isTurn { threads[key]?.setAside.append(exchange.number ?? 0) }
        if exchange.request["tools"]?.int ?? 0 > 0 { threads[key]?.hasTools = true }
    }

    /// It has tools or goes on a conversation. What does neither may be a title, say, or a chat's first turn.
    private static func isTurn(_ exchange: RecordedExchange) -> Bool {
        exchange.request["tools"]?.int ?? 0 > 0 || exchange.request["messages"]?.int ?? 0 > 1
    }

    public var found: Found? {
        guard let best else { return nil }
        let exchange = best.exchange
        let thread = threads[Key(session: exchange.session ?? "", agent: exchange.agent)] ?? Thread()
        // Where nobody has tools, nothing tells questions on the side.
        return Found(
            exchange: exchange, growth: thread.hasTools ? thread.turns : thread.all,
            counted: (Self.usage(exchange)?.prompt).flatMap { $0 > 0 ? $0 : nil },
            setAside: thread.hasTools ? thread.setAside : [], isPartial: best.isPartial)
    }

    /// What is taken before what: the one asked for; else turns of the main conversation, then its other requests, then
    /// those of others; of each the answered ones first.
    private func rank(_ exchange: RecordedExchange, _ usage: RecordedUsage?) -> Int {
        if id != nil || number != nil {
            return (id ?? exchange.id) == exchange.id && (number ?? exchange.number) == exchange.number ? 1 : 0
        }
        let isMain = exchange.kind == "main"
        return 1 + (usage != nil ? 1 : 0) + (isMain ? 2 : 0) + (isMain && Self.isTurn(exchange) ? 2 : 0)
    }

    private static func usage(_ exchange: RecordedExchange) -> RecordedUsage? {
        guard let response = exchange.response, !(response["usage_estimated"]?.bool ?? false) else { return nil }
        return RecordedUsage(response)
    }
}
