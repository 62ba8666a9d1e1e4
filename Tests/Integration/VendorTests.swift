/// Vendors with quirks behind the pass-through: refusals that are mended, streams that are completed, counts.
import Foundation
import Testing

@testable import Backends
@testable import Intercept

struct VendorPassThroughTests {
    private static func with(
        _ vendor: String?, _ script: @escaping ScriptedUpstream.Script, _ body: (Proxy, ScriptedUpstream) throws -> Void
    ) throws {
        let upstream = try ScriptedUpstream(script)
        var variables = ["ANTHROPIC_UPSTREAM_URL": upstream.url]
        variables["ANTHROPIC_UPSTREAM_VENDOR"] = vendor
        let proxy = try Proxy(Anthropic(Environment(variables)))
        defer {
            proxy.stop()
            upstream.stop()
        }
        try body(proxy, upstream)
    }

    private static let system =
        #"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"a"},{"role":"system","content":"b"}]}"#

    @Test("a refused part is left out on a second try, and from then on at once; the client sees only the answer")
    func learning() throws {
        let script: ScriptedUpstream.Script = { request, reply in
            guard String(decoding: request.body, as: UTF8.self).contains(#""role":"system""#) else {
                return try reply.answer(200, Samples.message)
            }
            try reply.answer(
                422, #"{"detail":[{"loc":["body","messages",1,"role"],"msg":"Input should be 'user' or 'assistant'"}]}"#
            )
        }
        try Self.with(nil, script) { proxy, upstream in
            for _ in 0..<2 {
                let answer = try proxy.ask("POST /v1/messages", body: Self.system)
                #expect(answer.status == 200 && answer.text == Samples.message)
            }
            #expect(upstream.requests.count == 3)
            #expect(upstream.requests[0].body == Array(Self.system.utf8))
            #expect(upstream.requests[1].body == upstream.requests[2].body)
            eventually("both ends are recorded") { proxy.trace.outcomes == [.ok, .ok] }
        }
    }

    @Test("a refusal that nobody understands keeps its bytes; a 422 becomes the 400 in which clients look for a cause")
    func refusal() throws {
        let words = #"{ "detail":"thinking signature is bad" }"#
        let script: ScriptedUpstream.Script = { request, reply in
            try reply.answer(request.connection == 1 ? 400 : 422, words, fields: "request-id: req_theirs\r\n")
        }
        try Self.with(nil, script) { proxy, upstream in
            for _ in 0..<2 {
                let answer = try proxy.ask("POST /v1/messages", body: Samples.body())
                #expect(answer.status == 400 && answer.text == words)
                #expect(answer.fields["request-id"] == "req_theirs")
            }
            eventually("both ends are recorded") { proxy.trace.outcomes == [.upstreamError, .upstreamError] }
            #expect(upstream.requests.allSatisfy { $0.body == Array(Samples.body().utf8) })
        }
    }

    @Test("a vendor's stream gets its prompt count, a signature and its last event", arguments: [1, 7, 1 << 20])
    func mending(size: Int) throws {
        let stream =
            Samples.start.replacingOccurrences(of: #""input_tokens":3"#, with: #""input_tokens":0"#) + ": waiting\n\n"
            + "event: content_block_start\ndata: "
            + #"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"# + "\n\n"
            + "event: content_block_stop\ndata: " + #"{"type":"content_block_stop","index":0}"# + "\n\n"
            + Samples.text("hello", index: 1)
            + "event: message_delta\ndata: " + #"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"# + "\n\n"
        try Self.with("zai", { _, reply in try reply.stream(stream, pieces: size) }) { proxy, _ in
            let client = try proxy.client()
            try client.send(Samples.request(stream: true))
            let answer = try client.answer()
            #expect(answer.isComplete)
            let events = try Samples.events(answer.text)
            guard case .messageStart(let start) = events.first else {
                Issue.record("no beginning: \(answer.text)")
                return
            }
            #expect((8...14).contains(start.usage.input))
            #expect(answer.text.contains(#""thinking":"","signature":""}"#))
            #expect(answer.text.contains(#""delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}"#))
            #expect(events.last == .messageStop)
            eventually("the end is recorded") { proxy.trace.outcomes == [.ok] }
            #expect(proxy.trace.bytes(.upstream) == Array(stream.utf8))
        }
    }

    @Test("an answer that ends in the middle ends with an error for the client")
    func middle() throws {
        let stream = Samples.start + Samples.text("hello")
        try Self.with("zai", { _, reply in try reply.stream(stream) }) { proxy, _ in
            let client = try proxy.client()
            try client.send(Samples.request(stream: true))
            let answer = try client.answer()
            #expect(answer.text.hasPrefix(stream) && answer.text.contains("event: error\n"))
        }
    }

    @Test("a stream of an unknown address goes through byte for byte, whatever it lacks")
    func exact() throws {
        let stream = Samples.start.replacingOccurrences(of: #""input_tokens":3"#, with: #""input_tokens":0"#)
        try Self.with(nil, { _, reply in try reply.stream(stream) }) { proxy, _ in
            let client = try proxy.client()
            try client.send(Samples.request(stream: true))
            #expect(try client.answer().text == stream)
        }
    }

    @Test("counts are the service's where it counts; after its 404 they are ours, and it is not asked again")
    func counting() throws {
        let body = #"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#
        try Self.with("vllm", { _, reply in try reply.answer(200, #"{"input_tokens":77}"#) }) { proxy, _ in
            let answer = try proxy.ask("POST /v1/messages/count_tokens", body: body)
            #expect(answer.text == #"{"input_tokens":77}"#)
        }
        let missing: ScriptedUpstream.Script = { _, reply in try reply.answer(404, #"{"detail":"Not Found"}"#) }
        try Self.with(nil, missing) { proxy, upstream in
            for _ in 0..<3 {
                let answer = try proxy.ask("POST /v1/messages/count_tokens", body: body)
                #expect(answer.status == 200)
                let count = try JSON.parse(answer.body)["input_tokens"]?.int ?? 0
                #expect((5...12).contains(count))
            }
            #expect(upstream.requests.count == 1)
            eventually("all ends are recorded") { proxy.trace.outcomes == [.ok, .ok, .ok] }
        }
    }

    @Test("what a service reports of its prompts makes the next count right", arguments: [false, true])
    func calibrating(stream: Bool) throws {
        let text = String(repeating: "What is written here is read by somebody. ", count: 200)
        let counted = #""input_tokens":1000,"cache_read_input_tokens":2000"#
        let script: ScriptedUpstream.Script = { request, reply in
            if request.target.contains("count_tokens") { return try reply.answer(404, "{}") }
            let usage = #""input_tokens":3"#
            if stream {
                try reply.stream((Samples.start + Samples.end()).replacingOccurrences(of: usage, with: counted))
            } else {
                try reply.answer(200, Samples.message.replacingOccurrences(of: usage, with: counted))
            }
        }
        try Self.with(nil, script) { proxy, _ in
            func count() throws -> Int {
                let answer = try proxy.ask(
                    "POST /v1/messages/count_tokens",
                    body: #"{"model":"claude-opus-5-5","messages":[{"role":"user","content":"\#(text)"}]}"#)
                return try JSON.parse(answer.body)["input_tokens"]?.int ?? 0
            }
            #expect(try count() < 2700)
            let client = try proxy.client()
            try client.send(Samples.request(stream: stream, text: text))
            _ = try client.answer()
            eventually("the exchange is over") { proxy.trace.outcomes.count == 2 }
            #expect(try abs(count() - 3000) < 30)
        }
    }

    @Test("a burst of 25 counts with all tools takes less than 5 ms each")
    func burst() throws {
        let tool =
            #"{"name":"Read","description":"Reads a file and gives its lines","input_schema":{"type":"object","properties":{"path":{"type":"string","description":"A path"}}}}"#
        let tools = Array(repeating: tool, count: 200).joined(separator: ",")
        let body = #"{"model":"m","messages":[{"role":"user","content":"foo"}],"tools":[\#(tools)]}"#
        try Self.with("ollama", { _, reply in try reply.answer(500, "never asked") }) { proxy, upstream in
            let client = try proxy.client()
            let request = Wire.request("POST /v1/messages/count_tokens", body: body)
            let started = Monotonic.now()
            for _ in 0..<25 { try client.send(request) }
            for _ in 0..<25 { #expect(try client.answer().status == 200) }
            // The tests are not optimised and share the machine: ten times the promise.
            #expect(Monotonic.now().milliseconds(since: started) / 25 < 50)
            #expect(upstream.requests.isEmpty)
        }
    }
}
