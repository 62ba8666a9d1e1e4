/// What a trace comes to.
import Testing

@testable import Intercept
@testable import Recorder

struct TraceSummaryTests {
    private static func summary(_ lines: String...) throws -> TraceSummary {
        var summary = TraceSummary()
        for line in lines { summary.take(TraceRecord(json: try JSON.parse(Array(line.utf8)))) }
        return summary
    }

    private static func request(_ id: String, path: String = "/v1/messages") -> String {
        #"{"v":1,"type":"request","id":"\#(id)","path":"\#(path)"}"#
    }

    private static func end(_ id: String, _ outcome: String = "ok", dropped: Int = 0) -> String {
        #"{"v":1,"type":"end","id":"\#(id)","outcome":"\#(outcome)","dropped":\#(dropped)}"#
    }

    private static func translation(_ id: String, _ losses: String) -> String {
        #"{"v":1,"type":"translation","id":"\#(id)","losses":[\#(losses)]}"#
    }

    private static func loss(_ path: String, _ more: String = "") -> String {
        #"{"op":"drop","path":"\#(path)","why":"no such field"\#(more)}"#
    }

    @Test("exchanges are Messages requests; those without an answer of the model count as errors")
    func exchanges() throws {
        let summary = try Self.summary(
            #"{"v":1,"type":"meta","version":"0.1.0","backend":"demo"}"#, Self.request("a"), Self.end("a"),
            Self.request("b"), Self.end("b", "upstream_error"), Self.request("c"),
            Self.end("c", "refused"),
            Self.request("d", path: "/v1/messages/count_tokens"), Self.end("d", "refused"), Self.request("e"))
        #expect(summary.exchanges == 4 && summary.errors == 2 && summary.records == 10)
    }

    @Test("tokens are added up; the prompt holds what was read from and written to the cache")
    func tokens() throws {
        let summary = try Self.summary(
            #"{"type":"response","usage":{"input_tokens":7,"cache_creation_input_tokens":4,"cache_read_input_tokens":90,"output_tokens":5}}"#,
            #"{"type":"response","usage":{"input_tokens":3,"output_tokens":2}}"#, #"{"type":"response","status":400}"#)
        #expect(summary.prompt == 104 && summary.cacheRead == 90 && summary.output == 7)
    }

    @Test("tools in the order of their first call, with the results that were errors")
    func tools() throws {
        let summary = try Self.summary(
            #"{"type":"tool_call","tool":"Read"}"#, #"{"type":"tool_call","tool":"Bash"}"#,
            #"{"type":"tool_call","tool":"Read"}"#, #"{"type":"tool_result","tool":"Bash","is_error":true}"#,
            #"{"type":"tool_result","tool":"Read","is_error":false}"#)
        #expect(summary.tools.map(\.name) == ["Read", "Bash"])
        #expect(summary.tools.map(\.calls) == [2, 1] && summary.tools.map(\.failed) == [0, 1])
    }

    @Test("losses are counted by kind: the number of an element does not matter")
    func losses() throws {
        let clamp = #"{"op":"clamp","path":"max_tokens","why":"at most 5","from":"9","as":"5"}"#
        let summary = try Self.summary(
            Self.translation(
                "a", [clamp, Self.loss("tools[0].strict"), Self.loss("tools[12].strict")].joined(separator: ",")),
            Self.translation("b", Self.loss("tools[3].strict")))
        #expect(summary.losses.map(\.place) == ["tools[].strict", "max_tokens"])
        let first = try #require(summary.losses.first)
        #expect(first.count == 3 && first.exchanges == 2 && first.path == "tools[0].strict")
        #expect(summary.losses[1].from == "9" && summary.losses[1].to == "5")
    }

    @Test("a second attempt that repeats the losses of the first does not count them twice; another exchange does")
    func attempts() throws {
        let lost = Self.loss("top_k")
        let summary = try Self.summary(
            Self.translation("a", lost), Self.translation("a", lost + "," + Self.loss("speed")), Self.end("a"),
            Self.translation("b", lost))
        #expect(summary.losses.map(\.count) == [2, 1])
    }

    @Test("what is missing in the trace is added up, with the reason")
    func dropped() throws {
        let summary = try Self.summary(
            Self.end("a", dropped: 2), Self.end("b"), #"{"type":"error","stage":"record","message":"disk full"}"#,
            #"{"type":"error","stage":"decode","message":"no"}"#, #"{"type":"check","rule":"one-start"}"#)
        #expect(summary.dropped == 2 && summary.lastRecordError == "disk full")
        #expect(summary.brokenRules == ["one-start": 1])
    }

    @Test("records with fields of other types are taken for what they are")
    func odd() throws {
        let summary = try Self.summary(
            #"{"type":7}"#, #"{"type":"translation","id":"a","losses":[{},7,{"op":1}]}"#,
            #"{"type":"response","usage":[]}"#, #"{"type":"end","dropped":"x"}"#)
        #expect(summary.records == 4 && summary.exchanges == 0)
        #expect(summary.losses.map(\.place) == ["?"])
    }
}
