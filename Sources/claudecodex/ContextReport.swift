internal import Recorder

/// The answer of `claudecodex context` for people.
struct ContextReport {
    let found: ContextSearch.Found
    let window: ContextWindow

    /// Columns of the picture of growth, and turns named where there is no picture.
    private static let picture = 60
    private static let named = 8

    private static let names: [ContextWindow.Kind: String] = [
        .userText: "user text", .assistantText: "assistant text", .toolCalls: "tool calls",
        .toolResults: "tool results", .unrecorded: "not in the recording",
    ]

    static func name(_ kind: ContextWindow.Kind) -> String { names[kind] ?? kind.rawValue }

    func lines(_ terminal: Terminal) -> [String] {
        let head = [title, counts].map { Text.cut($0, terminal.columns ?? .max) }
        let notes = [growth(terminal)] + compactions
        let wrapped = [("set aside", setAside), ("recording", recording)].filter { !$0.1.isEmpty }
        return [terminal.paint(head[0], .cyan), head[1]] + parts(terminal).lines(terminal) + [""]
            + heaviest.lines(terminal)
            + notes.filter { !$0.isEmpty }.map { Text.cut($0, terminal.columns ?? .max) }
            + Text.notes(wrapped, terminal.columns)
    }

    /// `2 requests with one message and no tools, such as a title: #6 #7`
    private var setAside: String {
        let numbers = found.setAside.suffix(Self.named).map { "#\($0)" }.joined(separator: " ")
        let count = found.setAside.count
        if count == 0 { return "" }
        let which = count > Self.named ? "the last" : count == 1 ? "it is" : "they are"
        return
            "\(Text.count(count, "answered request")) with one message and no tools, such as for a title; \(which) \(numbers)"
    }

    private var recording: String {
        found.isPartial
            ? "a session file of Claude Code has neither the system prompt nor the tools: their tokens are counted in the "
                + "total only" : ""
    }

    private var title: String {
        let exchange = found.exchange
        let session = exchange.session.map { "session \($0.prefix(8))" } ?? ""
        let number = exchange.number.map { " #\($0)" } ?? ""
        let parts = [session + number, exchange.agent, exchange.model ?? "", String(exchange.time.prefix(16))]
        return Text.printable(parts.filter { !$0.isEmpty }.joined(separator: "  "))
    }

    private var counts: String {
        let blocks = Text.count(window.blocks, "block")
        guard let counted = window.counted else {
            return "\(Amounts.tokens(window.estimate)) tokens estimated in \(blocks); the service did not count"
        }
        if found.isPartial {
            return "\(Amounts.tokens(counted)) tokens as the service counted, \(blocks) recorded (estimated)"
        }
        let percent = Amounts.percent(counted, of: window.estimate) ?? "0%"
        return "\(Amounts.tokens(counted)) tokens as the service counted, \(blocks); estimates scaled to \(percent)"
    }

    private func parts(_ terminal: Terminal) -> Table {
        var table = Table([
            .init(title: "part", isFlexible: true), .init(title: "blocks", isRight: true),
            .init(title: "tokens", isRight: true), .init(title: "share", isRight: true), .init(title: ""),
        ])
        let all = max(1, window.parts.filter { $0.group == nil }.reduce(0) { $0 + $1.tokens })
        for part in window.parts {
            // One group that is all of its kind says nothing more.
            let isAll = window.parts.filter { $0.kind == part.kind && $0.group != nil }.count == 1
            if part.group != nil, isAll, part.kind == .system { continue }
            table.add([
                part.group.map { "  \($0)" } ?? Self.name(part.kind), "\(part.blocks)", Amounts.tokens(part.tokens),
                Amounts.percent(part.tokens, of: all) ?? "",
                Bar.text(part.tokens, of: all, width: 20, isPlain: !terminal.isTerminal),
            ])
        }
        return table
    }

    private var heaviest: Table {
        var table = Table([
            .init(title: "heaviest"), .init(title: "tokens", isRight: true), .init(title: "what"),
            .init(title: "first words", isFlexible: true),
        ])
        for block in window.heaviest {
            let what = [Self.name(block.kind), block.tool.map { String($0.prefix(40)) } ?? ""]
            table.add([
                block.path, Amounts.tokens(block.tokens), what.filter { !$0.isEmpty }.joined(separator: " "),
                block.preview,
            ])
        }
        return table
    }

    // MARK: Growth

    private func growth(_ terminal: Terminal) -> String {
        let turns = found.growth.turns
        guard let first = turns.first, let last = turns.last, turns.count > 1,
            let most = turns.max(by: { $0.prompt < $1.prompt })
        else { return "" }
        let ends = "\(Amounts.tokens(first.prompt)) to \(Amounts.tokens(last.prompt))"
        let largest = "most \(Amounts.tokens(most.prompt)) at #\(most.number)"
        let text = "growth     \(Text.count(turns.count, "turn")), \(ends), \(largest)   "
        guard terminal.isTerminal else { return text + sample(turns) }
        let room = (terminal.columns ?? .max) - Text.width(text)
        return text + picture(turns, most.prompt, columns: min(Self.picture, max(8, room)))
    }

    /// `▁▂▃▅▇█▂▃`: each column is the largest prompt of its stretch of turns.
    private func picture(_ turns: [ContextGrowth.Turn], _ most: Int, columns: Int) -> String {
        let marks = Array("▁▂▃▄▅▆▇█")
        let columns = min(columns, turns.count)
        return String(
            (0..<columns).map { column in
                let stretch = turns[(column * turns.count / columns)..<((column + 1) * turns.count / columns)]
                let value = stretch.map(\.prompt).max() ?? 0
                return marks[min(7, value * 8 / max(1, most))]
            })
    }

    /// `#1 13.8k  #5 20.1k`
    private func sample(_ turns: [ContextGrowth.Turn]) -> String {
        let count = min(Self.named, turns.count)
        let chosen = (0..<count).map { turns[$0 * (turns.count - 1) / max(1, count - 1)] }
        return chosen.map { "#\($0.number) \(Amounts.tokens($0.prompt))" }.joined(separator: "  ")
    }

    private var compactions: [String] {
        let all = found.growth.compactions
        let lines = all.suffix(5).map { one in
            let (before, after) = (one.before, one.after)
            return
                "compacted  #\(after.number): \(Amounts.tokens(before.prompt)) -> \(Amounts.tokens(after.prompt)) tokens, "
                + "\(before.messages) -> \(after.messages) messages"
                + (one.isAsked ? ", after a request for a summary" : "")
        }
        return (all.count > 5 ? ["compacted  \(all.count - 5) times before"] : []) + lines
    }
}
