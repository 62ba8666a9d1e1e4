internal import Intercept
internal import Recorder

/// `claudecodex cache`: what the prompt cache gave each request, and why not more.
enum Cache {
    static let usage = "claudecodex cache [TRACE...|SESSION|last] [FILTER...] [--prices FILE] [--json]"
    static let doc = "Explain why the prompt cache hit or missed, turn by turn."
    static let detail = """
        Without an operand: the last session. Conversation by conversation (an agent's, and each kind of side request has its own)
        a line for each request: its number in the session, prompt tokens read from the cache and written to it, the share that
        was read (hit), and for a miss what was lost (tokens that were in the cache and had to be read or written again), what
        that cost, and why. A miss is a request that read nothing, or less than 90% of what the request before it had left in the cache.

        Reasons: first request; nothing marked for the cache; nothing left by the request before; model, tools, system or settings
        changed; history edited; expired; too small; marker moved; parallel; routing; not reported; unknown. They are found by
        comparing what was sent to the service with what was sent before it, up to what the cache held. The first that fits is
        named. docs/cache.md says how each is found. `server said` is the service's own word. Below: the misses that could have been
        avoided, what they come to, and how to avoid them. Exit code: 0; 1 when nothing fits the filter; 65 when there is no trace.

        Filter fields: number id session agent kind model backend reason server read written prompt hit missed miss avoidable
        time since; a bare word is searched in reason, model and agent.

        --json prints one object: `turns` (number, id, session, agent, kind, thread, ts, model, backend, upstream_model, status, outcome,
        prompt_tokens, cache_read_tokens, cache_written_tokens, hit, expected_tokens, explicit, base: id, number; reason,
        avoidable, missed_tokens, missed_usd (absent where no price is known), detail (depends on the reason: docs/cache.md);
        server_reason), `summary` (turns, counted, hits, misses, avoidable_misses, missed_tokens, avoidable_tokens, missed_usd,
        avoidable_usd, unpriced_misses, prompt_tokens, cache_read_tokens, cache_written_tokens,
        reasons: reason, misses, avoidable_misses, missed_tokens), `forgotten_conversations`, `skipped`.
        """

    static let fields = Filter.Fields(
        names: [
            "number", "id", "session", "agent", "kind", "model", "backend", "reason", "server", "read", "written",
            "prompt", "hit", "missed", "miss", "avoidable", "time",
        ],
        searched: ["reason", "model", "agent"])

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        var reading = try Reading(arguments, settings, environment, fields: fields, fallback: "last")
        let (found, damage) = try read(reading.choice, &reading.progress)
        let choice = reading.choice
        let turns = found.all.filter { turn in
            (choice.number ?? turn.number, choice.exchange ?? turn.id) == (turn.number, turn.id)
                && reading.filter.matches { value(turn, $0) }
        }
        let isLast = arguments.operands.isEmpty || arguments.operands[0].hasPrefix("last")
        let report = CacheReport(turns: turns, forgotten: found.forgotten, isLast: isLast, prices: settings.prices)
        if reading.isJSON {
            reading.print(report.json(damage), damage)
        } else if turns.isEmpty {
            reading.print(["no requests" + (reading.filter.isEmpty ? "" : " fit the filter")], damage)
        } else {
            reading.print(report.lines(reading.terminal), damage)
        }
        return turns.isEmpty ? .negative : .success
    }

    private static func read(_ choice: TraceChoice, _ progress: inout Progress) throws(Failure)
        -> (CacheTurns, TraceScan.Damage)
    {
        var (turns, damage, backend) = (CacheTurns(), TraceScan.Damage(), "")
        var reader = ExchangeReader(session: choice.session, CacheTurns.wants)
        var exchanges = 0
        for (number, file) in choice.files.enumerated() {
            do {
                damage.add(
                    try reader.read(file, meta: { backend = Self.backend($0) ?? backend }) {
                        turns.take($0, backend: backend)
                        exchanges += 1
                        progress.show("file \(number + 1) of \(choice.files.count), \(exchanges) exchanges")
                    })
            } catch { throw Failure(.noTrace, "\(error)") }
        }
        reader.finish { turns.take($0, backend: backend) }
        progress.clear()
        return (turns, damage)
    }

    /// An import is no backend: who answered, its answers say.
    private static func backend(_ meta: TraceRecord) -> String? {
        meta["imported_from"] != nil ? "" : meta["backend"]?.string
    }

    private static func value(_ turn: CacheTurn, _ field: String) -> Filter.Value? {
        switch field {
        case "number": .number(Double(turn.number))
        case "id": .text(turn.id)
        case "session": .text(turn.conversation.session)
        case "agent": .text(turn.conversation.agent)
        case "kind": .text(turn.conversation.kind)
        case "model": .text(turn.model)
        case "backend": .text(turn.backend)
        case "reason": (turn.miss?.name).map { .text($0) }
        case "server": turn.serverReason.map { .text($0) }
        case "read": .number(Double(turn.read))
        case "written": .number(Double(turn.written))
        case "prompt": .number(Double(turn.prompt))
        case "hit": turn.hit.map { .number($0) }
        case "missed": .number(Double(turn.missedTokens))
        case "miss": .flag(turn.miss != nil)
        case "avoidable": .flag(turn.miss?.isAvoidable ?? false)
        case "time": .text(turn.time)
        default: nil
        }
    }
}
