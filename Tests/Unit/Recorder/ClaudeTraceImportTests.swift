/// Recordings of claude-trace become traces; what holds for every import.
import Foundation
import Testing

@testable import Intercept
@testable import Recorder

@Suite struct ClaudeTraceImportTests {
    private let base = TraceImportTests()

    static let stream =
        [
            #"{"type":"message_start","message":{"id":"msg_1","model":"claude-x","usage":{"input_tokens":9,"output_tokens":1}}}"#,
            #"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t1","name":"Bash","input":{}}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"command\":\"ls\"}"}}"#,
            #"{"type":"content_block_stop","index":0}"#,
            #"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":12}}"#,
            #"{"type":"message_stop"}"#,
        ].map { "event: x\ndata: \($0)\n\n" }.joined()

    static func pair(_ second: Int, _ response: String, headers: String = "{}") -> String {
        #"{"request":{"timestamp":17644176\#(second),"method":"POST","url":"https://api.anthropic.com/v1/messages?beta=true","headers":\#(headers),"body":{"model":"claude-x","stream":true,"messages":[{"role":"user","content":"\#(second)"}],"metadata":{"user_id":"user_1_account__session_abc-def"}}},"response":\#(response),"logged_at":"2026-11-29T12:00:00.000Z"}"#
    }

    static func text(_ text: String) -> String {
        var out = JSONWriter()
        out.string(text)
        return String(decoding: out.bytes, as: UTF8.self)
    }

    @Test(
        "pairs of claude-trace and of its forks: text of a stream, lists of events, whole messages, errors, no answer")
    func pairs() throws {
        let whole =
            #"{"id":"msg_2","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":4,"output_tokens":2}}"#
        let events =
            #"[{"event":"message_start","data":{"type":"message_start","message":{"id":"msg_3","model":"claude-x","usage":{"input_tokens":1,"output_tokens":1}}}}]"#
        let (report, records) = try base.read(
            "log-1.jsonl",
            [
                Self.pair(
                    10,
                    #"{"timestamp":1764417612.5,"status_code":200,"headers":{},"body_raw":\#(Self.text(Self.stream))}"#),
                Self.pair(20, #"{"timestamp":1764417621,"status_code":200,"body":\#(whole)}"#),
                Self.pair(30, #"{"timestamp":1764417631,"status_code":200,"events":\#(events)}"#),
                Self.pair(
                    40,
                    #"{"timestamp":1764417641,"status_code":529,"body":{"type":"error","error":{"type":"overloaded_error","message":"busy"}}}"#
                ),
                Self.pair(50, "null"), #"{"note":"x"}"#, "{broken",
            ])
        #expect(report.program == "claude-trace" && report.exchanges == 5 && report.sessions == ["abc-def"])
        #expect(report.leftOut == ["no JSON": 1, "no pair of request and answer": 1])
        let responses = records.filter { $0.type == "response" }
        #expect(responses.map { $0["status"]?.int } == [200, 200, 200, 529])
        #expect(responses.map { $0["usage"]?["output_tokens"]?.int } == [12, 2, 1, nil])
        #expect(responses[0]["timing"]?["duration_ms"]?.double == 2500)
        #expect(records.filter { $0.type == "tool_call" }.compactMap { $0["tool"]?.string } == ["Bash"])
        #expect(
            records.filter { $0.type == "end" }.compactMap { $0["outcome"]?.string } == [
                "ok", "ok", "ok", "upstream_error",
            ])
        #expect(records.first { $0.type == "error" }?["error_type"]?.string == "overloaded_error")
        let request = try #require(records.first { $0.type == "request" })
        #expect(request["path"]?.string == "/v1/messages" && request["query"]?.string == "beta=true")
    }

    @Test("what is imported is redacted as what is recorded")
    func redacted() throws {
        let key = "sk-ant-api03-" + String(repeating: "k", count: 40)
        let line = Self.pair(10, "null", headers: #"{"x-api-key":"\#(key)"}"#).replacing(
            "\"10\"", with: "\"my key is \(key)\"")
        let (report, records) = try base.read("log-2.jsonl", [line])
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: report.path)), as: UTF8.self)
        #expect(!text.contains(key) && text.contains("[redacted sk-ant-api03 hmac:"))
        #expect(records.first { $0.type == "request" }?["redacted"]?.int == 1)
    }

    @Test("a file that is neither is refused")
    func neither() throws {
        try base.folder.write("x.jsonl", Array("{\"v\":1,\"type\":\"meta\"}\nhello\n".utf8))
        var work = TraceImport(base.configuration)
        for name in ["x.jsonl", "absent.jsonl", ""] {
            #expect(throws: TraceImport.Problem.self) { try work.run(base.folder.file(name), source: "x") }
        }
        #expect(TraceReader.files(in: base.configuration.directory).isEmpty)
    }

    @Test("imports count as older than what was recorded here")
    func order() throws {
        for name in ["2026-11-29.jsonl", "import-x.jsonl", "run-1.jsonl"] { try base.folder.write(name, []) }
        let names = TraceReader.files(in: base.folder.path).map { $0.split(separator: "/").last.map(String.init) ?? "" }
        #expect(names == ["import-x.jsonl", "2026-11-29.jsonl", "run-1.jsonl"])
    }
}
