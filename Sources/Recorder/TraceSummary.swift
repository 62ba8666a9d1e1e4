/// What a trace comes to: exchanges, tools, tokens, losses, and what is missing in it. Takes records one after the other
/// and keeps no bodies.
internal import Intercept

public struct TraceSummary: Sendable {
    /// Calls of one tool and the results that came back as errors.
    public struct Tool: Sendable, Equatable {
        public let name: String
        public internal(set) var calls: Int
        public internal(set) var failed: Int
    }

    /// Losses of one kind: the same operation at the same place (`tools[].strict`).
    public struct Loss: Sendable, Equatable {
        public let operation: String
        public let place: String
        /// How many places of how many exchanges it concerned.
        public internal(set) var count: Int
        public internal(set) var exchanges: Int
        /// The first one: its path, why, and the values before and after where they were given.
        public let path: String
        public let why: String
        public let from: String?
        public let to: String?
    }

    public private(set) var records = 0
    /// Messages requests; counts of tokens, model lists and probes are not among them.
    public private(set) var exchanges = 0
    /// Those of `exchanges` that got no answer of the model.
    public private(set) var errors = 0
    /// In the order of their first call.
    public private(set) var tools: [Tool] = []
    /// The most frequent first, equals by their names.
    public var losses: [Loss] {
        kinds.sorted { ($1.count, $0.place, $0.operation) < ($0.count, $1.place, $1.operation) }
    }
    /// Tokens: the whole prompt, of that read from the cache, and written.
    public private(set) var prompt = 0
    public private(set) var cacheRead = 0
    public private(set) var output = 0
    /// Records and bodies that are not in the trace.
    public private(set) var dropped = 0
    /// Why, in the words of the last such record.
    public private(set) var lastRecordError: String?
    /// Rules that our own streams broke.
    public private(set) var brokenRules: [String: Int] = [:]

    private var kinds: [Loss] = []
    /// Losses already counted, by exchange: a second attempt repeats those of the first.
    private var counted: [String: Set<String>] = [:]
    /// Messages exchanges that have begun.
    private var open: Set<String> = []

    public init() {}

    public mutating func take(_ record: TraceRecord) {
        records += 1
        switch record.type {
        case "request": begin(record)
        case "translation": takeLosses(record)
        case "tool_call": if let name = record["tool"]?.string { tools[place(of: name)].calls += 1 }
        case "tool_result":
            if record["is_error"]?.bool ?? false, let name = record["tool"]?.string {
                tools[place(of: name)].failed += 1
            }
        case "response": take(RecordedUsage(record))
        case "check": brokenRules[record["rule"]?.string ?? "?", default: 0] += 1
        case "error": if record["stage"]?.equals("record") ?? false { lastRecordError = record["message"]?.string }
        case "end": end(record)
        default: break
        }
    }

    private mutating func begin(_ record: TraceRecord) {
        guard record["path"]?.equals("/v1/messages") ?? false, let id = record.id else { return }
        open.insert(id)
        exchanges += 1
    }

    private mutating func end(_ record: TraceRecord) {
        dropped += record["dropped"]?.amount ?? 0
        guard let id = record.id else { return }
        counted[id] = nil
        if open.remove(id) != nil, !(record["outcome"]?.equals("ok") ?? false) { errors += 1 }
    }

    private mutating func take(_ usage: RecordedUsage?) {
        guard let usage else { return }
        prompt += usage.prompt
        cacheRead += usage.cacheRead
        output += usage.output
    }

    private mutating func takeLosses(_ record: TraceRecord) {
        guard let id = record.id, let losses = record["losses"] else { return }
        for loss in losses.elements {
            let operation = loss["op"]?.string ?? "?"
            let path = loss["path"]?.string ?? "?"
            let isNew = counted[id, default: []].insert("\(operation) \(path)").inserted
            guard isNew else { continue }
            let place = Losses.place(path)
            let isFirstOfKind = counted[id, default: []].insert(" \(operation) \(place)").inserted
            let index = kind(operation, place, loss, path)
            kinds[index].count += 1
            if isFirstOfKind { kinds[index].exchanges += 1 }
        }
    }

    private mutating func kind(_ operation: String, _ place: String, _ loss: JSON, _ path: String) -> Int {
        if let index = kinds.firstIndex(where: { $0.operation == operation && $0.place == place }) { return index }
        kinds.append(
            Loss(
                operation: operation, place: place, count: 0, exchanges: 0, path: path,
                why: loss["why"]?.string ?? "", from: loss["from"]?.string, to: loss["as"]?.string))
        return kinds.count - 1
    }

    private mutating func place(of tool: String) -> Int {
        if let index = tools.firstIndex(where: { $0.name == tool }) { return index }
        tools.append(Tool(name: tool, calls: 0, failed: 0))
        return tools.count - 1
    }
}
