/// The records themselves: which fields, in which order, with what in them.
import Testing

@testable import Intercept
@testable import Recorder

struct RecordTests {
    static func line(_ record: TraceRecord) -> String { String(decoding: record.json.raw, as: UTF8.self) }

    @Test("the common keys come first, in their order")
    func commonKeys() throws {
        let bench = try Bench()
        let started = Timestamp(nanoseconds: 1_795_262_943_980_000_000)
        let exchange = Exchange(
            id: "0193a7c2-0000-7000-8000-000000000000", started: started, kind: .subagent, session: "s", agent: "a1",
            parentAgent: "p", traceID: "t", observers: [])
        bench.recorder.observe(
            Moment(exchange: exchange, time: started, event: .end(.init(outcome: .ok, bytesIn: 1, bytesOut: 2))))
        let end = try #require(bench.records().last)
        #expect(
            Self.line(end)
                == #"{"v":1,"type":"end","seq":1,"ts":"\#(started.rfc3339)","id":"0193a7c2-0000-7000-8000-000000000000","#
                + #""session":"s","agent":"a1","parent_agent":"p","kind":"subagent","trace_id":"t","#
                + #""outcome":"ok","bytes_in":1,"bytes_out":2,"dropped":0}"#)
    }

    @Test("the agent is main when a session is known, and absent when none is")
    func agent() throws {
        let bench = try Bench()
        bench.exchange(session: "s").end()
        bench.exchange(session: nil).end()
        let ends = try bench.records("end")
        #expect(ends.map { $0["agent"]?.string } == ["main", nil])
        #expect(ends[1]["session"] == nil)
    }

    @Test("meta says who writes what and how")
    func meta() throws {
        let bench = try Bench(mode: .full, redact: .headers)
        let meta = try #require(bench.records().first)
        #expect(meta.type == "meta")
        #expect(meta["format"]?.string == "claudecodex.trace")
        #expect(meta["record"]?.string == "full")
        #expect(meta["redact"]?.string == "headers")
        #expect(meta["repaired_bytes"]?.int == 0)
        #expect(meta["host_id"]?.string?.count == 16)
        #expect(meta["id"] == nil)
    }

    @Test("request: counts, client, and the numbers of the body")
    func request() throws {
        let bench = try Bench()
        let image = #"{"type":"image","source":{}}"#
        let body =
            #"{"model":"m","max_tokens":9,"stream":true,"tools":[{},{}],"messages":[{"role":"user","content":[\#(image),"#
            + #"{"type":"tool_result","tool_use_id":"x","content":[\#(image)]}]}]}"#
        bench.exchange().request(
            body,
            headers: HTTPFields([.init("User-Agent", "claude-cli/2.1.330 (external, sdk-cli)"), .init("X-A", "b")]))
        let record = try #require(bench.records("request").first)
        #expect(
            record["client"].map { String(decoding: $0.raw, as: UTF8.self) }
                == #"{"name":"claude-cli","version":"2.1.330","entrypoint":"sdk-cli"}"#)
        #expect(record["model"]?.string == "m")
        #expect(record["stream"]?.bool == true)
        #expect(record["max_tokens"]?.int == 9)
        #expect(record["messages"]?.int == 1)
        #expect(record["tools"]?.int == 2)
        #expect(record["images"]?.int == 2)
        #expect(record["body_bytes"]?.int == body.utf8.count)
        #expect(record["body_sha256"]?.string == Identifier.hex(SHA256.hash(Array(body.utf8))))
        #expect(record["headers"]?.elements.map { $0["name"]?.string } == ["User-Agent", "X-A"])
        #expect(record["query"]?.string == "beta=true")
    }

    @Test("images are counted on across turns")
    func images() throws {
        let bench = try Bench()
        let image = #"{"role":"user","content":[{"type":"image","source":"\#(String(repeating: "x", count: 500))"}]}"#
        for count in 1...3 {
            bench.exchange().request(
                #"{"messages":[\#(Array(repeating: image, count: count).joined(separator: ","))]}"#)
        }
        #expect(try bench.records("request").map { $0["images"]?.int } == [1, 2, 3])
    }

    @Test("a request without a body has none of its fields")
    func noBody() throws {
        let bench = try Bench()
        bench.exchange(session: nil, kind: .models).request([])
        let record = try #require(bench.records("request").first)
        #expect(record["body_bytes"]?.int == 0)
        #expect(record["body"] == nil && record["body_sha256"] == nil && record["messages"] == nil)
    }

    @Test("retry_of names the failed exchange with the same body, in the same session only")
    func retry() throws {
        let bench = try Bench()
        let first = bench.exchange()
        first.request(#"{"a":1}"#)
        first.response(nil, status: 529, stopReason: nil)
        first.end(.upstreamError)
        bench.exchange().request(#"{"a":1}"#)
        bench.exchange().request(#"{"a":2}"#)
        bench.exchange(session: "other").request(#"{"a":1}"#)
        #expect(try bench.records("request").map { $0["retry_of"]?.string } == [nil, first.id, nil, nil])
    }

    @Test("translation, head, intercept, check and error carry their fields")
    func others() throws {
        let bench = try Bench()
        let exchange = bench.exchange()
        var losses = Losses()
        losses.add(.clamp, "max_tokens", "at most 4096", from: "9000", to: "4096")
        exchange.record(
            .translation(.init(backend: "bedrock", upstreamModel: "eu.claude", microseconds: 12.34, losses: losses)))
        let head = UpstreamHead(status: 200, headers: HTTPFields([.init("x-amzn-requestid", "r1")]))
        exchange.record(.head(.init(attempt: 1, head: head, connectMS: 3.21, reused: true, firstByteMS: 45.67)))
        exchange.record(
            .intercept(.init(by: "rename", hook: "request", action: "edit", path: "model", before: "a", after: "b")))
        exchange.record(.check(rule: "one start", message: "two"))
        exchange.record(
            .error(.init(stage: "connect", kind: "api_error", message: "refused", status: 502, isRetried: true)))
        let lines = try bench.records().dropFirst().map { record in
            String(Self.line(record).split(separator: #""kind":"main","#, maxSplits: 1).last ?? "")
        }
        #expect(
            lines == [
                #""backend":"bedrock","upstream_model":"eu.claude","translate_us":12.3,"losses":[{"op":"clamp","path":"max_tokens","why":"at most 4096","from":"9000","as":"4096"}]}"#,
                #""try":1,"status":200,"headers":[{"name":"x-amzn-requestid","value":"r1"}],"request_id":"r1","connect_ms":3.2,"reused":true,"ttfb_ms":45.7}"#,
                #""by":"rename","hook":"request","action":"edit","path":"model","before":"a","after":"b"}"#,
                #""rule":"one start","message":"two"}"#,
                #""stage":"connect","error_type":"api_error","message":"refused","status":502,"retried":true}"#,
            ])
    }

    @Test("response: usage, timing, the share read from the cache, the message as it is")
    func response() throws {
        let bench = try Bench()
        let exchange = bench.exchange()
        exchange.response(
            #"{"role":"assistant","content":[]}"#, usage: Usage(input: 10, output: 5, cacheRead: 80, cacheCreation: 10))
        let line = Self.line(try #require(bench.records("response").first))
        #expect(
            line.hasSuffix(
                #""status":200,"model":"claude","backend":"anthropic","stop_reason":"end_turn","usage":{"input_tokens":10,"cache_creation_input_tokens":10,"cache_read_input_tokens":80,"output_tokens":5},"timing":{"ttft_ms":10,"duration_ms":20},"cache":{"hit":0.8},"message":{"role":"assistant","content":[]},"pings":0}"#
            ))
    }

    @Test("an estimated usage is said to be one and gives no cache share")
    func estimate() throws {
        let bench = try Bench()
        bench.exchange().response(nil, usage: Usage(input: 10, isEstimate: true))
        let record = try #require(bench.records("response").first)
        #expect(record["usage_estimated"]?.bool == true)
        #expect(record["cache"] == nil)
    }

    @Test(
        "tool_call keeps well-formed input as JSON and other input as text",
        arguments: [
            (#"{"a":1}"#, #""input":{"a":1},"input_bytes":7,"valid":true"#),
            ("{\n\"a\":1}", #""input":{ "a":1},"input_bytes":8,"valid":true"#),
            (#"{"a":"\ud83d"}"#, #""input":{"a":"\ufffd"},"input_bytes":14,"valid":true"#),
            (#"{"a":"#, #""input":"{\"a\":","input_bytes":5,"valid":false"#),
        ])
    func toolCall(input: String, expected: String) throws {
        let bench = try Bench()
        bench.exchange().toolCall("toolu_1", "Bash", input)
        #expect(Self.line(try #require(bench.records("tool_call").first)).contains(expected))
    }

    @Test("a body of an answer that is no text goes as base64")
    func binaryAnswer() throws {
        let bench = try Bench()
        bench.exchange().record(
            .response(.init(status: 200, model: "", backend: "b", durationMS: 1, body: [0x1F, 0x8B, 0xFF], pings: 0)))
        let record = try #require(bench.records("response").first)
        #expect(record["body_encoding"]?.string == "base64")
        #expect(record["body"]?.string == "H4v/")
    }

    @Test("base64 of every length comes back", arguments: 0..<20)
    func base64(count: Int) {
        let bytes = Identifier.random(count)
        #expect(Base64.decode(Base64.encode(bytes).utf8) == bytes)
    }
}
