internal import Intercept
internal import Recorder

/// `claudecodex show`: a session as a tree of turns, or one exchange.
enum Show {
    static let usage = "claudecodex show [SESSION|last][#N] [FILTER...] [--json]"
    static let doc = "Show a session as a tree of turns, or one exchange."
    static let detail = """
        Without an operand: the last session. SESSION is the beginning of an id, or a TRACE (a file or a directory); each turn has
        a line with its number, the time (UTC), the status, time to the first token, total time, prompt tokens, how many of them
        came from the cache, tokens written, and why the model stopped. Below it: what is new from the user, what the
        model said, its tool calls, and what came of each (size; `after` is the time until the request with the result: the
        tool's time and the user's). A sub-agent's turns stand under the call that started it: the one whose prompt the
        agent was given, else the only one that was under way. Requests on the side (counts of tokens, compaction, searches) are dim.

        \(Word.filters(fields.names)) They choose turns.

        `last#3`, `SESSION#3`, or the beginning of an exchange's id shows one exchange: where it went, times, tokens, losses,
        the new messages, the answer. --request --upstream --reply print the client's body, the body that was sent to the
        service, the answer: in a pipe the recorded bytes, so that `claudecodex show last#3 --request | jq` works; on a
        terminal indented. --events lists the events of both sides with their milliseconds, --headers the headers, --losses what
        translation could not carry over; with --json each is one JSON object a line.

        --json of a session: `sessions`, a list of objects: session, turns (number, id, time, agent, parent_agent, kind, model, backend,
        upstream_model, attempts, status, outcome, stop_reason, ttft_ms, duration_ms, prompt_tokens, cache_read_tokens, output_tokens, user, assistant,
        errors, losses, retry_of, calls: tool_id, tool, input, time, result: id, is_error, content_bytes, gap_ms, preview; starts: the agents
        that the call started), `skipped` (lines, bytes, newer, failures). Of an exchange: the fields of its turn, `session`, `new_messages`,
        `message` (the answer) or `body`, `problems`, `skipped`. Exit code: 0; 1 when nothing fits; 2 when a body cannot be
        put together; 65 when there is no trace.
        """

    static let fields = Filter.Fields(
        names: [
            "id", "number", "session", "agent", "kind", "model", "backend", "status", "outcome", "stop", "tool",
            "error",
            "failed", "user", "assistant", "ttft", "duration", "input", "output", "hit", "losses", "attempts", "time",
        ],
        searched: ["user", "assistant", "tool"])

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        var reading = try Reading(arguments, settings, environment, fields: fields, fallback: "last")
        let parts = ShowParts.Part.allCases.filter { arguments.has($0.flag) }
        if reading.choice.number != nil || reading.choice.exchange != nil {
            guard reading.filter.isEmpty else { throw .usage("show: a filter chooses among turns, not in an exchange") }
            return try ShowExchange.run(&reading, parts)
        }
        guard parts.isEmpty else {
            throw .usage(
                "show: --\(parts[0].flag.rawValue) is about one exchange", "name one: claudecodex show last#1")
        }
        return try tree(&reading)
    }

    private static func tree(_ reading: inout Reading) throws(Failure) -> ExitCode {
        var tree = SessionTree()
        let scan = TraceScan(choice: reading.choice, types: SessionTree.types, wantsBody: { $0.type == "request" })
        let damage = try scan.run(&reading.progress) { tree.take($0) }
        let filter = reading.filter
        let shown = tree.sessions.map { session in
            ShowTree(session: session) { turn in
                // Of several calls one must fit.
                let calls: [SessionTurn.Call?] = turn.calls.isEmpty ? [nil] : turn.calls
                return calls.contains { call in filter.matches { value(turn, call, session.id, $0) } }
            }
        }.filter { !$0.isEmpty }
        if reading.isJSON {
            reading.print(ShowJSON.sessions(shown, damage), damage)
        } else if shown.isEmpty {
            reading.print(["no turns" + (reading.filter.isEmpty ? "" : " fit the filter")], damage)
        } else {
            let terminal = reading.terminal
            reading.print(Array(shown.map { $0.lines(terminal) }.joined(separator: [""])), damage)
        }
        return shown.isEmpty ? .negative : .success
    }

    private static func value(_ turn: SessionTurn, _ call: SessionTurn.Call?, _ session: String, _ field: String)
        -> Filter.Value?
    {
        switch field {
        case "id": .text(turn.id)
        case "number": turn.number.map { .number(Double($0)) }
        case "session": .text(session)
        case "agent": .text(turn.agent)
        case "kind": .text(turn.kind)
        case "model": .text(turn.model)
        case "backend": .text(turn.backend)
        case "status": turn.status.map { .number(Double($0)) }
        case "outcome": .text(turn.outcome ?? "open")
        case "stop": .text(turn.stopReason)
        case "tool": call.map { .text($0.tool) }
        case "error": .flag(!turn.errors.isEmpty || turn.outcome.map { $0 != "ok" } ?? false)
        case "failed": .flag(call?.result?.isError ?? false)
        case "user": .text(turn.user)
        case "assistant": .text(turn.assistant)
        case "time": .text(turn.time)
        default: number(turn, field).map { .number($0) }
        }
    }

    private static func number(_ turn: SessionTurn, _ field: String) -> Double? {
        switch field {
        case "ttft": turn.firstToken
        case "duration": turn.duration
        case "input": turn.prompt.map(Double.init)
        case "output": turn.prompt.map { _ in Double(turn.output) }
        case "hit": turn.prompt.flatMap { $0 > 0 ? Double(turn.cacheRead) / Double($0) : nil }
        case "losses": Double(turn.losses)
        case "attempts": Double(turn.attempts)
        default: nil
        }
    }
}
