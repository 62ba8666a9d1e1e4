import Testing

@testable import Intercept

/// One exchange through the real chain: a request goes in, then the events of an answer; what comes out must keep the
/// grammar of a stream and survive being written and read.
struct Rehearsal {
    /// A part of the answer that the model gives.
    enum Part {
        /// A text block in these pieces.
        case text([String])
        case call(String, String)
    }

    let verdict: Verdict
    let request: MessageRequest
    /// What the client gets.
    let events: [MessageEvent]
    let notebook = Notebook()

    init(
        _ interceptors: [any Interceptor], _ body: String = Core.body(), kind: Exchange.Kind = .main,
        session: String? = nil, answer: [Part] = [.text(["hello"])], stop: StopReason = .endTurn, output: Int = 9,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let chain = Chain(interceptors, Exchange(kind: kind, session: session, observers: [notebook]))
        var request = try Core.request(body)
        verdict = try await chain.request(&request)
        var events: [MessageEvent] = []
        if verdict == .pass {
            for event in Self.stream(answer, stop, output) { events += try await chain.event(event) }
            Self.check(events, sourceLocation)
        }
        chain.finished(verdict == .pass ? .ok : .refused)
        (self.request, self.events) = (request, events)
    }

    /// The events of an answer, tool calls in two pieces.
    private static func stream(_ answer: [Part], _ stop: StopReason, _ output: Int) -> [MessageEvent] {
        var events: [MessageEvent] = [
            .messageStart(MessageStart(id: "msg_1", model: "claude-opus-5-5", usage: Usage(input: 5))), .ping,
        ]
        for (index, part) in answer.enumerated() {
            switch part {
            case .text(let pieces):
                events.append(.blockStart(index: index, block: .text))
                events += pieces.map { .blockDelta(index: index, delta: .text(JSONText($0))) }
            case .call(let name, let input):
                events.append(.blockStart(index: index, block: .toolUse(id: "toolu_\(index)", name: name)))
                for piece in [input.prefix(input.count / 2), input.dropFirst(input.count / 2)] {
                    events.append(.blockDelta(index: index, delta: .inputJSON(JSONText(String(piece)))))
                }
            }
            events.append(.blockStop(index: index))
        }
        return events + [.messageDelta(MessageDelta(stopReason: stop, usage: Usage(output: output))), .messageStop]
    }

    private static func check(_ events: [MessageEvent], _ place: SourceLocation) {
        var grammar = Grammar()
        for event in events {
            let violation = grammar.check(event)
            #expect(violation == nil, sourceLocation: place)
        }
        #expect(grammar.finish() == nil, sourceLocation: place)
        #expect(events.last == .messageStop, sourceLocation: place)
        #expect((try? Core.events(Array(Core.written(events).utf8))) == events, sourceLocation: place)
    }

    /// The request's body as it goes on.
    var body: String { Core.text(request.body.raw) }
    /// Blocks in order: "text:…", "tool NAME ID:…".
    var blocks: [String] { Chat.blocks(events) }
    var stopReason: StopReason? { Chat.end(events)?.stopReason }
    /// What the trace says about interceptors: "NAME HOOK ACTION: after".
    var notes: [String] {
        notebook.intercepts.map { "\($0.by) \($0.hook) \($0.action)" + ($0.after.map { ": \($0)" } ?? "") }
    }
}
