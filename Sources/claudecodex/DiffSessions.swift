internal import Intercept
internal import Recorder

/// Two sessions compared: their numbers beside each other, and where their sequences of tools part.
enum DiffSessions {
    static func answer(_ sides: DiffSides, _ isJSON: Bool, _ terminal: Terminal) throws(Failure) -> DiffAnswer {
        var (damage, other) = (TraceScan.Damage(), TraceScan.Damage())
        let (a, b) = (try numbers(sides.a, &damage), try numbers(sides.b, &other))
        damage.merge(other, isSameFile: sides.haveSameFiles)
        let sequence = SequenceDifference(from: a.sequence, to: b.sequence)
        let rows = rows(a, b)
        let isSame = sequence.isSame && rows.allSatisfy { $0.isTime || $0.a == $0.b }
        if isJSON { return DiffAnswer(bytes: json(a, b, sequence), isSame: isSame, damage) }
        var table = Table([
            .init(title: "", isFlexible: true), .init(title: "A", isRight: true), .init(title: "B", isRight: true),
            .init(title: "", isRight: true),
        ])
        for row in rows { table.add([row.name, row.shown(row.a), row.shown(row.b), row.change]) }
        let steps = steps(sequence).map { $0.text(terminal) }
        return DiffAnswer(lines: table.lines(terminal) + steps, isSame: isSame, damage)
    }

    private static func numbers(_ choice: TraceChoice, _ damage: inout TraceScan.Damage) throws(Failure)
        -> SessionNumbers
    {
        var tree = SessionTree()
        var progress = Progress(isShown: false)
        damage = try TraceScan(choice: choice, types: SessionTree.types).run(&progress) { tree.take($0) }
        return SessionNumbers(tree.sessions)
    }

    private struct Row {
        let name: String
        let a: Double
        let b: Double
        var isTime = false

        func shown(_ value: Double) -> String { isTime ? Amounts.time(value) : "\(Int(value))" }

        var change: String {
            if a == b { return "same" }
            return (b > a ? "+" : "-") + shown(abs(b - a))
        }
    }

    private static func rows(_ a: SessionNumbers, _ b: SessionNumbers) -> [Row] {
        func row(_ name: String, _ value: (SessionNumbers) -> Int) -> Row {
            Row(name: name, a: Double(value(a)), b: Double(value(b)))
        }
        func rows(_ title: String, _ value: (SessionNumbers) -> [String: Int]) -> [Row] {
            Set(value(a).keys).union(value(b).keys).sorted().map { key in row(title + key) { value($0)[key] ?? 0 } }
        }
        let all =
            [
                row("turns", \.turns), row("requests on the side", \.sideRequests), row("agents", \.agents),
                Row(name: "time", a: a.milliseconds, b: b.milliseconds, isTime: true),
                row("prompt tokens", \.prompt), row("from the cache", \.cacheRead), row("output tokens", \.output),
                row("retries", \.retries), row("losses", \.losses), row("tool calls", \.calls),
                row("failed calls", \.failedCalls),
            ] + rows("calls of ", \.tools) + rows("stopped by ", \.stops) + rows("ended with ", \.failures)
        return all.filter { $0.a != 0 || $0.b != 0 }
    }

    private static let shown = 12

    private static func steps(_ sequence: SequenceDifference) -> [Line] {
        if sequence.isSame { return [Line("tools were called in the same order")] }
        let rest = sequence.steps.dropFirst(sequence.common)
        let lines = rest.prefix(shown).map { step in
            switch step {
            case .same(let tool): Line("  " + tool)
            case .removed(let tool): Line("- " + tool, .red)
            case .added(let tool): Line("+ " + tool, .green)
            }
        }
        let more = rest.count > shown ? [Line("  and \(rest.count - shown) more", .dim)] : []
        return [Line("tools: the first \(Text.count(sequence.common, "call")) same, then")] + lines + more
    }

    private static func json(_ a: SessionNumbers, _ b: SessionNumbers, _ sequence: SequenceDifference) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.key("a")
        write(a, &out)
        out.key("b")
        write(b, &out)
        out.key("sequence")
        out.beginObject()
        out.field("common", sequence.common)
        out.key("steps")
        out.beginArray()
        for step in sequence.steps {
            let (op, tool) =
                switch step {
                case .same(let tool): ("same", tool)
                case .removed(let tool): ("remove", tool)
                case .added(let tool): ("add", tool)
                }
            out.beginObject()
            out.field("op", op)
            out.field("tool", tool)
            out.endObject()
        }
        out.endArray()
        out.endObject()
        out.endObject()
        out.newline()
        return out.bytes
    }

    private static func write(_ numbers: SessionNumbers, _ out: inout JSONWriter) {
        out.beginObject()
        out.field("turns", numbers.turns)
        out.field("side_requests", numbers.sideRequests)
        out.field("agents", numbers.agents)
        out.field("duration_ms", numbers.milliseconds)
        out.field("tool_calls", numbers.calls)
        out.field("failed_tool_calls", numbers.failedCalls)
        out.field("prompt_tokens", numbers.prompt)
        out.field("cache_read_tokens", numbers.cacheRead)
        out.field("output_tokens", numbers.output)
        out.field("retries", numbers.retries)
        out.field("losses", numbers.losses)
        let counts = [("tools", numbers.tools), ("stop_reasons", numbers.stops), ("failures", numbers.failures)]
        for (name, all) in counts {
            out.key(text: name)
            out.beginObject()
            for (key, count) in all.sorted(by: { $0.key < $1.key }) {
                out.key(text: key)
                out.int(count)
            }
            out.endObject()
        }
        out.endObject()
    }
}
