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

        /// Fails with a sentence where the trace does not hold the body.
        public func window() throws(TraceError) -> ContextWindow {
            guard let body = exchange.body else {
                throw TraceError(exchange.problems.first ?? "the trace does not hold the body of \(exchange.id)")
            }
            let model = exchange.last("translation")?["upstream_model"]?.string ?? exchange.model ?? ""
            do { return try ContextWindow(body, model: model, counted: counted) } catch {
                throw TraceError("the body of \(exchange.id) is no JSON: \(error)")
            }
        }
    }

    private struct Key: Hashable {
        let session: String
        let agent: String
    }

    private let number: Int?
    private let id: String?
    private var growths: [Key: ContextGrowth] = [:]
    private var best: (exchange: RecordedExchange, rank: Int)?

    /// The request with this number or id; without them the last of the main conversation that was answered.
    public init(number: Int?, id: String?) {
        self.number = number
        self.id = id
    }

    public mutating func take(_ exchange: RecordedExchange) {
        guard exchange.isMessages else { return }
        let key = Key(session: exchange.session ?? "", agent: exchange.agent)
        let usage = Self.usage(exchange)
        // Side requests have no tools: a title, say.
        if let usage, usage.prompt > 0, exchange.kind == "compact" || exchange.request["tools"]?.int ?? 0 > 0 {
            growths[key, default: ContextGrowth()].take(exchange, usage)
        }
        let rank = rank(exchange, usage)
        if rank > 0, rank >= best?.rank ?? 0 { best = (exchange, rank) }
    }

    public var found: Found? {
        guard let exchange = best?.exchange else { return nil }
        let growth = growths[Key(session: exchange.session ?? "", agent: exchange.agent)] ?? ContextGrowth()
        return Found(
            exchange: exchange, growth: growth, counted: (Self.usage(exchange)?.prompt).flatMap { $0 > 0 ? $0 : nil })
    }

    /// What is taken before what: the one asked for; else answered requests of the main conversation with tools, then
    /// other requests.
    private func rank(_ exchange: RecordedExchange, _ usage: RecordedUsage?) -> Int {
        if id != nil || number != nil {
            return (id ?? exchange.id) == exchange.id && (number ?? exchange.number) == exchange.number ? 1 : 0
        }
        let isMain = exchange.kind == "main" && exchange.request["tools"]?.int ?? 0 > 0
        return 1 + (usage != nil ? 1 : 0) + (isMain ? 2 : 0)
    }

    private static func usage(_ exchange: RecordedExchange) -> RecordedUsage? {
        guard let response = exchange.response, !(response["usage_estimated"]?.bool ?? false) else { return nil }
        return RecordedUsage(response)
    }
}
