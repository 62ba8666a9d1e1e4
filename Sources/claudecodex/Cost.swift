internal import Intercept
internal import Recorder

/// `claudecodex cost`: tokens and money.
enum Cost {
    static let usage = "claudecodex cost [TRACE...|SESSION|last] [FILTER...] [--by WHAT] [--prices FILE] [--json]"
    static let doc = "Add up tokens and money by day, session, model, agent and backend."
    static let detail = """
        Reads the traces named (files or directories), a session by the beginning of its id, the `last` one, or without any
        the whole directory of traces. A row is a day (UTC), or what --by says. `input`, `read` and `written` are the prompt's tokens: new,
        read from the cache, written to it. Counts of tokens cost nothing and are left out.

        Prices are list prices of today's lists, also for old traces: those of --prices, else the built-in table; where both know none, what
        was recorded with the answer. Never guessed: what has no price is listed with its tokens, and `+` behind a sum says that something is
        missing in it (a request whose end is not in the trace, too). The model is the one that the service was asked for. Tokens that were only estimated have no price, and neither
        do priority and batch tiers. A local server costs what --prices says. docs/cost.md has the table's sources and rules.

        \(Word.filters(Cost.fields.names))

        --json prints one object: `by`, `rows` (name, requests, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
        web_searches, hit, cost_usd, unpriced_requests, unpriced_tokens, uncounted_requests, unended_requests, broken_off), `total` (the same), `unpriced`
        (model, why: model cache tier estimate, requests, prompt_tokens, output_tokens), `price_lists`, `price_sources` (source, requests),
        `recorded_usd`, `recorded_requests`, `skipped` (lines, bytes, newer, failures). Exit code: 0; 1 when no request fits; 65 when there is
        no trace.
        """
    static let fields = Filter.Fields(
        names: [
            "model", "session", "agent", "backend", "kind", "id", "status", "input", "read", "written", "output",
            "cost",
            "time",
        ],
        searched: ["model", "session", "agent", "backend"])

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        var reading = try Reading(arguments, settings, environment, fields: fields)
        var costs = RequestCosts(settings.prices)
        var sums = CostSums(by: arguments.values(.by).last.flatMap(CostSums.Grouping.init) ?? .day)
        let scan = TraceScan(choice: reading.choice, types: RequestCosts.types)
        let filter = reading.filter
        let damage = try scan.run(&reading.progress) { record in
            guard let request = costs.take(record), filter.matches({ value(request, $0) }) else { return }
            sums.add(request)
        }
        for request in costs.unended where filter.matches({ value(request, $0) }) { sums.add(request) }
        let report = CostReport(sums: sums, lists: settings.prices.sources)
        if reading.isJSON {
            reading.print(report.json(damage), damage)
        } else if sums.total.requests == 0 {
            reading.print(["no requests" + (reading.filter.isEmpty ? "" : " fit the filter")], damage)
        } else {
            reading.print(report.lines(reading.terminal), damage)
        }
        return sums.total.requests == 0 ? .negative : .success
    }

    private static func value(_ request: RequestCost, _ field: String) -> Filter.Value? {
        switch field {
        case "model": .text(request.model)
        case "session": .text(request.session)
        case "agent": .text(request.agent)
        case "backend": .text(request.backend)
        case "kind": .text(request.kind)
        case "id": .text(request.id)
        case "status": .number(Double(request.status))
        case "input": (request.usage?.input).map { .number(Double($0)) }
        case "read": (request.usage?.cacheRead).map { .number(Double($0)) }
        case "written": (request.usage?.cacheCreation).map { .number(Double($0)) }
        case "output": (request.usage?.output).map { .number(Double($0)) }
        case "cost": (request.charge?.dollars).map { .number($0) }
        case "time": .text(request.time)
        default: nil
        }
    }
}
