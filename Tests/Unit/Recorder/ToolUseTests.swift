/// What calls and results of a trace come to when they are looked at together.
import Testing

@testable import Intercept
@testable import Recorder

/// Writes trace records in a few words.
enum Lines {
    static func record(_ type: String, _ id: String, _ rest: String, session: String = "s1", agent: String = "main")
        -> TraceRecord
    {
        let text =
            #"{"v":1,"type":"\#(type)","seq":0,"ts":"2026-11-21T12:00:00.000Z","id":"\#(id)","session":"\#(session)","#
            + #""agent":"\#(agent)"\#(rest.isEmpty ? "" : "," + rest)}"#
        // A mistake in a test's own text must stop the test.
        // swift-format-ignore: NeverUseForceTry
        return TraceRecord(json: try! JSON.parse(Array(text.utf8)))
    }

    static func call(
        _ tool: String, _ input: String = "{}", id: String, exchange: String = "x1", session: String = "s1",
        agent: String = "main", more: String = ""
    ) -> TraceRecord {
        record(
            "tool_call", exchange,
            #""tool_id":"\#(id)","tool":"\#(tool)","index":0,"input":\#(input),"input_bytes":\#(input.utf8.count),"#
                + #""valid":true,"t_ms":5.5,"server_side":false,"model":"m"\#(more)"#, session: session, agent: agent)
    }

    static func result(
        _ id: String, tool: String = "Bash", exchange: String = "x2", error: Bool = false, bytes: Int = 100,
        gap: Double = 10, session: String = "s1", agent: String = "main"
    ) -> TraceRecord {
        record(
            "tool_result", exchange,
            #""tool_id":"\#(id)","tool":"\#(tool)","is_error":\#(error),"content_bytes":\#(bytes),"preview":"p","gap_ms":\#(gap)"#,
            session: session, agent: agent)
    }
}

struct ToolUseTests {
    static func use(_ records: [TraceRecord]) -> ToolUse {
        var calls = ToolCalls()
        for record in records { calls.take(record) }
        return ToolUse(calls.calls)
    }

    @Test("calls are counted with their failures, sizes and gaps, the most used tool first")
    func rows() throws {
        let use = Self.use([
            Lines.call("Read", #"{"a":1}"#, id: "r1"), Lines.result("r1", bytes: 40, gap: 10),
            Lines.call("Bash", id: "b1"), Lines.result("b1", error: true, bytes: 4, gap: 100),
            Lines.call("Bash", id: "b2"), Lines.result("b2", bytes: 6, gap: 300), Lines.call("Bash", id: "b3"),
        ])
        let bash = try #require(use.rows.first)
        #expect(use.rows.map(\.tool) == ["Bash", "Read"])
        #expect(bash.calls == 3 && bash.failed == 1 && bash.open == 1)
        #expect(bash.inputBytes == 6 && bash.outputBytes == 10)
        #expect(bash.medianGap == 200 && bash.p95Gap == 290)
        #expect(use.openCalls.map(\.id) == ["b3"])
    }

    @Test("a result counts once, for the call of its own session")
    func pairing() {
        var calls = ToolCalls()
        calls.take(Lines.call("Bash", id: "call_0"))
        calls.take(Lines.call("Bash", id: "call_0", session: "s2"))
        calls.take(Lines.result("call_0", error: true, session: "s2"))
        calls.take(Lines.result("call_0", error: false, session: "s2"))
        calls.take(Lines.result("call_9"))
        #expect(calls.calls.map { $0.result?.isError } == [nil, true])
        #expect(calls.strayResults.map(\.id) == ["call_9"])
    }

    @Test("steps follow one another within a conversation, not across agents")
    func sequences() {
        let use = Self.use([
            Lines.call("Grep", id: "1"), Lines.call("Read", id: "2", agent: "a1"), Lines.call("Read", id: "3"),
            Lines.call("Edit", id: "4"), Lines.call("Grep", id: "5", agent: "a1"),
            Lines.call("Read", id: "6", agent: "a1"),
        ])
        #expect(use.pairs.map(\.tools) == [["Grep", "Read"], ["Read", "Edit"], ["Read", "Grep"]])
        #expect(use.pairs.map(\.count) == [2, 1, 1])
        #expect(use.triples.map(\.tools) == [["Grep", "Read", "Edit"], ["Read", "Grep", "Read"]])
    }

    @Test("the same call with the same arguments is a repetition, and what it brought again is added up")
    func repetitions() {
        let use = Self.use([
            Lines.call("Read", #"{"f":"a"}"#, id: "1"), Lines.result("1", bytes: 1000),
            Lines.call("Read", #"{"f":"b"}"#, id: "2"), Lines.result("2", bytes: 7),
            Lines.call("Read", #"{"f":"a"}"#, id: "3"), Lines.result("3", bytes: 1100),
            Lines.call("Read", #"{"f":"a"}"#, id: "4", agent: "a1"), Lines.result("4", bytes: 900, agent: "a1"),
        ])
        #expect(use.repetitions.map(\.first.id) == ["1"])
        #expect(use.repetitions.map(\.count) == [3])
        #expect(use.repetitions.map(\.repeatedBytes) == [2000 + 18])
    }

    @Test("what comes after a failure is the next answer's call, not one of the same answer")
    func failures() {
        let failed = [
            Lines.call("Bash", #"{"c":1}"#, id: "1"), Lines.call("Read", id: "2"), Lines.result("1", error: true),
        ]
        let cases: [(TraceRecord, ToolUse.AfterFailure)] = [
            (Lines.call("Bash", #"{"c":1}"#, id: "3", exchange: "x2"), .init(tool: "Bash", sameCall: 1)),
            (Lines.call("Bash", #"{"c":2}"#, id: "3", exchange: "x2"), .init(tool: "Bash", otherInput: 1)),
            (Lines.call("Read", id: "3", exchange: "x2"), .init(tool: "Bash", otherTool: 1)),
            (Lines.call("Read", id: "3", exchange: "x2", agent: "a1"), .init(tool: "Bash", nothing: 1)),
        ]
        for (next, expected) in cases { #expect(Self.use(failed + [next]).afterFailures == [expected]) }
    }

    @Test("circles of one, two and three calls are found once, shorter ones first")
    func loops() {
        let letters = { (text: String) in text.enumerated().map { Lines.call(String($1), id: "\($0)") } }
        let found = { (text: String) in
            Self.use(letters(text)).loops.map { "\($0.calls.map(\.tool).joined())\($0.rounds)" }
        }
        #expect(found("AAAB") == ["A3"])
        #expect(found("AABB") == [])
        #expect(found("XABABABY") == ["AB3"])
        #expect(found("ABCABCABCABC") == ["ABC4"])
        #expect(found("AAAAAA") == ["A6"])
    }

    @Test("answers with several calls are counted by how many")
    func parallel() {
        let use = Self.use([
            Lines.call("A", id: "1"), Lines.call("B", id: "2"), Lines.call("A", id: "3", exchange: "x2"),
            Lines.call("A", id: "4", exchange: "x3"), Lines.call("A", id: "5", exchange: "x3"),
        ])
        #expect(use.parallel == [2: 2])
    }

    @Test("arguments that are no JSON are shown as they were written")
    func invalid() {
        var calls = ToolCalls()
        calls.take(
            Lines.record(
                "tool_call", "x1",
                #""tool_id":"1","tool":"T","input":"{\"a\":","input_bytes":5,"valid":false,"t_ms":1,"server_side":true"#
            ))
        #expect(calls.calls.map(\.input) == [#"{"a":"#])
        #expect(ToolUse(calls.calls).openCalls.isEmpty)
    }
}

struct ToolOffersTests {
    static func request(_ id: String, _ rest: String) -> TraceRecord {
        Lines.record("request", id, #""path":"/v1/messages","tools":2,"# + rest)
    }

    @Test("a request that repeats its base's tools counts them again, one that adds to them counts both")
    func inheritance() {
        var offers = ToolOffers()
        let first = Self.request("1", #""body":{"tools":[{"name":"A","x":1},{"name":"B"}]}"#)
        let same = Self.request("2", #""delta":{"base":"1","same":["model","tools"]}"#)
        let more = Self.request(
            "3", #""delta":{"base":"2","same":[],"keep":{"tools":1}},"body":{"tools":[{"name":"C"}]}"#)
        #expect([first, same, more].map(ToolOffers.needsBody) == [true, false, true])
        for record in [first, same, more] { offers.take(record) }
        #expect(
            offers.offers == [
                .init(tool: "A", requests: 3, bytes: 3 * 18), .init(tool: "B", requests: 2, bytes: 2 * 12),
                .init(tool: "C", requests: 1, bytes: 12),
            ])
    }

    @Test("other endpoints and requests without tools offer nothing")
    func none() {
        var offers = ToolOffers()
        offers.take(
            Lines.record(
                "request", "1", #""path":"/v1/messages/count_tokens","tools":1,"body":{"tools":[{"name":"A"}]}"#))
        offers.take(Lines.record("request", "2", #""path":"/v1/messages","tools":0,"body":{}"#))
        #expect(offers.offers.isEmpty)
    }
}

struct SessionListTests {
    @Test("a session adds up its exchanges, calls, tokens and errors, and names its files, models and backends")
    func rows() throws {
        var list = SessionList(PriceList())
        list.begin(file: "a.jsonl")
        let meta = try JSON.parse(Array(#"{"v":1,"type":"meta","backend":"openai_compatible"}"#.utf8))
        list.take(TraceRecord(json: meta))
        let usage =
            #""usage":{"input_tokens":10,"cache_read_input_tokens":30,"cache_creation_input_tokens":2,"output_tokens":5}"#
        list.take(Lines.record("request", "1", #""path":"/v1/messages","model":"big""#))
        list.take(Lines.record("response", "1", usage))
        list.take(Lines.record("end", "1", #""outcome":"ok""#))
        list.take(Lines.record("request", "2", #""path":"/v1/messages","model":"small""#, agent: "a1"))
        list.take(Lines.call("Bash", id: "t"))
        list.take(Lines.result("t", error: true))
        list.take(Lines.record("end", "2", #""outcome":"upstream_error""#))
        list.begin(file: "b.jsonl")
        list.take(Lines.record("request", "3", #""path":"/v1/messages/count_tokens","model":"small""#))
        let row = try #require(list.rows.first)
        #expect(list.rows.count == 1)
        #expect(row.files == ["a.jsonl", "b.jsonl"] && row.models == ["big", "small"])
        #expect(row.backends == ["openai_compatible"] && row.subagents == ["a1"])
        #expect(row.exchanges == 2 && row.errors == 1 && row.calls == 1 && row.failedCalls == 1)
        #expect(row.prompt == 42 && row.cacheRead == 30 && row.output == 5)
    }
}
