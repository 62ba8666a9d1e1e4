/// A conversation sorted by kinds of blocks.
import Testing

@testable import Intercept

struct RequestTurnTests {
    private func turns(_ messages: String, _ more: String = "") throws -> ([RequestTurn], [String]) {
        let body = #"{"model":"m","max_tokens":1,"messages":\#(messages)\#(more.isEmpty ? "" : "," + more)}"#
        var losses = Losses()
        let turns = try Core.request(body).turns(&losses)
        return (turns, losses.all.map { "\($0.operation.rawValue) \($0.path) \($0.from ?? "")" })
    }

    @Test("strings and blocks become one text, the system prompt is the first turn")
    func texts() throws {
        let (turns, losses) = try turns(
            #"[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"text","text":"b"},{"type":"text","text":"c"}]}]"#,
            #""system":[{"type":"text","text":"x-anthropic-billing-header: v=1"},{"type":"text","text":"s"}]"#)
        #expect(turns.map(\.role) == ["system", "user", "assistant"])
        #expect(turns.map(\.text) == ["s", "a", "b\n\nc"])
        #expect(turns.allSatisfy { !$0.isEmpty } && losses == [])
    }

    @Test("a result carries the tool's name, its pictures and whether it failed")
    func results() throws {
        let image = #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}}"#
        let (turns, losses) = try turns(
            #"[{"role":"assistant","content":[{"type":"thinking","thinking":"h"},{"type":"tool_use","id":"1","name":"Read","input":{"a": 1}}]},"#
                + #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[{"type":"text","text":"r"},\#(image)]},"#
                + #"{"type":"tool_result","tool_use_id":"9","is_error":true,"content":"bad"},{"type":"tool_result","tool_use_id":"1"}]}]"#
        )
        #expect(turns[0].thinking == "h" && turns[0].calls.map(\.name) == ["Read"])
        #expect(turns[0].calls.first?.input.map { Core.text($0.raw) } == #"{"a": 1}"#)
        #expect(turns[1].isEmpty && turns[1].results.map(\.name) == ["Read", nil, "Read"])
        #expect(
            turns[1].results.map(\.text) == ["r", "bad", ""] && turns[1].results.map(\.isError) == [false, true, false])
        #expect(turns[1].results[0].images.map(\.mediaType) == ["image/png"])
        #expect(turns[1].results[0].images.map { $0.data.string } == ["AA"] && losses == [])
    }

    @Test("what has no place is a loss that says where it stood")
    func losses() throws {
        let (turns, losses) = try turns(
            #"[{"role":"user","content":[{"type":"document","source":{}},{"type":"image","source":{"type":"url","url":"u"}},{}]}]"#
        )
        #expect(turns[0].isEmpty)
        #expect(
            losses == [
                "drop messages[0].content[0] document", "drop messages[0].content[1] image",
                "drop messages[0].content[2] none",
            ])
    }

    @Test("tools of Anthropic's servers are a loss, and so is each unknown member")
    func toolsAndMembers() throws {
        let request = try Core.request(
            Core.body(#""tools":[{"name":"a","input_schema":{}},{"name":"w","type":"w_1"}],"top_k":1"#))
        var losses = Losses()
        #expect(request.clientTools(&losses).map { $0["name"]?.string } == ["a"])
        losses.drop(request.body, except: ["model", "max_tokens", "messages", "tools"], "no word for it")
        #expect(losses.all.map { "\($0.path) \($0.from ?? "")" } == ["tools[1] w", "top_k "])
        #expect(try Core.request(Core.body()).clientTools(&losses).isEmpty)
    }
}
