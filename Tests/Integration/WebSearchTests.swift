/// Web searches: Claude Code's own side request, answered by a command over real sockets.
import Foundation
import Testing

@testable import Backends
@testable import Intercept
@testable import claudecodex

struct WebSearchTests {
    /// The request that Claude Code 2.1.330 made, as a stream or whole.
    private static func sideRequest(stream: Bool, query: String = "weather in Lund", tool: String = "") throws -> String
    {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/client-requests/08-web-search-subrequest.json")
        let all = try JSON.parse(Array(Data(contentsOf: file)))
        let text = String(decoding: all["body"]?.raw ?? [], as: UTF8.self)
        #expect(text.contains("[[scenario:text]] weather"))
        return text.replacingOccurrences(of: "[[scenario:text]] weather", with: query)
            .replacingOccurrences(of: #""max_uses": 8"#, with: #""max_uses": 8"# + tool)
            .replacingOccurrences(of: #""stream": true"#, with: #""stream": \#(stream)"#)
    }

    /// A shell script in a file, as the words of a command.
    private static func script(_ text: String) throws -> String {
        let path = NSTemporaryDirectory() + "claudecodex-search-\(UUID().uuidString).sh"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return "/bin/sh " + path
    }

    private static func with(
        _ command: String?, limits: Limits = Limits(), _ body: (Proxy, ScriptedUpstream) throws -> Void
    ) throws {
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(500, "nobody should ask here") }
        let search = try command.map { try WebSearchCommand.parse($0).get() }
        let proxy = try Proxy(Samples.chat(upstream), limits: limits) { loop in
            WebSearch(search, isServiceAble: false, limits, loop).map { [$0] } ?? []
        }
        defer {
            proxy.stop()
            upstream.stop()
        }
        try body(proxy, upstream)
    }

    /// The message that the client gets for a search.
    private static func message(_ proxy: Proxy, _ body: String) throws -> JSON {
        let answer = try proxy.ask("POST /v1/messages?beta=true", body: body)
        #expect(answer.status == 200, "\(answer.text)")
        guard answer.fields["content-type"]?.hasPrefix("text/event-stream") ?? false else {
            return try JSON.parse(answer.body)
        }
        var assembly = Assembly()
        for event in try Samples.events(answer.text) { assembly.add(event) }
        return try JSON.parse(assembly.message())
    }

    private static let lines = """
        cat >/dev/null
        printf 'Weather\\thttps://example.com/lund\\tIt rains, says "%s".\\n' "$CLAUDECODEX_SEARCH_QUERY"
        printf 'Other\\thttps://other.example/\\n'
        """

    @Test("what the command finds is a call, its results, and their text", arguments: [false, true])
    func found(stream: Bool) throws {
        try Self.with(Self.script(Self.lines)) { proxy, upstream in
            let message = try Self.message(proxy, Self.sideRequest(stream: stream))
            let blocks = Array(message["content"]?.elements ?? message.elements)
            try #require(blocks.count == 3)
            #expect(blocks[0]["type"]?.string == "server_tool_use" && blocks[0]["name"]?.string == "web_search")
            #expect(blocks[0]["input"]?["query"]?.string == "weather in Lund")
            #expect(blocks[1]["type"]?.string == "web_search_tool_result")
            #expect(blocks[1]["tool_use_id"]?.string == blocks[0]["id"]?.string)
            let results = Array(blocks[1]["content"]?.elements ?? blocks[1].elements)
            #expect(results.map { $0["url"]?.string } == ["https://example.com/lund", "https://other.example/"])
            #expect(results.map { $0["title"]?.string } == ["Weather", "Other"])
            #expect(results.allSatisfy { $0["type"]?.string == "web_search_result" && $0["encrypted_content"] != nil })
            #expect(blocks[2]["text"]?.string?.contains(#"It rains, says "weather in Lund"."#) ?? false)
            #expect(message["usage"]?["server_tool_use"]?["web_search_requests"]?.int == 1)
            #expect(message["stop_reason"]?.string == "end_turn")
            #expect(upstream.requests.isEmpty)
            eventually("the end is recorded") { proxy.trace.outcomes == [.ok] }
            #expect(proxy.trace.intercepts == ["request answer"])
            #expect(proxy.trace.responses.first?.usage?.webSearches == 1)
        }
    }

    @Test("the question is JSON on stdin, and domains are honoured whatever the command gives")
    func question() throws {
        let path = NSTemporaryDirectory() + "claudecodex-question-\(UUID().uuidString).json"
        let script = """
            cat >'\(path)'
            echo '[{"title":"a","url":"https://good.example/a"},{"title":"b","url":"https://sub.good.example/b"},'
            echo '{"title":"c","url":"https://evil.example/c"},{"title":"d","url":"https://notgood.example/"}]'
            """
        try Self.with(Self.script(script)) { proxy, _ in
            let query = #"it's \"quoted\"; $(touch /tmp/x) `id` -rf"#
            let domains = #", "allowed_domains": ["good.example"], "blocked_domains": ["sub.good.example"]"#
            let message = try Self.message(proxy, Self.sideRequest(stream: false, query: query, tool: domains))
            let results = message["content"]?.elements.dropFirst(1).first { _ in true }?["content"]
            #expect(results?.elements.compactMap { $0["url"]?.string } == ["https://good.example/a"])
            let asked = try JSON.parse(Array(Data(contentsOf: URL(fileURLWithPath: path))))
            #expect(asked["query"]?.string == #"it's "quoted"; $(touch /tmp/x) `id` -rf"#)
            #expect(asked["allowed_domains"]?.elements.compactMap(\.string) == ["good.example"])
            #expect(asked["blocked_domains"]?.elements.compactMap(\.string) == ["sub.good.example"])
            #expect(asked["max_results"]?.int == 20)
        }
    }

    static let failures: [(String, String, String)] = [
        ("cat >/dev/null; echo 'no network' >&2; exit 3", "unavailable", "ended with code 3: no network"),
        ("cat >/dev/null; exit 75", "too_many_requests", "says to try later"),
        ("cat >/dev/null; echo 'just words'", "unavailable", "neither JSON nor lines with tabs"),
        ("sleep 60", "unavailable", "took longer than 1 s"),
        ("trap '' TERM; while :; do sleep 0.1; done", "unavailable", "took longer than 1 s"),
        ("yes 'a\thttps://a'", "unavailable", "wrote more than 100000 bytes"),
        ("kill -9 $$", "unavailable", "ended by signal 9"),
        ("exec 0<&- 1<&-; sleep 60", "unavailable", "took longer than 1 s"),
    ]

    @Test("a command that fails is an error block, and never holds the client up", arguments: failures)
    func failure(script: String, code: String, why: String) throws {
        var limits = Limits()
        limits.searchTimeoutMS = 1000
        limits.maxSearch = 100_000
        try Self.with(Self.script(script), limits: limits) { proxy, _ in
            try Self.expectError(Self.message(proxy, Self.sideRequest(stream: true)), code, why)
        }
    }

    @Test(
        "a command that does not exist, and none at all",
        arguments: [
            ("/nowhere/search --fast", "search cannot be started"), (nil, "started without --web-search"),
        ] as [(String?, String)])
    func none(command: String?, why: String) throws {
        try Self.with(command) { proxy, upstream in
            try Self.expectError(Self.message(proxy, Self.sideRequest(stream: true)), "unavailable", why)
            #expect(upstream.requests.isEmpty)
        }
    }

    private static func expectError(_ message: JSON, _ code: String, _ why: String) {
        let blocks = Array(message["content"]?.elements ?? message.elements)
        let result = blocks.dropFirst().first?["content"]
        #expect(result?["type"]?.string == "web_search_tool_result_error")
        #expect(result?["error_code"]?.string == code)
        #expect(blocks.last?["text"]?.string?.contains(why) ?? false, "\(blocks.last?["text"]?.string ?? "")")
        #expect(message["usage"]?["server_tool_use"]?["web_search_requests"]?.int == 0)
    }

    @Test("the loop goes on while a command works, also many at once")
    func meanwhile() throws {
        try Self.with(Self.script("sleep 1; cat >/dev/null; printf 'a\\thttps://a.example/\\n'")) { proxy, _ in
            let clients = try (0..<20).map { _ in try proxy.client() }
            let began = Monotonic.now()
            for client in clients {
                try client.send(Wire.request("POST /v1/messages", body: Self.sideRequest(stream: false)))
            }
            #expect(try proxy.ask("GET /health").status == 200)
            #expect(Monotonic.now().milliseconds(since: began) < 900)
            for client in clients { #expect(try client.answer().text.contains("https://a.example/")) }
        }
    }

    @Test("a client that goes away ends the command and what it started")
    func gone() throws {
        let mark = NSTemporaryDirectory() + "claudecodex-alive-\(UUID().uuidString)"
        let script = "echo $$ >'\(mark)'; sleep 50 & wait"
        try Self.with(Self.script(script)) { proxy, _ in
            let client = try proxy.client()
            try client.send(Wire.request("POST /v1/messages", body: Self.sideRequest(stream: true)))
            var id: pid_t = 0
            eventually("the command runs") {
                id =
                    (try? String(contentsOfFile: mark, encoding: .utf8)).flatMap {
                        pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines))
                    } ?? 0
                return id > 0
            }
            client.socket.reset()
            eventually("the whole group has ended") { kill(-id, 0) != 0 && errno == ESRCH }
            eventually("the end is recorded") { proxy.trace.outcomes == [.clientGone] }
        }
    }
}
