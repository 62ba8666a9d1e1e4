/// Follows the conversations of a trace and finds for each request what the prompt cache gave it, and why not more.
internal import Intercept

public struct CacheTurns: Sendable {
    /// The record types that this needs beside requests and attempts, with all bodies.
    public static let wants = ExchangeReader.Wants(
        types: ["translation", "head", "events", "response"], body: true, upstreamBodies: true)

    /// Which conversations a request may belong to.
    private struct Key: Hashable {
        let session: String
        let agent: String
        let kind: String
    }

    private struct Conversation {
        /// The last used one is the last.
        var threads: [CacheRequest] = []
        var opened = 0
        var lastUse = 0
    }

    /// Conversations that are remembered, and threads of each; those not used for longest are forgotten first.
    static let mostConversations = 512
    static let mostThreads = 512

    private var turns: [CacheTurn] = []
    private var conversations: [Key: Conversation] = [:]
    private var clock = 0
    /// Conversations that were asked for a summary, by session and agent.
    private var compacted: Set<Key> = []
    /// Which models have ever had a token read from a cache.
    private var reporting: Set<String> = []
    /// Conversations and threads of them that were forgotten because there were too many: if they went on, that looks like a
    /// beginning.
    public private(set) var forgotten = 0

    public init() {}

    /// Takes the next exchange; those that are no Messages request are left out.
    ///
    /// - Parameter backend: What the file's `meta` record says.
    public mutating func take(_ exchange: RecordedExchange, backend: String) {
        guard exchange.isMessages else { return }
        clock += 1
        var turn = CacheTurn(exchange, backend: backend, thread: 1)
        if turn.read > 0 { reporting.insert(Self.service(turn)) }
        switch Self.outline(exchange) {
        case .success(let outline): place(&turn, CacheRequest(turn, outline, exchange))
        case .failure(let why): turn.miss = .unread(why.description)
        }
        turns.append(turn)
    }

    /// All requests, conversation by conversation in the order in which these began.
    public var all: [CacheTurn] {
        var order: [CacheTurn.Conversation: Int] = [:]
        for turn in turns where order[turn.conversation] == nil { order[turn.conversation] = order.count }
        let sorted = turns.enumerated().sorted {
            let left = (order[$0.element.conversation] ?? 0, $0.element.number, $0.offset)
            return left < (order[$1.element.conversation] ?? 0, $1.element.number, $1.offset)
        }
        return sorted.map { withoutSilence($0.element) }
    }

    /// A service that never says what it read from a cache is not to be blamed for reading nothing.
    private func withoutSilence(_ turn: CacheTurn) -> CacheTurn {
        guard !turn.isExplicit, !reporting.contains(Self.service(turn)) else { return turn }
        var turn = turn
        switch turn.miss {
        case .routing, .unknown, .expired, .parallel: turn.miss = .notReported
        default: break
        }
        return turn
    }

    private static func service(_ turn: CacheTurn) -> String { "\(turn.backend) \(turn.upstreamModel)" }

    private static func outline(_ exchange: RecordedExchange) -> Result<PromptOutline, TraceError> {
        let sent = exchange.last("upstream")
        let own = sent.flatMap { exchange.upstreamBodies[$0["try"]?.int ?? 1] }
        // Where nothing else was sent, the record of the attempt has no body.
        let isOther = sent.map { $0["delta"] != nil || $0["body"] != nil || $0["body_dropped"] != nil } ?? false
        guard let bytes = isOther ? own : own ?? exchange.body else {
            return .failure(TraceError(exchange.problems.first ?? "the trace does not hold the request"))
        }
        guard let body = try? JSON.parse(bytes), body.isObject else {
            return .failure(TraceError("the request is no JSON object"))
        }
        return .success(PromptReader.outline(body, url: sent?["url"]?.string))
    }

    // MARK: Conversations

    private mutating func place(_ turn: inout CacheTurn, _ request: CacheRequest) {
        turn.isExplicit = request.outline.isExplicit
        let key = Key(session: turn.conversation.session, agent: turn.conversation.agent, kind: turn.conversation.kind)
        var conversation = conversations[key] ?? Conversation()
        let summary = Key(session: key.session, agent: key.agent, kind: "")
        let isAfterCompaction = key.kind != "compact" && compacted.contains(summary)
        let place = request.thread(in: conversation.threads, isAfterCompaction)
        var base = place.map { conversation.threads[$0] }
        // The request for a summary is the conversation itself with one more message.
        if base == nil, key.kind == "compact" { base = main(key, request) }
        var thread = place.map { conversation.threads[$0].thread } ?? 0
        if place == nil {
            conversation.opened += 1
            thread = conversation.opened
        }
        turn.conversation.thread = thread
        if turn.isCounted {
            CacheJudgement(request, base, isAfterCompaction: isAfterCompaction).judge(&turn)
            touch(request, turn)
            if let place { conversation.threads.remove(at: place) }
            conversation.threads.append(request.in(thread))
            if conversation.threads.count > Self.mostThreads {
                conversation.threads.removeFirst()
                forgotten += 1
            }
            if key.kind == "compact" { compacted.insert(summary) } else { compacted.remove(summary) }
        }
        conversation.lastUse = clock
        conversations[key] = conversation
        forget()
    }

    private func main(_ key: Key, _ request: CacheRequest) -> CacheRequest? {
        let kinds = ["main", "subagent"].flatMap {
            conversations[Key(session: key.session, agent: key.agent, kind: $0)]?.threads ?? []
        }
        return request.thread(in: kinds, false).map { kinds[$0] }
    }

    /// Whoever reads a prefix keeps it alive, for all conversations of the session that begin with it.
    private mutating func touch(_ request: CacheRequest, _ turn: CacheTurn) {
        guard turn.read + turn.written > 0 || !turn.isExplicit else { return }
        for key in conversations.keys where key.session == turn.conversation.session {
            for index in conversations[key]?.threads.indices ?? 0..<0 {
                conversations[key]?.threads[index].touch(by: request)
            }
        }
    }

    private mutating func forget() {
        guard conversations.count > Self.mostConversations,
            let oldest = conversations.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
        else { return }
        conversations[oldest] = nil
        forgotten += 1
    }
}
