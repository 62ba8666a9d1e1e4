internal import Intercept
internal import Recorder

/// `claudecodex context`: what fills the context window.
enum Context {
    static let usage = "claudecodex context [TRACE...|SESSION|last][#N] [--json]"
    static let doc = "Show what fills the context window."
    static let detail = """
        Without an operand: the last session. Shows one request: the last answered turn of the main conversation, or the one
        named by `last#3`, SESSION#3 or the beginning of an exchange's id. A request with one message and no tools, in a session
        whose others have tools, is taken for a question on the side (a title, say); such requests are named as set aside.

        A line for each kind of content, the largest first: tools (by MCP server), system prompt, reminders (text blocks that
        begin with <system-reminder>), text of the user and the model, thinking, tool calls and tool results (by tool), images,
        documents. Tokens are estimated block by block (docs/counting.md) and scaled so that their sum is what the service counted;
        the factor is shown. Of an imported session file, which holds only the messages, nothing is scaled: what they do not
        explain is a part of its own, `not in the recording`. Below: the ten heaviest blocks with their places and first words; how the prompt grew from turn to
        turn; turns at which the history shrank (a compaction, or a conversation that goes on from an earlier message).
        Exit code: 0; 1 when there is no such request; 2 when its body cannot be put together; 65 when there is no trace.

        --json prints one object: number, id, session, agent, kind, ts, model, prompt_tokens (absent where the service did not
        count), estimated_tokens, blocks, `parts` (kind, group: absent for the sum of a kind; blocks, bytes, tokens, estimated_tokens),
        `heaviest` (kind, path, tool, bytes, tokens, estimated_tokens, preview), `growth` (number, ts, prompt_tokens, messages),
        `compactions` (before, after: number, prompt_tokens, messages; asked), `set_aside` (numbers), `partial` (the recording
        holds the messages only), `skipped`. The kind `unrecorded` is what is not in the recording.
        """

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        var reading = try Reading(
            arguments, settings, environment, fields: Filter.Fields(names: [], searched: []), fallback: "last")
        if let word = reading.choice.rest.first {
            throw .usage("context: '\(word)' is no session and no trace", "claudecodex sessions lists what is recorded")
        }
        let (search, damage) = try read(reading.choice, &reading.progress)
        guard let found = search.found else {
            if reading.isJSON {
                reading.print(Array("null\n".utf8), damage)
            } else {
                reading.print(["no such request"], damage)
            }
            return .negative
        }
        let window: ContextWindow
        do { window = try found.window() } catch { throw Failure(.trouble, "context: \(error)") }
        let report = ContextReport(found: found, window: window)
        if reading.isJSON {
            reading.print(report.json(damage), damage)
        } else {
            reading.print(report.lines(reading.terminal), damage)
        }
        return .success
    }

    private static func read(_ choice: TraceChoice, _ progress: inout Progress) throws(Failure)
        -> (ContextSearch, TraceScan.Damage)
    {
        var search = ContextSearch(number: choice.number, id: choice.exchange)
        var (damage, exchanges) = (TraceScan.Damage(), 0)
        var reader = ExchangeReader(session: choice.session, ContextSearch.wants)
        for (number, file) in choice.files.enumerated() {
            do {
                damage.add(
                    try reader.read(file, meta: { search.begin($0) }) {
                        search.take($0)
                        exchanges += 1
                        progress.show("file \(number + 1) of \(choice.files.count), \(exchanges) exchanges")
                    })
            } catch { throw Failure(.noTrace, "\(error)") }
        }
        reader.finish { search.take($0) }
        progress.clear()
        return (search, damage)
    }
}
