internal import Intercept
internal import Recorder

/// `claudecodex sessions`: what was recorded, newest first.
enum Sessions {
    static let fields = Filter.Fields(
        names: [
            "session", "model", "backend", "file", "exchanges", "tools", "failed", "agents", "input", "output", "hit",
            "cost", "error", "unended", "time",
        ],
        searched: ["session", "model", "backend", "file"])

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        var reading = try Reading(arguments, settings, environment, fields: fields)
        var list = SessionList(settings.prices)
        let scan = TraceScan(choice: reading.choice, types: SessionList.types)
        let damage = try scan.run(&reading.progress, begin: { list.begin(file: $0) }, take: { list.take($0) })
        let rows = list.rows.filter { row in reading.filter.matches { value(row, $0) } }
            .sorted { ($0.ended, $0.id) > ($1.ended, $1.id) }
        if reading.isJSON {
            reading.print(json(rows), damage)
        } else if rows.isEmpty {
            reading.print(["no sessions" + (reading.filter.isEmpty ? "" : " fit the filter")], damage)
        } else {
            reading.print(table(rows, isNarrow: reading.terminal.columns ?? .max < 100).lines(reading.terminal), damage)
        }
        return rows.isEmpty ? .negative : .success
    }

    private static func value(_ row: SessionList.Row, _ field: String) -> Filter.Value? {
        switch field {
        case "session": .text(row.id)
        case "model": .text(row.models.joined(separator: " "))
        case "backend": .text(row.backends.joined(separator: " "))
        case "file": .text(row.files.joined(separator: " "))
        case "exchanges": .number(Double(row.exchanges))
        case "tools": .number(Double(row.calls))
        case "failed": .number(Double(row.failedCalls))
        case "agents": .number(Double(row.subagents.count))
        case "input": .number(Double(row.prompt))
        case "output": .number(Double(row.output))
        case "hit": row.prompt > 0 ? .number(Double(row.cacheRead) / Double(row.prompt)) : nil
        case "cost": .number(row.dollars)
        case "error": .number(Double(row.errors))
        case "unended": .number(Double(row.unended))
        case "time": .text(row.ended)
        default: nil
        }
    }

    /// In a narrow one times go without the year.
    static func table(_ rows: [SessionList.Row], isNarrow: Bool) -> Table {
        var table = Table([
            .init(title: "session"), .init(title: "started", dropRank: 1),
            .init(title: "length", isRight: true, dropRank: 3),
            .init(title: "model", isFlexible: true), .init(title: "backend", dropRank: 5),
            .init(title: "agents", isRight: true, dropRank: 6),
            .init(title: "exch", isRight: true), .init(title: "tools", isRight: true),
            .init(title: "in", isRight: true),
            .init(title: "hit", isRight: true, dropRank: 2), .init(title: "out", isRight: true, dropRank: 4),
            .init(title: "cost", isRight: true),
            .init(title: "errors", isRight: true),
        ])
        let shown = Self.shownLength(of: rows.map(\.id))
        for row in rows {
            table.add([
                String(row.id.prefix(shown)), String(row.started.prefix(16).dropFirst(isNarrow ? 5 : 0)), length(row),
                row.models.joined(separator: " "),
                row.backends.joined(separator: " "), "\(row.subagents.count + 1)", "\(row.exchanges)",
                row.failedCalls > 0 ? "\(row.calls) (\(row.failedCalls) failed)" : "\(row.calls)",
                Amounts.tokens(row.prompt), Amounts.percent(row.cacheRead, of: row.prompt) ?? "",
                Amounts.tokens(row.output), cost(row),
                row.unended > 0 ? "\(row.errors) (\(row.unended) open)" : "\(row.errors)",
            ])
        }
        return table
    }

    /// How much of each id must be shown so that all can be told apart, and found by what is shown: at least 8 characters.
    static func shownLength(of ids: [String]) -> Int {
        let all = Set(ids)
        let most = all.map(\.count).max() ?? 8
        return (8...max(8, most)).first { length in Set(all.map { $0.prefix(length) }).count == all.count } ?? most
    }

    /// `?` when nothing of it has a price.
    private static func cost(_ row: SessionList.Row) -> String {
        let isPart = row.unpricedTokens > 0 || row.unended > 0
        return row.dollars == 0 && isPart ? "?" : Amounts.sum(row.dollars, isPart: isPart)
    }

    private static func length(_ row: SessionList.Row) -> String {
        guard let start = Timestamp(rfc3339: row.started), let end = Timestamp(rfc3339: row.ended) else { return "" }
        return Amounts.time(end.milliseconds(since: start))
    }

    /// An array of objects.
    private static func json(_ rows: [SessionList.Row]) -> [UInt8] {
        var out = JSONWriter()
        out.beginArray()
        for row in rows {
            out.beginObject()
            out.field("session", row.id)
            out.field("started", row.started)
            out.field("ended", row.ended)
            for (name, texts) in [("models", row.models), ("backends", row.backends), ("files", row.files)] {
                out.key(text: name)
                out.beginArray()
                for text in texts { out.string(text) }
                out.endArray()
            }
            out.field("subagents", row.subagents.count)
            out.field("exchanges", row.exchanges)
            out.field("tool_calls", row.calls)
            out.field("failed_tool_calls", row.failedCalls)
            out.field("prompt_tokens", row.prompt)
            out.field("cache_read_tokens", row.cacheRead)
            out.field("output_tokens", row.output)
            out.field("cost_usd", row.dollars)
            out.field("unpriced_tokens", row.unpricedTokens)
            out.field("errors", row.errors)
            out.field("unended", row.unended)
            out.endObject()
        }
        out.endArray()
        out.newline()
        return out.bytes
    }
}
