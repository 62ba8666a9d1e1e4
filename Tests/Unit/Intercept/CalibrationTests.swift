/// What is learnt from the counts that services report.
import Testing

@testable import Intercept

struct CalibrationTests {
    private static func body(_ words: Int, tools: Bool = false, more: String = "") throws -> JSON {
        let text = Array(repeating: "word", count: words).joined(separator: " ")
        let list = tools ? #","tools":[{"name":"Read","description":"Reads","input_schema":{"type":"object"}}]"# : ""
        return try JSON.parse(Array(#"{"messages":[{"role":"user","content":"\#(text)"}]\#(list)\#(more)}"#.utf8))
    }

    private static func error(_ count: Int, _ truth: Int) -> Double { abs(Double(count - truth)) / Double(truth) }

    @Test("without reports the count is the estimate")
    func untouched() throws {
        let body = try Self.body(100)
        #expect(Calibration().count(body, model: "m") == TokenCounter.count(body, model: "m"))
    }

    @Test("a tokenizer that makes more or fewer tokens is learnt from one report", arguments: [0.7, 1.35, 2.0])
    func slope(factor: Double) throws {
        let calibration = Calibration()
        func truth(_ body: JSON) -> Int { Int(Double(TokenCounter.count(body, model: "m")) * factor) }
        let first = try Self.body(5000)
        calibration.learn(first, model: "m", reported: truth(first))
        for words in [2000, 5000, 20_000] {
            let next = try Self.body(words)
            #expect(Self.error(calibration.count(next, model: "m"), truth(next)) < 0.05)
        }
    }

    @Test("what a service puts in front of every prompt, and beside tools, is learnt from a few")
    func constants() throws {
        let calibration = Calibration()
        func truth(_ body: JSON, tools: Bool) -> Int { TokenCounter.count(body, model: "m") + 65 + (tools ? 90 : 0) }
        for words in [10, 300, 30, 100] {
            for tools in [false, true] {
                let body = try Self.body(words, tools: tools)
                calibration.learn(body, model: "m", reported: truth(body, tools: tools))
            }
        }
        for words in [15, 60, 250] {
            for tools in [false, true] {
                let body = try Self.body(words, tools: tools)
                #expect(Self.error(calibration.count(body, model: "m"), truth(body, tools: tools)) < 0.06)
            }
        }
    }

    @Test("one report far from all others moves little")
    func outlier() throws {
        let calibration = Calibration()
        let body = try Self.body(1000)
        let truth = TokenCounter.count(body, model: "m")
        for _ in 0..<12 { calibration.learn(body, model: "m", reported: truth) }
        calibration.learn(body, model: "m", reported: truth * 8)
        #expect(Self.error(calibration.count(body, model: "m"), truth) < 0.1)
    }

    @Test("each model learns for itself")
    func models() throws {
        let calibration = Calibration()
        let body = try Self.body(1000)
        let estimate = TokenCounter.count(body, model: "b")
        calibration.learn(body, model: "a", reported: estimate * 2)
        #expect(calibration.count(body, model: "b") == estimate)
        #expect(calibration.count(body, model: "a") > estimate * 3 / 2)
    }

    @Test(
        "prompts that the service itself makes longer teach nothing",
        arguments: [
            #","tools":[{"type":"web_search_20250305","name":"web_search"}]"#, #","mcp_servers":[{"name":"x"}]"#,
        ])
    func foreign(more: String) throws {
        let calibration = Calibration()
        let body = try Self.body(1000, more: more)
        calibration.learn(body, model: "m", reported: 1_000_000)
        #expect(calibration.count(body, model: "m") == TokenCounter.count(body, model: "m"))
    }

    @Test("nonsense reports never lead to nonsense counts", arguments: [-5, 0, 1, Int.max])
    func nonsense(reported: Int) throws {
        let calibration = Calibration()
        let body = try Self.body(10_000)
        for _ in 0..<6 { calibration.learn(body, model: "m", reported: reported) }
        #expect((1...100_000).contains(calibration.count(body, model: "m")))
    }

    @Test("the first reports are all taken, later one of 64, and names are not remembered without bound")
    func due() throws {
        let calibration = Calibration()
        #expect((1...200).filter { _ in calibration.isDue("m") }.count == 11)
        for index in 0..<200 { _ = calibration.isDue("model-\(index)") }
        #expect(!calibration.isDue("one more") && calibration.isDue("model-5"))
    }
}
