/// The rules of a Messages stream, each broken once.
import Testing

@testable import Intercept

struct GrammarTests {
    private static let start = MessageEvent.messageStart(MessageStart(id: "m", model: "c", usage: Usage()))
    private static let end = MessageEvent.messageDelta(MessageDelta(stopReason: .endTurn, usage: Usage()))
    private static let text = MessageEvent.blockDelta(index: 0, delta: .text("a"))
    private static func open(_ index: Int, _ block: ContentBlock = .text) -> MessageEvent {
        .blockStart(index: index, block: block)
    }
    private static let error = MessageEvent.error(MessageError(500, nil, "x"))
    private static let other = MessageEvent.other(name: "new", data: [])

    private func rules(_ events: [MessageEvent]) -> [String] {
        var grammar = Grammar()
        var rules = events.compactMap { grammar.check($0)?.rule }
        if let last = grammar.finish() { rules.append(last.rule) }
        return rules
    }

    static let validStreams: [[MessageEvent]] = [
        [start, end, .messageStop], [start, .ping, open(0), text, .ping, .blockStop(index: 0), end, .messageStop],
        [
            start, open(0), .blockStop(index: 0), open(1, .thinking), .blockDelta(index: 1, delta: .thinking("a")),
            .blockDelta(index: 1, delta: .signature("s")), .blockStop(index: 1), open(2, .toolUse(id: "t", name: "n")),
            .blockDelta(index: 2, delta: .inputJSON("{}")), .blockStop(index: 2), end, .ping, .messageStop,
        ],
        [
            start, open(0, .redactedThinking(data: "x")), .blockStop(index: 0), open(1, .other(json: [])),
            .blockDelta(index: 1, delta: .text("a")), .blockStop(index: 1), end, .messageStop,
        ],
        [
            start, open(0), .blockDelta(index: 0, delta: .other(json: [])), .blockStop(index: 0), other, end,
            .messageStop,
        ],
        [start, open(0), text, error], [error], [], [start, end, .messageStop, other],
    ]

    @Test("streams that the service could have sent are silent", arguments: validStreams)
    func valid(events: [MessageEvent]) { #expect(rules(events) == []) }

    static let brokenStreams: [([MessageEvent], [String])] = [
        ([.ping, start, end, .messageStop], ["ping-place"]),
        ([start, end, .messageStop, .ping], ["ping-place"]),
        ([start, end, .messageStop, end], ["after-end"]),
        ([start, error, .messageStop], ["after-end"]),
        ([start, start, end, .messageStop], ["one-start"]),
        ([open(0)], ["start-first"]), ([.messageStop], ["start-first"]),
        ([start, open(1), .blockStop(index: 1), end, .messageStop], ["index-order"]),
        ([start, open(0), .blockStop(index: 0), open(0), .blockStop(index: 0), end, .messageStop], ["index-order"]),
        ([start, open(0), open(1), .blockStop(index: 0), end, .messageStop], ["no-interleaving"]),
        (
            [start, open(0), .blockDelta(index: 1, delta: .text("a")), .blockStop(index: 0), end, .messageStop],
            ["delta-index"]
        ),
        (
            [start, open(0), .blockDelta(index: 0, delta: .inputJSON("a")), .blockStop(index: 0), end, .messageStop],
            ["delta-kind"]
        ),
        ([start, open(0, .redactedThinking(data: "")), text, .blockStop(index: 0), end, .messageStop], ["delta-kind"]),
        ([start, open(0, .thinking), text, .blockStop(index: 0), end, .messageStop], ["delta-kind"]),
        ([start, open(0, .toolUse(id: "", name: "")), text, .blockStop(index: 0), end, .messageStop], ["delta-kind"]),
        ([start, text, end, .messageStop], ["orphan-delta"]),
        ([start, open(0), .blockStop(index: 1), end, .messageStop], ["stop-index"]),
        ([start, .blockStop(index: 0), end, .messageStop], ["orphan-stop"]),
        ([start, .messageDelta(MessageDelta(stopReason: nil, usage: Usage())), .messageStop], ["stop-reason"]),
        ([start, open(0), end, .messageStop], ["open-block"]),
        ([start, end, end, .messageStop], ["one-delta"]),
        ([start, .messageStop], ["delta-first"]),
        ([start, end, open(0), .messageStop], ["after-delta"]),
        ([start], ["complete"]), ([start, open(0), text], ["complete"]), ([start, end], ["complete"]),
    ]

    @Test("each broken rule is named", arguments: brokenStreams)
    func broken(events: [MessageEvent], expected: [String]) { #expect(rules(events) == expected) }
}
