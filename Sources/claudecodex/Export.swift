internal import Intercept
internal import Recorder

/// `claudecodex export`: exchanges in other forms, as they come from the trace.
enum Export {
    enum Form: String, CaseIterable {
        case har, md, csv, curl, fixture

        /// Without an operand it is the whole directory; otherwise the last session.
        var takesAll: Bool { self == .har || self == .csv }
    }

    static let usage = "claudecodex export har|md|csv|curl|fixture [TRACE...|SESSION|last][#N] [FILTER...] [-o FILE]"
    static let doc = "Write exchanges as HAR, Markdown, CSV, a curl command or a test fixture."
    static let detail = """
        har is an archive of HTTP (1.2), as browsers' network tools read it: one page a session, the client's request
        with its whole body, the answer's bytes. md is a transcript for an issue: what each turn added, long texts cut, everything
        in fences. csv has a row for each exchange, with --calls for each tool call (the columns of `tools --calls`); texts that a
        spreadsheet would run as a formula get an apostrophe in front. curl is a command for sh that sends one request again; it
        takes the key from ANTHROPIC_API_KEY and the address from ANTHROPIC_BASE_URL. fixture makes a folder
        DIR/BACKEND/CASE in the form of this project's Tests/Fixtures of each exchange; -o DIR names where.

        har and csv take the whole directory of traces unless told otherwise, the others the last session; `last#3` is its third
        request, and the beginning of an exchange's id names one as well. A FILTER is as for `tools`; fields:
        \(fields.names.joined(separator: " ")), and since.

        Everything is redacted as the trace is. A trace recorded with --redact off is refused without --unsafe. Files are made
        readable for you alone. On a terminal, control characters are shown as escapes. Exit code: 0; 1 when no exchange fits or a
        body is missing; 64 for a mistake on the command line; 65 when there is no trace; 74 when a file cannot be written, or a
        fixture's folder is there already.
        """

    static let fields = Filter.Fields(
        names: [
            "session", "agent", "kind", "id", "number", "model", "backend", "status", "outcome", "stop", "tool",
            "error", "input", "output", "duration", "time",
        ],
        searched: ["tool", "model", "session"])

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        let form = try form(arguments)
        let operands = Array(arguments.operands.dropFirst())
        let isCalls = arguments.has(.calls)
        // `FILE#3` is the third request of its last session.
        let isAll = form.takesAll && !operands.contains { $0.contains("#") }
        let reading = try Reading(
            arguments, settings, environment, fields: isCalls ? Tools.fields : fields, operands: operands,
            fallback: isAll ? nil : "last")
        if !arguments.has(.unsafe) { try refuseSecrets(reading.choice.files) }
        let output = arguments.values(.output).last
        switch form {
        case .har: return try archive(reading, output)
        case .md: return try transcript(reading, output)
        case .csv: return try isCalls ? calls(reading, output) : rows(reading, output)
        case .curl: return try command(reading, output)
        case .fixture: return try fixtures(reading, output)
        }
    }

    private static func form(_ arguments: Arguments) throws(Failure) -> Form {
        let names = Form.allCases.map(\.rawValue)
        guard let name = arguments.operands.first else {
            throw .usage("export: which form?", "one of \(names.joined(separator: ", "))", usage)
        }
        guard let form = Form(rawValue: name) else {
            throw .usage(
                "export: there is no form '\(name)'" + Suggestion.phrase(for: name, in: names),
                "one of \(names.joined(separator: ", "))")
        }
        if arguments.has(.calls), form != .csv { throw .usage("--calls goes with export csv, not with \(name)") }
        return form
    }

    /// What was recorded without redaction holds keys as they are.
    private static func refuseSecrets(_ files: [String]) throws(Failure) {
        for file in files {
            let reader: TraceReader
            do { reader = try TraceReader(path: file, only: ["meta"]) } catch { throw Failure(.noTrace, "\(error)") }
            for record in reader where record["redact"]?.equals("off") ?? false {
                throw .usage(
                    "\(file) was recorded with --redact off: keys stand in it as they are",
                    "add --unsafe if they may stand in the export too")
            }
        }
    }

    /// What a filter asks of an exchange.
    static func value(_ exchange: RecordedExchange, _ field: String) -> Filter.Value? {
        let response = exchange.response
        let usage = response?["usage"]
        switch field {
        case "session": return exchange.session.map { .text($0) }
        case "agent": return .text(exchange.agent)
        case "kind": return .text(exchange.kind)
        case "id": return .text(exchange.id)
        case "number": return exchange.number.map { .number(Double($0)) }
        case "model": return exchange.model.map { .text($0) }
        case "backend": return (response?["backend"]?.string).map { .text($0) }
        case "status": return (response?["status"]?.int).map { .number(Double($0)) }
        case "outcome": return exchange.outcome.map { .text($0) }
        case "stop": return (response?["stop_reason"]?.string).map { .text($0) }
        case "tool":
            return .text(exchange.records("tool_call").compactMap { $0["tool"]?.string }.joined(separator: " "))
        case "error": return .flag(exchange.outcome.map { $0 != "ok" } ?? true)
        case "input": return usage.map { .number(Double(Usage($0).prompt)) }
        case "output": return usage.map { .number(Double(Usage($0).output)) }
        case "duration": return (response?["timing"]?["duration_ms"]?.double).map { .number($0) }
        case "time": return .text(exchange.time)
        default: return nil
        }
    }
}
