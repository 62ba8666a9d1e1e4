internal import Intercept
internal import Recorder

/// A session turn by turn, for people.
struct ShowTree {
    let session: SessionTree.Session
    /// Turns that the filter leaves.
    let chosen: Set<String>
    let starts: [String: SessionTree.Place]

    init(session: SessionTree.Session, fits: (SessionTurn) -> Bool) {
        self.session = session
        chosen = Set(session.turns.filter(fits).map(\.id))
        starts = session.starts
    }

    var isEmpty: Bool { chosen.isEmpty }

    /// The agents that a call started, in the order of their first requests.
    func started(by place: SessionTree.Place) -> [String] { session.agents.filter { starts[$0] == place } }

    func lines(_ terminal: Terminal) -> [String] {
        ([heading] + thread(nil, 0)).map { $0.text(terminal) }
    }

    private var heading: Line {
        let turns = session.turns
        let name = session.id.isEmpty ? "requests without a session" : "session \(session.id)"
        let days = turns.first.map { String($0.time.prefix(10)) } ?? ""
        let models = Self.distinct(turns.map(\.model)).joined(separator: " ")
        let backends = Self.distinct(turns.map(\.backend)).joined(separator: " ")
        return Line(name, .cyan).adding(
            ["", days, length, backends, models, Text.count(turns.count, "request")].joined(separator: "  "))
    }

    private var length: String {
        guard let first = session.turns.first, let start = Timestamp(rfc3339: first.time),
            let end = Timestamp(rfc3339: session.ended)
        else { return "" }
        return Amounts.time(end.milliseconds(since: start))
    }

    private static func distinct(_ all: [String]) -> [String] {
        var seen: Set<String> = [""]
        return all.filter { seen.insert($0).inserted }
    }

    /// The turns of one agent; nil is everybody whose beginning is unknown, the main agent first of all.
    private func thread(_ agent: String?, _ depth: Int) -> [Line] {
        var lines: [Line] = []
        var counts: [SessionTurn] = []
        var shown: Set<String> = []
        for (index, turn) in session.turns.enumerated() where belongs(turn, to: agent) {
            if agent == nil, !["main", ""].contains(turn.agent) {
                lines += flush(&counts, depth)
                if shown.insert(turn.agent).inserted { lines += stray(turn.agent, depth) }
            } else if turn.kind == "count_tokens" {
                if chosen.contains(turn.id) { counts.append(turn) }
            } else {
                lines += flush(&counts, depth) + self.turn(index, depth)
            }
        }
        return lines + flush(&counts, depth)
    }

    private func belongs(_ turn: SessionTurn, to agent: String?) -> Bool {
        if let agent { return turn.agent == agent }
        return starts[turn.agent] == nil
    }

    private func stray(_ agent: String, _ depth: Int) -> [Line] {
        let inner = thread(agent, depth + 1)
        if inner.isEmpty { return [] }
        return [Line(Self.indent(depth + 1) + "agent \(agent), started by a call that is not known", .dim)] + inner
    }

    private func turn(_ index: Int, _ depth: Int) -> [Line] {
        let (turn, calls) = (session.turns[index], session.places(of: index))
        // An agent's turns may fit where the turn that started it does not.
        guard chosen.contains(turn.id) else { return calls.flatMap { agents($0, depth) } }
        return TurnLines(turn: turn, indent: Self.indent(depth)).lines + calls.flatMap { call($0, depth) }
    }

    private func call(_ place: SessionTree.Place, _ depth: Int) -> [Line] {
        let call = session.call(place)
        let indent = Self.indent(depth) + TurnLines.inset
        return [TurnLines.call(call, indent)] + agents(place, depth) + [TurnLines.result(call, indent + "  ")]
    }

    private func agents(_ place: SessionTree.Place, _ depth: Int) -> [Line] {
        started(by: place).flatMap { agent in
            let inner = thread(agent, depth + 1)
            return inner.isEmpty ? [] : [Line(Self.indent(depth + 1) + "agent \(agent)", .dim)] + inner
        }
    }

    private func flush(_ counts: inout [SessionTurn], _ depth: Int) -> [Line] {
        defer { counts = [] }
        guard let first = counts.first else { return [] }
        let failed = counts.count { $0.outcome != "ok" }
        let words = counts.count == 1 ? "1 count of tokens" : "\(counts.count) counts of tokens"
        return [
            Line(
                Self.indent(depth) + "     " + first.time.dropFirst(11).prefix(8) + "  " + words
                    + (failed > 0 ? ", \(failed) not answered" : ""), .dim)
        ]
    }

    private static func indent(_ depth: Int) -> String { String(repeating: "        ", count: depth) }
}
