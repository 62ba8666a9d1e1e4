/// Recorded sessions that answer: what a client got once it gets again, byte for byte, and a third time from the second trace.
import Foundation
import Testing

@testable import Backends
@testable import Intercept
@testable import Recorder
@testable import claudecodex

struct ReplayTests {
    /// One recorded session and the proxies around it.
    final class Rig {
        let folder = NSTemporaryDirectory() + "claudecodex-replay-" + Identifier.hex(Identifier.random(6))
        static let key = [UInt8](repeating: 5, count: 32)

        init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: folder) }

        /// Asks a proxy everything and records it; gives the answers and the trace.
        func run(
            _ name: String, _ backend: any Backend, _ requests: [String], redact: RedactionLevel = .tokens,
            interceptors: [any Interceptor] = [], source: ReplaySource? = nil
        ) throws -> (answers: [Answer], trace: String) {
            let recorder = try Recorder(
                configuration: RecorderConfiguration(
                    directory: folder, file: .run(name), redact: redact, redactKey: Self.key, program: "claudecodex",
                    version: "0", backend: "x")
            ) { Issue.record("\($0)") }
            let proxy = try Proxy(
                backend, interceptors: interceptors, source: source,
                observers: [recorder] + (source.map { [$0] } ?? []))
            let answers = try requests.map { request in
                let client = try proxy.client()
                defer { client.close() }
                try client.send(request)
                return try client.answer(isHead: request.hasPrefix("HEAD"))
            }
            eventually("the ends are recorded") { proxy.trace.outcomes.count == requests.count }
            proxy.stop()
            recorder.close()
            return (answers, recorder.path)
        }

        func source(_ trace: String, _ policy: ReplayPolicy = ReplayPolicy()) throws -> ReplaySource {
            var loading = ReplayLoading(key: Self.key)
            try loading.read(try TraceChoice([trace], directory: folder))
            return ReplaySource(loading.index, policy)
        }

        func replay(_ name: String, _ trace: String, _ requests: [String], _ policy: ReplayPolicy = ReplayPolicy())
            throws
            -> (answers: [Answer], trace: String)
        {
            try run(name, ReplayBackend(models: [], summary: ""), requests, source: try source(trace, policy))
        }

        func records(_ trace: String, _ type: String) throws -> [TraceRecord] {
            try TraceReader(path: trace, only: [type]).filter { $0.type == type }
        }
    }

    /// Status, fields and bytes; the connection's own fields apart.
    static func shown(_ answer: Answer) -> [String] {
        let fields = answer.fields.fields.map { "\($0.name.lowercased()): \($0.value)" }.filter {
            !$0.hasPrefix("date:") && !$0.hasPrefix("connection:")
        }
        return ["\(answer.status)"] + fields.sorted() + [answer.text, "\(answer.isComplete)"]
    }

    /// A service that speaks the Messages API and answers by the words of the request.
    static func service() throws -> ScriptedUpstream {
        let seen = Locked(0)
        return try ScriptedUpstream { request, reply in
            let body = String(decoding: request.body, as: UTF8.self)
            let limits = "anthropic-ratelimit-requests-remaining: 7\r\nrequest-id: req_upstream\r\n"
            if request.target.hasPrefix("/v1/models") {
                try reply.answer(200, #"{"data":[],"has_more":false}"#, fields: "x-own: 1\r\n")
            } else if request.target.contains("count_tokens") {
                try reply.answer(200, #"{ "input_tokens": 77 }"#)
            } else if body.contains("busy") {
                seen.change { $0 += 1 }
                if seen.value > 1 { return try reply.answer(200, Samples.message) }
                let error = #"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#
                try reply.answer(429, error, fields: "retry-after: 3\r\nx-should-retry: true\r\n")
            } else if body.contains("cut") {
                try reply.beginStream()
                try reply.chunk(Samples.start + Samples.text("half"))
                reply.cut()
            } else if body.contains(#""stream":true"#) {
                try reply.stream(body.contains("tool") ? tool : Samples.stream, pieces: 30, fields: limits)
            } else {
                try reply.answer(200, Samples.message, fields: limits)
            }
        }
    }

    static let tool =
        Samples.start + Samples.tool("Bash", input: #"{"command":"ls /tmp"}"#) + Samples.end("tool_use")

    static let everything = [
        Samples.request(stream: true), Samples.request(), Samples.request(stream: true, text: "tool"),
        Samples.request(text: "busy"), Samples.request(text: "busy"),
        Wire.request("POST /v1/messages/count_tokens", body: Samples.body()), Wire.request("GET /v1/models?limit=3"),
        Wire.request("HEAD /v1/models"), Wire.request("POST /v1/messages", body: #"{"nothing":1}"#),
        Samples.request(stream: true, text: "cut"),
    ]

    @Test(
        "passed through: streams, bodies, refusals, counts, model lists and cut answers come again byte for byte, twice over"
    )
    func passThrough() throws {
        let rig = try Rig()
        let upstream = try Self.service()
        let first = try rig.run("first", Samples.passThrough(upstream), Self.everything)
        upstream.stop()
        let second = try rig.replay("second", first.trace, Self.everything)
        let third = try rig.replay("third", second.trace, Self.everything)
        for (index, request) in Self.everything.enumerated() {
            let once = Self.shown(first.answers[index])
            #expect(Self.shown(second.answers[index]) == once, "\(request)")
            #expect(Self.shown(third.answers[index]) == once, "from the second trace: \(request)")
        }
        #expect(first.answers.map(\.status) == [200, 200, 200, 429, 200, 200, 200, 200, 400, 200])
        let rungs = try rig.records(second.trace, "replay").compactMap { $0["rung"]?.string }
        #expect(rungs == [String](repeating: "exact", count: Self.everything.count))
    }

    @Test("translated: what the client got comes again, not what the service had said")
    func translated() throws {
        let rig = try Rig()
        let upstream = try ScriptedUpstream { request, reply in
            if String(decoding: request.body, as: UTF8.self).contains("busy") {
                return try reply.answer(429, #"{"error":{"message":"slow"}}"#, fields: "retry-after: 9\r\n")
            }
            let chunk = #"data: {"id":"c","choices":[{"index":0,"delta":{"content":"hello"},"finish_reason":"stop"}]}"#
            try reply.stream(chunk + "\n\ndata: [DONE]\n\n", fields: "x-ratelimit-left: 3\r\n")
        }
        let requests = [Samples.request(stream: true), Samples.request(stream: true, text: "busy")]
        let first = try rig.run("first", Samples.chat(upstream), requests)
        upstream.stop()
        let second = try rig.replay("second", first.trace, requests)
        let third = try rig.replay("third", second.trace, requests)
        #expect(first.answers[0].text.contains("hello") && first.answers[1].fields["retry-after"] == "9")
        for index in requests.indices {
            #expect(Self.shown(second.answers[index]) == Self.shown(first.answers[index]))
            #expect(Self.shown(third.answers[index]) == Self.shown(first.answers[index]))
        }
    }

    @Test("an answer that an interceptor changed comes again as it was changed")
    func edited() throws {
        let rig = try Rig()
        let upstream = try Self.service()
        let requests = [Samples.request(stream: true, text: "tool"), Samples.request()]
        let rule = try ToolGuard.Rule.parse("Bash:ls*").get()
        let first = try rig.run(
            "first", Samples.passThrough(upstream), requests, interceptors: [try #require(ToolGuard([rule]))])
        upstream.stop()
        #expect(!first.answers[0].text.contains("ls /tmp"))
        let second = try rig.replay("second", first.trace, requests)
        for index in requests.indices {
            #expect(second.answers[index].text == first.answers[index].text)
        }
    }

    @Test(
        "a refusal and the next try come in their order, for each of two clients at once, and at last the answer again")
    func retries() throws {
        let rig = try Rig()
        let upstream = try Self.service()
        func busy(_ session: String) -> String {
            Samples.request(text: "busy", fields: "x-claude-code-session-id: \(session)\r\n")
        }
        let first = try rig.run("first", Samples.passThrough(upstream), [busy("a"), busy("a")])
        upstream.stop()
        let asked = [busy("b"), busy("c"), busy("b"), busy("c"), busy("c")]
        let second = try rig.replay("second", first.trace, asked)
        #expect(second.answers.map(\.status) == [429, 429, 200, 200, 200])
        let reused = try rig.records(second.trace, "replay").map { $0["reused"]?.bool ?? false }
        #expect(reused == [false, false, false, false, true])
    }

    @Test("a miss names the closest request and the first difference; nearest answers; forward asks the backend")
    func misses() throws {
        let rig = try Rig()
        let upstream = try Self.service()
        let tools = #""tools":[{"name":"Read","input_schema":{"type":"object"}}]"#
        let first = try rig.run("first", Samples.passThrough(upstream), [Samples.request()])
        let other = Samples.request(tools, text: "something else")
        let failed = try rig.replay("failed", first.trace, [other])
        #expect(failed.answers[0].status == 404 && failed.answers[0].fields["x-should-retry"] == "false")
        #expect(failed.answers[0].message.contains("closest is #1"))
        #expect(
            failed.answers[0].message.contains("first difference: tools: recorded nothing, asked [{\"name\":\"Read\""))
        var policy = ReplayPolicy()
        policy.onMiss = .nearest
        let nearest = try rig.replay("nearest", first.trace, [other], policy)
        #expect(nearest.answers[0].text == Samples.message)
        policy.onMiss = .forward
        let asked = upstream.requests.count
        let forwarded = try rig.run(
            "forwarded", Samples.passThrough(upstream), [other, Samples.request()],
            source: rig.source(first.trace, policy))
        #expect(forwarded.answers.map(\.status) == [200, 200] && upstream.requests.count == asked + 1)
        let actions = try rig.records(forwarded.trace, "replay").compactMap { $0["action"]?.string }
        #expect(actions == ["forward", "answer"])
    }

    @Test("with --on-miss record the backend is asked once for what the trace does not have")
    func record() throws {
        let rig = try Rig()
        let upstream = try Self.service()
        let first = try rig.run("first", Samples.passThrough(upstream), [Samples.request()])
        var policy = ReplayPolicy()
        policy.onMiss = .record
        let other = Samples.request(stream: true, text: "something else")
        let asked = upstream.requests.count
        let source = try rig.source(first.trace, policy)
        let second = try rig.run(
            "second", Samples.passThrough(upstream), [other, other, Samples.request()], source: source)
        #expect(upstream.requests.count == asked + 1)
        #expect(Self.shown(second.answers[1]) == Self.shown(second.answers[0]))
        #expect(second.answers[0].text == Samples.stream && second.answers[2].text == Samples.message)
        upstream.stop()
        let third = try rig.replay("third", second.trace, [other])
        #expect(third.answers[0].text == Samples.stream)
    }

    @Test("a fork: the trace answers the first requests, the backend the others, and the record names the parent")
    func fork() throws {
        let rig = try Rig()
        let upstream = try Self.service()
        let requests = ["one", "two", "three"].map { Samples.request(text: $0) }
        let first = try rig.run("first", Samples.passThrough(upstream), requests)
        var policy = ReplayPolicy()
        policy.forkAfter = 2
        let asked = upstream.requests.count
        let fork = try rig.run(
            "fork", Samples.passThrough(upstream), requests, source: rig.source(first.trace, policy))
        #expect(upstream.requests.count == asked + 1)
        let replays = try rig.records(fork.trace, "replay")
        #expect(replays.compactMap { $0["rung"]?.string } == ["exact", "exact", "fork"])
        #expect(replays[2]["fork_of"]?.string == replays[1]["of"]?.string)
    }

    @Test("recorded without texts: the structure comes back, and the record says so")
    func strict() throws {
        let rig = try Rig()
        let upstream = try Self.service()
        let requests = [Samples.request(stream: true, text: "tool"), Samples.request()]
        let first = try rig.run("first", Samples.passThrough(upstream), requests, redact: .strict)
        upstream.stop()
        let second = try rig.replay("second", first.trace, requests)
        #expect(second.answers.map(\.status) == [200, 200])
        #expect(second.answers[0].text.contains(#""name":"Bash""#) && second.answers[1].text.contains("[text "))
        let notes = try rig.records(second.trace, "replay").compactMap { $0["note"]?.string }
        #expect(notes.count == 2)
        #expect(notes.allSatisfy { $0.hasPrefix("recorded with --redact strict") })
    }

    @Test("an answer at its recorded pace takes as long as it took; ten times as fast, a tenth")
    func pace() throws {
        let marks: [Moment.Events.Mark] = [
            .init(offset: 0, milliseconds: 100), .init(offset: 3, milliseconds: 250),
            .init(offset: 5, milliseconds: 1250),
        ]
        let answer = RecordedAnswer(
            status: 200, headers: HTTPFields(), headMS: 90, bytes: Array("abcdefg".utf8), marks: marks,
            isEventStream: true)
        let slow = ScriptedAnswer(answer, pace: 1)
        #expect(slow.headAfterMS == 90)
        #expect(slow.pieces.map(\.afterMS) == [10, 150, 1000])
        #expect(slow.pieces.map { String(decoding: $0.bytes, as: UTF8.self) } == ["abc", "de", "fg"])
        let fast = ScriptedAnswer(answer, pace: 10)
        #expect(fast.headAfterMS == 9 && fast.pieces.map(\.afterMS) == [1, 15, 100])
        #expect(ScriptedAnswer(answer, pace: nil).pieces == [.init(afterMS: 0, Array("abcdefg".utf8))])
    }
}
