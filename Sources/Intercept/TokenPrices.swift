/// What tokens cost: dollars for a million of each kind, and how a request's price comes out of them.
public struct TokenPrices: Sendable, Equatable {
    public let input: Double
    public let output: Double
    /// Nil where no price is known: a request that used such tokens then has none.
    public let cacheRead: Double?
    /// Written for five minutes (or for whatever the service's usual time is).
    public let cacheWrite: Double?
    /// Written for an hour.
    public let cacheWriteHour: Double?

    public init(
        input: Double, output: Double, cacheRead: Double? = nil, cacheWrite: Double? = nil,
        cacheWriteHour: Double? = nil
    ) {
        self.input = input
        self.output = output
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
        self.cacheWriteHour = cacheWriteHour
    }

    /// Dollars; nil when tokens of a kind without a price were used.
    func dollars(_ usage: Usage) -> Double? {
        let hour = min(usage.cacheCreationHour ?? 0, usage.cacheCreation)
        let parts: [(tokens: Int, price: Double?)] = [
            (usage.input, input), (usage.output, output), (usage.cacheRead, cacheRead),
            (usage.cacheCreation - hour, cacheWrite), (hour, cacheWriteHour),
        ]
        var sum = 0.0
        for part in parts where part.tokens > 0 {
            guard let price = part.price else { return nil }
            sum += Double(part.tokens) * price
        }
        return sum / 1_000_000
    }

    /// The prices where input, caching and output cost so many times as much.
    func times(_ input: Double, output: Double) -> TokenPrices {
        TokenPrices(
            input: self.input * input, output: self.output * output, cacheRead: cacheRead.map { $0 * input },
            cacheWrite: cacheWrite.map { $0 * input }, cacheWriteHour: cacheWriteHour.map { $0 * input })
    }
}

/// What an answer cost, or why that is not known.
public enum Charge: Sendable, Equatable {
    /// `source` names the list: `table 2026-11-29`, `file prices.txt`.
    case dollars(Double, source: String)
    case unknown(Unpriced)

    public var dollars: Double? { if case .dollars(let dollars, _) = self { dollars } else { nil } }
}

/// Why an answer has no price.
public enum Unpriced: String, Sendable, Equatable {
    /// No list knows the model.
    case model
    /// The model's price for reading from or writing to the cache is not known.
    case cache
    /// It was served at a tier or speed that has no list price for this model.
    case tier
    /// The service gave no counts; ours are estimates.
    case estimate
}

/// The price of one model as a list gives it.
public struct Price: Sendable, Equatable {
    let prices: TokenPrices
    /// For requests whose prompt has more tokens than `longAbove`.
    var long: TokenPrices?
    var longAbove = Int.max
    /// How many times as much everything costs at the endpoint that was called.
    var factor = 1.0
    /// The same for fast mode and for inference kept in the US; nil where there is no list price for it.
    var fast: Double?
    var inUS: Double?
    /// Dollars for one web search that the service made; nil where none is known.
    var webSearch: Double?
    /// A price from a file holds whatever the tier, the speed and the place.
    var isFinal = false
    public let source: String

    /// What so many tokens cost.
    ///
    /// - Parameter isSent: Whether the service itself was asked; searches made elsewhere are not on its bill.
    public func charge(_ usage: Usage, isSent: Bool = true) -> Charge {
        if usage.isEstimate { return .unknown(.estimate) }
        guard let factor = factor(usage) else { return .unknown(.tier) }
        let prices = usage.prompt > longAbove ? long ?? self.prices : self.prices
        guard let dollars = prices.dollars(usage) else { return .unknown(.cache) }
        let searches = isSent ? Double(usage.webSearches ?? 0) * (webSearch ?? 0) : 0
        return .dollars(((dollars * factor + searches) * 1e12).rounded() / 1e12, source: source)
    }

    private func factor(_ usage: Usage) -> Double? {
        if isFinal { return factor }
        guard usage.serviceTier == nil else { return nil }
        var all = factor
        if usage.speed != nil {
            guard usage.speed == "fast", let fast else { return nil }
            all *= fast
        }
        if usage.inferenceGeo != nil {
            guard usage.inferenceGeo == "us", let inUS else { return nil }
            all *= inUS
        }
        return all
    }
}
