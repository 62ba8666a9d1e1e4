internal import Intercept
internal import Recorder

/// `claudecodex import`: recordings of other tools become traces.
enum Import {
    static let usage = "claudecodex import FILE... [-o DIR]"
    static let doc = "Turn recordings of claude-trace and session files of Claude Code into traces."
    static let detail = """
        A FILE is a recording of claude-trace (`.claude-trace/log-*.jsonl`) or one of Claude Code's own session files
        (`~/.claude/projects/*/*.jsonl`); .gz is read too. Each becomes `import-NAME.jsonl` in the directory of traces, or in DIR.
        Redaction is that of recording (--redact). Importing a file again replaces what it gave before. Exchanges that several of
        the files hold are taken once.

        Session files have one line for each block of a message; they do not have the system prompt, the tools, header fields,
        streams, sizes or the time to the first token, and requests are put together from the conversation. claude-trace has
        requests and answers, but no times within an answer. What is not known is absent; `meta` names the source.

        Says on stderr what became of each file. Exit code: 0; 1 when no file held an exchange; 65 when one is no such recording;
        74 when a trace cannot be written.
        """

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        if arguments.operands.isEmpty {
            throw .usage("import: which file?", usage, "such as ~/.claude/projects/*/*.jsonl")
        }
        let directory = try directory(arguments, settings, environment)
        let level = RedactionLevel(rawValue: settings.redact) ?? .strict
        var work = TraceImport(
            RecorderConfiguration(
                directory: directory, redact: level, redactKey: Proxy.key(level, environment), program: "claudecodex",
                version: Version.number, backend: "imported"))
        var exchanges = 0
        var failure: Failure?
        for file in arguments.operands {
            do throws(TraceImport.Problem) {
                let report = try work.run(file, source: absolute(file, environment))
                exchanges += report.exchanges
                if settings.detail != .quiet { Output.say(text(report, file, environment)) }
            } catch {
                let one = Failure(
                    error.isTarget ? .cannotWrite : .noTrace, error.isTarget ? error.text : cause(file) ?? error.text)
                Output.say("claudecodex: \(Text.printable(one.message))\n")
                failure = failure ?? one
            }
        }
        return failure?.code ?? (exchanges > 0 ? .success : .negative)
    }

    /// Why a file is no recording, where that can be told: it is a trace already, or it cannot be read to its end.
    private static func cause(_ file: String) -> String? {
        guard let reader = try? TraceReader(path: file) else { return nil }
        if reader.next() != nil {
            return "\(file) is a trace of claudecodex already; read it with claudecodex sessions \(Env.word(file))"
        }
        return reader.failure.map { "\(file) cannot be read to its end: \($0)" }
    }

    private static func directory(
        _ arguments: Arguments, _ settings: Settings, _ environment: Environment
    ) throws(Failure) -> String {
        if let named = arguments.values(.output).last { return named }
        return try LogDirectory.choose(
            settings.logDirectory, hasMarker: Files.exists(LogDirectory.marker), environment)
    }

    private static func absolute(_ file: String, _ environment: Environment) -> String {
        if file.hasPrefix("/") { return file }
        return (environment["PWD"] ?? ".") + "/" + file
    }

    /// What became of a file, and what could not be taken over.
    private static func text(_ report: TraceImport.Report, _ file: String, _ environment: Environment) -> String {
        let shown = Text.printable(LogDirectory.shown(file, environment))
        var lines: [String] = []
        if report.exchanges == 0 {
            lines.append("\(shown): \(report.program), no exchange in it")
        } else {
            let verb = report.hasReplaced ? "again into" : "into"
            lines.append(
                "\(shown): \(report.program), \(Text.count(report.exchanges, "exchange")) of "
                    + "\(Text.count(report.sessions.count, "session")) \(verb) "
                    + Text.printable(LogDirectory.shown(report.path, environment)))
        }
        if report.repeated > 0 { lines.append("  \(report.repeated) that an earlier file holds too were left out") }
        if report.cut > 0 { lines.append("  \(report.cut) whose conversation begins in another file") }
        let leftOut = report.leftOut.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        if !leftOut.isEmpty {
            let kinds = leftOut.prefix(8).map { "\($0.value) \(Text.printable(Text.cut($0.key, 40)))" }
            let more = leftOut.count > 8 ? " and \(leftOut.count - 8) more kinds" : ""
            lines.append("  lines without an exchange: \(kinds.joined(separator: ", "))\(more)")
        }
        if let failure = report.failure { lines.append("  \(Text.printable(failure))") }
        return lines.map { $0 + "\n" }.joined()
    }
}
