/// Answers that are damaged on purpose: what the client gets, and what the trace says it got.
import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// Asks for these damages.
private struct Damaging: FaultSource {
    let kinds: [Damage.Kind]
    let tool: String?

    func spoil(_ request: MessageRequest, _ exchange: Exchange) async throws(MessageError) -> [Damage] {
        var fits: (@Sendable (String) -> Bool)?
        if let tool { fits = { $0 == tool } }
        return kinds.map { Damage($0, by: "fault", rule: "rule", tool: fits) }
    }
}

struct DamageTests {
    enum Way: CaseIterable { case passThrough, translation }

    private struct Seen {
        let answer: Answer
        let trace: Trace
        let milliseconds: Double
        /// Without regard to their grammar.
        var events: [MessageEvent] {
            var parser = SSEParser()
            var events: [MessageEvent] = []
            let bytes = answer.body[...]
            try? parser.feed(bytes.span) { if !$0.isComment { events.append(MessageEvent($0)) } }
            return events
        }
        var names: [String] { events.map(\.name).filter { $0 != "ping" } }
    }

    private static let input = #"{"command":"ls"}"#

    /// What a client gets when the model calls Bash, damaged.
    private static func seen(
        _ way: Way, _ kinds: Damage.Kind..., tool: String? = nil, stream: Bool = true, text: String? = nil
    ) throws -> Seen {
        let upstream = try ScriptedUpstream { _, reply in
            switch way {
            case .passThrough where !stream: try reply.answer(200, Samples.message)
            case .passThrough:
                let block = text.map { Samples.text($0) } ?? Samples.tool("Bash", input: input)
                try reply.stream(Samples.start + block + Samples.end("tool_use"), pieces: 90)
            case .translation:
                let delta = Samples.chatTool("Bash", arguments: input, index: 0)
                try reply.stream(Samples.chatStream([delta], finish: "tool_calls"), pieces: 90)
            }
        }
        let backend: any Backend =
            switch way {
            case .passThrough: try Samples.passThrough(upstream)
            case .translation: try Samples.chat(upstream)
            }
        let proxy = try Proxy(backend, faults: Damaging(kinds: kinds, tool: tool))
        defer {
            proxy.stop()
            upstream.stop()
        }
        let client = try proxy.client()
        defer { client.close() }
        let tools = #""tools":[{"name":"Bash","input_schema":{"type":"object"}}]"#
        let began = Monotonic.now()
        try client.send(Samples.request(stream: stream, tools))
        let answer = try client.answer()
        let passed = Monotonic.now().milliseconds(since: began)
        eventually("the end is recorded") { proxy.trace.outcomes.count == 1 }
        return Seen(answer: answer, trace: proxy.trace, milliseconds: passed)
    }

    /// The trace's client side holds what the client got.
    private static func checkTruth(_ seen: Seen, _ acts: [String], _ outcome: Outcome = .ok) {
        let isTrue = seen.trace.bytes(.client) == seen.answer.body
        #expect(isTrue, "the trace says that the client got something else")
        #expect(seen.trace.intercepts == acts.map { "answer \($0)" })
        #expect(seen.trace.outcomes == [outcome])
    }

    @Test("a cut closes the connection behind so many events", arguments: Way.allCases)
    func cut(way: Way) throws {
        let seen = try Self.seen(way, .cut(events: 2))
        #expect(!seen.answer.isComplete)
        #expect(seen.names == ["message_start", "content_block_start"])
        Self.checkTruth(seen, ["cut"], .refused)
    }

    @Test("with a tool, a cut counts from the call of that tool", arguments: [("Bash", 2), ("Read", nil)])
    func cutAtTool(tool: String, events: Int?) throws {
        let seen = try Self.seen(.passThrough, .cut(events: 1), tool: tool)
        #expect(seen.answer.isComplete == (events == nil))
        #expect(seen.names.count == events ?? 7)
        Self.checkTruth(seen, events == nil ? [] : ["cut"], events == nil ? .ok : .refused)
    }

    @Test("an error event ends the stream, and the connection lives on", arguments: Way.allCases)
    func error(way: Way) throws {
        let seen = try Self.seen(way, .error(MessageError(529, nil, "on purpose"), events: 1))
        #expect(seen.answer.isComplete)
        #expect(seen.names == ["message_start", "error"])
        Self.checkTruth(seen, ["error"], .refused)
    }

    @Test("a stall stands inside the arguments, and the call is whole afterwards", arguments: Way.allCases)
    func stall(way: Way) throws {
        let seen = try Self.seen(way, .stall(milliseconds: 60))
        #expect(seen.milliseconds >= 60)
        var assembly = Assembly()
        let calls = seen.events.compactMap { assembly.add($0) }
        #expect(calls.map { String(decoding: $0.input, as: UTF8.self) } == [Self.input])
        Self.checkTruth(seen, ["stall"])
    }

    @Test("a stall without an end lasts until the client leaves, and that is what the trace says")
    func endlessStall() throws {
        let upstream = try ScriptedUpstream { _, reply in
            try reply.stream(
                Samples.start + Samples.tool("Bash", input: Self.input) + Samples.end("tool_use"), pieces: 90)
        }
        let proxy = try Proxy(
            Samples.passThrough(upstream),
            faults: Damaging(kinds: [.stall(milliseconds: nil)], tool: nil))
        defer {
            proxy.stop()
            upstream.stop()
        }
        let client = try proxy.client()
        try client.send(Samples.request(stream: true))
        eventually("it stalls") { proxy.trace.intercepts == ["answer stall"] }
        #expect(proxy.trace.outcomes == [])
        client.close()
        eventually("the end is recorded") { proxy.trace.outcomes == [.clientGone] }
        #expect(!String(decoding: proxy.trace.bytes(.client), as: UTF8.self).contains("message_stop"))
    }

    @Test("a character cut across two writes comes whole")
    func split() throws {
        let seen = try Self.seen(.passThrough, .split, text: "häuser 日本")
        var assembly = Assembly()
        for event in seen.events { assembly.add(event) }
        #expect(String(decoding: assembly.message(), as: UTF8.self).contains("häuser 日本"))
        Self.checkTruth(seen, ["split"])
    }

    @Test("pieces name the wrong block", arguments: Way.allCases)
    func index(way: Way) throws {
        let seen = try Self.seen(way, .index(nil))
        let indices = seen.events.compactMap { if case .blockDelta(let index, _) = $0 { index } else { nil } }
        #expect(!indices.isEmpty && indices.allSatisfy { $0 == 1 })
        Self.checkTruth(seen, ["index"])
    }

    @Test("event lines are lost, also of events that another damage wrote", arguments: Way.allCases)
    func names(way: Way) throws {
        let seen = try Self.seen(way, .unnamed, .index(3))
        #expect(seen.answer.isComplete && !seen.answer.text.contains("event:"))
        #expect(seen.answer.text.contains(#""index":3"#))
        Self.checkTruth(seen, ["names", "index"])
    }

    @Test(
        "slow and drip take their time and change nothing",
        arguments: [
            Damage.Kind.slow(eventsPerSecond: 200), .drip(bytesPerSecond: 20_000),
        ])
    func slow(kind: Damage.Kind) throws {
        let plain = try Self.seen(.passThrough, .cut(events: 1000))
        let seen = try Self.seen(.passThrough, kind)
        #expect(seen.answer.text == plain.answer.text)
        #expect(seen.milliseconds >= 30)
        let isTrue = seen.trace.bytes(.client) == seen.answer.body
        #expect(isTrue && seen.trace.outcomes == [.ok])
    }

    @Test("a whole answer is cut in the middle of its body")
    func whole() throws {
        let seen = try Self.seen(.passThrough, .cut(events: 3), stream: false)
        #expect(!seen.answer.isComplete)
        #expect(seen.answer.body == Array(Array(Samples.message.utf8).prefix(Samples.message.utf8.count / 2)))
        Self.checkTruth(seen, ["cut"], .refused)
    }

    @Test("the next request on the same connection is untouched by an error event")
    func next() throws {
        let upstream = try ScriptedUpstream { _, reply in try reply.stream(Samples.stream, pieces: 90) }
        let first = Locked(true)
        struct Once: FaultSource {
            let isFirst: Locked<Bool>
            func spoil(_ request: MessageRequest, _ exchange: Exchange) async throws(MessageError) -> [Damage] {
                defer { isFirst.value = false }
                let error = MessageError(529, nil, "x")
                return isFirst.value ? [Damage(.error(error, events: 1), by: "fault", rule: "r")] : []
            }
        }
        let proxy = try Proxy(Samples.passThrough(upstream), faults: Once(isFirst: first))
        defer {
            proxy.stop()
            upstream.stop()
        }
        let client = try proxy.client()
        defer { client.close() }
        try client.send(Samples.request(stream: true))
        #expect(try client.answer().text.contains("event: error"))
        try client.send(Samples.request(stream: true))
        #expect(try client.answer().text == Samples.stream)
    }
}
