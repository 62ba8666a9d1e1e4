internal import Intercept
internal import Synchronization

/// Makes answers fail on purpose, for testing agents: the rules of `--fault`. What a rule does is in the trace as an
/// `intercept` record by `fault`, and what the client really got is in the events of its side.
struct Faults: FaultSource {
    /// `by` in the trace.
    static let name = "fault"

    private let book: FaultBook
    private let loop: EventLoop

    /// Nil when nothing is to go wrong.
    init?(_ rules: [FaultRule], seed: UInt64, _ loop: EventLoop) {
        if rules.isEmpty { return nil }
        book = FaultBook(rules, seed: seed)
        self.loop = loop
    }

    func spoil(_ request: MessageRequest, _ exchange: Exchange) async throws(MessageError) -> [Damage] {
        var refusal: MessageError?
        var damages: [Damage] = []
        for rule in book.due(request, exchange) {
            switch rule.effect {
            case .wait(let milliseconds):
                note("wait", rule.text, exchange)
                await wait(milliseconds, exchange)
            case .status(let status, let retryAfter): refusal = refusal ?? Self.error(status, retryAfter, rule)
            case .damage(let kind):
                damages.append(Damage(kind, by: Self.name, rule: rule.text, tool: rule.tools))
            }
        }
        guard let refusal else { return damages }
        note("refuse", refusal.message, exchange)
        throw refusal
    }

    private func note(_ action: String, _ words: String, _ exchange: Exchange) {
        exchange.record(.intercept(.init(by: Self.name, hook: "request", action: action, after: words)))
    }

    private static func error(_ status: Int, _ retryAfter: String?, _ rule: FaultRule) -> MessageError {
        MessageError(status, nil, words + rule.text, retryAfter: retryAfter)
    }

    private static let words = "claudecodex: made to fail by --fault "

    /// `529` for the message of such an error.
    static func status(in message: String) -> String {
        let rule = message.hasPrefix(words) ? message.dropFirst(words.count) : message[...]
        return String(rule.drop { !$0.isNumber }.prefix { $0.isNumber })
    }

    /// Ends early when the client goes.
    private func wait(_ milliseconds: Int, _ exchange: Exchange) async {
        var left = milliseconds
        while left > 0, !exchange.departure.hasHappened {
            let step = min(left, 50)
            await loop.sleep(milliseconds: step)
            left -= step
        }
    }
}

/// The rules and what they must remember from exchange to exchange: who has had how many chances.
final class FaultBook: Sendable {
    private struct State {
        var chance: SplitMix64
        /// Requests that fitted each rule.
        var fitting: [Int]
        /// How often each body has come, by its hash.
        var tries: [Int: Int] = [:]
    }

    private let rules: [FaultRule]
    private let countsTries: Bool
    private let state: Mutex<State>
    /// Bodies remembered for `try`.
    private static let mostBodies = 4096

    init(_ rules: [FaultRule], seed: UInt64) {
        self.rules = rules
        countsTries = rules.contains { $0.asks("try") }
        state = Mutex(State(chance: SplitMix64(seed), fitting: Array(repeating: 0, count: rules.count)))
    }

    /// The rules that act on this request. Each that fits takes one draw, so that the same requests in the same order
    /// meet the same faults.
    func due(_ request: MessageRequest, _ exchange: Exchange) -> [FaultRule] {
        state.withLock { state in
            let number = countsTries ? Self.count(request, &state) : 1
            var due: [FaultRule] = []
            for (index, rule) in rules.enumerated() where rule.fits(request, exchange, attempt: number) {
                state.fitting[index] += 1
                guard rule.fits(count: state.fitting[index]) else { continue }
                if rule.probability >= 1 || state.chance.next() < rule.probability { due.append(rule) }
            }
            return due
        }
    }

    private static func count(_ request: MessageRequest, _ state: inout State) -> Int {
        var hasher = Hasher()
        request.body.document.bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        let key = hasher.finalize()
        if state.tries[key] == nil, state.tries.count >= mostBodies { state.tries = [:] }
        state.tries[key, default: 0] += 1
        return state.tries[key] ?? 1
    }
}

/// A small generator of chances: the same seed gives the same row. https://prng.di.unimi.it/splitmix64.c
struct SplitMix64 {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    /// A number from 0 up to 1.
    mutating func next() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return Double(mixed >> 11) / Double(1 << 53)
    }
}
