#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept
internal import Synchronization

/// Follows all exchanges, prints a line at the end of each, and keeps the sums. Called on the loop's thread: it writes
/// once for an exchange, and never waits for a terminal.
final class LiveLines: Observer {
    private struct State {
        var open: [String: ExchangeSummary] = [:]
        var tally = Tally()
        var sessions = SessionTallies()
        var skipped = 0
    }

    private let state = Mutex(State())
    private let format: Settings.Format
    private let line: LiveLine
    private let isSilent: Bool
    private let write: @Sendable ([UInt8]) -> Bool

    /// `write` gives false when it could not take the line.
    init(format: Settings.Format, line: LiveLine, isSilent: Bool, write: @escaping @Sendable ([UInt8]) -> Bool) {
        self.format = format
        self.line = line
        self.isSilent = isSilent
        self.write = write
    }

    var tally: Tally { state.withLock { $0.tally } }

    /// What a session has come to, as JSON; nil when nothing of it was answered.
    func stats(of session: String) -> [UInt8]? { state.withLock { $0.sessions.json(session) } }

    func observe(_ moment: Moment) {
        if case .events = moment.event { return }
        state.withLock { state in
            guard case .end = moment.event else {
                state.open[moment.exchange.id, default: ExchangeSummary(moment.exchange)].take(moment)
                return
            }
            var exchange = state.open.removeValue(forKey: moment.exchange.id) ?? ExchangeSummary(moment.exchange)
            exchange.take(moment)
            let charge = exchange.charge(line.prices)
            state.tally.add(exchange, charge)
            state.sessions.add(exchange, charge)
            show(exchange, &state)
        }
    }

    private func show(_ exchange: ExchangeSummary, _ state: inout State) {
        if isSilent || exchange.isNoise && line.detail < .inputs { return }
        var bytes: [UInt8] = []
        if state.skipped > 0, format == .text { bytes += Array("(\(state.skipped) lines were not shown)\n".utf8) }
        bytes +=
            format == .jsonl
            ? LiveJSON.line(exchange, line.prices) : Array(line.lines(exchange, hasPrices: state.tally.priced > 0).utf8)
        state.skipped = write(bytes) ? 0 : state.skipped + 1
    }
}

/// How lines write the time.
enum WallClock {
    /// `12:09:03` in the time zone of this machine.
    @Sendable static func local(_ time: Timestamp) -> String {
        var seconds = time_t(time.nanoseconds / 1_000_000_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { ($0 < 10 ? "0" : "") + "\($0)" }.joined(separator: ":")
    }

    @Sendable static func utc(_ time: Timestamp) -> String { time.rfc3339 }
}
