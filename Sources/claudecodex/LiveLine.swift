internal import Intercept

/// One line for one exchange: time, session, agent, status, time to first byte, total, input, cache hit, output, the
/// service's model where it is another one than the client's, outcome.
struct LiveLine {
    let terminal: Terminal
    let detail: Settings.Detail
    /// What answers cost.
    var prices = PriceList()
    /// How a moment is written: the time of day for a person, RFC 3339 for a log.
    let clock: @Sendable (Timestamp) -> String

    /// What came of an exchange. The tail stays when the text must be cut.
    private struct End {
        var text = ""
        var tail = ""
        var color: Terminal.Color?
    }

    /// Narrower terminals go without the price; still narrower ones without the session and the service's model.
    private static let priceWidth = 100
    private static let fullWidth = 90
    /// Messages are cut here where there is no width.
    private static let longest = 200

    /// The lines of a finished exchange, each with its line end.
    ///
    /// - Parameter hasPrices: Lines before this one had a price: it keeps the column's place even without one.
    func lines(_ exchange: ExchangeSummary, hasPrices: Bool = false) -> String {
        let line = line(exchange, hasPrices)
        var out = line + "\n"
        guard detail >= .inputs else { return out }
        let words = exchange.isError ? words(exchange.problem.message) : ""
        if !line.contains(words) { out += second(words) }
        if let note = exchange.replay?.note, exchange.replay?.action == .answer { out += second("replay: " + note) }
        for tool in exchange.tools { out += second(tool.name + " " + String(decoding: tool.input, as: UTF8.self)) }
        if detail == .text {
            for loss in exchange.losses { out += second(LossLine.whole(loss)) }
            if let message = exchange.message { out += text(message) }
        } else if !exchange.losses.isEmpty {
            out += second(LossLine.text(exchange.losses))
        }
        return out
    }

    private func line(_ exchange: ExchangeSummary, _ hasPrices: Bool) -> String {
        let isNarrow = (terminal.columns ?? Self.fullWidth) < Self.fullWidth
        let session = isNarrow ? "" : Text.left(Text.printable(String((exchange.session ?? "-").prefix(4))), 4) + " "
        let head = clock(exchange.ended ?? exchange.started) + "  " + session + Text.left(agent(exchange), 8) + "  "
        let status = Text.left(exchange.status.map { "\($0)" } ?? "-", 3)
        let times = [exchange.firstByteMS, exchange.totalMS].map { Text.right($0.map(Amounts.time) ?? "", 5) }
        let timing = " " + times.joined(separator: " ")
        let model = isNarrow ? "" : model(exchange)
        var end = end(exchange)
        end.tail += exchange.replay.map(Self.replay) ?? ""
        var columns = usage(exchange.usage) + price(exchange, hasPrices)
        func room() -> Int? {
            let used = [head, status, timing, columns, model].reduce(2) { $0 + $1.unicodeScalars.count }
            return terminal.columns.map { max(8, $0 - 1 - used) }
        }
        // Where nothing is known of tokens, their columns give way to a long outcome.
        if columns.allSatisfy({ $0 == " " }), let room = room(), (end.text + end.tail).unicodeScalars.count > room {
            columns = " "
        }
        let shown = cut(end, room())
        let painted = end.color.map { terminal.paint(shown, $0) } ?? shown
        let line = head + terminal.paint(status, exchange.isError ? .red : .green) + timing + columns + "  " + model
        return shown.isEmpty ? Text.trimEnd(line) : line + painted
    }

    /// `  (#3, exact)`
    private static func replay(_ replay: Moment.Replay) -> String {
        let number = replay.number.map { "#\($0), " } ?? ""
        return "  (\(number)\(replay.rung)\(replay.isReused ? ", again" : ""))"
    }

    private func cut(_ end: End, _ room: Int?) -> String {
        guard let room else { return end.text + end.tail }
        let rest = room - end.tail.unicodeScalars.count
        return rest < 8 ? Text.cut(end.text, room) : Text.cut(end.text, rest) + end.tail
    }

    /// `-> gpt-4o  `
    private func model(_ exchange: ExchangeSummary) -> String {
        guard let model = exchange.upstreamModel, model != exchange.model else { return "" }
        return "-> " + Text.cut(Text.printable(String(model.prefix(100))), 32) + "  "
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

    /// `  $0.0539`
    private func price(_ exchange: ExchangeSummary, _ hasPrices: Bool) -> String {
        let price = exchange.charge(prices)?.dollars.map(Amounts.price)
        let hasRoom = (terminal.columns ?? Self.priceWidth) >= Self.priceWidth
        return hasRoom && (hasPrices || price != nil) ? "  " + Text.right(price ?? "", 7) : ""
    }

    private func end(_ exchange: ExchangeSummary) -> End {
        var end = outcome(exchange)
        guard !exchange.faults.isEmpty else { return end }
        let fault = "fault: " + exchange.faults.joined(separator: ", ")
        end.text = exchange.isError || end.text.isEmpty ? fault : fault + "  " + end.text
        return end
    }

    private func outcome(_ exchange: ExchangeSummary) -> End {
        if exchange.outcome == .clientGone { return End(text: "client went away", color: .yellow) }
        if exchange.isError {
            return End(text: problem(exchange), tail: exchange.clientRetries ? ", client will retry" : "", color: .red)
        }
        let deniedCalls = exchange.deniedCalls.count
        let denied = deniedCalls > 0 ? "denied \(deniedCalls) tool call\(deniedCalls == 1 ? "" : "s")" : ""
        let calls = calls(exchange.tools)
        if !calls.isEmpty { return End(text: "-> " + calls + (denied.isEmpty ? "" : ", " + denied), color: .cyan) }
        if !denied.isEmpty { return End(text: denied, color: .yellow) }
        return End(text: Text.printable(exchange.stopReason ?? ""))
    }

    /// `invalid_request_error: model: Field required`, without the status, which stands in its column.
    private func problem(_ exchange: ExchangeSummary) -> String {
        let problem = exchange.problem
        let words = exchange.unreached.map { "cannot reach \($0)" } ?? words(problem.message)
        return Text.printable(words.isEmpty ? problem.kind : "\(problem.kind): \(words)")
    }

    /// The beginning of a message on one line, without this program's name.
    private func words(_ message: String) -> String {
        let name = "claudecodex: "
        let rest = message.hasPrefix(name) ? message.dropFirst(name.count) : message[...]
        return Text.wrap(Text.cut(String(rest.unicodeScalars.prefix(Self.longest + 1)), Self.longest), Self.longest)
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
