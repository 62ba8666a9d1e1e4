/// Tool calls that are held back until they are whole: passed, edited, denied.
import Testing

@testable import Intercept

struct ChainToolCallTests {
    private let notebook = Notebook()
    private static let start = MessageEvent.blockStart(index: 1, block: .toolUse(id: "t1", name: "Bash"))
    private static let pieces: [MessageEvent] = [
        start, .blockDelta(index: 1, delta: .inputJSON("{\"a\"")), .blockDelta(index: 1, delta: .inputJSON(":1}")),
        .blockStop(index: 1),
    ]

    private static func end(_ reason: StopReason) -> MessageEvent {
        .messageDelta(MessageDelta(stopReason: reason, usage: Usage(output: 3)))
    }

    private static func call(_ index: Int, _ name: String) -> [MessageEvent] {
        [.blockStart(index: index, block: .toolUse(id: "t\(index)", name: name)), .blockStop(index: index)]
    }

    private func run(_ interceptors: [any Interceptor], _ events: [MessageEvent]) async throws -> [MessageEvent] {
        let chain = Chain(interceptors, Exchange(observers: [notebook]))
        var out: [MessageEvent] = []
        for event in events { out += try await chain.event(event) }
        return out
    }

    private static func guarding(_ verdict: @escaping @Sendable (inout ToolCall) async throws -> ToolVerdict)
        -> Scripted
    {
        Scripted(name: "guard", holdsToolCalls: true, onToolCall: verdict)
    }

    private static let denying = guarding { $0.name == "Bash" ? .deny("no \($0.name)") : .pass }

    private var notes: [String] { notebook.intercepts.map { "\($0.by) \($0.hook) \($0.action)" } }

    @Test("a call that passes comes whole, in its own pieces, and not before it is complete")
    func pass() async throws {
        let passing = Self.guarding { _ in .pass }
        #expect(try await run([passing], Self.pieces.dropLast()) == [])
        #expect(try await run([passing], Self.pieces) == Self.pieces)
        #expect(notes == [])
    }

    @Test("text, thinking, pings and errors do not wait for a held call")
    func others() async throws {
        let events: [MessageEvent] = [
            Self.start, .ping, .blockDelta(index: 0, delta: .text("a")), .error(.invalidRequest("x")),
        ]
        #expect(try await run([Self.denying], events) == Array(events.dropFirst()))
    }

    @Test("an edited call is written anew, with the same index")
    func edit() async throws {
        let editing = Self.guarding { call in
            call.name = "Read"
            call.input = Array(#"{"b":"\n"}"#.utf8)
            return .pass
        }
        #expect(
            try await run([editing], Self.pieces) == [
                .blockStart(index: 1, block: .toolUse(id: "t1", name: "Read")),
                .blockDelta(index: 1, delta: .inputJSON(JSONText(#"{"b":"\n"}"#))), .blockStop(index: 1),
            ])
        #expect(notes == ["guard tool_call edit"])
        #expect(notebook.intercepts.first?.before == #"Bash {"a":1}"#)
    }

    @Test("a denied call becomes text, and a turn without calls ends")
    func deny() async throws {
        let events = try await run([Self.denying], Self.pieces + [Self.end(.toolUse), .messageStop])
        #expect(
            events == [
                .blockStart(index: 1, block: .text), .blockDelta(index: 1, delta: .text("no Bash")),
                .blockStop(index: 1),
                Self.end(.endTurn), .messageStop,
            ])
        #expect(notes == ["guard tool_call deny"])
    }

    @Test("the stop reason stays while a call is left, and when it was another one")
    func denySome() async throws {
        let both = Self.call(0, "Bash") + Self.call(1, "Read") + [Self.end(.toolUse)]
        #expect(try await run([Self.denying], both).last == Self.end(.toolUse))
        let reversed = Self.call(0, "Read") + Self.call(1, "Bash") + [Self.end(.toolUse)]
        #expect(try await run([Self.denying], reversed).last == Self.end(.toolUse))
        let none = Self.call(0, "Bash") + [Self.end(.maxTokens)]
        #expect(try await run([Self.denying], none).last == Self.end(.maxTokens))
    }

    @Test("what the client gets after a denial keeps the grammar")
    func grammar() async throws {
        let stream: [MessageEvent] =
            [.messageStart(MessageStart(id: "m", model: "c", usage: Usage()))] + Self.call(0, "Bash")
            + Self.call(1, "Read")
            + Self.call(2, "Bash") + [Self.end(.toolUse), .messageStop]
        var grammar = Grammar()
        for event in try await run([Self.denying], stream) { #expect(grammar.check(event) == nil) }
        #expect(grammar.finish() == nil)
    }

    @Test("all interceptors decide, each sees what the one before made of the call")
    func several() async throws {
        let renaming = Self.guarding { call in
            call.name = "Bash"
            return .pass
        }
        let events = try await run([renaming, Self.denying], Self.call(0, "Read"))
        #expect(events.first == .blockStart(index: 0, block: .text))
        let reversed = try await run([Self.denying, renaming], Self.call(0, "Read"))
        #expect(reversed.first == .blockStart(index: 0, block: .toolUse(id: "t0", name: "Bash")))
    }

    @Test("a failing interceptor is left out and the call goes on as it was; a required one fails closed")
    func failing() async throws {
        let broken = Self.guarding { call in
            call.name = "half done"
            throw Failing()
        }
        #expect(try await run([broken], Self.pieces + Self.call(2, "Read")) == Self.pieces + Self.call(2, "Read"))
        #expect(notes == ["guard tool_call skip"])
        var strict = broken
        strict.isRequired = true
        await #expect(throws: MessageError.self) { try await run([strict], Self.pieces) }
    }

    @Test("a call that is held when its interceptor fails elsewhere still comes whole")
    func failingWhileHeld() async throws {
        var broken = Self.denying
        broken.onEvent = { event in
            if event == .blockDelta(index: 1, delta: .inputJSON(":1}")) { throw Failing() }
            return .pass
        }
        #expect(try await run([broken], Self.pieces) == Self.pieces)
    }

    @Test("a stop reason is mended even when the interceptor that denied failed later")
    func failingAfterDenial() async throws {
        var broken = Self.denying
        broken.onEvent = { event in
            if case .messageDelta = event { throw Failing() }
            return .pass
        }
        #expect(try await run([broken], Self.pieces + [Self.end(.toolUse)]).last == Self.end(.endTurn))
    }

    @Test("a call of which the service says who calls it is held like any other")
    func caller() async throws {
        let json = #"{"type":"tool_use","id":"t1","name":"Bash","input":{},"caller":{"type":"direct"}}"#
        let events: [MessageEvent] = [
            .blockStart(index: 0, block: .other(json: Array(json.utf8))),
            .blockDelta(index: 0, delta: .inputJSON("{}")), .blockStop(index: 0),
        ]
        #expect(try await run([Self.denying], events).first == .blockStart(index: 0, block: .text))
        let passing = Self.guarding { _ in .pass }
        #expect(try await run([passing], events) == events)
    }
}
