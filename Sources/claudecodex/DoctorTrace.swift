internal import Intercept
internal import Recorder

/// Checks of the newest trace: `trace`, `losses`, `dropped`.
enum DoctorTrace {
    /// The trace that was written last, or nil where there is none.
    static func newest(in directory: String) -> String? {
        let files = TraceReader.files(in: directory).compactMap { path in
            FileFacts(path).map { (path: path, modified: $0.modified) }
        }
        return files.max { ($0.modified, $0.path) < ($1.modified, $1.path) }?.path
    }

    static func findings(_ path: String?, _ environment: Environment) -> [Finding] {
        guard let path else { return [.note("trace", "there is none yet", todo: "claudecodex demo")] }
        let shown = Text.printable(LogDirectory.shown(path, environment))
        do throws(TraceError) {
            let reader = try TraceReader(path: path)
            var summary = TraceSummary()
            while let record = reader.next() { summary.take(record) }
            let gaps = Gaps(lines: reader.skippedLines, newer: reader.newerLines, failure: reader.failure)
            return [trace(shown, summary, gaps), losses(summary), dropped(summary)].compactMap { $0 } + broken(summary)
        } catch {
            return [.warn("trace", "\(error)")]
        }
    }

    /// What a reader could not use.
    struct Gaps {
        var lines = 0
        var newer = 0
        var failure: String?
    }

    static func trace(_ path: String, _ summary: TraceSummary, _ gaps: Gaps) -> Finding {
        let text = "\(path): \(Text.count(summary.exchanges, "exchange")), \(Text.count(summary.records, "record"))"
        if let failure = gaps.failure { return .warn("trace", "\(text); \(Text.printable(failure))") }
        if gaps.newer > 0 {
            return .note("trace", "\(text), and \(gaps.newer) of a later version that this one cannot read")
        }
        if gaps.lines > 0 {
            return .note("trace", "\(text), and \(Text.count(gaps.lines, "damaged line")), which readers step over")
        }
        return .ok("trace", text + ", whole")
    }

    /// More kinds than this are only counted.
    private static let most = 12

    static func losses(_ summary: TraceSummary) -> Finding {
        let kinds = summary.losses
        guard !kinds.isEmpty else { return .ok("losses", "nothing was lost in translation") }
        var details = kinds.prefix(most).map(LossLine.text)
        for (index, kind) in kinds.prefix(most).enumerated() where kind.count > 1 {
            details[index] += "; in \(Text.count(kind.exchanges, "exchange"))"
            if kind.path != kind.place { details[index] += ", for example \(Text.printable(kind.path))" }
        }
        if kinds.count > most { details.append("and \(kinds.count - most) kinds more, which the trace lists") }
        let total = kinds.reduce(0) { $0 + $1.count }
        return .note(
            "losses", "\(Text.count(total, "loss", "losses")) of \(Text.count(kinds.count, "kind"))", details: details)
    }

    static func dropped(_ summary: TraceSummary) -> Finding? {
        let words = summary.lastRecordError.map { ": " + Text.printable($0) } ?? ""
        if summary.dropped == 0, summary.lastRecordError == nil {
            return summary.exchanges == 0 ? nil : .ok("dropped", "every record of the trace was written")
        }
        return .warn(
            "dropped", "\(summary.dropped) records or bodies are missing in the trace\(words)",
            todo: "look for a full disk, or for more traffic than the disk can take")
    }

    /// Our own streams must not break the grammar.
    private static func broken(_ summary: TraceSummary) -> [Finding] {
        summary.brokenRules.sorted { $0.key < $1.key }.map { rule, count in
            .warn(
                "trace", "an answer of this program broke the rule \(Text.printable(rule)) of streams (\(count)x)",
                todo: "please report it, with the trace's `check` record")
        }
    }
}
