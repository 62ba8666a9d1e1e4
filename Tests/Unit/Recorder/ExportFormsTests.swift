/// Exchanges in other forms: an archive of HTTP, rows, a command, a conversation.
import Foundation
import Testing

@testable import Intercept
@testable import Recorder

@Suite struct ExportFormsTests {
    private func exchanges(_ fill: (Bench) -> Void) throws -> [RecordedExchange] {
        let bench = try Bench()
        fill(bench)
        bench.recorder.flush()
        return try ExportedFixtureTests.exchanges(bench.recorder.path)
    }

    private static let question = #"{"model":"m","stream":true,"messages":[{"role":"user","content":"it's \"so\""}]}"#

    // MARK: HAR

    @Test("an archive has a page for each session, an entry for each exchange, the client's bytes")
    func archive() throws {
        let stream = "event: ping\ndata: {\"type\":\"ping\"}\n\n"
        let all = try exchanges { bench in
            for session in ["a", "a", "b"] {
                let exchange = bench.exchange(session: session)
                exchange.request(Self.question, headers: HTTPFields([.init("Host", "127.0.0.1:8082")]))
                exchange.events(.upstream, "data: {\"other\":1}\n\n")
                exchange.events(.client, stream)
                exchange.response(#"{"role":"assistant","content":[]}"#)
                exchange.end()
            }
        }
        var writer = HARWriter(creator: "claudecodex", version: "1")
        let text = writer.begin() + all.flatMap { writer.entry($0) } + writer.end()
        let log = try #require(try JSON.parse(text)["log"])
        #expect(log["version"]?.string == "1.2" && log["entries"]?.count == 3)
        #expect(log["pages"]?.elements.map { $0["id"]?.string ?? "" } == ["a", "b"])
        let entry = try #require(log["entries"]?.elements.first { _ in true })
        #expect(entry["request"]?["postData"]?["text"]?.string == Self.question)
        #expect(entry["request"]?["url"]?.string == "http://127.0.0.1:8082/v1/messages?beta=true")
        #expect(entry["response"]?["content"]?["text"]?.string == stream)
        #expect(entry["response"]?["content"]?["mimeType"]?.string == "text/event-stream")
        let sum = ["send", "wait", "receive"].compactMap { entry["timings"]?[$0]?.double }.reduce(0, +)
        #expect(sum == entry["time"]?.double)
    }

    @Test("an answer without bytes is put together, and the archive says so")
    func withoutEvents() throws {
        let all = try exchanges { bench in
            let exchange = bench.exchange()
            exchange.request(Self.question)
            exchange.response(#"{"role":"assistant","content":[{"type":"text","text":"hi"}]}"#)
        }
        var writer = HARWriter(creator: "claudecodex", version: "1")
        let entry = try JSON.parse(try writer.entry(#require(all.first)))
        let content = entry["response"]?["content"]
        #expect(content?["text"]?.string == #"{"role":"assistant","content":[{"type":"text","text":"hi"}]}"#)
        #expect(content?["comment"]?.string?.contains("put together") ?? false)
    }

    // MARK: CSV

    @Test(
        "texts are quoted, and none is a formula",
        arguments: [
            ("a", "\"a\""), ("a,\"b\"\nc", "\"a,\"\"b\"\"\nc\""), ("=1+1", "\"'=1+1\""), ("+1", "\"'+1\""),
            ("-1", "\"'-1\""), ("@x", "\"'@x\""), ("\tx", "\"'\tx\""), ("a=1", "\"a=1\""), ("", "\"\""),
        ])
    func cells(text: String, cell: String) {
        var out = CSVWriter()
        out.row([.text(text), .int(-3), .double(0.5), .bool(true), .text(nil), .int(nil)])
        #expect(String(decoding: out.bytes, as: UTF8.self) == cell + ",-3,0.5,true,,\r\n")
    }

    @Test("each row has a cell for each name")
    func columns() throws {
        let all = try exchanges { bench in
            let exchange = bench.exchange()
            exchange.request(Self.question)
            exchange.toolCall("t", "Bash", "{}")
            exchange.response("{}", usage: Usage(input: 1, output: 2))
            exchange.end()
        }
        var out = CSVWriter()
        ExchangeRows.write(try #require(all.first), into: &out)
        let cells = String(decoding: out.bytes, as: UTF8.self).dropLast(1).split(
            separator: ",", omittingEmptySubsequences: false)
        #expect(cells.count == ExchangeRows.names.count)
        let place = try #require(ExchangeRows.names.firstIndex(of: "tools_called"))
        #expect(cells[place] == "\"Bash\"" && cells[place - 1] == "1")
    }

    // MARK: curl

    @Test("the command holds no key, and no header of the connection")
    func headers() throws {
        let headers = HTTPFields([
            .init("Host", "h"), .init("Content-Length", "5"), .init("X-Api-Key", "sk-ant-api03-secretsecretsecret"),
            .init("anthropic-beta", "it's-one"), .init("cookie", "a=b"), .init("x-secret-token", "abcdefghijklmnop"),
        ])
        let all = try exchanges { bench in
            let exchange = bench.exchange()
            exchange.request(Self.question, headers: headers)
            exchange.end()
        }
        let command = try CurlCommand.make(try #require(all.first)).get()
        let text = String(decoding: command.text, as: UTF8.self)
        #expect(text.contains(#"-H 'anthropic-beta: it'\''s-one'"#))
        #expect(text.contains(#"-H "x-api-key: $ANTHROPIC_API_KEY""#))
        for part in ["secret", "Host:", "Content-Length", "cookie", "redacted"] { #expect(!text.contains(part)) }
        #expect(
            command.notes == [
                "the header x-secret-token is left out: its value was redacted",
                "the header content-type was not recorded; application/json is added",
                "the header anthropic-version was not recorded; 2023-06-01 is added",
            ])
    }

    @Test("a trace that somebody made up cannot reach the shell, another host or a file")
    func hostile() throws {
        let line =
            #"{"v":1,"type":"request","seq":0,"ts":"2026-11-29T12:00:00.000Z","id":"i","method":"POST; rm -rf ~","path":"@evil.test/$(id)","headers":[{"name":"@/etc/passwd","value":"x"},{"name":"a\nb","value":"x"},{"name":"ok","value":"$(id) `id` '; id"}],"body_bytes":2,"body":{}}"#
        let folder = Folder()
        try folder.write("t.jsonl", Array((line + "\n").utf8))
        let exchange = try #require(try ExportedFixtureTests.exchanges(folder.file("t.jsonl")).first)
        let text = String(decoding: try CurlCommand.make(exchange).get().text, as: UTF8.self)
        #expect(text.contains("--request 'POST; rm -rf ~'"))
        #expect(text.contains(#""${ANTHROPIC_BASE_URL:-https://api.anthropic.com}"'/@evil.test/$(id)'"#))
        #expect(text.contains(#"-H 'ok: $(id) `id` '\''; id'"#))
        #expect(!text.contains("@/etc/passwd") && !text.contains("a\nb"))
    }

    @Test("a body that is not there is no command")
    func missing() throws {
        let all = try exchanges { bench in
            let exchange = bench.exchange()
            exchange.request("")
            exchange.end()
        }
        let empty = try CurlCommand.make(try #require(all.first)).get()
        #expect(!String(decoding: empty.text, as: UTF8.self).contains("--data-binary"))
        let line =
            #"{"v":1,"type":"request","seq":0,"ts":"2026-11-29T12:00:00.000Z","id":"i","body_bytes":9,"body_dropped":"overflow"}"#
        let folder = Folder()
        try folder.write("t.jsonl", Array((line + "\n").utf8))
        let exchange = try #require(try ExportedFixtureTests.exchanges(folder.file("t.jsonl")).first)
        guard case .failure(let problem) = CurlCommand.make(exchange) else { return #expect(Bool(false)) }
        #expect("\(problem)" == "the body of i is not in the trace: it was dropped (overflow)")
    }

    // MARK: The conversation

    private static func body(_ messages: String...) -> String {
        #"{"model":"m","messages":[\#(messages.joined(separator: ","))]}"#
    }

    private static func user(_ text: String, _ mark: Bool = false) -> String {
        let cache = mark ? #","cache_control":{"type":"ephemeral"}"# : ""
        return #"{"role":"user","content":[{"type":"text","text":"\#(text)"\#(cache)}]}"#
    }

    private static func assistant(_ text: String) -> String {
        #"{"role":"assistant","content":[{"type":"text","text":"\#(text)"}]}"#
    }

    private func turns(_ bodies: [(body: String, agent: String?, isAnswered: Bool)]) throws -> [String] {
        let all = try exchanges { bench in
            for one in bodies {
                let exchange = bench.exchange(agent: one.agent)
                exchange.request(one.body)
                if one.isAnswered { exchange.response(Self.assistant("a")) }
                exchange.end()
            }
        }
        var transcript = Transcript()
        return all.compactMap { transcript.turn($0) }.map { turn in
            let words = turn.fresh.map { message in
                message["content"]?.elements.compactMap { $0["text"]?.string }.joined() ?? ""
            }
            return (turn.isBeginning ? "*" : "") + words.joined(separator: " ")
        }
    }

    @Test("each message is shown once: in turns, retries, agents of their own, and after a compaction")
    func transcript() throws {
        let first = Self.user("one", true)
        let second = [Self.user("one"), Self.assistant("a"), Self.user("two", true)]
        let third = [Self.user("one"), Self.assistant("a"), Self.user("two"), Self.assistant("a"), Self.user("three")]
        let long = Self.body(third[0], third[1], third[2], third[3], third[4])
        let said = try turns([
            (Self.body(first), nil, true), (Self.body(Self.user("sub")), "agent-1", true),
            (Self.body(second[0], second[1], second[2]), nil, false),
            (Self.body(second[0], second[1], second[2]), nil, true), (long, nil, true),
            (Self.body(Self.user("summary of it")), nil, true),
            (Self.body(Self.user("summary of it"), Self.assistant("a"), Self.user("four")), nil, true),
        ])
        #expect(said == ["*one", "*sub", "two", "", "three", "*summary of it", "four"])
    }
}
