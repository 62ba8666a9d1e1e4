/// Each reason for a cache miss, found in a constructed pair of requests.
import Testing

@testable import Intercept
@testable import Recorder

struct CacheMissTests {
    /// A conversation whose second request misses for one reason.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let first: Prompt
        let second: Prompt
        var at = 60.0
        var answered = 0.5
        var read = 0
        /// The reason, and where it has details the first of them.
        let expected: String

        init(
            _ name: String, from first: Prompt = CacheMissTests.first, _ second: Prompt, at: Double = 60,
            answered: Double = 0.5, read: Int = 0, is expected: String
        ) {
            testDescription = name
            (self.first, self.second, self.at, self.answered) = (first, second, at, answered)
            (self.read, self.expected) = (read, expected)
        }
    }

    static let first = Prompt().then(
        [Prompt.thinking("hm"), Prompt.call("t1")],
        [
            Prompt.result("t1", String(repeating: "line ", count: 50)),
            Prompt.text("<system-reminder>careful</system-reminder>"),
        ]
    ).then([Prompt.text("Done.")], [Prompt.text("Go on.")])
    static let second = first.then([Prompt.text("Fine.")], [Prompt.text("And now?")])

    static func changed(_ change: (inout Prompt) -> Void) -> Prompt { second.with(change) }

    static let cases: [Case] = [
        Case("model", changed { $0.model = "claude-opus-4-8" }, is: "model_changed claude-sonnet-4-5>claude-opus-4-8"),
        Case("tool added", changed { $0.tools.append("Grep") }, is: "tools_changed added Grep 4/4"),
        Case("tool added in front", changed { $0.tools.insert("Grep", at: 0) }, is: "tools_changed added Grep 1/4"),
        Case("tool removed", changed { $0.tools.removeLast() }, is: "tools_changed removed Edit 3/3"),
        Case("tools reordered", changed { $0.tools.swapAt(0, 1) }, is: "tools_changed moved Bash 1/3"),
        Case(
            "tool changed", from: first, changed { $0.more = #","unknown":1"# }.with { $0.tools[1] = #"Bash","x":"1"# },
            is: "tools_changed changed Bash 2/3"),
        Case("system changed", changed { $0.system[1] += "!" }, is: "system_changed changed system[1] 2/2"),
        Case("system added", changed { $0.system.insert("Today.", at: 1) }, is: "system_changed added system[1] 2/3"),
        Case("system removed", changed { $0.system.removeFirst() }, is: "system_changed removed system[0] 1/2"),
        Case(
            "settings", changed { $0.more = #","thinking":{"type":"disabled"}"# }, read: 500,
            is: "settings_changed added thinking 1/1"),
        Case(
            "thinking cleared", changed { $0.messages[1].removeFirst() }, read: 500,
            is: "history_edited thinking_cleared messages[1].content[0] 1"),
        Case(
            "result trimmed", changed { $0.messages[2][0] = Prompt.result("t1", "[cleared]") }, read: 500,
            is: "history_edited tool_result_trimmed messages[2].content[0] 0"),
        Case(
            "result changed",
            changed { $0.messages[2][0] = Prompt.result("t1", String(repeating: "more ", count: 99)) },
            read: 500, is: "history_edited tool_result_changed messages[2].content[0] 0"),
        Case(
            "reminder gone", changed { $0.messages[2].removeLast() }, read: 500,
            is: "history_edited reminder_changed messages[3].content[0] 1"),
        Case(
            "reminder changed", changed { $0.messages[2][1] = Prompt.text("<system-reminder>other</system-reminder>") },
            read: 500, is: "history_edited reminder_changed messages[2].content[1] 0"),
        Case(
            "rewound", changed { $0.messages = Array($0.messages[..<2]) + [[Prompt.text("Stop.")]] }, read: 500,
            is: "history_edited rewound messages[2].content[0] 4"),
        Case(
            "message removed",
            changed { $0.messages.removeSubrange(1...2) }.then([Prompt.text("a")], [Prompt.text("b")]),
            read: 500, is: "history_edited blocks_removed messages[1].content[0] 4"),
        Case(
            "block inserted", changed { $0.messages[2].insert(Prompt.text("by the way"), at: 0) }, read: 500,
            is: "history_edited blocks_inserted messages[2].content[0] 1"),
        Case(
            "text changed", changed { $0.messages[0] = [Prompt.text("Please break the test.")] }, read: 500,
            is: "history_edited text_changed messages[0].content[0] 0"),
        Case(
            "summary",
            changed {
                $0.messages = [[Prompt.text("This session is being continued from a previous conversation.")]]
            }, read: 500, is: "history_edited compaction messages[0].content[0] 0"),
        Case("expired", second, at: 372, is: "expired 372000/300000"),
        Case(
            "expired after an hour", from: first.with { $0.mark = hour }, second.with { $0.mark = hour }, at: 3700,
            is: "expired 3700000/3600000"),
        Case(
            "not expired within the hour", from: first.with { $0.mark = hour }, second.with { $0.mark = hour },
            at: 3000,
            is: "routing"),
        Case("no mark", changed { $0.mark = nil }, is: "unmarked"),
        Case("marker too far", changed { $0 = $0.long(21) }, read: 300, is: "marker_moved 21"),
        Case("marker near enough", changed { $0 = $0.long(20) }, is: "routing"),
        Case(
            "marker back",
            changed {
                $0.marksSystem = true; $0.messages[6] = [#"{"type":"text","text":"x"}"#]
            }, read: 300, is: "marker_moved -7"),
        Case("parallel", second, at: 0.2, is: "parallel"),
        Case("routing", second, is: "routing"),
        Case("unknown", second, read: 300, is: "unknown"),
        Case("a hit", second, read: 2000, is: "hit"),
        Case("nine tenths are a hit", second, read: 1800, is: "hit"),
        Case("less is not", second, read: 1799, is: "unknown"),
    ]

    private static let hour = #","cache_control":{"type":"ephemeral","ttl":"1h"}"#

    @Test("a miss is put down to its cause", arguments: cases)
    func reason(_ test: Case) throws {
        let bench = CacheBench()
        bench.add(test.first.body, .init(written: 2000), model: test.first.model, answered: test.answered)
        bench.add(
            test.second.body, at: test.at, .init(read: test.read, written: 2300 - test.read), model: test.second.model)
        let turn = try #require(bench.turns().all.last)
        #expect(turn.base?.number == 1 && turn.expected == 2000)
        #expect(Self.text(turn.miss) == test.expected)
        #expect(turn.missedTokens == (turn.miss == nil ? 0 : 2000 - test.read))
    }

    /// A reason in one line.
    static func text(_ miss: CacheMiss?) -> String {
        guard let miss else { return "hit" }
        switch miss {
        case .modelChanged(let from, let to): return "\(miss.name) \(from)>\(to)"
        case .toolsChanged(let changes), .systemChanged(let changes), .settingsChanged(let changes):
            let name = miss.name == "system_changed" ? changes[0].path : changes[0].name
            return "\(miss.name) \(changes[0].how.rawValue) \(name) \(changes[0].position)/\(changes[0].count)"
        case .historyEdited(let edit):
            return "\(miss.name) \(edit.how.rawValue) \(edit.after ?? edit.before) \(edit.blocks)"
        case .expired(let idle, let life, _): return "\(miss.name) \(Int(idle))/\(Int(life))"
        case .markerMoved(let blocks): return "\(miss.name) \(blocks)"
        case .tooSmall(let tokens, let minimum): return "\(miss.name) \(tokens)/\(minimum)"
        default: return miss.name
        }
    }
}

extension Prompt {
    /// With so many blocks between what was kept and the last mark.
    fileprivate func long(_ blocks: Int) -> Prompt {
        var copy = self
        copy.messages[6] = (1..<blocks).map { Prompt.text("part \($0)") }
        return copy
    }
}
