/// Whatever is put into a composer in whatever order, its events are an answer of the Messages API.
import Testing

@testable import Intercept

struct MessageComposerTests {
    private func compose(
        _ body: (inout MessageComposer, (MessageEvent) -> Void) -> Void
    ) throws -> [MessageEvent] {
        var composer = MessageComposer(try Core.request(Core.body()), model: "m")
        var events: [MessageEvent] = []
        body(&composer) { events.append($0) }
        return events
    }

    private func violations(_ events: [MessageEvent]) -> [Grammar.Violation] {
        var grammar = Grammar()
        return events.compactMap { grammar.check($0) } + [grammar.finish()].compactMap { $0 }
    }

    @Test("blocks are opened, numbered, signed and closed")
    func blocks() throws {
        let events = try compose { composer, emit in
            composer.thinking("hm", emit)
            composer.thinking("", emit)
            composer.thinking("m", emit)
            composer.text("a", emit)
            composer.text("b", emit)
            composer.toolCall(id: "t", name: "Read", input: Array(#"{"a":"\""}"#.utf8), emit)
            composer.toolCall(id: nil, name: "Bash", input: [], emit)
            composer.text("c", emit)
            composer.end(.endTurn, Usage(input: 3, output: 4), emit)
        }
        #expect(violations(events) == [])
        #expect(events.filter { if case .blockStop = $0 { true } else { false } }.count == 5)
        #expect(events.contains(.blockDelta(index: 0, delta: .signature("ccx1."))))
        #expect(events.contains(.blockDelta(index: 1, delta: .text("b"))))
        #expect(events.contains(.blockStart(index: 2, block: .toolUse(id: "t", name: "Read"))))
        #expect(events.contains(.blockDelta(index: 2, delta: .inputJSON(JSONText(#"{"a":"\""}"#)))))
        #expect(
            events.suffix(2) == [
                .messageDelta(MessageDelta(stopReason: .toolUse, usage: Usage(input: 3, output: 4))), .messageStop,
            ])
    }

    @Test("blanks open no block, but stand before the text that follows")
    func blanks() throws {
        let events = try compose { composer, emit in
            composer.text("\n", emit)
            composer.text(" ", emit)
            composer.text("a", emit)
            composer.text(" ", emit)
            composer.toolCall(id: "t", name: "Read", input: [], emit)
            composer.text("\n\n", emit)
            composer.end(.endTurn, nil, emit)
        }
        #expect(violations(events) == [])
        let texts = events.compactMap { event -> String? in
            if case .blockDelta(_, .text(let text)) = event { text.string } else { nil }
        }
        #expect(texts == ["\n a", " "])
    }

    @Test("counts that the service did not give are estimates and a loss; what comes after the end is another")
    func losses() throws {
        var composer = MessageComposer(try Core.request(Core.body()), model: "m")
        composer.end(.endTurn, Usage(prompt: 1, output: 2)) { _ in }
        #expect(composer.losses.isEmpty && Usage(prompt: 1, output: nil) == nil && Usage(prompt: nil, output: 1) == nil)
        var other = MessageComposer(try Core.request(Core.body()), model: "m")
        other.end(.endTurn, nil) { _ in }
        other.text("late", { Issue.record("an event after the end: \($0)") })
        other.toolCall(id: nil, name: "Late", input: [], { Issue.record("an event after the end: \($0)") })
        #expect(other.losses.all.map { "\($0.operation.rawValue) \($0.path)" } == ["emulate usage", "drop stream"])
    }

    @Test("an answer without anything begins and ends, with estimates where there are no counts")
    func empty() throws {
        let events = try compose { composer, emit in
            composer.end(.maxTokens, nil, emit)
            composer.end(.endTurn, nil, emit)
        }
        #expect(violations(events) == [])
        #expect(events.count == 4)
        guard case .messageStart(let start) = events[0], case .messageDelta(let end) = events[2] else {
            Issue.record("\(events)")
            return
        }
        #expect(start.model == "claude-opus-5-5" && start.usage.isEstimate && start.usage.input > 0)
        #expect(end.stopReason == .maxTokens && end.usage.isEstimate && end.usage.output == 0)
    }
}
