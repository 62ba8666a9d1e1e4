/// Tool results are recorded once, in the turn that brings them, and know who asked.
import Testing

@testable import Intercept
@testable import Recorder

struct ToolResultTests {
    static func turn(_ messages: [String]) -> String {
        #"{"model":"m","messages":[\#(messages.joined(separator: ","))]}"#
    }

    static func call(_ ids: String...) -> String {
        let blocks = ids.map { #"{"type":"tool_use","id":"\#($0)","name":"Read","input":{}}"# }.joined(separator: ",")
        return #"{"role":"assistant","content":[\#(blocks)]}"#
    }

    static func result(_ id: String, _ content: String, _ more: String = "") -> String {
        #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"\#(id)","content":\#(content)\#(more)}]}"#
    }

    static let question = #"{"role":"user","content":"go"}"#

    @Test("a result names its tool, the exchange that asked, and the time between")
    func fields() throws {
        let bench = try Bench()
        let asking = bench.exchange()
        asking.toolCall("t1", "Bash", "{}")
        asking.response(Self.call("t1"), stopReason: "tool_use")
        bench.recorder.flush()
        let answered = try #require(bench.records("response").first)["ts"]?.string
        #expect(answered != nil)
        let later = Timestamp(nanoseconds: Timestamp.now().nanoseconds + 5_000_000_000)
        let next = bench.exchange(started: later)
        next.request(
            Self.turn([
                Self.question, Self.call("t1"), Self.result("t1", #""line one\nline two""#, #","is_error":true"#),
            ]))
        let record = try #require(bench.records("tool_result").first)
        #expect(record.id == next.id)
        #expect(record["tool_id"]?.string == "t1")
        #expect(record["tool"]?.string == "Bash")
        #expect(record["call"]?.string == asking.id)
        #expect(record["is_error"]?.bool == true)
        #expect(record["content_bytes"]?.int == #""line one\nline two""#.utf8.count)
        #expect(record["blocks"]?.elements.map(\.string) == ["text"])
        #expect(record["preview"]?.string == "line one\nline two")
        let gap = try #require(record["gap_ms"]?.double)
        #expect(gap > 4000 && gap < 6000)
    }

    @Test("P167: history is never counted twice: not in later turns, not in retries, not for count_tokens")
    func once() throws {
        let bench = try Bench()
        let first = Self.turn([Self.question, Self.call("t1"), Self.result("t1", #""a""#)])
        bench.exchange().request(first)
        bench.exchange().request(first)
        bench.exchange(kind: .countTokens).request(
            Self.turn([Self.question, Self.call("t9"), Self.result("t9", #""z""#)]))
        let more = [Self.question, Self.call("t1"), Self.result("t1", #""a""#), Self.call("t2", "t3")]
        bench.exchange().request(
            Self.turn(
                more + [
                    Self.result("t2", #""b""#), Self.result("t3", #"[{"type":"text","text":"c"},{"type":"image"}]"#),
                ]))
        let results = try bench.records("tool_result")
        #expect(results.map { $0["tool_id"]?.string } == ["t1", "t2", "t3"])
        #expect(results.map { $0["tool"]?.string } == ["Read", "Read", "Read"])
        #expect(results[2]["blocks"]?.elements.map(\.string) == ["text", "image"])
        #expect(results[0]["call"] == nil && results[0]["gap_ms"] == nil)
    }

    @Test("a resumed session's old results are history")
    func resumed() throws {
        let bench = try Bench()
        bench.exchange().request(
            Self.turn([
                Self.question, Self.call("old"), Self.result("old", #""a""#), Self.call("new"),
                Self.result("new", #""b""#),
            ]))
        #expect(try bench.records("tool_result").map { $0["tool_id"]?.string } == ["new"])
    }

    @Test("the preview is the first 200 characters, of all text blocks, without secrets")
    func preview() throws {
        let bench = try Bench()
        let key = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789"
        let long = String(repeating: #"é\n"#, count: 150)
        bench.exchange().request(
            Self.turn([
                Self.question, Self.call("t1", "t2"), Self.result("t1", #"[{"type":"text","text":"\#(long)"}]"#),
                Self.result("t2", #"[{"type":"text","text":"key"},{"type":"text","text":"\#(key)"}]"#),
            ]))
        let previews = try bench.records("tool_result").map { $0["preview"]?.string ?? "" }
        #expect(previews[0] == String(repeating: "é\n", count: 100))
        #expect(previews[1].hasPrefix("key\n[redacted sk-ant-api03 hmac:"))
        #expect(!previews[1].contains("abcdefghijklm"))
    }
}
