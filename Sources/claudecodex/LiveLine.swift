internal import Intercept

/// One line for one exchange: time, session, agent, status, time to first byte, total, input, cache hit, output, outcome.
struct LiveLine {
    let terminal: Terminal
    let detail: Settings.Detail
    /// How a moment is written: the time of day for a person, RFC 3339 for a log.
    let clock: @Sendable (Timestamp) -> String

    /// Narrower terminals go without the session.
    private static let fullWidth = 90

    /// The lines of a finished exchange, each with its line end.
    func lines(_ exchange: ExchangeSummary) -> String {
        var out = line(exchange) + "\n"
        guard detail >= .inputs else { return out }
        for tool in exchange.tools { out += second(tool.name + " " + String(decoding: tool.input, as: UTF8.self)) }
        for loss in exchange.losses { out += second("\(loss.operation.rawValue) \(loss.path): \(loss.why)") }
        if detail == .text, let message = exchange.message { out += text(message) }
        return out
    }

    private func line(_ exchange: ExchangeSummary) -> String {
        let outcome = outcome(exchange)
        let isNarrow = (terminal.columns ?? Self.fullWidth) < Self.fullWidth
        let session = isNarrow ? "" : Text.left(Text.printable(String((exchange.session ?? "-").prefix(4))), 4) + " "
        let head = clock(exchange.ended ?? exchange.started) + "  " + session + Text.left(agent(exchange), 8)
        let status = Text.left(exchange.status.map { "\($0)" } ?? "-", 3)
        let times = [exchange.firstByteMS, exchange.totalMS].map { Text.right($0.map(Amounts.time) ?? "", 5) }
        let middle = " " + times.joined(separator: " ") + usage(exchange.usage) + "  "
        let used = head.unicodeScalars.count + 2 + status.count + middle.unicodeScalars.count
        let shown = terminal.columns.map { Text.cut(outcome.text, max(8, $0 - 1 - used)) } ?? outcome.text
        let painted = outcome.color.map { terminal.paint(shown, $0) } ?? shown
        let line = head + "  " + terminal.paint(status, exchange.isError ? .red : .green) + middle + painted
        return shown.isEmpty ? Text.trimEnd(line) : line
    }

    private func agent(_ exchange: ExchangeSummary) -> String {
        if let agent = exchange.agent { return "sub " + Text.printable(String(agent.prefix(4))) }
        switch exchange.kind {
        case .main: return "main"
        case .subagent: return "sub"
        case .countTokens: return "count"
        case .compact: return "compact"
        case .webSearch: return "search"
        case .models: return "models"
        case .probe: return "probe"
        case .other: return "other"
        }
    }

    /// `   in 13.8k  hit  98%  out  210`; blank when nothing is known; `~` in front of an estimate.
    private func usage(_ usage: Usage?) -> String {
        guard let usage, usage.prompt + usage.output > 0 else { return String(repeating: " ", count: 31) }
        let input = (usage.isEstimate ? "~" : "") + Amounts.tokens(usage.prompt)
        let hit = Amounts.percent(usage.cacheRead, of: usage.prompt) ?? "-"
        return
            "   in \(Text.right(input, 5))  hit \(Text.right(hit, 4))  out \(Text.right(Amounts.tokens(usage.output), 4))"
    }

    private func outcome(_ exchange: ExchangeSummary) -> (text: String, color: Terminal.Color?) {
        if exchange.outcome == .clientGone { return ("client went away", .yellow) }
        if exchange.isError { return (problem(exchange), .red) }
        let deniedCalls = exchange.deniedCalls.count
        let denied = deniedCalls > 0 ? "denied \(deniedCalls) tool call\(deniedCalls == 1 ? "" : "s")" : ""
        let calls = calls(exchange.tools)
        if !calls.isEmpty { return ("-> " + calls + (denied.isEmpty ? "" : ", " + denied), .cyan) }
        if !denied.isEmpty { return (denied, .yellow) }
        return (Text.printable(exchange.stopReason ?? ""), nil)
    }

    /// `529 overloaded_error, client will retry` without the status, which stands in its column; a permanent error shows
    /// its message.
    private func problem(_ exchange: ExchangeSummary) -> String {
        let kind = exchange.failure?.kind ?? exchange.status.map { MessageError.type(for: $0) } ?? "error"
        if exchange.clientRetries { return Text.printable(kind) + ", client will retry" }
        guard let message = exchange.failure?.message, !message.isEmpty else { return Text.printable(kind) }
        return Text.printable("\(kind): \(message)")
    }

    /// `Bash x2, Read`, in the order of the first calls.
    private func calls(_ tools: [ToolCall]) -> String {
        var counts: [(name: String, count: Int)] = []
        for tool in tools {
            if let index = counts.firstIndex(where: { $0.name == tool.name }) {
                counts[index].count += 1
            } else {
                counts.append((tool.name, 1))
            }
        }
        return counts.map { Text.printable($0.name) + ($0.count > 1 ? " x\($0.count)" : "") }.joined(separator: ", ")
    }

    /// A line below the exchange's own, cut to the width (200 where there is none).
    private func second(_ text: String) -> String {
        let room = (terminal.columns ?? 210) - 10
        return "          " + terminal.paint(Text.cut(Text.printable(String(text.prefix(4 * room))), room), .dim) + "\n"
    }

    /// The answer's text blocks, line by line, whole.
    private func text(_ message: [UInt8]) -> String {
        guard let json = try? JSON.parse(message), let content = json["content"] else { return "" }
        let texts = content.elements.compactMap { $0["text"]?.string }
        let lines = texts.flatMap { $0.split(separator: "\n", omittingEmptySubsequences: false) }
        return lines.map { "          | " + Text.printable(String($0)) + "\n" }.joined()
    }
}
