/// Sessions turn by turn: what is new in each, and which call started which agent.
import Testing

@testable import Intercept
@testable import Recorder

struct SessionTreeTests {
    /// What the recorder writes of these exchanges, read as `show` reads it.
    static func tree(_ bench: Bench) throws -> SessionTree {
        bench.recorder.flush()
        var tree = SessionTree()
        let reader = try TraceReader(
            path: bench.recorder.path, only: SessionTree.types, wantsBody: { $0.type == "request" })
        for record in reader { tree.take(record) }
        return tree
    }

    static func say(_ role: String, _ text: String) -> String { #"{"role":"\#(role)","content":"\#(text)"}"# }

    static func turn(
        _ bench: Bench, _ messages: [String], agent: String? = nil, kind: Exchange.Kind = .main,
        calls: [(String, String, String)] = [], answer: String = "yes", outcome: Outcome = .ok, end: Bool = true
    ) {
        let exchange = bench.exchange(agent: agent, kind: kind)
        exchange.request(
            #"{"model":"claude","system":"\#(String(repeating: "s", count: 900))","messages":[\#(messages.joined(separator: ","))]}"#
        )
        for (id, tool, input) in calls { exchange.toolCall(id, tool, input) }
        exchange.response(#"{"role":"assistant","content":[{"type":"text","text":"\#(answer)"}]}"#)
        if end { exchange.end(outcome) }
    }

    static func result(_ id: String, _ text: String) -> String {
        #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"\#(id)","content":"\#(text)"}]}"#
    }

    @Test func `each turn says what is new in it`() throws {
        let bench = try Bench()
        Self.turn(bench, [Self.say("user", "one")], calls: [("t1", "Bash", #"{"command":"swift test"}"#)])
        let asked = #"{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"Bash","input":{}}]}"#
        Self.turn(bench, [Self.say("user", "one"), asked, Self.result("t1", "8 passed")], answer: "done")
        let session = try #require(try Self.tree(bench).sessions.first)
        #expect(session.turns.map(\.number) == [1, 2])
        #expect(session.turns.map(\.user) == ["one", ""])
        #expect(session.turns.map(\.assistant) == ["yes", "done"])
        #expect(session.turns[0].calls[0].brief == "swift test")
        #expect(session.turns[0].calls[0].result?.preview == "8 passed")
        #expect(session.turns[0].calls[0].result?.exchange == session.turns[1].id)
    }

    @Test func `a repeated request brings nothing new and names what it repeats`() throws {
        let bench = try Bench()
        Self.turn(bench, [Self.say("user", "one")], outcome: .upstreamError)
        Self.turn(bench, [Self.say("user", "one")])
        let turns = try #require(try Self.tree(bench).sessions.first).turns
        #expect(turns[1].user == "")
        #expect(turns[1].retryOf == turns[0].id)
    }

    @Test func `what the client put around the user's words is left out`() throws {
        let bench = try Bench()
        let blocks =
            #"[{"type":"text","text":"<system-reminder>be brief</system-reminder>"},{"type":"text","text":"hello"}]"#
        Self.turn(bench, [#"{"role":"user","content":\#(blocks)}"#, Self.say("system", "rules")])
        #expect(try Self.tree(bench).sessions[0].turns[0].user == "hello")
    }

    @Test func `agents stand under the calls whose prompts they were given`() throws {
        let bench = try Bench()
        let calls = [
            ("a1", "Agent", #"{"description":"x","prompt":"count files"}"#),
            ("a2", "Agent", #"{"description":"y","prompt":"read the docs"}"#),
        ]
        Self.turn(bench, [Self.say("user", "both")], calls: calls)
        Self.turn(bench, [Self.say("user", "read the docs")], agent: "second", kind: .subagent)
        Self.turn(bench, [Self.say("user", "count files")], agent: "first", kind: .subagent)
        let session = try #require(try Self.tree(bench).sessions.first)
        #expect(session.agents == ["second", "first"])
        #expect(session.starts.mapValues { session.call($0).id } == ["first": "a1", "second": "a2"])
    }

    @Test func `an agent with other words stands under the only call that was under way`() throws {
        let bench = try Bench()
        Self.turn(
            bench, [Self.say("user", "go")], calls: [("a1", "Task", #"{"prompt":"secret"}"#), ("b", "Bash", "{}")])
        Self.turn(bench, [Self.say("user", "other words")], agent: "sub", kind: .subagent)
        let session = try #require(try Self.tree(bench).sessions.first)
        #expect(session.starts["sub"].map { session.call($0).id } == "a1")
    }

    @Test func `an agent that could be of two calls, or of none, is under no call`() throws {
        let bench = try Bench()
        Self.turn(
            bench, [Self.say("user", "go")],
            calls: [
                ("a1", "Task", #"{"prompt":"p"}"#.replacing("p\"}", with: "q1\"}")),
                ("a2", "Task", #"{"prompt":"q2"}"#),
            ])
        Self.turn(bench, [Self.say("user", "other words")], agent: "sub", kind: .subagent)
        #expect(try #require(try Self.tree(bench).sessions.first).starts.isEmpty)
    }

    @Test func `side requests have no number unless they are Messages requests`() throws {
        let bench = try Bench()
        let count = bench.exchange(kind: .countTokens)
        count.record(
            .request(
                .init(
                    method: "POST", path: "/v1/messages/count_tokens", query: "", headers: HTTPFields(),
                    bytes: Array("{}".utf8), body: try JSON.parse(Array("{}".utf8)))))
        count.end()
        Self.turn(bench, [Self.say("user", "sum up")], kind: .compact)
        let turns = try Self.tree(bench).sessions[0].turns
        #expect(turns.map(\.number) == [nil, 1])
        #expect(turns.map(\.isTurn) == [false, false])
    }

    @Test func `an exchange that never ended has no outcome`() throws {
        let bench = try Bench()
        Self.turn(bench, [Self.say("user", "one")], end: false)
        #expect(try Self.tree(bench).sessions[0].turns[0].outcome == nil)
    }
}

struct ExchangeSearchTests {
    @Test func `one exchange is found and its body rebuilt from a chain of differences`() throws {
        let bench = try Bench()
        var bodies: [String] = []
        var messages: [String] = []
        for number in 1...6 {
            messages.append(SessionTreeTests.say("user", "\(number) " + String(repeating: "w", count: 200)))
            messages.append(SessionTreeTests.say("assistant", "a"))
            let body = #"{"model":"claude","messages":[\#(messages.joined(separator: ","))]}"#
            bodies.append(body)
            let exchange = bench.exchange()
            exchange.request(body)
            exchange.upstream(body.replacing("claude", with: "gpt"))
            exchange.end()
        }
        bench.recorder.flush()
        for number in 1...6 {
            var search = ExchangeSearch([bench.recorder.path], session: nil)
            var found = try #require(try search.find(number: number, id: nil))
            try found.rebuild()
            #expect(found.body.map { String(decoding: $0, as: UTF8.self) } == bodies[number - 1])
            let sent = bodies[number - 1].replacing("claude", with: "gpt")
            #expect(found.lastUpstreamBody.map { String(decoding: $0, as: UTF8.self) } == sent)
            #expect(found.records.map(\.type) == ["upstream", "end"])
        }
        var search = ExchangeSearch([bench.recorder.path], session: nil)
        #expect(try search.find(number: 7, id: nil) == nil)
    }

    @Test func `records are written out whole, equal to what was sent`() throws {
        let bench = try Bench()
        let long = String(repeating: "w", count: 500)
        let bodies = (1...4).map { count in
            #"{"model":"claude","messages":[\#((0..<count).map { #"{"role":"user","content":"\#($0)\#(long)"}"# }.joined(separator: ","))]}"#
        }
        for body in bodies { bench.exchange().request(body) }
        bench.recorder.flush()
        var whole = try WholeRecords(path: bench.recorder.path)
        var seen: [String] = []
        for record in try TraceReader(path: bench.recorder.path) where record.type == "request" {
            let (bytes, problem) = whole.line(of: record)
            #expect(problem == nil)
            let line = try JSON.parse(bytes)
            #expect(line["delta"] == nil)
            seen.append(String(decoding: try #require(line["body"]).raw, as: UTF8.self))
        }
        #expect(seen == bodies)
    }

    @Test("long prompts that begin alike are told apart; a prompt within other words is found near their beginning")
    func longPrompts() throws {
        let long = String(repeating: "the same words ", count: 9000)
        let first = try #require(AgentPrompt(long + "one"))
        let second = try #require(AgentPrompt(long + "two"))
        let opening = AgentOpening(["<system-reminder>x</system-reminder>", long + "two"])
        #expect(!opening.isExactly(first) && opening.isExactly(second))
        #expect(AgentOpening(["Your task: \(long)one"]).holds(first))
        #expect(!AgentOpening(["Your task: none"]).holds(first))
        #expect(AgentPrompt("") == nil)
        #expect(first.beginning.utf8.count == AgentPrompt.mostBytes)
    }
}
