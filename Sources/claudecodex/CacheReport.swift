internal import Intercept
internal import Recorder

/// The answer of `claudecodex cache` for people.
struct CacheReport {
    let turns: [CacheTurn]
    let forgotten: Int
    /// The session is the last one, and can be named so.
    let isLast: Bool
    let prices: PriceList

    var summary: CacheSummary { CacheSummary(turns, prices) }

    func lines(_ terminal: Terminal) -> [String] {
        let all = table.lines(terminal)
        let hasTitles = Set(turns.map(\.conversation)).count > 1
        var lines: [String] = []
        for (index, turn) in turns.enumerated() {
            let isFirst = index == 0 || turns[index - 1].conversation != turn.conversation
            if isFirst, hasTitles || index == 0 {
                lines.append(terminal.paint(Text.cut(title(turn), terminal.columns ?? .max), .cyan))
                lines.append(all[0])
            }
            lines.append(paint(all[index + 1], turn, terminal))
        }
        return lines + closing(terminal)
    }

    private func paint(_ line: String, _ turn: CacheTurn, _ terminal: Terminal) -> String {
        guard let miss = turn.miss else { return line }
        return terminal.paint(line, miss.isAvoidable ? .yellow : .dim)
    }

    /// `session 5f0c1d2e  main  claude-opus-5-5 on anthropic`
    private func title(_ turn: CacheTurn) -> String {
        let conversation = turn.conversation
        var parts = conversation.session.isEmpty ? [] : ["session \(conversation.session.prefix(8))"]
        parts.append(conversation.agent == conversation.kind ? "" : String(conversation.agent.prefix(12)))
        parts.append(conversation.kind + (conversation.thread > 1 ? " \(conversation.thread)" : ""))
        let other = turn.upstreamModel == turn.model ? "" : " (\(turn.upstreamModel))"
        parts.append("\(turn.model)\(other)" + (turn.backend.isEmpty ? "" : " on \(turn.backend)"))
        return Text.printable(parts.filter { !$0.isEmpty }.joined(separator: "  "))
    }

    private var table: Table {
        var table = Table([
            .init(title: "#", isRight: true), .init(title: "read", isRight: true),
            .init(title: "written", isRight: true), .init(title: "hit", isRight: true),
            .init(title: "missed", isRight: true), .init(title: "cost", isRight: true),
            .init(title: "why", isFlexible: true),
        ])
        for turn in turns {
            let counts =
                turn.isCounted
                ? [
                    Amounts.tokens(turn.read), Amounts.tokens(turn.written),
                    Amounts.percent(turn.read, of: turn.prompt) ?? "",
                ] : ["", "", ""]
            let missed = turn.missedTokens > 0 ? Amounts.tokens(turn.missedTokens) : ""
            table.add(
                [turn.number > 0 ? "\(turn.number)" : ""] + counts + [
                    missed, turn.missedDollars(prices).map(Amounts.price) ?? "", why(turn),
                ])
        }
        return table
    }

    private func why(_ turn: CacheTurn) -> String {
        var parts: [String] = []
        if let miss = turn.miss { parts.append(CacheWords.text(miss, turn)) }
        if !turn.isCounted, turn.miss == nil {
            parts.append(CacheWords.uncounted(turn))
        }
        if let reason = turn.serverReason { parts.append("server said: \(reason)") }
        return parts.joined(separator: "   ")
    }

    // MARK: The end

    private func closing(_ terminal: Terminal) -> [String] {
        let summary = summary
        var text = "no avoidable misses"
        let others = summary.missedTokens - summary.avoidableTokens
        if summary.avoidable == 0, others > 0 {
            let dollars = summary.missedDollars
            text += "; misses for other reasons: \(Amounts.tokens(others)) tokens read or written again"
            text += dollars > 0 ? ", \(Amounts.sum(dollars, isPart: summary.unpriced > 0))." : "."
        }
        if summary.avoidable > 0 {
            text = Text.count(summary.avoidable, "avoidable miss", "avoidable misses")
            text += ", \(Amounts.tokens(summary.avoidableTokens)) tokens read or written again"
            text +=
                summary.avoidableDollars > 0
                ? ", \(Amounts.sum(summary.avoidableDollars, isPart: summary.unpriced > 0))." : "."
        }
        let said = turns.filter { $0.serverReason != nil }
        if !said.isEmpty {
            let words = said.prefix(3).map { "\(Text.printable($0.serverReason ?? "")) (#\($0.number))" }
            let more = said.count > 3 ? " and \(said.count - 3) more" : ""
            text += "   server said: \(words.joined(separator: ", "))\(more)"
        }
        var lines = [text]
        for row in summary.reasons where row.avoidable > 0 {
            if let advice = CacheWords.advice[row.reason] { lines.append("  \(row.reason): \(advice)") }
        }
        if let hint { lines.append("  \(hint)") }
        if forgotten > 0 {
            lines.append(
                "  \(Text.count(forgotten, "conversation")) set aside (there are more than fit in memory): where "
                    + "one went on, it says first request")
        }
        return lines.flatMap { line in
            guard let columns = terminal.columns, Text.width(line) > columns else { return [line] }
            let indent = String(line.prefix { $0 == " " })
            return Text.wrap(line, columns - indent.count).split(separator: "\n").map { indent + $0 }
        }
    }

    /// `claudecodex diff last#2 last#3`, for the miss that lost most.
    private var hint: String? {
        let misses = turns.filter { ($0.miss?.isAvoidable ?? false) && $0.base != nil }
        guard let worst = misses.max(by: { $0.missedTokens < $1.missedTokens }), let base = worst.base else {
            return nil
        }
        let session = worst.conversation.session
        let isID = session.count >= 8 && session.allSatisfy { $0.isHexDigit || $0 == "-" }
        guard isLast || isID else { return "claudecodex diff \(base.id) \(worst.id)" }
        let name = isLast ? "last" : String(session.prefix(8))
        return "claudecodex diff \(name)#\(base.number) \(name)#\(worst.number)"
    }
}
