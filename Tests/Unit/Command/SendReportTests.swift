/// `replay --send`: which requests are read from a trace, and what is said of their answers.
import Foundation
import Intercept
import Recorder
import Testing

@testable import claudecodex

@Suite struct SendReportTests {
    private static let trace = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fixtures/traces/openai_chat.jsonl").standardized.path

    private static func prices(_ text: String = "* = 1 2 1 1 1") throws -> PriceList {
        PriceList(try PriceFile(Array(text.utf8), path: "p.txt"))
    }

    private static func plan(_ operand: String = trace) throws -> SendPlan {
        try SendPlan(TraceChoice([operand], directory: "/nowhere"), prices())
    }

    @Test("requests come from the trace in its order, all once and then again, with their whole bodies")
    func requests() throws {
        let plan = try Self.plan()
        var whole: [String: [UInt8]] = [:]
        var order: [String] = []
        var reader = ExchangeReader(session: nil, .init(body: true))
        try reader.read(Self.trace) { whole[$0.id] = $0.body }
        for record in try TraceReader(path: Self.trace, only: ["request"]) { order.append(record.id ?? "") }
        order = order.filter { plan.jobs[$0] != nil }
        var requests = SendRequests(plan, repeats: 2)
        #expect(requests.count == 2 * order.count && order.count > 5)
        var seen: [String] = []
        while let request = requests.next() {
            #expect(request.body == whole[request.job.id])
            #expect(request.place == seen.count % order.count && request.attempt == seen.count / order.count + 1)
            #expect(request.headers["authorization"] == nil && request.headers["x-api-key"] == nil)
            seen.append(request.job.id)
        }
        #expect(seen == order + order)
        #expect(requests.failure == nil)
    }

    @Test("one request of a trace is found with the bodies that it is the difference from")
    func numbered() throws {
        let plan = try Self.plan(Self.trace + "#2")
        var requests = SendRequests(plan, repeats: 1)
        let first = requests.next()
        #expect(first?.job.number == 2 && first?.body.isEmpty == false)
        #expect(requests.next() == nil)
    }

    @Test("a trace that is gone when its bodies are wanted is said")
    func gone() throws {
        let copy = FileManager.default.temporaryDirectory.appending(path: "send-\(UUID().uuidString).jsonl")
        try FileManager.default.copyItem(atPath: Self.trace, toPath: copy.path)
        let plan = try Self.plan(copy.path)
        try FileManager.default.removeItem(at: copy)
        var requests = SendRequests(plan, repeats: 1)
        #expect(requests.next() == nil)
        #expect(requests.failure?.contains("cannot read") ?? false)
    }

    @Test("recorded answers are priced by the lists in force")
    func recorded() throws {
        let jobs = try Self.plan().jobs.values
        for job in jobs {
            let (input, output) = (job.recorded.promptTokens ?? 0, job.recorded.outputTokens ?? 0)
            let dollars = try #require(job.recorded.charge?.dollars)
            #expect(abs(dollars - Double(input + 2 * output) / 1e6) < 1e-9 && dollars > 0)
            #expect(!job.recorded.model.isEmpty)
        }
        #expect(!jobs.isEmpty)
    }

    // MARK: The report

    private static func outline(_ model: String, _ charge: Charge?) -> AnswerOutline {
        var outline = AnswerOutline()
        outline.stopReason = "end_turn"
        (outline.model, outline.charge) = (model, charge)
        return outline
    }

    private static func report(_ pairs: [(Charge?, Charge?)]) -> SendReport {
        let outcomes = pairs.enumerated().map { index, pair in
            let job = SendJob(id: "id\(index)", number: index + 1, recorded: outline("old", pair.0))
            return SendOutcome(job: job, attempt: 1, place: index, answer: outline("new", pair.1))
        }
        return SendReport(
            outcomes: outcomes, wanted: pairs.count, showsAttempts: false, backend: "b", trace: nil, notes: [],
            lists: "table 2026-11-29")
    }

    private static let mixed: [(Charge?, Charge?)] = [
        (.dollars(0.5, source: "table"), .dollars(0.25, source: "file p.txt")),
        (.dollars(1, source: "table"), .unknown(.model)), (.unknown(.estimate), .dollars(2, source: "table")),
        (nil, nil),
    ]

    @Test("costs stand beside each other, and only answers with both are added up")
    func lines() {
        let plain = Terminal(color: "never", isTerminal: false, width: nil, Environment())
        let lines = Self.report(Self.mixed).lines(plain)
        #expect(lines[0].split(separator: " ").last == "cost")
        #expect(lines[1].hasSuffix("$0.5000 > $0.2500"))
        #expect(lines[2].hasSuffix("$1.0000 > ?"))
        #expect(lines[3].hasSuffix("? > $2.0000"))
        #expect(lines[4].hasSuffix(" -"))
        #expect(lines.contains { $0.hasSuffix("cost $0.50 > $0.25") })
        #expect(lines.contains("unpriced 1 now: price unknown for new"))
        #expect(lines.contains("unpriced 1 recorded: the service of old gave no counts, these are estimates"))
        #expect(lines.contains("give prices with --prices FILE; claudecodex help --prices"))
        #expect(lines.contains("prices file p.txt, table"))
    }

    @Test("JSON has each price, the sums, and what has none")
    func json() throws {
        let json = try JSON.parse(Self.report(Self.mixed).json(TraceScan.Damage()))
        #expect(json["priced"]?.int == 1)
        #expect(json["recorded_usd"]?.double == 0.5 && json["now_usd"]?.double == 0.25)
        let rows = Array(try #require(json["requests"]).elements)
        #expect(rows[0]["now"]?["cost_usd"]?.double == 0.25 && rows[0]["now"]?["model"]?.string == "new")
        #expect(rows[1]["now"]?["unpriced"]?.string == "model" && rows[1]["now"]?["cost_usd"] == nil)
        #expect(rows[3]["recorded"]?["cost_usd"] == nil && rows[3]["recorded"]?["unpriced"] == nil)
        let gaps = Array(try #require(json["unpriced"]).elements)
        #expect(gaps.map { $0["model"]?.string } == ["new", "old"])
        #expect(gaps[0]["now"]?.int == 1 && gaps[1]["recorded"]?.int == 1)
        #expect(json["skipped"]?.isObject ?? false)
    }
}
