/// Session files of Claude Code become traces that the reading commands understand.
import Foundation
import Testing

@testable import Intercept
@testable import Recorder

@Suite struct TraceImportTests {
    let folder = Folder()

    var configuration: RecorderConfiguration {
        RecorderConfiguration(
            directory: folder.path + "/logs", redactKey: Bench.key, program: "claudecodex", version: "0",
            backend: "imported")
    }

    func read(_ name: String, _ lines: [String]) throws -> (report: TraceImport.Report, records: [TraceRecord]) {
        try folder.write(name, Array((lines.joined(separator: "\n") + "\n").utf8))
        var work = TraceImport(configuration)
        let report = try work.run(folder.file(name), source: folder.file(name))
        return (report, Array(try TraceReader(path: report.path)))
    }

    private static func line(
        _ uuid: String, _ parent: String?, _ type: String, second: Int, _ message: String, more: String = ""
    ) -> String {
        let parent = parent.map { "\"\($0)\"" } ?? "null"
        let time = "2026-11-29T12:00:\(second < 10 ? "0" : "")\(second).000Z"
        return
            #"{"parentUuid":\#(parent),"isSidechain":false,"sessionId":"s-1","type":"\#(type)","uuid":"\#(uuid)","timestamp":"\#(time)","message":\#(message)\#(more)}"#
    }

    private static func block(_ id: String, _ block: String, stop: String = "null", output: Int = 5) -> String {
        #"{"id":"\#(id)","type":"message","role":"assistant","model":"claude-x","content":[\#(block)],"stop_reason":\#(stop),"usage":{"input_tokens":3,"cache_read_input_tokens":100,"cache_creation_input_tokens":7,"output_tokens":\#(output),"cache_creation":{"ephemeral_1h_input_tokens":7}}}"#
    }

    private static func call(_ id: String, _ name: String) -> String {
        #"{"type":"tool_use","id":"\#(id)","name":"\#(name)","input":{"x":1}}"#
    }

    private static func result(_ id: String, _ text: String) -> String {
        #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"\#(id)","content":"\#(text)"}]}"#
    }

    /// Two parallel calls whose results hang beside one another, then the last word.
    private static let session = [
        #"{"type":"summary","summary":"x","leafUuid":"a"}"#,
        line("u1", nil, "user", second: 0, #"{"role":"user","content":"look"}"#),
        line(
            "a1", "u1", "assistant", second: 2, block("msg_1", #"{"type":"thinking","thinking":"hm","signature":"s"}"#)),
        line("a2", "a1", "assistant", second: 3, block("msg_1", call("t1", "Bash"))),
        line("a3", "a2", "assistant", second: 4, block("msg_1", call("t2", "Read"), stop: "\"tool_use\"", output: 50)),
        line("r1", "a2", "user", second: 5, result("t1", "one")),
        line("r2", "a3", "user", second: 9, result("t2", "two"), more: #","toolUseResult":{"big":true}"#),
        #"{"type":"progress","uuid":"p1","parentUuid":"r2","timestamp":"2026-11-29T12:00:09.000Z"}"#,
        line(
            "b1", "p1", "assistant", second: 11, block("msg_2", #"{"type":"text","text":"done"}"#, stop: "\"end_turn\"")
        ),
        "not json", #"{"type":"queue-operation","operation":"x","sessionId":"s-1"}"#,
    ]

    @Test("P173: a message whose blocks stand on lines of their own is one exchange, and its tokens count once")
    func once() throws {
        let (report, records) = try read("5f0c.jsonl", Self.session)
        #expect(report.program == "claude-code" && report.exchanges == 2 && report.sessions == ["s-1"])
        #expect(report.leftOut == ["summary": 1, "progress": 1, "queue-operation": 1, "no JSON": 1])
        let responses = records.filter { $0.type == "response" }
        #expect(responses.map { $0["usage"]?["output_tokens"]?.int } == [50, 5])
        #expect(responses[0]["message"]?["content"]?.count == 3)
        #expect(responses[0]["stop_reason"]?.string == "tool_use")
        #expect(responses[0]["usage"]?["cache_read_input_tokens"]?.int == 100)
        var list = SessionList(PriceList())
        list.begin(file: "f")
        for record in records { list.take(record) }
        let row = try #require(list.rows.first)
        #expect(row.exchanges == 2 && row.calls == 2 && row.prompt == 220 && row.output == 55 && row.errors == 0)
    }

    @Test("requests are put together from the conversation, with the results of parallel calls")
    func history() throws {
        let (_, records) = try read("5f0c.jsonl", Self.session)
        let path = configuration.directory + "/import-5f0c.jsonl"
        let bodies = try ExportedFixtureTests.exchanges(path).map {
            String(decoding: $0.body ?? [], as: UTF8.self)
        }
        #expect(bodies[0] == #"{"model":"claude-x","messages":[{"role":"user","content":"look"}]}"#)
        let results = [("t1", "one"), ("t2", "two")].map { id, text in
            #"{"type":"tool_result","tool_use_id":"\#(id)","content":"\#(text)"}"#
        }
        let blocks = [
            #"{"type":"thinking","thinking":"hm","signature":"s"}"#, Self.call("t1", "Bash"), Self.call("t2", "Read"),
        ]
        #expect(
            bodies[1]
                == #"{"model":"claude-x","messages":[{"role":"user","content":"look"},{"role":"assistant","content":[\#(blocks.joined(separator: ","))]},{"role":"user","content":[\#(results.joined(separator: ","))]}]}"#
        )
        var calls = ToolCalls()
        for record in records { calls.take(record) }
        #expect(calls.calls.map(\.tool) == ["Bash", "Read"])
        #expect(calls.calls.map { $0.result?.preview } == ["one", "two"])
        #expect(calls.calls.map { $0.result?.gap } == [5000, 5000])
    }

    @Test("the meta record says where it comes from; nothing is made up")
    func meta() throws {
        let (_, records) = try read("5f0c.jsonl", Self.session)
        #expect(records[0]["imported_from"]?.string == "claude-code" && records[0]["redact"]?.string == "tokens")
        #expect(records[0]["imported_file"]?.string == folder.file("5f0c.jsonl"))
        #expect(!records.contains { ["events", "head", "upstream", "translation"].contains($0.type) })
        let request = try #require(records.first { $0.type == "request" })
        #expect(request["stream"] == nil && request["max_tokens"] == nil && request["client"] == nil)
        #expect(records.filter { $0.type == "response" }.allSatisfy { $0["timing"]?["ttft_ms"] == nil })
    }

    @Test("importing again replaces, and gives the same exchanges; another file of the same name is refused")
    func again() throws {
        let first = try read("5f0c.jsonl", Self.session)
        let second = try read("5f0c.jsonl", Self.session)
        #expect(!first.report.hasReplaced && second.report.hasReplaced)
        #expect(first.records.map(\.id) == second.records.map(\.id))
        #expect(TraceReader.files(in: configuration.directory) == [second.report.path])
        var work = TraceImport(configuration)
        #expect(throws: TraceImport.Problem.self) {
            try work.run(folder.file("5f0c.jsonl"), source: "/elsewhere/5f0c.jsonl")
        }
    }

    @Test("what a resumed session repeats is taken once")
    func resumed() throws {
        try folder.write("a.jsonl", Array(Self.session.joined(separator: "\n").utf8))
        try folder.write("b.jsonl", Array(Self.session.joined(separator: "\n").utf8))
        var work = TraceImport(configuration)
        #expect(try work.run(folder.file("a.jsonl"), source: "a").exchanges == 2)
        let second = try work.run(folder.file("b.jsonl"), source: "b")
        #expect(second.exchanges == 0 && second.repeated == 2)
        #expect(TraceReader.files(in: configuration.directory).count == 1)
    }

    @Test("a compaction begins anew, branches that were given up are left out, sub-agents have their own name")
    func branches() throws {
        let side = #","agentId":"a177","isSidechain":true"#
        let lines = [
            Self.line("u1", nil, "user", second: 0, #"{"role":"user","content":"first try"}"#),
            Self.line("a1", "u1", "assistant", second: 1, Self.block("m1", #"{"type":"text","text":"x"}"#)),
            Self.line("u2", nil, "user", second: 2, #"{"role":"user","content":"again"}"#),
            Self.line("a2", "u2", "assistant", second: 3, Self.block("m2", #"{"type":"text","text":"y"}"#)),
            #"{"type":"system","subtype":"compact_boundary","uuid":"c1","parentUuid":null,"logicalParentUuid":"a2","timestamp":"2026-11-29T12:00:04.000Z"}"#,
            Self.line("u3", "c1", "user", second: 5, #"{"role":"user","content":"summary"}"#),
            Self.line("a3", "u3", "assistant", second: 6, Self.block("m3", #"{"type":"text","text":"z"}"#)),
            Self.line("v1", nil, "user", second: 7, #"{"role":"user","content":"task"}"#, more: side),
            Self.line("v2", "v1", "assistant", second: 8, Self.block("m4", #"{"type":"text","text":"w"}"#), more: side),
            Self.line("a5", "gone", "assistant", second: 9, Self.block("m5", #"{"type":"text","text":"v"}"#)),
            Self.line(
                "a6", "a5", "assistant", second: 9,
                #"{"id":"m6","role":"assistant","model":"<synthetic>","content":[{"type":"text","text":"API Error"}]}"#,
                more: #","isApiErrorMessage":true"#),
        ]
        let (report, records) = try read("x.jsonl", lines)
        #expect(report.exchanges == 6 && report.cut == 2)
        let exchanges = try ExportedFixtureTests.exchanges(report.path)
        let words = exchanges.map { exchange in
            (exchange.body.flatMap { try? JSON.parse($0) })?["messages"]?.elements.compactMap { $0["content"]?.string }
                .joined(separator: "+") ?? ""
        }
        #expect(words == ["first try", "again", "summary", "task", "", ""])
        #expect(exchanges.map(\.agent) == ["main", "main", "main", "a177", "main", "main"])
        #expect(exchanges[3].kind == "subagent")
        #expect(exchanges[5].outcome == "upstream_error" && exchanges[5].response == nil)
        #expect(records.first { $0.type == "error" }?["message"]?.string == "API Error")
    }

    @Test("a turn costs the lines that it adds, however long the conversation is")
    func steps() throws {
        var file = ClaudeCodeFile()
        let turns = 500
        for turn in 0..<turns {
            let before = turn == 0 ? nil : "a\(turn - 1)"
            for line in [
                Self.line("u\(turn)", before, "user", second: 1, #"{"role":"user","content":"x"}"#),
                Self.line("a\(turn)", "u\(turn)", "assistant", second: 2, Self.block("m\(turn)", "\"y\"")),
            ] { #expect(file.take(try JSON.parse(Array(line.utf8)))) }
        }
        var histories = ClaudeCodeHistories(file)
        for index in 0..<turns { histories.keep(histories.history(before: index), before: index) }
        #expect(histories.steps < 3 * turns)
    }

    @Test("branches, errors and other models are stored as differences too, and every body has its hash")
    func differences() throws {
        let key = "sk-ant-api03-" + String(repeating: "k", count: 40)
        func say(_ uuid: String, _ parent: String?, _ second: Int, _ text: String) -> String {
            Self.line(uuid, parent, "user", second: second, #"{"role":"user","content":"\#(text)"}"#)
        }
        func answer(_ uuid: String, _ parent: String, _ second: Int, model: String = "claude-x") -> String {
            let message = Self.block("m-\(uuid)", #"{"type":"text","text":"\#(uuid)"}"#)
            return Self.line(
                uuid, parent, "assistant", second: second, message.replacing("claude-x", with: model))
        }
        let lines = [
            say("u1", nil, 0, "first \(key)"), answer("a1", "u1", 1), say("u2", "a1", 2, "second"),
            answer("a2", "u2", 3, model: "<synthetic>"), say("u3", "a2", 4, "third"), answer("a3", "u3", 5),
            say("u4", "a3", 6, "fourth \(key)"), answer("a4", "u4", 7, model: "claude-y"),
            say("u5", "a1", 8, "another second"), answer("a5", "u5", 9, model: "claude-y"),
            answer("a6", "u5", 10, model: "claude-y"),
        ]
        let (report, records) = try read("d.jsonl", lines)
        let exchanges = try ExportedFixtureTests.exchanges(report.path)
        #expect(exchanges.allSatisfy { $0.problems.isEmpty })
        let bodies = try exchanges.map { try JSON.parse(try #require($0.body)) }
        #expect(bodies.map { $0["messages"]?.count } == [1, 3, 5, 7, 3, 3])
        #expect(
            bodies.map { $0["model"]?.string } == ["claude-x", nil, "claude-x"] + Array(repeating: "claude-y", count: 3)
        )
        #expect(bodies[4]["messages"]?.elements.map { $0["content"]?.string }.last == "another second")
        let requests = records.filter { $0.type == "request" }
        #expect(requests.map { $0["delta"]?["keep"]?["messages"]?.int } == [nil, 1, 3, 5, 2, 3])
        #expect(requests.map { $0["redacted"]?.int } == [1, 1, 1, 2, 1, 1])
        #expect(requests.map { $0["messages"]?.int } == [1, 3, 5, 7, 3, 3])
    }

    @Test("what is dated where 64 bits end, or before 1970, is no exchange and does not end the import")
    func times() throws {
        let odd = [
            "5e10", "99999999999", "9.3e12", "1e300", "-5", "\"9999-12-31T23:59:59.999Z\"",
            "\"0000-01-01T00:00:00.000Z\"",
        ]
        let lines = odd.map { #"{"request":{"timestamp":\#($0),"url":"https://x/v1/messages"}}"# }
        let (report, _) = try read("log-3.jsonl", lines + [ClaudeTraceImportTests.pair(10, "null")])
        #expect(report.exchanges == 1 && report.leftOut == ["no pair of request and answer": odd.count])
    }

    @Test("what an import that was killed has left is removed, what another one writes is not")
    func abandoned() throws {
        let logs = configuration.directory
        try folder.write("5f0c.jsonl", Array(Self.session.joined(separator: "\n").utf8))
        var work = TraceImport(configuration)
        _ = try work.run(folder.file("5f0c.jsonl"), source: "x")
        for name in [".import-5f0c.jsonl.999999991", ".import-5f0c.jsonl.other"] {
            #expect(FileManager.default.createFile(atPath: "\(logs)/\(name)", contents: Data("x".utf8)))
        }
        let living = JSONLSink(directory: logs, naming: .named(".import-5f0c.jsonl.999999992"), limit: .max) { _ in }
        _ = try living.prepare(for: .now())
        var again = TraceImport(configuration)
        _ = try again.run(folder.file("5f0c.jsonl"), source: "x")
        living.close()
        let hidden = try FileManager.default.contentsOfDirectory(atPath: logs).filter { $0.hasPrefix(".import") }
        #expect(hidden.sorted() == [".import-5f0c.jsonl.999999992", ".import-5f0c.jsonl.other"])
    }
}
