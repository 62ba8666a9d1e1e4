/// Prices: names, rows, steps, factors, files.
import Testing

@testable import Intercept

struct PriceListTests {
    private static let million = 1_000_000

    /// A million tokens of each kind.
    private static let each = Usage(
        input: 50_000, output: 50_000, cacheRead: 20_000, cacheCreation: 20_000, cacheCreationHour: 10_000)

    static let rows: [(String, Double)] = [
        // 0.05 × input + 0.05 × output + 0.02 × read + 0.01 × written for 5 minutes + 0.01 × for an hour
        ("claude-opus-5-5", 0.2 + 1 + 0.004 + 0.05 + 0.08),
        ("claude-opus-5-5[1m]", 0.2 + 1 + 0.004 + 0.05 + 0.08),
        ("Claude-Opus-4-5-20251101", 0.25 + 1.25 + 0.01 + 0.0625 + 0.1),
        ("claude-sonnet-5-5", 0.1 + 0.5 + 0.002 + 0.025 + 0.04),
        ("claude-sonnet-5", 0.1 + 0.5 + 0.004 + 0.025 + 0.04),
        ("claude-sonnet-4-0", 0.15 + 0.75 + 0.006 + 0.0375 + 0.06),
        ("claude-3-5-haiku-latest", 0.04 + 0.2 + 0.0016 + 0.01 + 0.016),
        ("claude-haiku-4-5@20251001", 0.05 + 0.25 + 0.002 + 0.0125 + 0.02),
        ("claude-fable-5-1", 0.5 + 2.5 + 0.005 + 0.125 + 0.2),
        // Bedrock: a tenth more for all but the global profile from 4.5 on, the same before.
        ("global.anthropic.claude-sonnet-5-5", 0.667),
        ("eu.anthropic.claude-sonnet-5-5", 0.7337),
        ("apac.anthropic.claude-sonnet-5-5", 0.7337),
        ("anthropic.claude-sonnet-5-5", 0.7337),
        ("us.anthropic.claude-opus-4-6-v1", (0.25 + 1.25 + 0.01 + 0.0625 + 0.1) * 1.1),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", 0.75 + 3.75 + 0.03 + 0.1875 + 0.3),
        (
            "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0",
            (0.05 + 0.25 + 0.002 + 0.0125 + 0.02) * 1.1
        ),
    ]

    @Test("each kind of token has its price, under every spelling of a model's name", arguments: rows)
    func priced(model: String, dollars: Double) throws {
        let charge = PriceList().charge(Self.each, upstreamModel: model, model: nil)
        let got = try #require(charge?.dollars)
        #expect(abs(got - dollars) < 1e-9, "\(got)")
        #expect(charge == .dollars(got, source: "table 2026-11-29"))
    }

    static let unknown = [
        "qwen3:8b", "claude-opus-9", "claude-opus-5-7", "claude", "", "gpt-5.5-turbo",
        "us-gov.anthropic.claude-sonnet-5-5",
        "anthropic.claude-3-opus-20240229-v1:0", "anthropic/claude-opus-5.5", "deepseek-flash",
        "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc",
    ]

    @Test("a model that is not in the table is not guessed from its relatives", arguments: unknown)
    func stranger(model: String) {
        #expect(PriceList().charge(Self.each, upstreamModel: model, model: nil) == .unknown(.model))
    }

    static let steps: [(String, Int, Double)] = [
        ("claude-haiku-5-5", 100_000, 0.01), ("claude-haiku-5-5", 100_001, 0.0500005),
        ("claude-sonnet-4-5", 200_000, 0.6), ("claude-sonnet-4-5", 200_001, 1.200006),
        ("gpt-6.2-sol", 272_000, 0.544), ("gpt-6.2-sol", 272_001, 1.088004),
        ("claude-opus-5-5", 900_000, 3.6), ("gemini-2.5-pro", 200_001, 0.5000025), ("grok-4.7", 200_001, 0.800004),
    ]

    @Test("a long prompt is priced as a whole by the step it reaches", arguments: steps)
    func longPrompt(model: String, prompt: Int, dollars: Double) throws {
        let got = PriceList().charge(Usage(input: prompt), upstreamModel: model, model: nil)?.dollars
        #expect(abs(try #require(got) - dollars) < 1e-9)
        // What came from the cache counts for the step as well.
        let warm = Usage(input: 0, output: 0, cacheRead: prompt - 1, cacheCreation: 0)
        let less = try #require(PriceList().charge(warm, upstreamModel: model, model: nil)?.dollars)
        #expect(less < dollars)
    }

    @Test("tiers, speed and place of inference have their factors, or no price")
    func factors() {
        func charge(_ model: String, _ change: (inout Usage) -> Void) -> Charge? {
            var usage = Usage(input: Self.million)
            change(&usage)
            return PriceList().charge(usage, upstreamModel: model, model: nil)
        }
        let source = "table 2026-11-29"
        #expect(charge("claude-opus-5-5") { $0.speed = "fast" } == .dollars(8, source: source))
        #expect(charge("claude-sonnet-5-5") { $0.speed = "fast" } == .unknown(.tier))
        #expect(charge("claude-opus-5-5") { $0.inferenceGeo = "us" } == .dollars(4.4, source: source))
        #expect(charge("claude-opus-4-5") { $0.inferenceGeo = "us" } == .unknown(.tier))
        #expect(charge("claude-opus-5-5") { $0.inferenceGeo = "eu" } == .unknown(.tier))
        #expect(charge("claude-opus-5-5") { $0.serviceTier = "priority" } == .unknown(.tier))
        #expect(charge("claude-opus-5-5") { $0.webSearches = 3 } == .dollars(4.03, source: source))
        #expect(charge("eu.anthropic.claude-opus-5-5") { $0.webSearches = 3 } == .dollars(4.4, source: source))
        #expect(charge("claude-opus-5-5") { $0.isEstimate = true } == .unknown(.estimate))
    }

    @Test("a cache without a documented price leaves the request without one")
    func cache() {
        let list = PriceList()
        #expect(list.charge(Usage(input: 1, cacheRead: 1), upstreamModel: "glm-5.2", model: nil) == .unknown(.cache))
        #expect(list.charge(Usage(cacheCreation: 1), upstreamModel: "gpt-5.5", model: nil) == .unknown(.cache))
        #expect(list.charge(Usage(input: 1), upstreamModel: "glm-5.2", model: nil)?.dollars == 1.4e-6)
    }

    @Test("nothing used is nothing to pay for, and a search of our own is not on a service's bill")
    func nothing() {
        let list = PriceList()
        #expect(list.charge(nil, upstreamModel: "claude-opus-5-5", model: nil) == nil)
        #expect(list.charge(Usage(), upstreamModel: "qwen3:8b", model: nil) == nil)
        #expect(list.charge(Usage(input: 1), upstreamModel: nil, model: nil) == nil)
        let own = list.charge(Usage(webSearches: 1), upstreamModel: nil, model: "claude-opus-5-5")
        #expect(own?.dollars == 0)
    }

    @Test("a file stands before the table, its first fitting line wins, and its price is final")
    func file() throws {
        let text = """
            # ours
            claude-opus-5-5 = 1 2 0.5 0.25 4  # by contract
            qwen3:*         = 0 0 0 0
            *sonnet*        = 3 15
            *sonnet-5*      = 9 9
            """
        let list = PriceList(try PriceFile(Array(text.utf8), path: "/etc/our prices.txt"))
        #expect(list.sources == "file our prices.txt, table 2026-11-29")
        var usage = Usage(
            input: Self.million, output: Self.million, cacheRead: Self.million, cacheCreation: 2 * Self.million,
            cacheCreationHour: Self.million)
        usage.serviceTier = "priority"
        #expect(
            list.charge(usage, upstreamModel: "claude-opus-5-5[1m]", model: nil)
                == .dollars(1 + 2 + 0.5 + 0.25 + 4, source: "file our prices.txt"))
        #expect(list.charge(Self.each, upstreamModel: "QWEN3:8b", model: nil) == .unknown(.cache))
        #expect(list.charge(Usage(input: 5, output: 5), upstreamModel: "qwen3:8b", model: nil)?.dollars == 0)
        #expect(
            list.charge(Usage(input: 2), upstreamModel: "eu.anthropic.claude-sonnet-5", model: nil)?.dollars == 6e-6)
        #expect(list.charge(Usage(input: 2), upstreamModel: "claude-haiku-5-5", model: nil)?.dollars == 2e-7)
    }

    static let wrong: [(String, Int)] = [
        ("x", 1), ("x = 1", 1), ("= 1 2", 1), ("x = 1 2 3 4 5 6", 1), ("# fine\n\nx = 1 -2", 3), ("x = 1 inf", 1),
        ("a = 1 2\r\nx = $1 $2", 2), ("x 1 2", 1), ("x = 1 nan", 1), ("x = 1,5 2", 1),
    ]

    @Test("a line that is no price is an error with its place", arguments: wrong)
    func wrongLine(text: String, line: Int) {
        let error = #expect(throws: PriceFileError.self) { try PriceFile(Array(text.utf8), path: "dir/p.txt") }
        #expect(error?.description.hasPrefix("dir/p.txt:\(line): '") ?? false)
    }

    @Test("a usage object says what changes its price; what is usual is not kept")
    func reading() throws {
        let text = #"""
            {"input_tokens":1,"cache_creation_input_tokens":9,"cache_creation":{"ephemeral_5m_input_tokens":2,
            "ephemeral_1h_input_tokens":7},"service_tier":"priority","speed":"fast","inference_geo":"us"}
            """#
        let usage = Usage(try JSON.parse(Array(text.utf8)))
        #expect(usage.cacheCreationHour == 7 && usage.serviceTier == "priority")
        #expect(usage.speed == "fast" && usage.inferenceGeo == "us")
        var out = JSONWriter()
        usage.write(into: &out)
        #expect(Usage(try JSON.parse(out.bytes)) == usage)
        let usual = #"{"input_tokens":1,"service_tier":"standard","speed":"standard","inference_geo":"not_available"}"#
        #expect(Usage(try JSON.parse(Array(usual.utf8))) == Usage(input: 1))
        let odd = #"{"service_tier":"two words","speed":7,"inference_geo":""}"#
        #expect(Usage(try JSON.parse(Array(odd.utf8))) == Usage())
    }
}
