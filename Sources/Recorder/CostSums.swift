/// Tokens and money of many requests, in rows and in all.
public import Intercept

public struct CostSums: Sendable {
    /// What the rows are.
    public enum Grouping: String, Sendable, CaseIterable { case day, session, model, agent, backend }

    /// Sums of some requests.
    public struct Row: Sendable {
        public let name: String
        public internal(set) var requests = 0
        /// Tokens: neither read from nor written to the cache; read; written; of the answers.
        public internal(set) var input = 0
        public internal(set) var cacheRead = 0
        public internal(set) var cacheWritten = 0
        public internal(set) var output = 0
        public internal(set) var searches = 0
        /// Of the requests whose price is known.
        public internal(set) var dollars = 0.0
        /// Requests, and their tokens of all kinds, whose price is not known.
        public internal(set) var unpriced = 0
        public internal(set) var unpricedTokens = 0
        /// Requests of which nothing was counted.
        public internal(set) var uncounted = 0
        /// Requests whose end is not in the trace.
        public internal(set) var unended = 0
        /// Answers without an end.
        public internal(set) var broken = 0
        /// Dollars as they were recorded, and of how many requests.
        public internal(set) var recordedDollars = 0.0
        public internal(set) var recorded = 0

        public var prompt: Int { input + cacheRead + cacheWritten }

        mutating func add(_ request: RequestCost) {
            requests += 1
            if request.isBroken { broken += 1 }
            if let dollars = request.recorded {
                recordedDollars += dollars
                recorded += 1
            }
            if request.isOpen {
                unended += 1
                return
            }
            guard let usage = request.usage else {
                uncounted += 1
                return
            }
            input += usage.input
            cacheRead += usage.cacheRead
            cacheWritten += usage.cacheCreation
            output += usage.output
            searches += usage.webSearches ?? 0
            switch request.charge {
            case .dollars(let dollars, _): self.dollars += dollars
            case .unknown:
                unpriced += 1
                unpricedTokens += usage.prompt + usage.output
            case nil: break
            }
        }
    }

    /// Requests of one model that have no price for one reason.
    public struct Gap: Sendable {
        public let model: String
        public let why: Unpriced
        public internal(set) var requests = 0
        public internal(set) var prompt = 0
        public internal(set) var output = 0
    }

    public let grouping: Grouping
    /// By name; days in their order.
    public var rows: [Row] { byName.values.sorted { $0.name < $1.name } }
    public private(set) var total = Row(name: "total")
    /// The largest first.
    public var gaps: [Gap] {
        byGap.values.sorted { ($1.prompt + $1.output, $0.model) < ($0.prompt + $0.output, $1.model) }
    }
    /// The lists that were used, and for how many requests.
    public private(set) var sources: [String: Int] = [:]
    /// Requests whose price is only known from the time when they were recorded.
    public private(set) var recordedOnly = 0

    private var byName: [String: Row] = [:]
    private var byGap: [String: Gap] = [:]

    public init(by grouping: Grouping) { self.grouping = grouping }

    public mutating func add(_ request: RequestCost) {
        let name = name(request)
        byName[name, default: Row(name: name)].add(request)
        total.add(request)
        if request.isRecordedOnly { recordedOnly += 1 }
        switch request.charge {
        case .dollars(_, let source): sources[source, default: 0] += 1
        case .unknown(let why):
            let key = "\(why.rawValue) \(request.model)"
            var gap = byGap[key] ?? Gap(model: request.model, why: why)
            gap.requests += 1
            gap.prompt += request.usage?.prompt ?? 0
            gap.output += request.usage?.output ?? 0
            byGap[key] = gap
        case nil: break
        }
    }

    private func name(_ request: RequestCost) -> String {
        switch grouping {
        case .day: String(request.time.prefix(10))
        case .session: request.session
        case .model: request.model
        case .agent: request.agent
        case .backend: request.backend
        }
    }
}
