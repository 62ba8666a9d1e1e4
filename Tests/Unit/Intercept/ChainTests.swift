/// Interceptors in order: verdicts, failures, held tool calls, state of one exchange.
import Testing

@testable import Intercept

/// An interceptor made of closures.
struct Scripted: Interceptor {
    var name = "scripted"
    var isRequired = false
    var seesEvents = true
    var holdsToolCalls = false
    var onRequest: @Sendable (inout MessageRequest) async throws -> Verdict = { _ in .pass }
    var onEvent: @Sendable (inout MessageEvent) throws -> EventVerdict = { _ in .pass }
    var onToolCall: @Sendable (inout ToolCall) async throws -> ToolVerdict = { _ in .pass }

    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        try await onRequest(&request)
    }

    mutating func event(_ event: inout MessageEvent, _ exchange: Exchange) throws -> EventVerdict {
        try onEvent(&event)
    }

    mutating func toolCall(_ call: inout ToolCall, _ exchange: Exchange) async throws -> ToolVerdict {
        try await onToolCall(&call)
    }
}

/// Counts events in its own state.
struct Counting: Interceptor {
    private var count = 0

    mutating func event(_ event: inout MessageEvent, _ exchange: Exchange) throws -> EventVerdict {
        count += 1
        event = .other(name: "count", data: Array("\(count)".utf8))
        return .pass
    }
}

struct Failing: Error, CustomStringConvertible {
    var description: String { "it broke" }
}

struct ChainTests {
    private let notebook = Notebook()

    private func chain(_ interceptors: [any Interceptor]) -> Chain {
        Chain(interceptors, Exchange(observers: [notebook]))
    }

    private var notes: [String] { notebook.intercepts.map { "\($0.by) \($0.hook) \($0.action)" } }

    private static func marking(_ name: String, required: Bool = false, fails: Bool = false) -> Scripted {
        Scripted(
            name: name, isRequired: required,
            onRequest: { request in
                request.model += name
                if fails { throw Failing() }
                return .pass
            })
    }

    @Test("requests pass the interceptors in the order of the list")
    func order() async throws {
        let chain = chain([Self.marking("-a"), Self.marking("-b")])
        var request = try Core.request(Core.body())
        #expect(try await chain.request(&request) == .pass)
        #expect(request.model == "claude-opus-5-5-a-b")
        #expect(notes == ["-a request edit", "-b request edit"])
        #expect(notebook.intercepts.map(\.after) == ["claude-opus-5-5-a", "claude-opus-5-5-a-b"])
    }

    @Test(
        "the first refusal or answer ends it", arguments: [Verdict.refuse(.invalidRequest("no")), .answer("instead")])
    func verdict(verdict: Verdict) async throws {
        let chain = chain([
            Scripted(name: "a"), Scripted(name: "b", onRequest: { _ in verdict }), Self.marking("-never"),
        ])
        var request = try Core.request(Core.body())
        #expect(try await chain.request(&request) == verdict)
        #expect(!request.isChanged)
        #expect(notebook.intercepts.map(\.by) == ["b"])
        #expect(["no", "instead"].contains(notebook.intercepts.first?.after))
    }

    @Test("a failing interceptor is left out, what it half did is taken back")
    func isolation() async throws {
        let chain = chain([Self.marking("-a"), Self.marking("-broken", fails: true), Self.marking("-c")])
        var request = try Core.request(Core.body())
        #expect(try await chain.request(&request) == .pass)
        #expect(request.model == "claude-opus-5-5-a-c")
        #expect(notes == ["-a request edit", "-broken request skip", "-c request edit"])
        #expect(notebook.intercepts[1].error == "it broke")
        request.model = "again"
        _ = try await chain.request(&request)
        #expect(request.model == "again-a-c")
    }

    @Test("a required interceptor that fails refuses the exchange")
    func required() async throws {
        let chain = chain([Self.marking("-broken", required: true, fails: true), Self.marking("-c")])
        var request = try Core.request(Core.body())
        let error = await #expect(throws: MessageError.self) { try await chain.request(&request) }
        #expect(error?.status == 500 && error?.shouldRetry == false)
        #expect(error?.message.contains("-broken") ?? false)
        #expect(notes == ["-broken request refuse"])
    }

    private static let text = MessageEvent.blockDelta(index: 0, delta: .text("a"))

    @Test("an event may be changed, dropped or replaced, and the next sees the result")
    func events() async throws {
        let double = Scripted(name: "double", onEvent: { $0 == .ping ? .drop : .replace([$0, $0]) })
        let shout = Scripted(
            name: "shout",
            onEvent: { event in
                if event == Self.text { event = .blockDelta(index: 0, delta: .text("A")) }
                return .pass
            })
        let chain = chain([double, shout])
        #expect(try await chain.event(.ping) == [])
        #expect(
            try await chain.event(Self.text)
                == [.blockDelta(index: 0, delta: .text("A")), .blockDelta(index: 0, delta: .text("A"))])
        #expect(notes == ["double event edit", "double event edit", "shout event edit"])
    }

    @Test("an interceptor that fails at an event is left out from then on")
    func failingEvent() async throws {
        let broken = Scripted(name: "broken", onEvent: { _ in throw Failing() })
        let chain = chain([broken, Counting()])
        #expect(try await chain.event(.ping) == [.other(name: "count", data: Array("1".utf8))])
        #expect(try await chain.event(.ping) == [.other(name: "count", data: Array("2".utf8))])
        #expect(notes.filter { $0 == "broken event skip" }.count == 1)
        let strict = self.chain([Scripted(isRequired: true, onEvent: { _ in throw Failing() })])
        await #expect(throws: MessageError.self) { try await strict.event(.ping) }
    }

    @Test("who does not look at events is not shown any, and nobody is needed")
    func blind() async throws {
        let blind = Scripted(seesEvents: false, onEvent: { _ in .drop })
        let chain = chain([blind])
        #expect(!chain.seesEvents)
        #expect(try await chain.event(.ping) == [.ping])
        #expect(!self.chain([]).seesEvents)
        #expect(self.chain([Scripted(seesEvents: false, holdsToolCalls: true)]).seesEvents)
    }

    @Test("each exchange has its own state")
    func state() async throws {
        let list: [any Interceptor] = [Counting()]
        let first = chain(list)
        let second = chain(list)
        _ = try await first.event(.ping)
        #expect(try await first.event(.ping) == [.other(name: "count", data: Array("2".utf8))])
        #expect(try await second.event(.ping) == [.other(name: "count", data: Array("1".utf8))])
    }

    @Test("all are told how it ended")
    func finished() {
        let ends = Ends()
        let chain = chain([EndNoter(ends: ends), EndNoter(ends: ends)])
        chain.finished(.upstreamError)
        #expect(ends.all == [.upstreamError, .upstreamError])
    }
}

/// Keeps the outcomes it is told.
final class Ends: @unchecked Sendable {
    var all: [Outcome] = []
}

struct EndNoter: Interceptor {
    let ends: Ends

    mutating func finished(_ outcome: Outcome, _ exchange: Exchange) { ends.all.append(outcome) }
}
