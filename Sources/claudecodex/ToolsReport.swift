internal import Intercept
internal import Recorder

/// The answer of `claudecodex tools`, for people and as JSON.
struct ToolsReport {
    let use: ToolUse
    let strayResults: [(id: String, tool: String)]
    let offers: [ToolOffers.Offer]
    /// Requests that offered tools.
    let requests: Int

    /// How many entries of a list people see.
    private static let shown = 5

    /// Definitions that were sent and never led to a call.
    var unused: [ToolOffers.Offer] {
        let called = Set(use.rows.map(\.tool))
        return offers.filter { !called.contains($0.tool) }.sorted { ($1.bytes, $0.tool) < ($0.bytes, $1.tool) }
    }

    func lines(_ terminal: Terminal) -> [String] {
        let notes: [(title: String, text: String)] = [
            ("sequences", sequences(use.pairs)), ("", sequences(use.triples.filter { $0.count > 1 })),
            ("repeated", repeated), ("failed", failures), ("loops", loops), ("parallel", parallel),
            ("unpaired", unpaired),
            ("unused", unusedTools),
        ].filter { !$0.text.isEmpty }
        return table(terminal).lines(terminal)
            + Text.notes(notes, terminal.columns)
    }

    private func table(_ terminal: Terminal) -> Table {
        var table = Table([
            .init(title: "tool", isFlexible: true), .init(title: "calls", isRight: true),
            .init(title: "failed", isRight: true), .init(title: "median gap", isRight: true),
            .init(title: "p95", isRight: true), .init(title: "input", isRight: true),
            .init(title: "output", isRight: true),
            .init(title: "share"),
        ])
        let most = use.rows.map { $0.inputBytes + $0.outputBytes }.max() ?? 0
        for row in use.rows {
            let failed = row.failed == 0 ? "0" : "\(row.failed) \(Amounts.percent(row.failed, of: row.calls) ?? "")"
            table.add([
                row.tool, "\(row.calls)", failed, row.medianGap.map(Amounts.time) ?? "",
                row.p95Gap.map(Amounts.time) ?? "",
                Amounts.tokens(TokenEstimate.tokens(row.inputBytes)),
                Amounts.tokens(TokenEstimate.tokens(row.outputBytes)),
                Bar.text(row.inputBytes + row.outputBytes, of: most, isPlain: !terminal.isTerminal),
            ])
        }
        return table
    }

    private func sequences(_ all: [ToolUse.Sequence]) -> String {
        list(all) { "\($0.tools.joined(separator: ">")) \($0.count)" }
    }

    private var repeated: String {
        list(use.repetitions) {
            let again = Amounts.tokens(TokenEstimate.tokens($0.repeatedBytes))
            return "\($0.first.tool) \(Text.cut($0.first.input, 40)) x\($0.count) (\(again) tokens again)"
        }
    }

    private var failures: String {
        list(use.afterFailures) { after in
            let next = [
                ("same call", after.sameCall), ("other input", after.otherInput), ("other tool", after.otherTool),
                ("no call", after.nothing),
            ]
            return "\(after.tool), then " + next.filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        }
    }

    private var loops: String {
        list(use.loops) {
            "\($0.calls.map(\.tool).joined(separator: ">")) x\($0.rounds) from \($0.calls[0].time.prefix(19))"
        }
    }

    private var parallel: String {
        list(use.parallel.sorted { $0.key < $1.key }) {
            "\(Text.count($0.value, "answer")) with \($0.key) calls"
        }
    }

    private var unpaired: String {
        let open = use.openCalls
        guard open.count + strayResults.count > 0 else { return "" }
        let ids = (open.map(\.id) + strayResults.map(\.id)).prefix(3).joined(separator: ", ")
        return "\(Text.count(open.count, "call")) without a result, "
            + "\(Text.count(strayResults.count, "result")) without a call (\(ids)…)"
    }

    private var unusedTools: String {
        guard !unused.isEmpty else { return "" }
        let bytes = unused.reduce(0) { $0 + $1.bytes }
        let each = Amounts.tokens(TokenEstimate.tokens(bytes / max(1, requests)))
        let whole = Amounts.tokens(TokenEstimate.tokens(bytes))
        return
            "\(unused.count) of \(offers.count) tools offered, \(each) tokens a turn, \(whole) in \(Text.count(requests, "turn")): "
            + list(unused) {
                "\($0.tool) \(Amounts.tokens(TokenEstimate.tokens($0.bytes / max(1, $0.requests)))) x\($0.requests)"
            }
    }

    private func list<T>(_ all: [T], _ text: (T) -> String) -> String {
        let more = all.count > Self.shown ? "   and \(all.count - Self.shown) more" : ""
        return all.prefix(Self.shown).map(text).joined(separator: "   ") + more
    }
}

/// A bar of eighths of a character.
enum Bar {
    private static let eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

    /// - Parameter isPlain: whole `#` in place of blocks.
    static func text(_ value: Int, of most: Int, width: Int = 10, isPlain: Bool) -> String {
        guard most > 0, value > 0 else { return "" }
        let parts = max(1, value * width * 8 / most)
        if isPlain { return String(repeating: "#", count: max(1, parts / 8)) }
        return String(repeating: "█", count: parts / 8) + eighths[parts % 8]
    }
}
