/// Request and upstream bodies in the trace: what is stored, and that it comes back.
import Foundation
import Testing

@testable import Intercept
@testable import Recorder

struct BodyRecordTests {
    /// All bodies of a trace, put together again and proven by their hashes.
    static func bodies(_ bench: Bench) throws -> [(record: TraceRecord, bytes: [UInt8])] {
        bench.recorder.flush()
        var bodies = try TraceBodies(path: bench.recorder.path)
        return try TraceReader(path: bench.recorder.path).compactMap { record in
            try bodies.body(of: record).map { (record, $0) }
        }
    }

    /// A request of the real client, as it was on the wire.
    static func client(_ name: String) throws -> [UInt8] {
        let file = try JSON.parse(Fixtures.bytes("client-requests/\(name).json"))
        return compact(Array(try #require(file["body"]).raw))
    }

    /// Without blanks outside strings.
    static func compact(_ json: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var isInString = false
        var isEscaped = false
        for byte in json {
            if !isInString, byte <= 0x20 { continue }
            out.append(byte)
            if isEscaped {
                isEscaped = false
            } else if byte == 0x5C {
                isEscaped = true
            } else if byte == 0x22 {
                isInString.toggle()
            }
        }
        return out
    }

    @Test("requests of the real client come back byte for byte", arguments: [RecorderConfiguration.Mode.delta, .full])
    func realClient(mode: RecorderConfiguration.Mode) throws {
        let bench = try Bench(mode: mode, redact: .headers)
        let names = ["12-count-tokens-text", "08-web-search-subrequest", "02-agent-loop-last"]
        let sent = try (names + names).map(Self.client)
        for body in sent {
            let exchange = bench.exchange()
            exchange.request(body)
            exchange.end()
        }
        let found = try Self.bodies(bench)
        #expect(found.map(\.bytes) == sent)
        for (record, bytes) in found {
            #expect(TraceBodies.request(of: try #require(record.id), in: bench.recorder.path) == bytes)
        }
        #expect(TraceBodies.request(of: "nobody", in: bench.recorder.path) == nil)
        let deltas = found.filter { $0.record["delta"] != nil }.count
        #expect(deltas == (mode == .delta ? 3 : 0))
    }

    @Test("a session's first body is whole, the next is the difference, another session starts anew")
    func firstIsWhole() throws {
        let bench = try Bench()
        let long = String(repeating: "word ", count: 100)
        func body(_ messages: Int) -> String {
            let list = (0..<messages).map { #"{"role":"user","content":"\#($0) \#(long)"}"# }.joined(separator: ",")
            return #"{"model":"m","messages":[\#(list)]}"#
        }
        bench.exchange().request(body(3))
        bench.exchange().request(body(4))
        bench.exchange(session: "session-2").request(body(4))
        let found = try Self.bodies(bench)
        #expect(found.map { $0.record["delta"] != nil } == [false, true, false])
        #expect(found[1].record["delta"]?["base"]?.string == found[0].record.id)
        #expect(found[1].record["delta"]?["keep"]?["messages"]?.int == 3)
        #expect(found.map(\.bytes) == [body(3), body(4), body(4)].map { Array($0.utf8) })
    }

    @Test("of the last four bodies the one that leaves least is the base; without a saving of half it is whole")
    func bestOfFour() throws {
        let bench = try Bench()
        let texts = ["alpha", "beta", "gamma", "delta"].map { String(repeating: $0 + " ", count: 200) }
        for text in texts { bench.exchange().request(#"{"model":"m","system":"\#(text)","n":1}"#) }
        bench.exchange().request(#"{"model":"m","system":"\#(texts[0])","n":2}"#)
        bench.exchange().request(#"{"model":"m","system":"\#(texts[1])","n":2}"#)
        bench.exchange().request(#"{"model":"m","system":"\#(texts[0])","n":3}"#)
        let found = try Self.bodies(bench)
        let ids = found.map { $0.record.id }
        let bases = found.map { $0.record["delta"]?["base"]?.string }
        #expect(bases == [nil, nil, nil, nil, ids[0], ids[1], ids[4]])
    }

    @Test("sub-agents keep a base of their own, however many requests lie between")
    func agents() throws {
        let bench = try Bench()
        let texts = (0..<8).map { String(repeating: "agent \($0) ", count: 200) }
        for turn in 0..<3 {
            for (agent, text) in texts.enumerated() {
                bench.exchange(agent: "a\(agent)", kind: .subagent).request(#"{"system":"\#(text)","turn":\#(turn)}"#)
            }
        }
        let found = try Self.bodies(bench)
        #expect(
            found.map { $0.record["delta"] != nil } == Array(repeating: false, count: 8)
                + Array(repeating: true, count: 16))
    }

    @Test("upstream bodies have bases of their own, attempt by attempt")
    func upstream() throws {
        let bench = try Bench()
        let long = String(repeating: "word ", count: 200)
        let exchange = bench.exchange()
        exchange.request(#"{"model":"m","messages":["\#(long)"]}"#)
        exchange.upstream(#"{"model":"gpt","input":["\#(long)"],"a":1}"#, attempt: 1)
        exchange.upstream(#"{"model":"gpt","input":["\#(long)"],"a":2}"#, attempt: 2)
        bench.exchange().upstream(#"{"model":"gpt","input":["\#(long)"],"a":2,"b":3}"#)
        let upstream = try Self.bodies(bench).filter { $0.record.type == "upstream" }
        #expect(upstream.map { $0.record["delta"]?["base_try"]?.int } == [nil, 1, 2])
        #expect(upstream[2].record["delta"]?["base"]?.string == exchange.id)
        #expect(
            String(decoding: upstream[2].bytes, as: UTF8.self) == #"{"model":"gpt","input":["\#(long)"],"a":2,"b":3}"#)
    }

    @Test("the client's own body is not stored twice")
    func sameAsRequest() throws {
        let bench = try Bench()
        let exchange = bench.exchange()
        exchange.request(#"{"model":"m"}"#)
        exchange.upstream(nil)
        let records = try bench.records()
        let upstream = try #require(records.last)
        #expect(upstream["body"] == nil && upstream["delta"] == nil)
        #expect(upstream["body_sha256"]?.string == records[1]["body_sha256"]?.string)
    }

    static let odd: [(name: String, bytes: [UInt8], encoding: String?)] = [
        ("indented", Array("{\n  \"a\": 1\n}".utf8), "text"),
        ("blanks around", Array(" {\"a\":1} ".utf8), "text"),
        ("blanks inside", Array(#"{"a": 1, "b": [1, 2]}"#.utf8), nil),
        ("a name twice", Array(#"{"a":1,"a":2}"#.utf8), nil),
        ("an array", Array("[1,2]".utf8), nil),
        ("half of a surrogate pair", Array(#"{"a":"x\ud83d"}"#.utf8), "text"),
        ("a whole surrogate pair", Array(#"{"a":"x\ud83d\ude00"}"#.utf8), nil),
        ("a backslash before u", Array(#"{"a":"x\\ud83d"}"#.utf8), nil),
        ("nested deep", Array((String(repeating: "[", count: 250) + String(repeating: "]", count: 250)).utf8), "text"),
        ("no JSON", Array("hello, \"world\"".utf8), "text"),
        ("no text", [0xFF, 0x00, 0x7B, 0x80], "base64"),
    ]

    @Test("odd bodies keep their bytes and leave every line readable", arguments: odd)
    func oddBodies(name: String, bytes: [UInt8], encoding: String?) throws {
        let bench = try Bench()
        bench.exchange().request(bytes)
        bench.exchange().request(bytes)
        let found = try Self.bodies(bench)
        #expect(found.map(\.bytes) == [bytes, bytes])
        #expect(found[0].record["body_encoding"]?.string == encoding)
        #expect(try bench.text().split(separator: "\n").count == 3)
    }

    @Test("a body with half of a surrogate pair is still a base, and the rest of the session stays small")
    func surrogateBase() throws {
        let bench = try Bench()
        let long = String(repeating: "word ", count: 300)
        let bodies = (1...4).map { turn in
            #"{"m":["\ud83d \#(long)"\#((1..<turn).map { ",\"turn \($0)\"" }.joined())]}"#
        }
        for body in bodies { bench.exchange().request(body) }
        let found = try Self.bodies(bench)
        #expect(found.map { String(decoding: $0.bytes, as: UTF8.self) } == bodies)
        #expect(found.map { $0.record["delta"] != nil } == [false, true, true, true])
    }

    /// Unoptimised code takes minutes for the 300 turns, so it gets a short session and a bar to match.
    #if DEBUG
        static let (turns, share) = (12, 3)
    #else
        static let (turns, share) = (300, 40)
    #endif

    @Test("P165: a long session: every body comes back; 300 turns take at most a fortieth of their whole form")
    func longSession() throws {
        let bench = try Bench(redact: .tokens)
        var session = LongSession()
        var whole = 0
        var hashes: [String] = []
        for _ in 0..<Self.turns {
            let turn = session.next()
            let exchange = bench.exchange()
            exchange.request(turn.request)
            exchange.upstream(nil)
            exchange.events(.upstream, turn.events)
            exchange.toolCall(turn.toolID, "Bash", #"{"command":"ls"}"#)
            exchange.response(turn.message, stopReason: "tool_use")
            exchange.end()
            whole += turn.request.utf8.count
            hashes.append(Identifier.hex(SHA256.hash(Array(turn.request.utf8))))
            if hashes.count % 20 == 0 { bench.recorder.flush() }
        }
        let records = try bench.records()
        let size = try bench.folder.bytes("run-test.jsonl").count
        #expect(size * Self.share <= whole, "\(size) of \(whole)")
        #expect(records.filter { $0.type == "tool_result" }.count == Self.turns - 1)
        #expect(try Self.bodies(bench).map { Identifier.hex(SHA256.hash($0.bytes)) } == hashes)
    }
}

/// A made-up session: 15 tools, a system prompt, and a tool call with its result in each turn. The cache mark stands on the
/// last message and moves, as the real client's does: the message that loses it becomes a plain string.
struct LongSession {
    private var history: [String] = []
    private var turn = 0
    private static let tools = (0..<15).map { index in
        #"{"name":"tool_\#(index)","description":"\#(prose(900, index))","input_schema":{"type":"object"}}"#
    }.joined(separator: ",")

    private static func prose(_ count: Int, _ seed: Int) -> String {
        let words = ["parse", "token", "stream", "buffer", "record", "event", "queue", "block", "field", "retry"]
        var text = ""
        var state = seed &* 2_654_435_761 &+ 12345
        while text.utf8.count < count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            text += words[Int(UInt(bitPattern: state) >> 33) % words.count] + " "
        }
        return text
    }

    mutating func next() -> (request: String, events: String, toolID: String, message: String) {
        let text = turn == 0 ? "Please begin." : ""
        let asked = "toolu_\(turn - 1)"
        let mark = #","cache_control":{"type":"ephemeral"}"#
        func user(_ mark: String) -> String {
            turn == 0
                ? mark.isEmpty
                    ? #"{"role":"user","content":"\#(text)"}"#
                    : #"{"role":"user","content":[{"type":"text","text":"\#(text)"\#(mark)}]}"#
                : #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"\#(asked)","content":"\#(Self.prose(6000, turn))"\#(mark)}]}"#
        }
        let request =
            #"{"model":"claude-sonnet","messages":["# + (history + [user(mark)]).joined(separator: ",")
            + #"],"system":[{"type":"text","text":"\#(Self.prose(14_000, 99))"}],"tools":[\#(Self.tools)],"max_tokens":32000,"stream":true}"#
        let id = "toolu_\(turn)"
        let call = #"{"type":"tool_use","id":"\#(id)","name":"Bash","input":{"command":"ls"}}"#
        let message = #"{"role":"assistant","content":[{"type":"text","text":"\#(Self.prose(150, turn))"},\#(call)]}"#
        history.append(user(""))
        history.append(message)
        turn += 1
        let events = Self.prose(150, turn).split(separator: " ").map {
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"\($0) \"}}\n\n"
        }.joined()
        return (request, events, id, message)
    }
}
