internal import Intercept
internal import Recorder

/// One turn of a session's tree: its numbers, what was said, what went wrong.
struct TurnLines {
    let turn: SessionTurn
    let indent: String

    /// How far what belongs to a turn stands to the right of it.
    static let inset = "      "

    var lines: [Line] {
        var lines = [head]
        let start = indent + Self.inset
        if turn.isTurn || turn.number != nil {
            if !turn.user.isEmpty { lines.append(Line(start + "user       " + Text.oneLine(turn.user), side)) }
            if !turn.assistant.isEmpty {
                lines.append(Line(start + "assistant  " + Text.oneLine(turn.assistant), side))
            }
        }
        return lines + turn.errors.map { Line(start + $0, .red) }
    }

    private var side: Terminal.Color? { turn.isTurn ? nil : .dim }

    private var isBad: Bool { turn.outcome != "ok" || turn.status.map { $0 >= 400 } ?? true }

    private var head: Line {
        let number = Text.left(turn.number.map { "#\($0)" } ?? "", 5)
        let time = String(turn.time.dropFirst(11).prefix(8))
        let status = Text.left(turn.status.map { "\($0)" } ?? "-", 3)
        let times = [turn.firstToken, turn.duration].map { Text.right($0.map(Amounts.time) ?? "", 5) }
        var line = Line(indent + number, turn.isTurn ? .cyan : .dim)
        line.add("\(time)  ", side)
        line.add(status, isBad ? .red : side)
        line.add("  " + times.joined(separator: "  ") + "  " + tokens + "  ", side)
        line.add(outcome, isBad ? .red : side)
        line.add(notes, .yellow)
        return line
    }

    private var tokens: String {
        guard let prompt = turn.prompt else { return String(repeating: " ", count: 29) }
        return "in \(Text.right(Amounts.tokens(prompt), 5))  hit "
            + Text.right(Amounts.percent(turn.cacheRead, of: prompt) ?? "", 4)
            + "  out \(Text.right(Amounts.tokens(turn.output), 5))"
    }

    /// `tool_use`, `upstream_error`, `compact end_turn`.
    private var outcome: String {
        let kind = turn.isTurn ? "" : turn.kind + " "
        switch turn.outcome {
        case nil: return kind + "not ended in this trace"
        case "ok"?: return kind + turn.stopReason
        case let other?: return kind + other
        }
    }

    private var notes: String {
        var notes: [String] = []
        if turn.retryOf != nil { notes.append("again") }
        if turn.attempts > 1 { notes.append("\(turn.attempts) attempts") }
        if turn.losses > 0 { notes.append(Text.count(turn.losses, "loss", "losses")) }
        if turn.dropped > 0 { notes.append("\(turn.dropped) not recorded") }
        return notes.isEmpty ? "" : "  " + notes.joined(separator: ", ")
    }

    /// `Bash  swift test`
    static func call(_ call: SessionTurn.Call, _ indent: String) -> Line {
        Line(indent).adding(call.tool, .cyan).adding("  " + Text.oneLine(call.brief))
            .adding(call.isValid ? "" : "  (no JSON)", .red)
    }

    /// `ok  6.0 kB after 5.1s  Test run with 8 tests passed`
    static func result(_ call: SessionTurn.Call, _ indent: String) -> Line {
        guard let result = call.result else {
            return Line(indent + (call.isServerSide ? "run by the service" : "no result"), .dim)
        }
        let gap = result.gap.map { " after \(Amounts.time($0))" } ?? ""
        return Line(indent).adding(result.isError ? "failed" : "ok", result.isError ? .red : .green)
            .adding("  \(Amounts.bytes(result.bytes))\(gap)  \(Text.oneLine(result.preview))", .dim)
    }
}
