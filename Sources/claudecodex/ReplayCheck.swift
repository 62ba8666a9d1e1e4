internal import Intercept
internal import Recorder

/// `claudecodex replay TRACE --check`: the trace's requests translated again, its answers decoded again.
enum ReplayCheck {
    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        guard !arguments.operands.isEmpty else {
            throw .usage("replay --check: which trace?", "claudecodex replay last --check")
        }
        var reading = try Reading(
            arguments, settings, environment, fields: Filter.Fields(names: [], searched: []))
        let choice = reading.choice
        if let word = choice.rest.first { throw .usage("replay: '\(word)' is no trace and no session") }
        let isWanted: (TraceCheck.Result) -> Bool = { result in
            (choice.session == nil || result.session == choice.session)
                && (choice.number == nil || result.number == choice.number)
                && (choice.exchange == nil || result.id == choice.exchange)
        }
        var check = TraceCheck()
        var damage = TraceScan.Damage()
        for (place, file) in choice.files.enumerated() {
            let reader: TraceReader
            do throws(TraceError) {
                reader = try check.read(file, isWanted: isWanted) { records in
                    reading.progress.show("file \(place + 1) of \(choice.files.count), \(records) records")
                }
            } catch {
                throw Failure(.noTrace, "\(error)")
            }
            damage.add(reader)
        }
        reading.progress.clear()
        check.finish(isWanted: isWanted)
        let report = CheckReport(check.results)
        if reading.isJSON {
            reading.print(report.json(damage), damage)
        } else {
            reading.print(report.lines(reading.terminal), damage)
        }
        return report.differing.isEmpty ? .success : .negative
    }
}

/// What a check came to, for people and as JSON.
struct CheckReport {
    let results: [TraceCheck.Result]

    /// How many differences of one exchange people see.
    private static let shown = 5

    init(_ results: [TraceCheck.Result]) { self.results = results }

    var differing: [TraceCheck.Result] { results.filter { !$0.differences.isEmpty } }

    /// Requests and answers apart: a difference of an error belongs to the answer.
    private func counts(_ isRequest: Bool) -> (checked: Int, differ: Int) {
        let checked = results.filter { isRequest ? $0.isRequestChecked : $0.isAnswerChecked }
        let differ = checked.filter { $0.differences.contains { $0.text.hasPrefix("request") == isRequest } }
        return (checked.count, differ.count)
    }

    /// Reasons with how many exchanges have them, the most frequent first.
    private var reasons: [(reason: TraceCheck.Reason, count: Int)] {
        TraceCheck.Reason.allCases
            .map { reason in (reason, results.filter { $0.reasons.contains(reason) }.count) }
            .filter { $0.1 > 0 }.sorted { $0.1 > $1.1 }
    }

    func lines(_ terminal: Terminal) -> [String] {
        var lines = [
            sentence("request", "translated again", counts(true)), sentence("answer", "decoded again", counts(false)),
        ]
        if results.isEmpty { lines = ["no request of a Messages client is in this trace"] }
        for result in differing { lines += self.lines(of: result, terminal) }
        if !reasons.isEmpty {
            lines.append("not compared: " + reasons.map { "\($0.count) \($0.reason.words)" }.joined(separator: ", "))
        }
        let details = results.flatMap(\.details)
        lines += details.prefix(Self.shown).map { Text.cut("  \(Text.printable($0))", terminal.columns ?? .max) }
        if details.count > Self.shown { lines.append("  and \(details.count - Self.shown) more of these") }
        return lines
    }

    private func sentence(_ noun: String, _ verb: String, _ counts: (checked: Int, differ: Int)) -> String {
        let differ = counts.differ == 1 ? "1 differs" : "\(counts.differ) differ"
        return "\(Text.count(counts.checked, noun)) \(verb): \(counts.checked - counts.differ) equal, \(differ)"
    }

    private func lines(of result: TraceCheck.Result, _ terminal: Terminal) -> [String] {
        let name = result.number.map { "#\($0)" } ?? String(result.id.prefix(8))
        var lines = result.differences.prefix(Self.shown).map { difference in
            let place = difference.path.isEmpty ? "the whole" : difference.path
            let text = difference.text == "request" ? "" : "\(difference.text): "
            return Text.cut(
                "  \(name)  \(Text.printable(text + place))   recorded: \(words(difference.recorded))   now: \(words(difference.now))",
                terminal.columns ?? .max)
        }
        let more = result.differences.count - Self.shown
        if more > 0 { lines.append("  \(name)  and \(Text.count(more, "more difference"))") }
        return lines
    }

    private func words(_ value: String?) -> String {
        value.map { Text.cut(Text.printable($0), 60) } ?? "absent"
    }

    func json(_ damage: TraceScan.Damage) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        for (name, isRequest) in [("requests", true), ("answers", false)] {
            let counts = counts(isRequest)
            out.key(text: name)
            out.beginObject()
            out.field("checked", counts.checked)
            out.field("equal", counts.checked - counts.differ)
            out.field("differ", counts.differ)
            out.endObject()
        }
        out.key("not_compared")
        out.beginObject()
        for (reason, count) in reasons {
            out.key(text: reason.name)
            out.int(count)
        }
        out.endObject()
        out.key("differences")
        out.beginArray()
        for result in differing {
            for difference in result.differences { write(difference, result, into: &out) }
        }
        out.endArray()
        out.key("details")
        out.beginArray()
        for detail in results.flatMap(\.details) { out.string(detail) }
        out.endArray()
        damage.write(&out)
        out.endObject()
        out.newline()
        return out.bytes
    }

    private func write(
        _ difference: TraceCheck.Difference, _ result: TraceCheck.Result, into out: inout JSONWriter
    ) {
        out.beginObject()
        out.field("number", ifPresent: result.number)
        out.field("id", result.id)
        out.field("session", ifPresent: result.session)
        out.field("text", difference.text)
        out.field("path", difference.path)
        out.field("recorded", ifPresent: difference.recorded)
        out.field("now", ifPresent: difference.now)
        out.endObject()
    }
}

extension TraceCheck.Reason {
    /// In JSON: `passed_through`.
    fileprivate var name: String {
        rawValue.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }
}
