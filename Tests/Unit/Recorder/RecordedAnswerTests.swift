import Testing

@testable import Intercept
@testable import Recorder

struct RecordedAnswerTests {
    private static let stream = """
        event: message_start
        data: {"type":"message_start","message":{}}

        : a comment

        data: without a name

        event: message_stop
        data: {"type": "message_stop"}


        """

    /// The only exchange of a trace, read back.
    private func answer(
        redact: RedactionLevel = .tokens, body: String = #"{"model":"m","stream":true}"#,
        _ act: (Exchange) -> Void
    ) throws -> RecordedAnswer {
        let bench = try Bench(redact: redact)
        let exchange = bench.exchange()
        exchange.request(body)
        act(exchange)
        exchange.end()
        bench.recorder.flush()
        var reader = ExchangeReader(session: nil, .init())
        var found: [RecordedExchange] = []
        try reader.read(bench.recorder.path) { found.append($0) }
        return try #require(found.first).answer(redact)
    }

    @Test("a stream comes back byte for byte, comments and odd spelling included, whichever side was kept")
    func bytes() throws {
        let own = try answer {
            $0.events(.client, Self.stream)
            $0.response(#"{"role":"assistant","content":[]}"#)
        }
        #expect(String(decoding: own.bytes, as: UTF8.self) == Self.stream)
        #expect(own.headers["content-type"] == "text/event-stream; charset=utf-8" && own.note == nil)
        let head = UpstreamHead(
            status: 200,
            headers: HTTPFields([.init("content-type", "text/event-stream"), .init("request-id", "req_9")]))
        let passed = try answer {
            $0.record(.head(.init(attempt: 1, head: head, reused: false, firstByteMS: 7)))
            $0.events(.upstream, Self.stream)
            $0.response(#"{"role":"assistant","content":[]}"#)
        }
        #expect(passed.bytes == own.bytes && passed.headers["request-id"] == "req_9" && passed.headMS == 7)
    }

    @Test("an answer in several stretches is one; where one is missing, the message is written anew and it is said")
    func parts() throws {
        let message =
            #"{"role":"assistant","content":[{"type":"text","text":"hi"},{"type":"tool_use","id":"t","name":"B","input":{"a":1}}]}"#
        let half = "event: ping\ndata: {}\n\n"
        let whole = try answer {
            $0.events(.client, half, part: 0)
            $0.events(.client, half, part: 1)
            $0.response(message)
        }
        #expect(String(decoding: whole.bytes, as: UTF8.self) == half + half)
        let torn = try answer {
            $0.events(.client, half, part: 1)
            $0.response(message, stopReason: "tool_use")
        }
        let text = String(decoding: torn.bytes, as: UTF8.self)
        #expect(torn.note == "made anew from its message")
        #expect(
            text.contains("message_start") && text.contains(#""partial_json":"{\"a\":1}""#)
                && text.contains("message_stop"))
    }

    @Test("a refusal keeps its status, its words and what it said about trying again")
    func refusal() throws {
        let error = MessageError(529, nil, "busy", shouldRetry: true, retryAfter: "4")
        let found = try answer {
            $0.record(
                .response(
                    .init(
                        status: 529, model: "", backend: "x", durationMS: 1, body: error.body(requestID: "req_1"),
                        pings: 0,
                        shouldRetry: true, retryAfter: "4")))
        }
        #expect(found.status == 529 && found.bytes == error.body(requestID: "req_1"))
        #expect(found.headers["retry-after"] == "4" && found.headers["x-should-retry"] == "true")
        #expect(found.headers["request-id"] == "req_1")
    }

    @Test("an answer that broke off breaks off again, for the same reason")
    func broken() throws {
        let start = "event: message_start\ndata: {\"type\":\"message_start\"}\n\n"
        let head = UpstreamHead(status: 200, headers: HTTPFields([.init("content-type", "text/event-stream")]))
        let bench = try Bench()
        let exchange = bench.exchange()
        exchange.request(#"{"model":"m","stream":true}"#)
        exchange.record(.head(.init(attempt: 1, head: head, reused: false, firstByteMS: 7)))
        exchange.events(.upstream, start)
        exchange.response(#"{"role":"assistant","content":[]}"#, stopReason: nil)
        exchange.record(
            .error(
                .init(
                    stage: "upstream", kind: "api_error", message: "claudecodex: the answer broke off: host: reset",
                    isRetried: false)))
        exchange.end(.upstreamError)
        bench.recorder.flush()
        var reader = ExchangeReader(session: nil, .init())
        var found: [RecordedExchange] = []
        try reader.read(bench.recorder.path) { found.append($0) }
        #expect(try #require(found.first).answer().breaksOff == "host: reset")
    }

    @Test("without an answer in the trace there is none, and the reason is named")
    func none() {
        #expect(throws: NoAnswer.self) { try answer { _ in } }
        #expect(throws: NoAnswer.self) {
            try answer { $0.record(.response(.init(status: 200, model: "", backend: "", durationMS: 1, pings: 0))) }
        }
    }

    /// One piece of a call's input.
    private static func delta(_ text: String, index: Int = 0) -> String {
        let data =
            #"{"type":"content_block_delta","index":\#(index),"delta":{"type":"input_json_delta","partial_json":"\#(text)"}}"#
        return "event: content_block_delta\ndata: \(data)\n\n"
    }

    @Test(
        "a path in an answer is found in any spelling of the answer",
        arguments: [
            (
                #"{"content":[{"text":"in /tmp/one, and /tmp/ones"}]}"#,
                #"{"content":[{"text":"in /new, and /tmp/ones"}]}"#
            ),
            (#"{"a":"/tmp/one","b":"/x"}"#, #"{"a":"/new","b":"/x"}"#),
            (#"{"a":"/tmp/o","b":"ne/x"}"#, nil),
            ("see -tmp-one/x", "see -new/x"),
        ])
    func wholes(_ body: String, _ expected: String?) throws {
        let changed = Self.change?.applied(to: Self.recorded(body, isEventStream: false))
        #expect(changed.map { String(decoding: $0.bytes, as: UTF8.self) } == expected)
    }

    @Test(
        "pieces of one text are put together: through other blocks, odd events, and empty pieces; not with other texts")
    func pieces() throws {
        func odd(_ text: String) -> String {
            ": ping\r\n"
                + Self.delta(text).split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
        }
        let rest = Self.delta("/x") + Self.delta("/tmp/one", index: 2) + Self.delta("s", index: 2)
        let stream =
            Self.delta("/tm") + Self.delta("/tmp/one", index: 1) + Self.delta("") + odd("p/one") + rest
            + "data: [DONE] /tmp/one\n\n"
        let changed = try #require(Self.change?.applied(to: Self.recorded(stream, isEventStream: true)))
        let text = String(decoding: changed.bytes, as: UTF8.self)
        let expected =
            Self.delta("/new") + Self.delta("/new", index: 1) + Self.delta("") + odd("") + rest
            + "data: [DONE] /new\n\n"
        #expect(text == expected)
    }

    @Test("times stay with their events when paths grow and shrink")
    func marks() throws {
        let (one, two, three) = (Self.delta("/tmp/one"), Self.delta(" and "), Self.delta("/tmp/one."))
        var answer = Self.recorded(one + two + three, isEventStream: true)
        let starts = [0, one.utf8.count, one.utf8.count + two.utf8.count]
        answer.marks = starts.enumerated().map { .init(offset: $1, milliseconds: Double($0)) }
        let changed = try #require(Self.change?.applied(to: answer))
        let shorter = one.utf8.count - 4
        #expect(changed.marks.map(\.offset) == [0, shorter, shorter + two.utf8.count])
        #expect(changed.marks.map(\.milliseconds) == [0, 1, 2])
    }

    private static func recorded(_ text: String, isEventStream: Bool) -> RecordedAnswer {
        RecordedAnswer(
            status: 200, headers: HTTPFields(), headMS: 0, bytes: Array(text.utf8),
            marks: [.init(offset: 0, milliseconds: 5)], isEventStream: isEventStream)
    }

    private static let change = PathChange(
        from: TextMask(directory: Array("/tmp/one".utf8), home: []),
        to: TextMask(directory: Array("/new".utf8), home: []))

    @Test("paths of another directory are written anew, also where they come in pieces")
    func paths() throws {
        let delta = { (text: String) in Self.delta(text) }
        let stream = delta(#"{\"a\":\"/tmp/o"#) + delta("ne/x ") + delta(#"/tmp/ones /tmp/one\"}"#)
        let answer = RecordedAnswer(
            status: 200, headers: HTTPFields(), headMS: 0, bytes: Array(stream.utf8),
            marks: [.init(offset: 0, milliseconds: 5)], isEventStream: true)
        let change = PathChange(
            from: TextMask(directory: Array("/tmp/one".utf8), home: []),
            to: TextMask(directory: Array("/home/second".utf8), home: []))
        let changed = try #require(change?.applied(to: answer))
        let expected = delta(#"{\"a\":\"/home/second"#) + delta("/x ") + delta(#"/tmp/ones /home/second\"}"#)
        #expect(String(decoding: changed.bytes, as: UTF8.self) == expected)
        #expect(PathChange(from: TextMask(directory: Array("/a/b".utf8), home: []), to: TextMask()) == nil)
    }
}
