internal import Intercept
internal import Recorder

/// Two exchanges compared: what `diff last#2 last#3` says.
enum DiffExchanges {
    static func answer(_ sides: DiffSides, _ isJSON: Bool, _ terminal: Terminal) throws(Failure) -> DiffAnswer {
        var (damage, other) = (TraceScan.Damage(), TraceScan.Damage())
        let (a, b) = (try Side(sides.a, "A", &damage), try Side(sides.b, "B", &other))
        damage.merge(other, isSameFile: sides.haveSameFiles)
        if isJSON {
            let difference = JSONDifference(from: a.body, to: b.body)
            return DiffAnswer(bytes: difference.patch + [0x0A], isSame: difference.isEmpty, damage)
        }
        let difference = RequestDifference(from: a.body, to: b.body)
        let lines =
            DiffLines(difference: difference, terminal: terminal).lines
            + upstream(a, b).map {
                $0.text(terminal)
            }
        return DiffAnswer(lines: lines, isSame: difference.isSame, damage)
    }

    /// One exchange with its bodies as JSON.
    private struct Side {
        let exchange: RecordedExchange
        let body: JSON

        init(_ choice: TraceChoice, _ name: String, _ damage: inout TraceScan.Damage) throws(Failure) {
            guard var found = try choice.exchange(&damage) else {
                throw Failure(.trouble, "\(name): there is no exchange #\(choice.number ?? 0) there")
            }
            do { try found.rebuild() } catch { throw Failure(.noTrace, "\(error)") }
            guard let bytes = found.body else {
                let why = found.problems.first ?? "its body is not in the trace"
                throw Failure(.trouble, "\(name) (\(found.id)): \(Text.printable(why))")
            }
            guard let json = try? JSON.parse(bytes) else {
                throw Failure(.trouble, "\(name) (\(found.id)): its body is no JSON")
            }
            (exchange, body) = (found, json)
        }

        /// What was sent upstream, where that is not the client's body.
        var upstream: JSON? {
            guard !exchange.upstreamBodies.isEmpty else { return nil }
            return exchange.lastUpstreamBody.flatMap { try? JSON.parse($0) }
        }
    }

    /// How the bodies that were sent differ: the first difference of each member.
    private static func upstream(_ a: Side, _ b: Side) -> [Line] {
        guard let before = a.upstream, let after = b.upstream else { return [] }
        let names = before.members.compactMap(\.key.string) + after.members.compactMap(\.key.string)
        var seen: Set<String> = []
        let changes = names.filter { seen.insert($0).inserted }.compactMap { name -> String? in
            let place = JSONPlace().member(name)
            switch (before[name], after[name]) {
            case (let old?, let new?):
                guard let change = JSONDifference.first(from: old, to: new) else { return nil }
                let whole = JSONPlace(place.steps + change.place.steps)
                return change.kind == .changed ? "\(whole)" : "\(whole) (\(change.kind.rawValue))"
            case (_?, nil): return "\(place) (removed)"
            default: return "\(place) (added)"
            }
        }
        let what = changes.isEmpty ? "same" : "first differences at " + changes.joined(separator: ", ")
        return [Line("sent upstream: " + what)]
    }
}
