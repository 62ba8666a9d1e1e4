internal import Intercept
internal import Recorder

/// What sending a trace again came to, for people and as JSON.
struct SendReport {
    let outcomes: [SendOutcome]
    /// How many were to be sent.
    let wanted: Int
    let showsAttempts: Bool
    let backend: String
    /// The new trace; nil when nothing was recorded.
    let trace: String?
    let notes: [String]
    /// The lists of prices in force.
    let lists: String

    private let answered: [Answered]

    /// An answer beside the recorded one.
    struct Answered {
        let outcome: SendOutcome
        let answer: AnswerOutline
        let comparison: AnswerComparison

        init?(_ outcome: SendOutcome) {
            guard let answer = outcome.answer, let comparison = outcome.comparison else { return nil }
            (self.outcome, self.answer, self.comparison) = (outcome, answer, comparison)
        }
    }

    init(
        outcomes: [SendOutcome], wanted: Int, showsAttempts: Bool, backend: String, trace: String?, notes: [String],
        lists: String
    ) {
        (self.outcomes, self.wanted, self.showsAttempts) = (outcomes, wanted, showsAttempts)
        (self.backend, self.trace, self.notes, self.lists) = (backend, trace, notes, lists)
        answered = outcomes.compactMap(Answered.init)
    }

    /// Everything was answered, with the recorded tool calls.
    var isSameTools: Bool {
        outcomes.count == wanted && outcomes.allSatisfy { $0.comparison?.tools == .same }
    }

    // MARK: For people

    func lines(_ terminal: Terminal) -> [String] {
        var lines = table.lines(terminal)
        lines.append("")
        lines += summary.map { Text.cut($0, terminal.columns ?? .max) }
        return lines
    }

    private var table: Table {
        var table = Table([
            .init(title: "request"), .init(title: "stop"), .init(title: "tools", isFlexible: true),
            .init(title: "text", isRight: true), .init(title: "input", isRight: true),
            .init(title: "output", isRight: true), .init(title: "time", isRight: true),
            .init(title: "cost", isRight: true),
        ])
        for outcome in outcomes { table.add(row(outcome)) }
        return table
    }

    private func row(_ outcome: SendOutcome) -> [String] {
        let number = outcome.job.number.map { "#\($0)" } ?? String(outcome.job.id.prefix(8))
        let name = showsAttempts ? "\(number) (\(outcome.attempt))" : number
        guard let answer = outcome.answer, let comparison = outcome.comparison else {
            return [name, "failed", outcome.failure ?? ""]
        }
        let old = outcome.job.recorded
        return [
            name, change(old.stopReason ?? "", answer.stopReason ?? ""), tools(old, answer, comparison),
            comparison.isSameText ? "same" : Amounts.percent(Int((comparison.likeness * 100).rounded()), of: 100) ?? "",
            change(old.promptTokens, answer.promptTokens, Amounts.tokens),
            change(old.outputTokens, answer.outputTokens, Amounts.tokens),
            change(old.milliseconds, answer.milliseconds, Amounts.time), change(cost(old), cost(answer)),
        ]
    }

    /// `$0.0201`; `?` where no list knows a price, `-` where there is nothing to pay for or nothing was counted.
    private func cost(_ outline: AnswerOutline) -> String {
        guard let charge = outline.charge else { return "-" }
        return charge.dollars.map(Amounts.price) ?? "?"
    }

    private func change<Value>(_ old: Value?, _ new: Value?, _ words: (Value) -> String) -> String {
        change(old.map(words) ?? "-", new.map(words) ?? "-")
    }

    private func change(_ old: String, _ new: String) -> String { old == new ? old : "\(old) > \(new)" }

    /// `same: Bash, Read`, `Bash > Read`, `Bash: other arguments`
    private func tools(_ old: AnswerOutline, _ new: AnswerOutline, _ comparison: AnswerComparison) -> String {
        let (before, after) = (names(old), names(new))
        switch comparison.tools {
        case .same: return old.calls.isEmpty ? "none" : "same: \(before)"
        case .otherArguments: return "\(before): other arguments"
        case .otherTools: return "\(before) > \(after)"
        }
    }

    private func names(_ outline: AnswerOutline) -> String {
        outline.calls.isEmpty ? "none" : outline.calls.map(\.name).joined(separator: ", ")
    }

    private func count(_ tools: AnswerComparison.Tools) -> Int { answered.count { $0.comparison.tools == tools } }

    private var summary: [String] {
        let failed = outcomes.count - answered.count
        var first = "\(Text.count(outcomes.count, "request")) sent"
        if outcomes.count < wanted { first += " of \(wanted)" }
        if failed > 0 { first += ", \(failed) failed" }
        var parts = ["\(count(.same)) with the same tool calls"]
        if count(.otherArguments) > 0 { parts.append("\(count(.otherArguments)) with other arguments") }
        if count(.otherTools) > 0 { parts.append("\(count(.otherTools)) with other tools") }
        let stops = answered.count { !$0.comparison.isSameStop }
        if stops > 0 { parts.append("\(stops) stopped for another reason") }
        parts.append("\(answered.count { $0.comparison.isSameText }) with the same text")
        var lines = [first + ": " + parts.joined(separator: ", "), sums] + SendCost(answered).lines(lists)
        if let trace { lines.append("trace \(trace)") }
        return lines
    }

    /// Only answers of which both sides are known are added up.
    private var sums: String {
        let all = answered.map { ($0.outcome.job.recorded, $0.answer) }
        func sum(_ value: (AnswerOutline) -> Double?, _ words: (Double) -> String) -> String {
            let known = all.compactMap { old, new in value(old).flatMap { old in value(new).map { (old, $0) } } }
            let (old, new) = (known.reduce(0) { $0 + $1.0 }, known.reduce(0) { $0 + $1.1 })
            return known.isEmpty ? "not known" : "\(words(old)) > \(words(new))"
        }
        let tokens: (Double) -> String = { Amounts.tokens(Int($0)) }
        return "input \(sum({ $0.promptTokens.map(Double.init) }, tokens)), "
            + "output \(sum({ $0.outputTokens.map(Double.init) }, tokens)), time \(sum({ $0.milliseconds }, Amounts.time)), "
            + "cost \(sum({ $0.charge?.dollars }, { Amounts.sum($0) }))"
    }

    // MARK: JSON

    func json(_ damage: TraceScan.Damage) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.field("backend", backend)
        out.field("trace", ifPresent: trace)
        out.field("wanted", wanted)
        out.field("sent", outcomes.count)
        out.field("failed", outcomes.count - answered.count)
        for tools in [AnswerComparison.Tools.same, .otherArguments, .otherTools] {
            out.key(text: "tools_" + tools.rawValue)
            out.int(count(tools))
        }
        out.field("same_stop_reason", answered.count { $0.comparison.isSameStop })
        out.field("same_text", answered.count { $0.comparison.isSameText })
        SendCost(answered).write(lists, into: &out)
        out.key("requests")
        out.beginArray()
        for outcome in outcomes { write(outcome, into: &out) }
        out.endArray()
        out.key("notes")
        out.beginArray()
        for note in notes { out.string(note) }
        out.endArray()
        damage.write(&out)
        out.endObject()
        out.newline()
        return out.bytes
    }

    private func write(_ outcome: SendOutcome, into out: inout JSONWriter) {
        out.beginObject()
        out.field("number", ifPresent: outcome.job.number)
        out.field("id", outcome.job.id)
        out.field("attempt", outcome.attempt)
        if let comparison = outcome.comparison {
            out.field("tools", comparison.tools.rawValue)
            out.field("same_stop_reason", comparison.isSameStop)
            out.field("same_text", comparison.isSameText)
            out.field("text_likeness", (comparison.likeness * 1000).rounded() / 1000)
        }
        out.field("error", ifPresent: outcome.failure)
        out.key("recorded")
        write(outcome.job.recorded, into: &out)
        if let answer = outcome.answer {
            out.key("now")
            write(answer, into: &out)
        }
        out.endObject()
    }

    private func write(_ outline: AnswerOutline, into out: inout JSONWriter) {
        out.beginObject()
        out.field("stop_reason", ifPresent: outline.stopReason)
        out.key("calls")
        out.beginArray()
        for call in outline.calls {
            out.beginObject()
            out.field("tool", call.name)
            out.key("input")
            if (try? JSON.parse(call.input)) != nil { out.raw(call.input) } else { out.string(utf8: call.input) }
            out.endObject()
        }
        out.endArray()
        out.field("text", outline.text)
        out.field("input_tokens", ifPresent: outline.promptTokens)
        out.field("output_tokens", ifPresent: outline.outputTokens)
        if !outline.model.isEmpty { out.field("model", outline.model) }
        switch outline.charge {
        case .dollars(let dollars, _): out.field("cost_usd", dollars)
        case .unknown(let why): out.field("unpriced", why.rawValue)
        case nil: break
        }
        if let time = outline.milliseconds { out.field("duration_ms", (time * 10).rounded() / 10) }
        out.endObject()
    }
}
