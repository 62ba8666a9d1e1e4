/// `claudecodex demo` and the backend `demo`, by their exact output and by their traces.
import Foundation
import Testing

@testable import Backends
@testable import Intercept
@testable import Recorder

struct DemoTests {
    // MARK: The backend

    @Test("the scripted model's answers take the way of every service's: pieces with pauses, events, records")
    func backend() throws {
        let proxy = try Proxy(DemoModel(Environment()))
        let client = try proxy.client()
        try client.send(Samples.request(stream: true, text: "demo thinking"))
        let answer = try client.answer()
        #expect(answer.status == 200 && answer.isComplete)
        #expect(answer.text.contains("thinking_delta") && answer.text.contains("text_delta"))
        eventually("the end is recorded") { proxy.trace.outcomes == [.ok] }
        #expect(proxy.trace.bytes(.upstream).count > 1000)
        #expect((proxy.trace.responses.first?.largestGapMS ?? 0) > 1)
        proxy.stop()
    }

    @Test("a client that goes away ends a slow answer at once")
    func cancel() throws {
        let proxy = try Proxy(DemoModel(Environment()))
        let client = try proxy.client()
        try client.send(Samples.request(stream: true, text: "demo long"))
        #expect(try client.head().status == 200)
        _ = try client.read(until: "text_delta")
        client.close()
        let passed = eventually("the exchange ends") { proxy.trace.outcomes == [.clientGone] }
        #expect(passed < 1000)
        proxy.stop()
    }

    @Test("a slow reader holds a fast script back without losing a byte")
    func backPressure() throws {
        let pieces = (0..<3000).map { index in
            ScriptedAnswer.Piece(afterMS: 0, Array(Samples.text("\(index) " + String(repeating: "x", count: 900)).utf8))
        }
        let proxy = try Proxy(Fast(pieces: pieces))
        let client = try proxy.client()
        try client.send(Samples.request(stream: true))
        usleep(300_000)
        let answer = try client.answer(within: 20_000)
        #expect(answer.body == pieces.flatMap(\.bytes))
        proxy.stop()
    }

    /// Answers everything with the same bytes, which pass through.
    private struct Fast: Backend {
        static let name = "fast"
        let pieces: [ScriptedAnswer.Piece]

        init(pieces: [ScriptedAnswer.Piece]) { self.pieces = pieces }
        init(_ environment: Environment) throws(ConfigError) { self.init(pieces: []) }
        static func detect(_ environment: Environment) -> Detection? { nil }
        var summary: String { "" }

        func translate(
            _ request: MessageRequest, _ losses: inout Losses
        ) throws(TranslationError) -> UpstreamRequest {
            var sent = UpstreamRequest(url: "http://fast.invalid", headers: HTTPFields(), body: [], model: "m")
            let head = UpstreamHead(status: 200, headers: HTTPFields([.init("Content-Type", "text/event-stream")]))
            sent.scripted = ScriptedAnswer(head: head, headAfterMS: 0, pieces: pieces)
            return sent
        }

        func reply(to request: MessageRequest) -> AnthropicReply {
            AnthropicReply(canMend: false, mendsStream: false)
        }
    }

    // MARK: The command

    private static func line(_ agent: String, _ rest: String) -> String { "TIME  demo \(agent)  \(rest)\n" }

    static let lines =
        "claudecodex 0.1.0  a script plays the model; nothing leaves this machine\n\n"
        + line("main    ", "200 T T   in   166  hit   0%  out   35  -> demo  -> Bash")
        + line("main    ", "200 T T   in   245  hit  52%  out   26  -> demo  -> Bash, Glob")
        + line("main    ", "200 T T   in   387  hit  50%  out   24  -> demo  end_turn")
        + line("sub revi", "200 T T   in   168  hit   0%  out   75  -> demo  end_turn")
        + line(
            "main    ",
            "529 T T                                 -> demo  "
                + "overloaded_error: busy, as asked; the same request works next time, client will retry")
        + line("main    ", "200 T T   in   439  hit  73%  out   18  -> demo  end_turn") + "\n"

    static let report = """
        exchanges  6, 1 of them refused by the service
        tokens     1.4k in (46% from the cache), 178 out
        tools      Bash   2 calls
                   Glob   1 call, 1 failed
        losses     6x drop speed: Chat Completions has no such field
        trace      54 records in
                   ~/.local/state/claudecodex/logs/run-demo-STAMP.jsonl
        go on      claudecodex tools last              what the tools did
                   claudecodex run -b demo -- claude   the real client with this script
                   claudecodex run -- claude           a session of yours, recorded

        """

    /// None of these may count.
    private static let distractions = [
        "OPENAI_BASE_URL": "nonsense", "CLAUDECODEX_DENY_TOOL": "*", "CLAUDECODEX_RECORD": "off", "SERVER_PORT": "x",
        "CLAUDECODEX_FORMAT": "jsonl", "CLAUDECODEX_MODEL_MAP": "*=y",
    ]

    @Test(
        "in a pipe: lines on stderr, what was recorded on stdout, in under three seconds",
        .enabled(if: RecordingTests.program != nil))
    func pipe() throws {
        let home = try Home()
        try home.write(".env", "LLM_BACKEND=openai\n")
        let began = Monotonic.now()
        let run = try CommandRun(["demo"], home: home, environment: Self.distractions)
        #expect(Monotonic.now().milliseconds(since: began) < 3000)
        #expect(run.code == 0)
        #expect(Normal.text(run.err, home: home) == Self.lines)
        #expect(Normal.text(run.out, home: home) == Self.report)
        #expect(!(run.out + run.err).contains("\u{1B}"))
    }

    @Test(
        "on a terminal: the same, with colours unless they are not wanted", .enabled(if: RecordingTests.program != nil))
    func terminal() throws {
        let home = try Home()
        let plain = try TerminalRun(["demo"], home: home, columns: 200, environment: ["NO_COLOR": "1"])
        #expect(plain.code == 0)
        #expect(Normal.text(plain.text, home: home) == Self.lines + Self.report)
        let colored = try TerminalRun(["demo"], home: home, columns: 200)
        #expect(colored.text.contains("\u{1B}[31m529\u{1B}[0m"))
        #expect(Normal.text(Normal.plain(colored.text), home: home) == Self.lines + Self.report)
    }

    @Test("on a narrow terminal every line fits", .enabled(if: RecordingTests.program != nil))
    func narrow() throws {
        let home = try Home()
        let run = try TerminalRun(["demo", "-v"], home: home, columns: 80, environment: ["NO_COLOR": "1"])
        let lines = run.text.split(separator: "\n")
        #expect(run.code == 0 && lines.count == 27)
        for line in lines where !line.hasPrefix("claudecodex 0") { #expect(line.count <= 80, "\(line)") }
        #expect(lines.contains("          drop speed: Chat Completions has no such field"))
        #expect(lines.contains { $0.contains("main      529 ") && $0.hasSuffix(", client will retry") })
    }

    @Test("the trace holds the whole conversation, and every record of it", .enabled(if: RecordingTests.program != nil))
    func trace() throws {
        let home = try Home()
        #expect(try CommandRun(["demo", "--log-dir", "traces"], home: home).code == 0)
        let path = try #require(TraceReader.files(in: home.path + "/traces").first)
        let reader = try TraceReader(path: path)
        let records = Array(reader)
        #expect(reader.skippedLines == 0 && reader.failure == nil)
        #expect(records.first?.type == "meta" && records.first?["backend"]?.string == "demo")
        for type in ["request", "translation", "upstream", "head", "end"] {
            #expect(records.count { $0.type == type } == 6, "\(type)")
        }
        let calls = records.filter { $0.type == "tool_call" }
        #expect(calls.compactMap { $0["tool"]?.string } == ["Bash", "Bash", "Glob"])
        let results = records.filter { $0.type == "tool_result" }
        #expect(results.compactMap { $0["is_error"]?.bool } == [false, false, true])
        let messages = records.filter { $0.type == "response" }.compactMap { $0["message"] }
        #expect(messages.contains { String(decoding: $0.raw, as: UTF8.self).contains(#""type":"thinking""#) })
        #expect(records.contains { $0["agent"]?.string == "review" })
    }

    @Test("where no trace can be written it says so with code 74", .enabled(if: RecordingTests.program != nil))
    func unwritable() throws {
        let home = try Home()
        try home.write("file", "x")
        let run = try CommandRun(["demo", "--log-dir", "file"], home: home)
        #expect(run.code == 74 && run.out == "" && run.err.hasPrefix("claudecodex: traces cannot be written:"))
        #expect(try CommandRun(["demo", "--online"], home: home).code == 64)
    }
}
