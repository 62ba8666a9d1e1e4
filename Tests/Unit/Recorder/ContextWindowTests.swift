/// What fills a window, how it grew, and which request is meant.
import Testing

@testable import Intercept
@testable import Recorder

struct ContextWindowTests {
    private static let long = String(repeating: "many words here ", count: 200)

    private static let body = #"""
        {"model":"claude-sonnet-4-5","tools":[{"name":"Read","description":"Reads.","input_schema":{"type":"object"}},
        {"name":"mcp__gh__issue","description":"Issues.","input_schema":{"type":"object"}},
        {"name":"mcp__gh__pull","description":"Pulls.","input_schema":{"type":"object"}},
        {"name":"later","description":"Deferred.","defer_loading":true}],
        "system":"You are an agent.","messages":[
        {"role":"user","content":[{"type":"text","text":"<system-reminder>careful</system-reminder>"},{"type":"text","text":"Go"}]},
        {"role":"system","content":"Today."},
        {"role":"assistant","content":[{"type":"thinking","thinking":"hm hm","signature":"c2ln"},{"type":"text","text":"I read."},
        {"type":"tool_use","id":"t1","name":"Read","input":{"path":"a"}},{"type":"tool_use","id":"t2","name":"mcp__gh__pull","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"LONG\n\"quoted\""},
        {"type":"tool_result","tool_use_id":"t2","content":[{"type":"text","text":"pulled"},{"type":"image","source":{"type":"url","url":"x"}}]}]}]}
        """#

    private func window(counted: Int? = nil) throws -> ContextWindow {
        let body = Self.body.replacing("LONG", with: Self.long)
        return try ContextWindow(Array(body.utf8), model: "claude-sonnet-4-5", counted: counted)
    }

    @Test("every block is counted once, under its kind and group")
    func parts() throws {
        let window = try window()
        let found = window.parts.map { "\($0.kind.rawValue)/\($0.group ?? "") \($0.blocks)" }
        #expect(
            Set(found) == [
                "tool_results/ 2", "tool_results/Read 1", "tool_results/mcp__gh__pull 1", "images/ 1", "tools/ 4",
                "tools/tool prompt 1", "tools/mcp gh 2", "tools/built-in 1", "tool_calls/ 2", "tool_calls/Read 1",
                "tool_calls/mcp__gh__pull 1", "system/ 2", "system/system prompt 1", "system/in messages 1",
                "reminders/ 1", "user_text/ 1", "assistant_text/ 1", "thinking/ 1",
            ])
        #expect(window.parts.first?.kind == .images || window.parts.first?.kind == .toolResults)
        let sums = window.parts.filter { $0.group == nil }
        #expect(abs(sums.reduce(0) { $0 + $1.estimate } - Double(window.estimate)) < 1)
        #expect(sums.map(\.estimate) == sums.map(\.estimate).sorted(by: >))
    }

    @Test("the sum of the parts is the estimate of the whole, but for thinking")
    func whole() throws {
        let body = Self.body.replacing("LONG", with: Self.long).replacing("hm hm", with: "")
        let window = try ContextWindow(Array(body.utf8), model: "claude-sonnet-4-5", counted: nil)
        let whole = TokenCounter.count(try JSON.parse(Array(body.utf8)), model: "claude-sonnet-4-5")
        #expect(abs(window.estimate - whole) <= 2)
    }

    @Test("parts are scaled to what the service counted")
    func scaled() throws {
        let plain = try window()
        let scaled = try window(counted: plain.estimate * 2)
        #expect(abs(scaled.parts[0].tokens - 2 * plain.parts[0].tokens) <= 2)
        #expect(scaled.parts[0].estimate == plain.parts[0].estimate)
        let sum = scaled.parts.filter { $0.group == nil }.reduce(0) { $0 + $1.tokens }
        #expect(abs(sum - plain.estimate * 2) < scaled.parts.count)
    }

    @Test("the heaviest blocks say where they are and how they begin")
    func heaviest() throws {
        let window = try window()
        #expect(window.heaviest.count == ContextWindow.shown && window.blocks == 15)
        let result = try #require(window.heaviest.first { $0.kind == .toolResults })
        #expect(result.path == "messages[3].content[0]" && result.tool == "Read")
        #expect(result.preview.hasPrefix("many words here many") && result.preview.count <= 80)
        #expect(window.heaviest.first { $0.kind == .images }?.path == "messages[3].content[1].content[1]")
    }

    @Test(
        "texts of any form have a beginning that can be shown", arguments: [#"\ud83d\ude00"#, #"\n\t "#, #"\u001b[2J"#])
    func previews(_ piece: String) throws {
        for shift in 0..<14 {
            let text = String(repeating: "a", count: shift) + String(repeating: piece, count: 100)
            let body = #"{"messages":[{"role":"user","content":"\#(text)"}]}"#
            let window = try ContextWindow(Array(body.utf8), model: "m", counted: nil)
            #expect(window.heaviest[0].preview.count <= 80)
            #expect(!window.heaviest[0].preview.contains("\u{FFFD}"))
        }
    }

    // MARK: Which request, and growth

    private func search(_ bench: Bench, number: Int? = nil) throws -> ContextSearch.Found? {
        bench.recorder.flush()
        var (search, reader) = (
            ContextSearch(number: number, id: nil), ExchangeReader(session: nil, ContextSearch.wants)
        )
        try reader.read(bench.recorder.path) { search.take($0) }
        reader.finish { search.take($0) }
        return search.found
    }

    private func send(
        _ bench: Bench, messages: Int, prompt: Int?, tools: String = #"{"name":"Read"}"#, kind: Exchange.Kind = .main
    ) {
        let exchange = bench.exchange(kind: kind)
        let all = (0..<messages).map { #"{"role":"\#($0 % 2 == 0 ? "user" : "assistant")","content":"words \#($0)"}"# }
        exchange.request(
            #"{"model":"claude-sonnet-4-5","tools":[\#(tools)],"messages":[\#(all.joined(separator: ","))]}"#)
        if let prompt {
            exchange.response(
                #"{"role":"assistant","content":[]}"#, usage: Usage(input: 10, output: 1, cacheRead: prompt - 10))
        }
        exchange.end()
    }

    @Test("it is the last answered request of the main conversation, or the one that is named")
    func choice() throws {
        let bench = try Bench()
        send(bench, messages: 1, prompt: 100)
        send(bench, messages: 3, prompt: 300)
        send(bench, messages: 1, prompt: 20, tools: "")
        send(bench, messages: 5, prompt: nil)
        send(bench, messages: 1, prompt: 50, kind: .webSearch)
        let found = try #require(try search(bench))
        #expect(found.exchange.number == 2 && found.counted == 300 && found.setAside == [3])
        #expect(try found.window().counted == 300)
        #expect(try search(bench, number: 4)?.exchange.number == 4)
        #expect(try search(bench, number: 9) == nil)
    }

    @Test("where no request has tools, all of them are turns")
    func plainChat() throws {
        let bench = try Bench()
        for turn in 1...3 { send(bench, messages: 1, prompt: 100 * turn, tools: "") }
        let found = try #require(try search(bench))
        #expect(found.exchange.number == 3 && found.setAside == [])
        #expect(found.growth.turns.map(\.prompt) == [100, 200, 300])
    }

    @Test("what a recording lacks is a part of its own, and nothing is scaled up")
    func partial() throws {
        let body = Array(#"{"messages":[{"role":"user","content":"Go on."}]}"#.utf8)
        let window = try ContextWindow(body, model: "claude-sonnet-4-5", counted: 20_000, isPartial: true)
        #expect(window.parts.map(\.kind) == [.unrecorded, .userText])
        #expect(window.parts.reduce(0) { $0 + $1.tokens } == 20_000 && window.parts[1].tokens == window.estimate)
        let whole = try ContextWindow(body, model: "claude-sonnet-4-5", counted: 2, isPartial: true)
        #expect(whole.parts.map(\.kind) == [.userText] && whole.parts[0].tokens == 2)
    }

    @Test("growth has the turns of the conversation, and where the history shrank")
    func growth() throws {
        let bench = try Bench()
        for turn in 1...3 { send(bench, messages: 2 * turn - 1, prompt: 1000 * turn) }
        send(bench, messages: 6, prompt: 3100, kind: .compact)
        send(bench, messages: 1, prompt: 500)
        send(bench, messages: 1, prompt: 20, tools: "")
        send(bench, messages: 3, prompt: 900)
        send(bench, messages: 2, prompt: 700)
        let growth = try #require(try search(bench)).growth
        #expect(growth.turns.map(\.prompt) == [1000, 2000, 3000, 500, 900, 700])
        #expect(
            growth.compactions.map(\.after.number) == [5, 8] && growth.compactions.map(\.isAsked) == [true, false])
        #expect(growth.compactions[0].before.prompt == 3000)
    }
}
