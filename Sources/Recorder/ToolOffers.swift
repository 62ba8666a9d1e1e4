/// Which tools the requests of a trace offered, how large their definitions are, and how often they were sent.
internal import Intercept

public struct ToolOffers: Sendable {
    /// One tool as requests offered it.
    public struct Offer: Sendable, Equatable {
        public let tool: String
        /// Requests that carried its definition, and the size of all those definitions together.
        public internal(set) var requests: Int
        public internal(set) var bytes: Int
    }

    private struct Definition: Hashable, Sendable {
        let tool: String
        let bytes: Int
    }

    /// Lists of definitions that differ, and how many requests carried each.
    private var lists: [(definitions: [Definition], requests: Int)] = []
    private var known: [[Definition]: Int] = [:]
    /// The list of each exchange, by its id: later requests say "the same as that one's".
    private var listOf: [String: Int] = [:]

    public init() {}

    /// Whether a `request` must be read with its body: the list of tools stands in it.
    public static func needsBody(_ head: TraceRecord) -> Bool {
        guard head.type == "request", head["tools"]?.int ?? 0 > 0 else { return false }
        return !repeatsTools(head)
    }

    private static func repeatsTools(_ record: TraceRecord) -> Bool {
        record["delta"]?["same"]?.elements.contains { $0.equals("tools") } ?? false
    }

    public mutating func take(_ record: TraceRecord) {
        guard record.type == "request", let id = record.id, record["path"]?.equals("/v1/messages") ?? false,
            let list = list(record)
        else { return }
        listOf[id] = list
        lists[list].requests += 1
    }

    private mutating func list(_ record: TraceRecord) -> Int? {
        let base = (record["delta"]?["base"]?.string).flatMap { listOf[$0] }
        if Self.repeatsTools(record) { return base }
        guard let tools = record["body"]?["tools"] else { return nil }
        let kept = record["delta"]?["keep"]?["tools"]?.amount ?? 0
        let before = base.map { Array(lists[$0].definitions.prefix(kept)) } ?? []
        return number(of: before + tools.elements.map(Self.definition))
    }

    private static func definition(_ tool: JSON) -> Definition {
        Definition(tool: tool["name"]?.string ?? tool["type"]?.string ?? "?", bytes: tool.raw.count)
    }

    private mutating func number(of definitions: [Definition]) -> Int {
        if let number = known[definitions] { return number }
        known[definitions] = lists.count
        lists.append((definitions, 0))
        return lists.count - 1
    }

    /// Requests that offered tools.
    public var requests: Int { lists.reduce(0) { $0 + ($1.definitions.isEmpty ? 0 : $1.requests) } }

    /// Every tool that was offered, in the order of its name.
    public var offers: [Offer] {
        var offers: [String: Offer] = [:]
        for list in lists {
            for one in list.definitions {
                offers[one.tool, default: Offer(tool: one.tool, requests: 0, bytes: 0)].requests += list.requests
                offers[one.tool]?.bytes += list.requests * one.bytes
            }
        }
        return offers.values.sorted { $0.tool < $1.tool }
    }
}
