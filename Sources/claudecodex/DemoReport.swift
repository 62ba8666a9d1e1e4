internal import Recorder

/// What `demo` says in the end: the trace of the conversation in a few lines, and how to go on.
struct DemoReport {
    let terminal: Terminal
    /// The trace's path as a person reads it.
    let trace: String

    func text(_ summary: TraceSummary) -> String {
        let cached = Amounts.percent(summary.cacheRead, of: summary.prompt).map { " (\($0) from the cache)" } ?? ""
        var lines = [
            row("exchanges", "\(summary.exchanges)" + Self.failures(summary.errors)),
            row("tokens", "\(Amounts.tokens(summary.prompt)) in\(cached), \(Amounts.tokens(summary.output)) out"),
        ]
        lines += rows("tools", summary.tools.map(Self.tool), empty: "none was called")
        lines += rows("losses", summary.losses.map(LossLine.text), empty: "none")
        lines.append(row("trace", Text.count(summary.records, "record") + " in"))
        lines.append(row("", Text.printable(trace)))
        lines.append(row("go on", paint("claudecodex tools last") + "              what the tools did"))
        lines.append(row("", paint("claudecodex run -b demo -- claude") + "   the real client with this script"))
        lines.append(row("", paint("claudecodex run -- claude") + "           a session of yours, recorded"))
        return lines.map { $0 + "\n" }.joined()
    }

    private func paint(_ command: String) -> String { terminal.paint(command, .cyan) }

    /// The first line with the name, the others below it.
    private func rows(_ name: String, _ texts: [String], empty: String) -> [String] {
        let texts = texts.isEmpty ? [empty] : texts
        return texts.enumerated().map { index, text in
            row(index == 0 ? name : "", Text.cut(text, max(20, (terminal.columns ?? 200) - 12)))
        }
    }

    private func row(_ name: String, _ text: String) -> String {
        terminal.paint(Text.left(name, 9), .dim) + "  " + text
    }

    private static func failures(_ count: Int) -> String {
        count == 0 ? "" : ", \(count) of them refused by the service"
    }

    private static func tool(_ tool: TraceSummary.Tool) -> String {
        Text.left(Text.printable(tool.name), 6) + " " + Text.count(tool.calls, "call")
            + (tool.failed > 0 ? ", \(tool.failed) failed" : "")
    }
}
