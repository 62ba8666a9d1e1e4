internal import Intercept

/// What the latest sessions have come to, for the client's status bar. As many as are in use at once; the one that was
/// idle for longest makes room.
struct SessionTallies {
    private struct Sums {
        var exchanges = 0
        var errors = 0
        var prompt = 0
        var cacheRead = 0
        var output = 0
        var dollars = 0.0
        var unpriced = 0
        /// Milliseconds to the first token of the latest answer.
        var firstTokenMS: Double?
        /// Answers that have a price.
        var priced = 0
        /// When it was used last.
        var turn = 0
    }

    private static let most = 256
    private static let longestID = 200
    private var sessions: [String: Sums] = [:]
    private var turn = 0

    mutating func add(_ exchange: ExchangeSummary, _ charge: Charge?) {
        guard !exchange.isNoise, let session = exchange.session, session.utf8.count <= Self.longestID else { return }
        turn += 1
        var sums = sessions[session] ?? Sums()
        sums.turn = turn
        sums.exchanges += 1
        if exchange.isUnanswered { sums.errors += 1 }
        sums.firstTokenMS = exchange.firstTokenMS ?? sums.firstTokenMS
        sums.prompt += exchange.usage?.prompt ?? 0
        sums.cacheRead += exchange.usage?.cacheRead ?? 0
        sums.output += exchange.usage?.output ?? 0
        switch charge {
        case .dollars(let dollars, _):
            sums.dollars += dollars
            sums.priced += 1
        case .unknown: sums.unpriced += (exchange.usage?.prompt ?? 0) + (exchange.usage?.output ?? 0)
        case nil: break
        }
        sessions[session] = sums
        if sessions.count > Self.most, let idle = sessions.min(by: { $0.value.turn < $1.value.turn }) {
            sessions[idle.key] = nil
        }
    }

    /// One JSON object; nil for a session that is not known.
    func json(_ session: String) -> [UInt8]? {
        guard let sums = sessions[session] else { return nil }
        var out = JSONWriter()
        out.beginObject()
        out.field("session", session)
        out.field("exchanges", sums.exchanges)
        out.field("errors", sums.errors)
        out.field("prompt_tokens", sums.prompt)
        out.field("cache_read_tokens", sums.cacheRead)
        out.field("output_tokens", sums.output)
        if sums.priced > 0 || sums.unpriced == 0 { out.field("cost_usd", (sums.dollars * 1e9).rounded() / 1e9) }
        out.field("unpriced_tokens", sums.unpriced)
        if let time = sums.firstTokenMS { out.field("ttft_ms", (time * 10).rounded() / 10) }
        out.endObject()
        return out.bytes
    }
}
