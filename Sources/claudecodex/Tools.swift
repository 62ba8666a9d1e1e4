internal import Intercept
internal import Recorder

/// `claudecodex tools`: how an agent used its tools.
enum Tools {
    static let fields = Filter.Fields(
        names: [
            "tool", "session", "agent", "model", "id", "input", "result", "error", "open", "valid", "server", "gap",
            "bytes", "time",
        ],
        searched: ["tool", "input", "result"])

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        var reading = try Reading(arguments, settings, environment, fields: fields)
        var calls = ToolCalls()
        var offers = ToolOffers()
        let scan = TraceScan(
            choice: reading.choice, types: ToolCalls.types + ["request"], wantsBody: ToolOffers.needsBody)
        let damage = try scan.run(&reading.progress) { record in
            calls.take(record)
            offers.take(record)
        }
        let chosen = calls.calls.filter { call in reading.filter.matches { value(call, $0) } }
        if chosen.isEmpty, !reading.isJSON {
            reading.print(["no tool calls" + (reading.filter.isEmpty ? "" : " fit the filter")], damage)
            return .negative
        }
        if arguments.has(.calls) {
            print(chosen, reading, damage)
        } else {
            // What was offered says nothing about some of the calls only.
            let report = ToolsReport(
                use: ToolUse(chosen), strayResults: reading.filter.isEmpty ? calls.strayResults : [],
                offers: reading.filter.isEmpty ? offers.offers : [])
            if reading.isJSON {
                reading.print(report.json(damage), damage)
            } else {
                reading.print(report.lines(reading.terminal), damage)
            }
        }
        return chosen.isEmpty ? .negative : .success
    }

    /// What a filter asks of a call.
    static func value(_ call: RecordedCall, _ field: String) -> Filter.Value? {
        switch field {
        case "tool": .text(call.tool)
        case "session": .text(call.thread.session)
        case "agent": .text(call.thread.agent)
        case "model": .text(call.model)
        case "id": .text(call.id)
        case "input": .text(call.input)
        case "result": (call.result?.preview).map { .text($0) }
        case "error": .flag(call.result?.isError ?? false)
        case "open": .flag(call.result == nil && !call.isServerSide)
        case "valid": .flag(call.isValid)
        case "server": .flag(call.isServerSide)
        case "gap": (call.result?.gap).map { .number($0) }
        case "bytes": (call.result?.bytes).map { .number(Double($0)) }
        case "time": .text(call.time)
        default: nil
        }
    }

    private static func print(_ calls: [RecordedCall], _ reading: Reading, _ damage: TraceScan.Damage) {
        if reading.isJSON {
            var out = JSONWriter()
            for call in calls {
                write(call, &out)
                out.newline()
            }
            return reading.print(out.bytes, damage)
        }
        var table = Table([
            .init(title: "time"), .init(title: "agent"), .init(title: "tool"), .init(title: "gap", isRight: true),
            .init(title: "in", isRight: true), .init(title: "out", isRight: true), .init(title: ""),
            .init(title: "input", isFlexible: true),
        ])
        for call in calls {
            table.add([
                String(call.time.prefix(19)), String(call.thread.agent.prefix(8)), call.tool,
                call.result?.gap.map(Amounts.time) ?? "", Amounts.tokens(TokenEstimate.tokens(call.inputBytes)),
                call.result.map { Amounts.tokens(TokenEstimate.tokens($0.bytes)) } ?? "", outcome(call), call.input,
            ])
        }
        reading.print(table.lines(reading.terminal), damage)
    }

    private static func outcome(_ call: RecordedCall) -> String {
        if !call.isValid { return "no JSON" }
        guard let result = call.result else { return call.isServerSide ? "server" : "open" }
        return result.isError ? "failed" : ""
    }

    /// One call as a line of JSON; names are those of the trace.
    private static func write(_ call: RecordedCall, _ out: inout JSONWriter) {
        out.beginObject()
        out.field("ts", call.time)
        out.field("id", call.exchange)
        out.field("session", call.thread.session)
        out.field("agent", call.thread.agent)
        out.field("tool_id", call.id)
        out.field("tool", call.tool)
        out.field("model", call.model)
        out.field("input", call.input)
        out.field("input_bytes", call.inputBytes)
        out.field("valid", call.isValid)
        out.field("server_side", call.isServerSide)
        if let result = call.result {
            out.field("result_id", result.exchange)
            out.field("is_error", result.isError)
            out.field("content_bytes", result.bytes)
            out.field("preview", result.preview)
            if let gap = result.gap { out.field("gap_ms", gap) }
        }
        out.endObject()
    }
}

/// Tokens of what is known by its size alone.
enum TokenEstimate {
    /// Four bytes of JSON or code are about a token.
    static func tokens(_ bytes: Int) -> Int { (bytes + 2) / 4 }
}
