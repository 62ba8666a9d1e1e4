/// What each recorded answer cost by the prices of today, in the order in which answers were recorded.
public import Intercept

/// One Messages request that was answered, well or not.
public struct RequestCost: Sendable {
    /// RFC 3339: when it was answered.
    public let time: String
    public let id: String
    public let session: String
    public let agent: String
    public let kind: String
    /// The name by which the service was asked, else the client's.
    public let model: String
    public let backend: String
    public let status: Int
    /// Nil when nothing was counted: a refusal, or an answer that broke off early.
    public let usage: Usage?
    /// The answer has no end, so its output is counted as far as it came.
    public let isBroken: Bool
    /// The trace ends before the answer: nothing of it is known.
    public var isOpen = false
    /// By the lists in force, else as it was recorded; nil when there is nothing to pay for.
    public let charge: Charge?
    /// As it was recorded.
    public let recorded: Double?
    /// `charge` is that of the recording, for want of a price now.
    public let isRecordedOnly: Bool
}

/// Reads the cost of requests out of a trace, record by record.
public struct RequestCosts: Sendable {
    /// The record types that `take` looks at.
    public static let types = ["request", "translation", "response", "end"]
    /// Requests that are no work of a model.
    private static let free = ["count_tokens", "models", "probe"]

    private let prices: PriceList
    /// The service's names of exchanges that are not answered yet.
    private var asked: [String: String] = [:]
    private static let mostAsked = 4096
    /// Requests without an answer so far.
    private var open: [String: RequestCost] = [:]
    /// What was looked up already.
    private var known: [String: Price?] = [:]

    public init(_ prices: PriceList) { self.prices = prices }

    /// The request that this record answers, if it is such a record.
    public mutating func take(_ record: TraceRecord) -> RequestCost? {
        switch record.type {
        case "request": note(request: record)
        case "translation": note(translation: record)
        case "response":
            if let id = record.id { open[id] = nil }
            return answer(record)
        case "end": if let id = record.id { open[id] = nil }
        default: break
        }
        return nil
    }

    /// Requests that the trace leaves without an answer and without an end, in their order.
    public var unended: [RequestCost] { open.values.sorted { ($0.time, $0.id) < ($1.time, $1.id) } }

    private mutating func note(request record: TraceRecord) {
        let kind = record["kind"]?.string ?? ""
        guard record["path"]?.equals("/v1/messages") ?? false, !Self.free.contains(kind), let id = record.id else {
            return
        }
        open[id] = RequestCost(
            time: record["ts"]?.string ?? "", id: id, session: record.session ?? "",
            agent: record["agent"]?.string ?? "", kind: kind, model: record["model"]?.string ?? "", backend: "",
            status: 0,
            usage: nil, isBroken: false, isOpen: true, charge: nil, recorded: nil, isRecordedOnly: false)
    }

    mutating func note(translation record: TraceRecord) {
        guard let id = record.id, let name = record["upstream_model"]?.string, !name.isEmpty else { return }
        // What was never answered goes first: ids rise with time.
        if asked.count >= Self.mostAsked {
            for old in asked.keys.sorted().prefix(Self.mostAsked / 2) { asked[old] = nil }
        }
        asked[id] = name
    }

    private mutating func answer(_ record: TraceRecord) -> RequestCost? {
        let usage = RecordedUsage.counts(record)
        let (model, charge, isRecordedOnly) = price(record, usage)
        let kind = record["kind"]?.string ?? ""
        guard !Self.free.contains(kind), kind != "other" || usage != nil else { return nil }
        return RequestCost(
            time: record["ts"]?.string ?? "", id: record.id ?? "", session: record.session ?? "",
            agent: record["agent"]?.string ?? "", kind: kind, model: model,
            backend: record["backend"]?.string ?? "", status: record["status"]?.int ?? 0, usage: usage,
            isBroken: usage != nil && record["stop_reason"] == nil, charge: charge,
            recorded: record["cost_usd"]?.double, isRecordedOnly: isRecordedOnly)
    }

    /// What a `response` cost, whoever asked.
    mutating func price(
        _ response: TraceRecord, _ usage: Usage?
    ) -> (model: String, charge: Charge?, isRecordedOnly: Bool) {
        let before = asked.isEmpty ? nil : response.id.flatMap { asked.removeValue(forKey: $0) }
        let name = response["upstream_model"]?.string ?? before
        let model = name ?? response["model"]?.string ?? ""
        guard let usage, !(response["backend"]?.equals(Moment.Replay.backend) ?? false),
            let now = charge(usage, model, isSent: name != nil)
        else { return (model, nil, false) }
        guard now.dollars == nil, let recorded = response["cost_usd"]?.double else { return (model, now, false) }
        return (model, .dollars(recorded, source: response["price_source"]?.string ?? "recorded"), true)
    }

    private mutating func charge(_ usage: Usage, _ model: String, isSent: Bool) -> Charge? {
        guard usage.isBillable else { return nil }
        if usage.isEstimate { return .unknown(.estimate) }
        let price: Price?
        if let found = known[model] {
            price = found
        } else {
            price = prices.price(of: model)
            known[model] = .some(price)
        }
        return price.map { $0.charge(usage, isSent: isSent) } ?? .unknown(.model)
    }
}
