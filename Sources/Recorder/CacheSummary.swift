/// What many turns come to: hits, misses, and what could have been avoided.
public import Intercept

public struct CacheSummary: Sendable {
    /// One reason with all its misses.
    public struct Row: Sendable {
        public let reason: String
        public internal(set) var misses = 0
        public internal(set) var avoidable = 0
        public internal(set) var missedTokens = 0
    }

    /// Turns with counts of tokens; of these, turns without a miss.
    public private(set) var counted = 0
    public private(set) var hits = 0
    public private(set) var misses = 0
    public private(set) var avoidable = 0
    /// Tokens that had to be read or written again, and how many of them by avoidable misses.
    public private(set) var missedTokens = 0
    public private(set) var avoidableTokens = 0
    /// Tokens: all prompts, and what of them was read from the cache and written to it.
    public private(set) var prompt = 0
    public private(set) var read = 0
    public private(set) var written = 0
    /// What the misses cost, in dollars, and how many that lost tokens have no known price.
    public private(set) var missedDollars = 0.0
    public private(set) var avoidableDollars = 0.0
    public private(set) var unpriced = 0
    /// In the order in which the reasons first came up.
    public private(set) var reasons: [Row] = []

    public init(_ turns: [CacheTurn], _ prices: PriceList) {
        for turn in turns { add(turn, prices) }
    }

    private mutating func add(_ turn: CacheTurn, _ prices: PriceList) {
        prompt += turn.prompt
        read += turn.read
        written += turn.written
        if turn.isCounted { counted += 1 }
        guard let miss = turn.miss else {
            if turn.isCounted { hits += 1 }
            return
        }
        misses += 1
        missedTokens += turn.missedTokens
        let dollars = turn.missedDollars(prices)
        missedDollars += dollars ?? 0
        if dollars == nil, turn.missedTokens > 0 { unpriced += 1 }
        if miss.isAvoidable {
            avoidable += 1
            avoidableTokens += turn.missedTokens
            avoidableDollars += dollars ?? 0
        }
        let place = reasons.firstIndex { $0.reason == miss.name } ?? reasons.count
        if place == reasons.count { reasons.append(Row(reason: miss.name)) }
        reasons[place].misses += 1
        reasons[place].avoidable += miss.isAvoidable ? 1 : 0
        reasons[place].missedTokens += turn.missedTokens
    }
}
