internal import Intercept

/// The sums that the closing line shows.
struct Tally: Sendable, Equatable {
    private(set) var exchanges = 0
    private(set) var toolCalls = 0
    private(set) var denied = 0
    private(set) var errors = 0
    private(set) var prompt = 0
    private(set) var cacheRead = 0
    private(set) var output = 0
    /// Some of the tokens were estimated: the service did not count them.
    private(set) var isEstimate = false
    private(set) var dollars = 0.0
    /// Answers with and without a known price.
    private(set) var priced = 0
    private(set) var unpriced = 0
    private var sessions: Set<String> = []
    /// Nothing at all came, not even a probe.
    private(set) var isUntouched = true

    mutating func add(_ exchange: ExchangeSummary, _ charge: Charge? = nil) {
        isUntouched = false
        if exchange.isNoise { return }
        exchanges += 1
        toolCalls += exchange.tools.count
        denied += exchange.deniedCalls.count
        if exchange.isUnanswered { errors += 1 }
        if let session = exchange.session { sessions.insert(session) }
        switch charge {
        case .dollars(let dollars, _):
            self.dollars += dollars
            priced += 1
        case .unknown: unpriced += 1
        case nil: break
        }
        guard let usage = exchange.usage else { return }
        if usage.isEstimate, usage.prompt + usage.output > 0 { isEstimate = true }
        prompt += usage.prompt
        cacheRead += usage.cacheRead
        output += usage.output
    }

    /// `6 exchanges, 2 sessions, 52.1k in (81% cached), 517 out, $0.12, 1 error`
    func serveLine() -> String {
        join(
            [Text.count(exchanges, "exchange"), sessions.isEmpty ? nil : Text.count(sessions.count, "session")] + common
        )
    }

    /// `14 exchanges, 9 tool calls, 212k in (94% cached), 3.1k out, $0.31, 48.0s`
    func runLine(milliseconds: Double) -> String {
        join(
            [Text.count(exchanges, "exchange"), toolCalls == 0 ? nil : Text.count(toolCalls, "tool call")] + common
                + [Amounts.time(milliseconds)])
    }

    private var common: [String?] {
        let about = isEstimate ? "~" : ""
        let cached = Amounts.percent(cacheRead, of: prompt).map { " (\($0) cached)" } ?? ""
        return [
            prompt == 0 ? nil : about + Amounts.tokens(prompt) + " in" + cached,
            output == 0 ? nil : about + Amounts.tokens(output) + " out",
            priced == 0 ? nil : Amounts.sum(dollars, isPart: unpriced > 0),
            denied == 0 ? nil : "\(denied) denied",
            errors == 0 ? nil : Text.count(errors, "error"),
        ]
    }

    private func join(_ parts: [String?]) -> String { parts.compactMap { $0 }.joined(separator: ", ") }
}
