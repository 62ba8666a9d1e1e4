/// List prices in dollars for a million tokens, as known on 2026-11-29. This is data: a price that nobody documents is not
/// here, and a model that is not here has none.
///
/// How well they are known:
/// - Claude: copies of platform.claude.com/docs/en/about-claude/pricing from October and November 2026 (prices, caching,
///   prompts above 100,000 tokens, fast mode, `inference_geo`, web searches, 10 % more on Bedrock's regional endpoints from
///   Claude 4.5 on); Opus 5.5 and Sonnet 5.5 in part from release notes. Models that the page no longer lists have their
///   last listed price.
/// - OpenAI from GPT-5.4 on, xAI, Z.AI: copies of the makers' pages. GPT-5.2 and earlier, o3, o4-mini: as widely published.
/// - Gemini, Moonshot, Mistral, Groq: mostly from price lists that others keep.
///
/// Not here on purpose: DeepSeek (the price changes with the hour and with Chinese holidays), promotions that end on a day
/// (Gemini 3.7 and 3.8 Flash), batch and priority processing, GovCloud, and open models that each host sells at a price of its own.
enum PriceTable {
    static let source = "table 2026-11-29"

    struct Row: Sendable {
        /// As the maker spells them, without date and version.
        let names: [String]
        let prices: TokenPrices
        var long: TokenPrices?
        var longAbove = Int.max
        /// How many times as much a regional endpoint of Bedrock costs; nil where Bedrock's price is not known.
        var regional: Double?
        var fast: Double?
        var inUS: Double?
        var webSearch: Double?
    }

    static func row(_ name: String) -> Row? { places[name].map { rows[$0] } }

    private static let rows = claude + openAI + others

    private static let places: [String: Int] = {
        var places: [String: Int] = [:]
        for (index, row) in rows.enumerated() { for name in row.names { places[name] = index } }
        return places
    }()

    // MARK: Claude

    /// Input, output, read, written for five minutes, written for an hour.
    private static func prices(
        _ input: Double, _ output: Double, _ read: Double, _ write: Double, _ hour: Double
    ) -> TokenPrices {
        TokenPrices(input: input, output: output, cacheRead: read, cacheWrite: write, cacheWriteHour: hour)
    }

    /// Models from 4.6 on: `inference_geo` costs a tenth more, and so do Bedrock's regional endpoints.
    private static func new(_ names: [String], _ prices: TokenPrices, fast: Double? = nil) -> Row {
        Row(names: names, prices: prices, regional: 1.1, fast: fast, inUS: 1.1, webSearch: 0.01)
    }

    /// Earlier ones.
    private static func old(_ names: [String], _ prices: TokenPrices, regional: Double?) -> Row {
        Row(names: names, prices: prices, regional: regional, webSearch: 0.01)
    }

    private static let haiku55: Row = {
        var row = new(["claude-haiku-5-5"], prices(0.10, 0.50, 0.01, 0.125, 0.20))
        (row.long, row.longAbove) = (prices(0.50, 2.50, 0.05, 0.625, 1), 100_000)
        return row
    }()

    private static let claude: [Row] = [
        new(["claude-fable-5-1", "claude-mythos-5-1"], prices(10, 50, 0.25, 12.50, 20)),
        new(["claude-fable-5", "claude-mythos-5"], prices(10, 50, 1, 12.50, 20)),
        new(["claude-opus-5-5"], prices(4, 20, 0.20, 5, 8), fast: 2),
        new(["claude-opus-5", "claude-opus-4-8"], prices(5, 25, 0.50, 6.25, 10), fast: 2),
        new(["claude-opus-4-7", "claude-opus-4-6"], prices(5, 25, 0.50, 6.25, 10)),
        old(["claude-opus-4-5"], prices(5, 25, 0.50, 6.25, 10), regional: 1.1),
        old(["claude-opus-4-1", "claude-opus-4", "claude-opus-4-0"], prices(15, 75, 1.50, 18.75, 30), regional: 1),
        new(["claude-sonnet-5-5"], prices(2, 10, 0.10, 2.50, 4)),
        new(["claude-sonnet-5"], prices(2, 10, 0.20, 2.50, 4)),
        new(["claude-sonnet-4-6"], prices(3, 15, 0.30, 3.75, 6)),
        longSonnet(["claude-sonnet-4-5"], regional: 1.1),
        longSonnet(["claude-sonnet-4", "claude-sonnet-4-0"], regional: 1),
        old(["claude-3-7-sonnet", "claude-3-5-sonnet"], prices(3, 15, 0.30, 3.75, 6), regional: nil),
        haiku55,
        old(["claude-haiku-4-5"], prices(1, 5, 0.10, 1.25, 2), regional: 1.1),
        old(["claude-3-5-haiku"], prices(0.80, 4, 0.08, 1, 1.60), regional: 1),
        old(["claude-3-opus"], prices(15, 75, 1.50, 18.75, 30), regional: nil),
        old(["claude-3-haiku"], prices(0.25, 1.25, 0.03, 0.30, 0.50), regional: nil),
    ]

    /// The long window of these, while it was in beta: twice the input and one and a half times the output.
    private static func longSonnet(_ names: [String], regional: Double) -> Row {
        var row = old(names, prices(3, 15, 0.30, 3.75, 6), regional: regional)
        (row.long, row.longAbove) = (row.prices.times(2, output: 1.5), 200_000)
        return row
    }

    // MARK: OpenAI

    /// Input, output, read from the cache, written to it.
    private static func gpt(
        _ name: String, _ input: Double, _ output: Double, _ read: Double, _ write: Double? = nil
    ) -> Row {
        Row(
            names: [name],
            prices: TokenPrices(input: input, output: output, cacheRead: read, cacheWrite: write))
    }

    /// From 5.4 on: a prompt above 272,000 tokens costs twice as much, its answer one and a half times.
    private static func long(
        _ names: [String], _ input: Double, _ output: Double, _ read: Double, _ write: Double? = nil
    ) -> Row {
        let prices = TokenPrices(input: input, output: output, cacheRead: read, cacheWrite: write)
        return Row(names: names, prices: prices, long: prices.times(2, output: 1.5), longAbove: 272_000)
    }

    private static let openAI: [Row] = [
        long(["gpt-6.2-astra"], 8, 40, 0.40), long(["gpt-6.2-sol"], 2, 10, 0.10, 2.50),
        long(["gpt-6.1-sol"], 2, 10, 0.10, 2.50), long(["gpt-6.1-terra"], 1, 5, 0.05, 1.25),
        long(["gpt-6-astra"], 10, 50, 1, 12.50), long(["gpt-6-sol"], 2, 10, 0.20, 2.50),
        long(["gpt-6-luna"], 0.10, 0.50, 0.01, 0.125), long(["gpt-5.6-sol", "gpt-5.6"], 4, 20, 0.40),
        long(["gpt-5.6-terra"], 2, 12, 0.20), long(["gpt-5.6-luna"], 0.20, 1.20, 0.02), long(["gpt-5.5"], 5, 30, 0.50),
        long(["gpt-5.4"], 2.50, 15, 0.25), gpt("gpt-5.4-mini", 0.75, 4.50, 0.075),
        gpt("gpt-5.4-nano", 0.20, 1.25, 0.02),
        gpt("gpt-5.2", 1.75, 14, 0.175), gpt("gpt-5.1", 1.25, 10, 0.125), gpt("gpt-5", 1.25, 10, 0.125),
        gpt("gpt-5-codex", 1.25, 10, 0.125), gpt("gpt-5-mini", 0.25, 2, 0.025), gpt("gpt-5-nano", 0.05, 0.40, 0.005),
        gpt("gpt-4.1", 2, 8, 0.50), gpt("gpt-4.1-mini", 0.40, 1.60, 0.10), gpt("gpt-4.1-nano", 0.10, 0.40, 0.025),
        gpt("gpt-4o", 2.50, 10, 1.25), gpt("gpt-4o-mini", 0.15, 0.60, 0.075), gpt("o3", 2, 8, 0.50),
        gpt("o4-mini", 1.10, 4.40, 0.275),
    ]

    // MARK: Others

    private static func plain(
        _ names: [String], _ input: Double, _ output: Double, _ read: Double? = nil
    ) -> Row {
        Row(names: names, prices: TokenPrices(input: input, output: output, cacheRead: read))
    }

    private static func stepped(
        _ names: [String], _ input: Double, _ output: Double, _ read: Double?, above: Int, output times: Double
    ) -> Row {
        let prices = TokenPrices(input: input, output: output, cacheRead: read)
        return Row(names: names, prices: prices, long: prices.times(2, output: times), longAbove: above)
    }

    private static let others: [Row] = [
        stepped(["gemini-3.1-pro", "gemini-3.1-pro-preview"], 2, 12, nil, above: 200_000, output: 1.5),
        stepped(["gemini-2.5-pro"], 1.25, 10, 0.125, above: 200_000, output: 1.5),
        plain(["gemini-3.5-flash"], 1.50, 9), plain(["gemini-3-flash-preview"], 0.50, 3),
        plain(["gemini-3.1-flash-lite"], 0.25, 1.50), plain(["gemini-2.5-flash"], 0.30, 2.50, 0.03),
        plain(["gemini-2.5-flash-lite"], 0.10, 0.40),
        stepped(["grok-4.7", "grok-4.6", "grok-4.5"], 2, 6, 0.50, above: 200_000, output: 2),
        plain(["kimi-k3"], 3, 15, 0.30), plain(["kimi-k2.7-code"], 0.95, 4, 0.19),
        plain(["glm-5.3"], 1.40, 4.40, 0.26), plain(["glm-5.2"], 1.40, 4.40), plain(["glm-5"], 1, 3.20),
        plain(["glm-4.7", "glm-4.6", "glm-4.5"], 0.60, 2.20, 0.11),
        plain(["devstral-2512", "devstral-latest", "devstral-medium-latest"], 0.40, 2),
        plain(["codestral-latest"], 0.30, 0.90), plain(["magistral-medium-latest"], 2, 5),
        plain(["llama-3.3-70b-versatile"], 0.59, 0.79), plain(["llama-3.1-8b-instant"], 0.05, 0.08),
    ]
}
