/// What answers cost: as it is recorded, read again, and added up.
import Testing

@testable import Intercept
@testable import Recorder

struct CostRecordTests {
    private func translation(_ model: String) -> Moment.Event {
        .translation(.init(backend: "b", upstreamModel: model, microseconds: 1, losses: Losses()))
    }

    @Test("an answer's record has its price, the list, and the name by which the service was asked")
    func recorded() throws {
        let bench = try Bench()
        let exchange = bench.exchange()
        exchange.request(#"{"model":"claude","messages":[]}"#)
        exchange.record(translation("eu.anthropic.claude-opus-5-5"))
        var usage = Usage(input: 1000, output: 100, cacheRead: 10_000, cacheCreation: 500, cacheCreationHour: 500)
        usage.inferenceGeo = nil
        exchange.response(nil, usage: usage)
        exchange.end()
        let response = try #require(try bench.records("response").first)
        #expect(response["upstream_model"]?.string == "eu.anthropic.claude-opus-5-5")
        #expect(response["cost_usd"]?.double == 0.0132)
        #expect(response["price_source"]?.string == "table 2026-11-29")
        #expect(response["usage"]?["cache_creation"]?["ephemeral_1h_input_tokens"]?.int == 500)
    }

    @Test("estimates, unknown models and refusals have none")
    func absent() throws {
        let bench = try Bench()
        let cases: [(String, Usage?)] = [
            ("claude-opus-5-5", Usage(input: 5, output: 5, isEstimate: true)), ("qwen3:8b", Usage(input: 5)),
            ("claude-opus-5-5", nil),
        ]
        for (model, usage) in cases {
            let exchange = bench.exchange()
            exchange.record(translation(model))
            exchange.response(nil, usage: usage)
            exchange.end()
        }
        for record in try bench.records("response") {
            #expect(record["cost_usd"] == nil && record["price_source"] == nil)
        }
    }

    @Test("a price file counts for records, too")
    func file() throws {
        let folder = Folder()
        var configuration = RecorderConfiguration(
            directory: folder.path, file: .run("x"), redactKey: Bench.key, program: "p", version: "0", backend: "b")
        configuration.prices = PriceList(try PriceFile(Array("qwen3:* = 1 2".utf8), path: "our.txt"))
        let recorder = try Recorder(configuration: configuration) { _ in }
        let exchange = Exchange(observers: [recorder])
        exchange.record(translation("qwen3:8b"))
        exchange.response(nil, usage: Usage(input: 1_000_000, output: 500_000))
        exchange.end()
        recorder.close()
        let records = Array(try TraceReader(path: recorder.path))
        let response = try #require(records.first { $0.type == "response" })
        #expect(response["cost_usd"]?.double == 2 && response["price_source"]?.string == "file our.txt")
    }
}

struct RequestCostTests {
    private static let usage = #""usage":{"input_tokens":1000000,"output_tokens":0},"stop_reason":"end_turn""#

    private func cost(_ records: [TraceRecord], _ list: PriceList = PriceList()) -> [RequestCost] {
        var costs = RequestCosts(list)
        return records.compactMap { costs.take($0) }
    }

    private func response(_ id: String, _ more: String, kind: String = "main") -> TraceRecord {
        Lines.record("response", id, #""kind":"\#(kind)",\#(more)"#)
    }

    @Test("the model is the one that the service was asked for: from the answer, else from the translation")
    func model() {
        let named = #""model":"claude-opus-5","upstream_model":"claude-sonnet-5-5",\#(Self.usage)"#
        let old = #""model":"claude-opus-5",\#(Self.usage)"#
        let requests = cost([
            Lines.record("translation", "1", #""upstream_model":"gpt-5.5""#),
            Lines.record("translation", "2", #""upstream_model":"gpt-4o""#),
            response("1", old), response("2", named), response("3", old),
        ])
        #expect(requests.map(\.model) == ["gpt-5.5", "claude-sonnet-5-5", "claude-opus-5"])
        #expect(requests.map { $0.charge?.dollars } == [10, 2, 5])
    }

    @Test("requests that are never answered do not push out the one that is")
    func leftovers() {
        var records = (0..<5000).map {
            Lines.record("translation", "\(10_000 + $0)", #""upstream_model":"gpt-4o""#)
        }
        records += [Lines.record("translation", "20000", #""upstream_model":"gpt-5.5""#)]
        records += (0..<1000).map { Lines.record("translation", "\(30_000 + $0)", #""upstream_model":"gpt-4o""#) }
        records += [response("20000", Self.usage)]
        #expect(cost(records).map(\.model) == ["gpt-5.5"])
    }

    @Test("counts of tokens, model lists and probes are no requests; other endpoints only where they counted tokens")
    func kinds() {
        let records = ["count_tokens", "models", "probe", "other", "main", "subagent", "compact", "web_search"].map {
            response($0, #""status":404,"body":{}"#, kind: $0)
        }
        let requests = cost(records)
        #expect(requests.map(\.id) == ["main", "subagent", "compact", "web_search"])
        #expect(requests.allSatisfy { $0.usage == nil && $0.charge == nil })
    }

    @Test("what was recorded stands in where no list knows a price any more, and nowhere else")
    func recordedOnly() {
        let known = #""model":"claude-opus-5","cost_usd":1,"price_source":"table 2026-01-01",\#(Self.usage)"#
        let gone = #""model":"qwen3:8b","cost_usd":1,"price_source":"file our.txt",\#(Self.usage)"#
        let requests = cost([response("1", known), response("2", gone)])
        #expect(requests.map { $0.charge?.dollars } == [5, 1])
        #expect(requests.map(\.isRecordedOnly) == [false, true])
        #expect(requests[1].charge == .dollars(1, source: "file our.txt"))
    }

    @Test("rows and the total add up; what has no price is listed by its reason")
    func sums() throws {
        var sums = CostSums(by: .model)
        let records = [
            response("1", #""model":"claude-opus-5",\#(Self.usage)"#),
            response("2", #""model":"claude-opus-5","usage":{"input_tokens":5,"output_tokens":1}"#),
            response(
                "3", #""model":"qwen3:8b","usage":{"input_tokens":7,"cache_read_input_tokens":2,"output_tokens":1}"#),
            response(
                "4", #""model":"claude-opus-5","usage_estimated":true,"usage":{"input_tokens":3,"output_tokens":1}"#),
            response("5", #""model":"claude-opus-5","status":529,"body":{}"#),
        ]
        for request in cost(records) { sums.add(request) }
        #expect(sums.rows.map(\.name) == ["claude-opus-5", "qwen3:8b"])
        let (first, total) = (sums.rows[0], sums.total)
        #expect(first.requests == 4 && first.uncounted == 1 && first.unpriced == 1 && first.unpricedTokens == 4)
        #expect(abs(first.dollars - 5.00005) < 1e-9)
        #expect(total.requests == 5 && total.prompt == 1_000_017 && total.output == 3 && total.unpricedTokens == 14)
        #expect(total.broken == 3)
        #expect(sums.gaps.map(\.why) == [.model, .estimate])
        #expect(sums.sources == ["table 2026-11-29": 2])
    }

    @Test(
        "sessions have a price, and the tokens that lack one", arguments: [("gpt-4o", 2.5, 0), ("demo", 0, 1_000_000)])
    func sessions(model: String, dollars: Double, unpriced: Int) throws {
        var list = SessionList(PriceList())
        list.take(Lines.record("translation", "1", #""upstream_model":"\#(model)""#))
        list.take(Lines.record("response", "1", Self.usage))
        let row = try #require(list.rows.first)
        #expect(row.dollars == dollars && row.unpricedTokens == unpriced)
    }

    private static let asked = #""path":"/v1/messages","kind":"main","model":"m""#

    @Test("a request whose end is not in the trace costs nobody knows what")
    func unended() {
        var costs = RequestCosts(PriceList())
        var sums = CostSums(by: .model)
        for id in ["1", "2", "3"] { _ = costs.take(Lines.record("request", id, Self.asked)) }
        if let request = costs.take(response("1", Self.usage)) { sums.add(request) }
        _ = costs.take(Lines.record("end", "2", #""outcome":"client_gone""#))
        #expect(costs.unended.map(\.id) == ["3"])
        for request in costs.unended { sums.add(request) }
        #expect(sums.total.requests == 2 && sums.total.unended == 1 && sums.total.uncounted == 0)
    }

    @Test("sessions count what has no end, and name the backend that answered")
    func unendedSession() throws {
        var list = SessionList(PriceList())
        list.take(Lines.record("meta", "", #""backend":"imported""#))
        list.take(Lines.record("request", "1", Self.asked))
        #expect(list.rows.first?.unended == 1 && list.rows.first?.backends == ["imported"])
        list.take(Lines.record("response", "1", #""backend":"anthropic",\#(Self.usage)"#))
        list.take(Lines.record("end", "1", #""outcome":"ok""#))
        list.take(Lines.record("request", "2", Self.asked))
        let row = try #require(list.rows.first)
        #expect(row.unended == 1 && row.errors == 0 && row.backends == ["anthropic"])
    }
}
