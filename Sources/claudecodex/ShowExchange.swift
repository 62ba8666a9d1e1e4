internal import Intercept
internal import Recorder

/// One exchange of a trace: a head, what was new in the request, the answer; or the parts asked for.
enum ShowExchange {
    static func run(_ reading: inout Reading, _ parts: [ShowParts.Part]) throws(Failure) -> ExitCode {
        var damage = TraceScan.Damage()
        guard var exchange = try reading.choice.exchange(&damage) else {
            reading.print([UInt8](), damage)
            Output.say("claudecodex: there is no exchange #\(reading.choice.number ?? 0) here\n")
            return .negative
        }
        if parts.contains(where: \.isBody) {
            do { try exchange.rebuild() } catch { throw Failure(.noTrace, "\(error)") }
        }
        if parts.isEmpty {
            let shown = ShowExchangeText(exchange: exchange)
            reading.print(
                reading.isJSON ? shown.json(damage) : shown.bytes(reading.terminal), damage)
            return .success
        }
        return print(parts, of: exchange, reading, damage)
    }

    private static func print(
        _ parts: [ShowParts.Part], of exchange: RecordedExchange, _ reading: Reading, _ damage: TraceScan.Damage
    ) -> ExitCode {
        let shown = ShowParts(exchange: exchange, terminal: reading.terminal, isJSON: reading.isJSON)
        var code = ExitCode.success
        var out: [UInt8] = []
        if parts.contains(.reply) || parts.contains(.events) {
            for gap in exchange.lostStretches { reading.say(gap) }
        }
        for part in parts {
            if let bytes = shown.bytes(part) {
                if parts.count > 1, reading.terminal.isTerminal, !reading.isJSON {
                    out += Array((reading.terminal.paint("\(part)", .dim) + "\n").utf8)
                }
                out += bytes
            } else {
                let isDamage = part.isBody && !exchange.problems.isEmpty
                let why = isDamage ? exchange.problems.joined(separator: "; ") : ShowParts.absence(part, exchange)
                Output.say("claudecodex: \(Text.printable(why))\n")
                code = isDamage ? .trouble : code == .trouble ? code : .negative
            }
        }
        reading.print(out, damage)
        return code
    }
}

extension TraceChoice {
    /// The exchange that is meant, without its bodies. Nil when there is none.
    func exchange(_ damage: inout TraceScan.Damage) throws(Failure) -> RecordedExchange? {
        var search = ExchangeSearch(files, session: session)
        do {
            let found = try search.find(number: number, id: exchange)
            for reader in search.readers { damage.add(reader) }
            return found
        } catch {
            throw Failure(.noTrace, "\(error)")
        }
    }
}
