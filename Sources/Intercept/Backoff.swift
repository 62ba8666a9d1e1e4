/// How long to wait before another try: each time twice as long, with chance in it so that many do not come back at once.
public struct Backoff: Sendable, Equatable {
    /// Before the second try, about.
    public let firstMS: Int
    /// Never longer.
    public let mostMS: Int
    /// So many pauses, and no more.
    public let most: Int

    public init(firstMS: Int, mostMS: Int, most: Int) {
        self.firstMS = firstMS
        self.mostMS = mostMS
        self.most = most
    }

    /// Milliseconds, or nil when it was tried often enough, or when the service wants a longer pause than is given here.
    ///
    /// - Parameters:
    ///   - count: How many pauses there were before.
    ///   - retryAfter: The service's own word, in seconds; anything else is not understood and does not count.
    ///   - chance: From 0 up to 1.
    public func pause(_ count: Int, retryAfter: String? = nil, chance: Double = .random(in: 0..<1)) -> Int? {
        guard count < most else { return nil }
        let full = min(mostMS, firstMS << min(count, 20))
        let own = full / 2 + Int(Double(full - full / 2) * chance)
        guard let seconds = retryAfter.flatMap({ Int(HTTPFields.trim($0)) }), seconds > 0 else { return own }
        return seconds <= mostMS / 1000 ? max(own, seconds * 1000) : nil
    }
}
