/// A session as a conversation: what each exchange added to it. Every request brings the whole history again; a reader
/// wants each message once.
public import Intercept

public struct Transcript: Sendable {
    /// One exchange and what of its request is new.
    public struct Turn: Sendable {
        public let exchange: RecordedExchange
        /// Counts the shown exchanges from 1.
        public let place: Int
        /// Messages of the request that no turn before has shown: objects with `role` and `content`. Empty where the trace
        /// has no body.
        public let fresh: [JSON]
        /// The first turn of its conversation: an agent's first, or one whose history was written anew.
        public let isBeginning: Bool
        /// Bytes of the system prompt and names of the tools on offer, for a beginning.
        public let systemBytes: Int
        public let tools: [String]
    }

    /// A conversation is known by its agent and the words with which it begins; cache marks move and do not count.
    private struct Thread: Hashable {
        let session: String
        let agent: String
        let opening: Int
    }

    /// Messages shown of each conversation, the last answer included.
    private var shown: [Thread: Int] = [:]
    private var places = 0
    /// Requests that are no part of a conversation, by kind.
    public private(set) var others: [String: Int] = [:]

    public init() {}

    /// Whether an exchange belongs to a conversation: token counts, model lists and probes do not.
    public static func isConversation(_ exchange: RecordedExchange) -> Bool {
        exchange.isMessages && exchange.kind != "count_tokens"
    }

    /// Call it in the order of the trace. Nil for what is no part of a conversation.
    public mutating func turn(_ exchange: RecordedExchange) -> Turn? {
        guard Self.isConversation(exchange) else {
            others[exchange.kind.isEmpty ? "other" : exchange.kind, default: 0] += 1
            return nil
        }
        places += 1
        let body = exchange.body.flatMap { try? JSON.parse($0) }
        let messages = body?["messages"].map { Array($0.elements) } ?? []
        let thread = Thread(
            session: exchange.session ?? "", agent: exchange.agent, opening: Self.opening(messages.first))
        let known = shown[thread] ?? 0
        // A retry sends what is known; a shorter history is another one.
        let isBeginning = known == 0 || messages.count < known - 1
        let fresh = isBeginning ? messages : Array(messages.dropFirst(min(known, messages.count)))
        if !messages.isEmpty { shown[thread] = messages.count + (exchange.response?["message"] == nil ? 0 : 1) }
        return Turn(
            exchange: exchange, place: places, fresh: fresh, isBeginning: isBeginning,
            systemBytes: isBeginning ? body?["system"]?.range.count ?? 0 : 0,
            tools: isBeginning ? body?["tools"]?.elements.map { $0["name"]?.string ?? "?" } ?? [] : [])
    }

    private static func opening(_ message: JSON?) -> Int {
        guard let content = message?["content"] else { return 0 }
        if content.isString { return content.string.hashValue }
        return content.elements.compactMap { $0["text"]?.string }.hashValue
    }
}
