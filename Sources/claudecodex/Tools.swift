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
            let list = ToolsCalls(calls: chosen)
            if reading.isJSON {
                reading.print(list.json, damage)
            } else {
                reading.print(list.lines(reading.terminal), damage)
            }
        } else {
            // What was offered says nothing about some of the calls only.
            let report = ToolsReport(
                use: ToolUse(chosen), strayResults: reading.filter.isEmpty ? calls.strayResults : [],
                offers: reading.filter.isEmpty ? offers.offers : [], requests: offers.requests)
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
}

/// Tokens of what is known by its size alone.
enum TokenEstimate {
    /// Four bytes of JSON or code are about a token.
    static func tokens(_ bytes: Int) -> Int { (bytes + 2) / 4 }
}
