#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import Intercept
internal import Recorder

/// `claudecodex diff`: what changed from one exchange to another, or from one session to another.
enum DiffCommand {
    static let usage = "claudecodex diff A B [--json]"
    static let doc = "Show what changed between two requests or sessions."
    static let detail = """
        A and B are exchanges (`last#2`, SESSION#2, FILE#2, the beginning of an exchange's id), or sessions and traces (`last`, the
        beginning of a session's id, a file).

        Of two exchanges: the parameters, tools, system prompt and messages of the clients' requests. What a client changes
        in every turn without saying anything new is left out and counted: cache marks that moved, and a lone text block
        that became a string. The last lines say where the newer request leaves the prefix that the older one had cached
        (tools, system, messages, up to the last mark), and how the bodies that were sent upstream differ.
        --json prints a JSON Patch (RFC 6902) that makes B's body from A's, nothing left out.

        Of two sessions: turns, tools, tokens, errors and reasons to stop beside each other, and where the sequences of tools
        part. --json prints `a` and `b` (turns, side_requests, agents, duration_ms, tool_calls, failed_tool_calls, prompt_tokens,
        cache_read_tokens, output_tokens, retries, losses, tools, stop_reasons, failures) and `sequence` (common, steps: op same,
        add or remove, and tool).

        Exit code: 0 when both are the same (of sessions: all numbers but the time); 1 when they differ; 2 when a body is
        missing or is no JSON; 65 when there is no trace.
        """

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        guard arguments.operands.count == 2 else {
            throw .usage("diff: expected two exchanges or two sessions", "claudecodex diff last#2 last#3")
        }
        let sides = DiffSides(
            a: try choice(arguments.operands[0], settings, environment),
            b: try choice(arguments.operands[1], settings, environment))
        let isJSON = arguments.has(.json)
        let terminal = Terminal.current(STDOUT_FILENO, color: settings.color, environment)
        guard sides.a.isExchange == sides.b.isExchange else {
            throw .usage("diff: one is an exchange, the other is not", "claudecodex diff last#2 last#3")
        }
        let answer =
            sides.a.isExchange
            ? try DiffExchanges.answer(sides, isJSON, terminal) : try DiffSessions.answer(sides, isJSON, terminal)
        let isScreen = isJSON && ScreenText.isStandardOutput
        Output.write(isScreen ? ScreenText.json.shown(answer.bytes) : answer.bytes, to: STDOUT_FILENO)
        if settings.detail != .quiet {
            for sentence in answer.damage.sentences { Output.say("claudecodex: \(Text.printable(sentence))\n") }
        }
        return answer.isSame ? .success : .negative
    }

    private static func choice(
        _ operand: String, _ settings: Settings, _ environment: Environment
    ) throws(Failure) -> TraceChoice {
        let directory = try LogDirectory.choose(
            settings.logDirectory, hasMarker: Files.exists(LogDirectory.marker), environment)
        let choice = try TraceChoice([operand], directory: directory)
        guard choice.rest.isEmpty else {
            throw .usage(
                "diff: '\(operand)' is no exchange, session or trace", "claudecodex sessions lists what is recorded")
        }
        return choice
    }
}

/// Both things that are compared.
struct DiffSides {
    let a: TraceChoice
    let b: TraceChoice

    var haveSameFiles: Bool { a.files == b.files }
}

extension TraceScan.Damage {
    /// Adds what was found for the other side; the damage of a file that both sides read counts once.
    mutating func merge(_ other: TraceScan.Damage, isSameFile: Bool) {
        if isSameFile {
            if other.lines + other.newer > lines + newer { self = other }
            return
        }
        lines += other.lines
        bytes += other.bytes
        newer += other.newer
        failures += other.failures.filter { !failures.contains($0) }
    }
}

/// What `diff` found.
struct DiffAnswer {
    let bytes: [UInt8]
    let isSame: Bool
    let damage: TraceScan.Damage

    init(lines: [String], isSame: Bool, _ damage: TraceScan.Damage) {
        self.init(bytes: Array((lines.joined(separator: "\n") + "\n").utf8), isSame: isSame, damage)
    }

    init(bytes: [UInt8], isSame: Bool, _ damage: TraceScan.Damage) {
        (self.bytes, self.isSame, self.damage) = (bytes, isSame, damage)
    }
}

extension TraceChoice {
    var isExchange: Bool { number != nil || exchange != nil }
}
