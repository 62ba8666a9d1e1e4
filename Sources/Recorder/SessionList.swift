/// The sessions of a trace, each in one line: when, who answered, how much, and how it went.
public import Intercept

public struct SessionList: Sendable {
    /// The record types that `take` looks at.
    public static let types = ["meta", "request", "translation", "response", "tool_call", "tool_result", "end"]

    /// One session.
    public struct Row: Sendable {
        public let id: String
        /// RFC 3339: the first request and the last record.
        public let started: String
        public internal(set) var ended: String
        /// The files that hold it, in order.
        public internal(set) var files: [String] = []
        /// The models asked for and the backends, most used first.
        public var models: [String] { Self.byUse(modelUses) }
        public var backends: [String] { Self.byUse(backendUses.isEmpty ? namedBackends : backendUses) }
        /// Agents beside the main one.
        public internal(set) var subagents: Set<String> = []
        /// Messages requests; counts of tokens, model lists and probes are not among them.
        public internal(set) var exchanges = 0
        public internal(set) var calls = 0
        public internal(set) var failedCalls = 0
        /// Tokens: the whole prompt, of that read from the cache, and written.
        public internal(set) var prompt = 0
        public internal(set) var cacheRead = 0
        public internal(set) var output = 0
        /// Dollars, as far as prices are known, and the tokens of requests whose price is not.
        public internal(set) var dollars = 0.0
        public internal(set) var unpricedTokens = 0
        /// Exchanges that got no answer of the model.
        public internal(set) var errors = 0
        /// Exchanges whose end is not in the trace: they are under way, or the trace is cut.
        public internal(set) var unended = 0
        var modelUses: [String: Int] = [:]
        var backendUses: [String: Int] = [:]
        /// What the files say, where no answer says it.
        var namedBackends: [String: Int] = [:]

        private static func byUse(_ uses: [String: Int]) -> [String] {
            uses.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
        }
    }

    /// In the order in which they began to be recorded.
    public private(set) var rows: [Row] = []
    private var places: [String: Int] = [:]
    /// The session of the record before: most often it is that of the next one, too.
    private var latest: (session: String, place: Int)?
    /// Messages exchanges that have begun.
    private var open: Set<String> = []
    private var file = ""
    private var backend = ""
    private var costs: RequestCosts

    public init(_ prices: PriceList) { costs = RequestCosts(prices) }

    /// Call this before the records of another file.
    public mutating func begin(file: String) {
        self.file = file
        backend = ""
    }

    public mutating func take(_ record: TraceRecord) {
        let type = record.type
        if type == "meta" {
            backend = record["backend"]?.string ?? ""
            return
        }
        if type == "translation" { return costs.note(translation: record) }
        guard let session = record["session"], let time = record["ts"]?.string, let place = place(of: session, time)
        else { return }
        if rows[place].files.last != file { rows[place].files.append(file) }
        rows[place].ended = max(rows[place].ended, time)
        add(record, type, place)
    }

    private mutating func place(of id: JSON, _ time: String) -> Int? {
        if let latest, id.equals(latest.session) { return latest.place }
        guard let session = id.string else { return nil }
        let place = places[session] ?? rows.count
        if place == rows.count {
            places[session] = place
            rows.append(Row(id: session, started: time, ended: time))
        }
        latest = (session, place)
        return place
    }

    private mutating func add(_ record: TraceRecord, _ type: String, _ place: Int) {
        switch type {
        case "request": begin(record, place)
        case "response": answer(record, place)
        case "tool_call": rows[place].calls += 1
        case "tool_result": if record["is_error"]?.bool ?? false { rows[place].failedCalls += 1 }
        case "end":
            guard let id = record.id, open.remove(id) != nil else { return }
            rows[place].unended -= 1
            if !(record["outcome"]?.equals("ok") ?? false) { rows[place].errors += 1 }
        default: break
        }
    }

    private mutating func begin(_ record: TraceRecord, _ place: Int) {
        guard record["path"]?.equals("/v1/messages") ?? false, let id = record.id else { return }
        open.insert(id)
        rows[place].exchanges += 1
        rows[place].unended += 1
        if let model = record["model"]?.string { rows[place].modelUses[model, default: 0] += 1 }
        if !backend.isEmpty { rows[place].namedBackends[backend, default: 0] += 1 }
        if let agent = record["agent"]?.string, agent != "main" { rows[place].subagents.insert(agent) }
    }

    private mutating func answer(_ record: TraceRecord, _ place: Int) {
        if let id = record.id, open.contains(id), let backend = record["backend"]?.string, !backend.isEmpty {
            rows[place].backendUses[backend, default: 0] += 1
        }
        let usage = RecordedUsage.counts(record)
        let charge = costs.price(record, usage).charge
        guard let usage else { return }
        switch charge {
        case .dollars(let dollars, _): rows[place].dollars += dollars
        case .unknown: rows[place].unpricedTokens += usage.prompt + usage.output
        case nil: break
        }
        rows[place].prompt += usage.prompt
        rows[place].cacheRead += usage.cacheRead
        rows[place].output += usage.output
    }
}
