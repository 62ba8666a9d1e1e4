/// Conversations of a trace: which request is compared with which, and what is no miss.
import Testing

@testable import Intercept
@testable import Recorder

struct CacheTurnsTests {
    private func reasons(_ bench: CacheBench) throws -> [String] {
        try bench.turns().all.map { CacheMissTests.text($0.miss) }
    }

    private let first = CacheMissTests.first
    private let second = CacheMissTests.second

    @Test("the first request has nothing to read, and a later hit has no reason")
    func hits() throws {
        let bench = CacheBench()
        bench.add(first.body, .init(written: 2000))
        bench.add(second.body, at: 60, .init(read: 2000, written: 300))
        bench.add(second.then([Prompt.text("ok")], [Prompt.text("?")]).body, at: 120, .init(read: 2300, written: 30))
        let all = try bench.turns().all
        #expect(try reasons(bench) == ["first_request", "hit", "hit"])
        #expect(all[2].expected == 2300 && all[2].hit == 2300 / 2340)
    }

    @Test("a mark that moves and a lone text that becomes a string are no difference")
    func forms() throws {
        let bench = CacheBench()
        bench.add(first.body, .init(written: 2000))
        let string = second.body.replacing(
            #"{"role":"user","content":[{"type":"text","text":"Please fix the test."}]}"#,
            with: #"{"role":"user","content":"Please fix the test."}"#)
        #expect(string != second.body)
        bench.add(string, at: 60, .init(written: 2300))
        #expect(try reasons(bench).last == "routing")
    }

    @Test("what changes behind the last mark of the request before counts for nothing")
    func behindTheMark() throws {
        let bench = CacheBench()
        bench.add(first.with { $0.messages[4].append(#"{"type":"text","text":"tail"}"#) }.body, .init(written: 2000))
        // The mark was on nothing but the system prompt: the history may change.
        bench.add(second.with { $0.messages[0] = [Prompt.text("Other words")] }.body, at: 9, .init(written: 2300))
        #expect(try reasons(bench).last?.hasPrefix("history") == false)
    }

    @Test("side requests, agents and the main conversation are kept apart")
    func conversations() throws {
        let bench = CacheBench()
        let title = Prompt(tools: [], system: ["Write a title."], messages: [[Prompt.text("Please fix the test.x")]])
        bench.add(first.body, .init(written: 2000))
        bench.add(title.body, .init(plain: 200))
        bench.add(first.body, .init(written: 2000), kind: "subagent", agent: "a1")
        bench.add(second.body, at: 60, .init(read: 2000, written: 300))
        bench.add(title.with { $0.mark = nil }.body, at: 61, .init(plain: 200), kind: "web_search")
        let all = try bench.turns().all
        #expect(all.map(\.number) == [1, 4, 2, 3, 5])
        #expect(all.map(\.conversation.thread) == [1, 1, 2, 1, 1])
        #expect(
            all.map { $0.miss?.name ?? "hit" } == ["first_request", "hit"] + Array(repeating: "first_request", count: 3)
        )
    }

    @Test("a summary that was asked for is a compaction, and cannot be avoided")
    func compaction() throws {
        let bench = CacheBench()
        bench.add(first.body, .init(written: 9000))
        bench.add(second.body, at: 5, .init(read: 9000, written: 100), kind: "compact")
        let after = first.with { $0.messages = [[Prompt.text("Summary: all is well.")]] }
        bench.add(after.then([Prompt.text("a")], [Prompt.text("b")]).body, at: 9, .init(read: 300, written: 2000))
        let all = try bench.turns().all
        #expect(all.map(\.number) == [1, 3, 2])
        #expect(CacheMissTests.text(all[1].miss) == "history_edited compaction messages[0].content[0] 0")
        #expect(all[1].miss?.isAvoidable == false && all[1].missedTokens == 2310 - 300)
        #expect(all[2].miss == nil && all[2].base?.number == 1)
    }

    @Test("whoever reads a prefix keeps it alive")
    func touched() throws {
        let bench = CacheBench()
        bench.add(first.body, .init(written: 2000))
        bench.add(second.body, at: 250, .init(read: 2000, written: 100), kind: "compact")
        bench.add(second.then([Prompt.text("a")], [Prompt.text("b")]).body, at: 400, .init(written: 2300))
        #expect(try bench.turns().all[1].miss?.name == "routing")
    }

    @Test("a prompt that is too short is not kept", arguments: [("claude-haiku-4-5", 4096), ("claude-opus-5-5", 512)])
    func tooSmall(model: String, minimum: Int) throws {
        let bench = CacheBench()
        bench.add(first.body, .init(plain: minimum - 50), model: model)
        bench.add(second.body, at: 60, .init(plain: minimum - 10), model: model)
        guard case .tooSmall(let tokens, let least)? = try bench.turns().all.last?.miss else {
            Issue.record("no such miss")
            return
        }
        #expect(least == minimum && tokens < minimum)
    }

    @Test("nothing can be read when the request before wrote nothing")
    func nothingKept() throws {
        let bench = CacheBench()
        bench.add(first.with { $0.mark = nil }.body, .init(plain: 2000))
        bench.add(second.body, at: 60, .init(written: 2100))
        #expect(try reasons(bench) == ["first_request", "nothing_kept"])
    }

    @Test("what the service says itself is shown", arguments: [#""tools_changed""#, #"{"type":"tools_changed"}"#])
    func serverReason(_ word: String) throws {
        let bench = CacheBench()
        bench.add(first.body, .init(written: 2000))
        let start = #"{"type":"message_start","message":{"diagnostics":{"cache_miss_reason":\#(word)}}}"#
        bench.add(
            second.with { $0.tools.append("Grep") }.body, at: 60, .init(written: 2300),
            events: #"[[1.5,"message_start",\#(start)]]"#)
        let turns = try bench.turns().all
        #expect(turns.map(\.serverReason) == [nil, "tools_changed"])
    }

    @Test("requests without counts or without a body are shown, and not compared")
    func gaps() throws {
        let bench = CacheBench()
        bench.add(first.body, .init(written: 2000))
        bench.add(second.body, at: 3, nil)
        bench.add(second.body, sent: "null", at: 4, .init(written: 2300))
        bench.add(second.body, at: 60, .init(written: 2300), more: #","usage_estimated":true"#)
        bench.add(second.body, at: 61, .init(read: 2000, written: 300))
        let all = try bench.turns().all
        #expect(all.map(\.isCounted) == [true, false, true, false, true])
        #expect(all.last?.base?.number == 3 || all.last?.base?.number == 1)
        #expect(all.last?.miss == nil)
    }

    @Test("what a miss cost is what writing took more than reading would have")
    func dollars() throws {
        let bench = CacheBench()
        bench.add(first.body, .init(written: 2_000_000))
        bench.add(second.body, at: 60, .init(written: 2_100_000))
        bench.add(second.body, at: 70, .init(read: 2_100_000))
        let file = try PriceFile(Array("claude-sonnet-4-5 = 3 15 0.30 3.75".utf8), path: "prices")
        let turns = try bench.turns().all
        let costs = turns.map { $0.missedDollars(PriceList(file)) }
        #expect(costs[0] == nil && costs[2] == nil)
        #expect(abs((costs[1] ?? 0) - 2 * (3.75 - 0.30)) < 1e-9)
        #expect(CacheSummary(turns, PriceList(file)).unpriced == 0)
    }

    @Test("memory is bounded, and what was forgotten is counted")
    func forgotten() throws {
        let bench = CacheBench()
        for agent in 0...CacheTurns.mostConversations + 1 {
            bench.add(first.body, at: Double(agent), .init(written: 2000), kind: "subagent", agent: "a\(agent)")
        }
        let turns = try bench.turns()
        #expect(turns.forgotten == 2 && turns.all.count == CacheTurns.mostConversations + 2)
    }

    // MARK: Services that keep every prefix

    private func chat(
        _ first: Prompt, _ second: Prompt, read: Int = 0, plain: Int = 2300, at: Double = 60, reports: Bool = true
    ) throws -> CacheTurn {
        let bench = CacheBench()
        // An earlier conversation in which the service did report a cache.
        if reports {
            bench.add(
                first.body, sent: first.with { $0.system = ["x"] }.chat, url: CacheBench.chat,
                .init(read: 1024, plain: 100), kind: "subagent", agent: "other", model: "gpt-5.5")
        }
        bench.add(first.body, sent: first.chat, url: CacheBench.chat, .init(plain: 2000), model: "gpt-5.5")
        bench.add(
            second.body, sent: second.chat, url: CacheBench.chat, at: at, .init(read: read, plain: plain),
            model: "gpt-5.5")
        return try #require(bench.turns().all.first { $0.number == (reports ? 3 : 2) })
    }

    @Test("without marks the whole prompt counts, as it was sent")
    func automatic() throws {
        #expect(try chat(first, second, read: 1920, plain: 380).miss == nil)
        #expect(try CacheMissTests.text(chat(first, second).miss) == "routing")
        let moved = second.with { $0.tools.append("Grep") }
        #expect(try CacheMissTests.text(chat(first, moved).miss) == "tools_changed added Grep 4/4")
        let edited = second.with { $0.messages[4] = [Prompt.text("Go away.")] }
        #expect(
            try CacheMissTests.text(chat(first, edited, read: 1000).miss)
                == "history_edited text_changed messages[6].content[0] 0")
        #expect(try CacheMissTests.text(chat(first, second, at: 700).miss) == "expired 700000/600000")
        #expect(try chat(first, second.with { $0.model = "gpt-5.5" }, plain: 900).miss?.name == "too_small")
    }

    @Test("another cache key is said where nothing else explains it")
    func cacheKey() throws {
        let turn = try chat(
            first.with { $0.more = #","prompt_cache_key":"a""# }, second.with { $0.more = #","prompt_cache_key":"b""# })
        #expect(turn.miss == .routing(keyChanged: true))
    }

    @Test("a service that never reports a cache is not blamed")
    func silent() throws {
        #expect(try chat(first, second, reports: false).miss == .notReported)
    }

    @Test("the client's billing header is no part of the prompt at Anthropic, and breaks the prefix elsewhere")
    func billing() throws {
        func noisy(_ prompt: Prompt, _ number: Int) -> Prompt {
            prompt.with { $0.system.insert("x-anthropic-billing-header: cc_version=2.1.330.\(number);", at: 0) }
        }
        let bench = CacheBench()
        bench.add(noisy(first, 1).body, .init(written: 2000))
        bench.add(noisy(second, 2).body, at: 60, .init(written: 2300))
        #expect(try reasons(bench).last == "routing")
        let turn = try chat(noisy(first, 1), noisy(second, 2))
        guard case .systemChanged(let changes)? = turn.miss else {
            Issue.record("\(String(describing: turn.miss))")
            return
        }
        #expect(changes.map(\.isAttribution) == [true])
    }

    @Test("Converse and Responses requests are taken apart too")
    func otherShapes() throws {
        let converse = "https://bedrock-runtime.eu-central-1.amazonaws.com/model/m/converse-stream"
        func bedrock(_ tools: [String], _ texts: [String]) -> String {
            let tools = tools.map { #"{"toolSpec":{"name":"\#($0)","inputSchema":{"json":{}}}}"# }
            let messages = texts.map { #"{"role":"user","content":[{"text":"\#($0)"}]}"# }.joined(separator: ",")
            return
                #"{"system":[{"text":"Rules"},{"cachePoint":{"type":"default","ttl":"1h"}}],"messages":[\#(messages),"#
                + #"{"role":"user","content":[{"text":"last"},{"cachePoint":{"type":"default"}}]}],"#
                + #""toolConfig":{"tools":[\#(tools.joined(separator: ","))]}}"#
        }
        let outline = PromptReader.outline(
            try JSON.parse(Array(bedrock(["A", "B"], ["one", "two"]).utf8)), url: converse)
        #expect(
            outline.pieces.map(\.path) == ["toolConfig.tools[0]", "toolConfig.tools[1]", "system[0]"]
                + (0...2).map { "messages[\($0)].content[0]" })
        #expect(outline.marks.map(\.count) == [3, 6] && outline.marks.map(\.life) == [3_600_000, 300_000])
        let responses =
            #"{"instructions":"Rules","input":[{"role":"developer","content":"More"},{"role":"user","content":"#
            + #"[{"type":"input_text","text":"hi"}]},{"type":"reasoning","summary":[]},{"type":"function_call","call_id":"c"},"#
            + #"{"type":"function_call_output","call_id":"c","output":"x"}],"tools":[{"type":"function","name":"A"}]}"#
        let other = PromptReader.outline(
            try JSON.parse(Array(responses.utf8)), url: "https://api.openai.com/v1/responses")
        #expect(other.pieces.map(\.kind) == [.tool, .text, .text, .text, .thinking, .toolCall, .toolResult])
        #expect(other.pieces.map(\.section.rawValue) == [0, 1, 1, 2, 2, 2, 2])
    }

    @Test("conversations that take turns under one name are all remembered; what is forgotten is counted")
    func manyThreads() throws {
        func bench(_ count: Int) -> CacheBench {
            let bench = CacheBench()
            let prompts = (0..<count).map { number in
                Prompt(tools: [], system: ["Be brief."], messages: [[Prompt.text("Conversation \(number)")]])
            }
            for prompt in prompts { bench.add(prompt.body, .init(written: 2000)) }
            for prompt in prompts {
                bench.add(prompt.then([Prompt.text("a")], [Prompt.text("b")]).body, at: 60, .init(written: 2300))
            }
            return bench
        }
        let few = try bench(20).turns()
        #expect(few.forgotten == 0)
        let reasons = few.all.map { CacheMissTests.text($0.miss) }
        #expect(reasons.filter { $0 == "first_request" }.count == 20 && reasons.filter { $0 == "routing" }.count == 20)
        #expect(try bench(CacheTurns.mostThreads + 1).turns().forgotten > 0)
    }
}
