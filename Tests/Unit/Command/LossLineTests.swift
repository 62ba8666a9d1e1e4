/// Losses in the live line and in JSON.
import Testing

@testable import Intercept
@testable import claudecodex

@Suite struct LossLineTests {
    private static func losses(_ add: (inout Losses) -> Void) -> Losses {
        var losses = Losses()
        add(&losses)
        return losses
    }

    private static let many = losses { losses in
        losses.add(.drop, "tools[0].strict", "no such field")
        losses.add(.clamp, "max_tokens", "outside the limits of gpt-4o", from: "64000", to: "16384")
        losses.add(.drop, "tools[7].strict", "no such field")
        losses.add(.rename, "stop_reason", "unknown finish_reason", to: "end_turn")
    }

    @Test("one loss stands with its reason, several by kind")
    func text() {
        let one = Self.losses { $0.add(.drop, "top_k", "Chat Completions has no such field") }
        #expect(LossLine.text(one.all) == "drop top_k: Chat Completions has no such field")
        #expect(
            LossLine.text(Self.many.all)
                == "4 losses: drop tools[].strict x2, clamp max_tokens 64000 -> 16384, rename stop_reason -> end_turn")
    }

    private static func summary(_ parts: [Losses]) -> ExchangeSummary {
        let exchange = Exchange(id: "x", started: Timestamp(nanoseconds: 0), kind: .main, session: "s", agent: nil)
        var summary = ExchangeSummary(exchange)
        let events = parts.map {
            Moment.Event.translation(.init(backend: "b", upstreamModel: "m", microseconds: 1, losses: $0))
        }
        for event in events + [.end(.init(outcome: .ok, bytesIn: 1, bytesOut: 1))] {
            summary.take(Moment(exchange: exchange, time: Timestamp(nanoseconds: 1_000_000), event: event))
        }
        return summary
    }

    @Test("a second attempt does not repeat the losses of the first")
    func attempts() {
        let more = Self.losses { losses in
            for loss in Self.many.all { losses.add(loss) }
            losses.add(.drop, "seed", "refused")
        }
        #expect(Self.summary([Self.many, more]).losses.count == 5)
    }

    private static func lines(_ detail: Settings.Detail, columns: Int?) -> [Substring] {
        let terminal = Terminal(color: "never", isTerminal: columns != nil, width: columns, Environment())
        let line = LiveLine(terminal: terminal, detail: detail) { _ in "12:09:03" }
        return line.lines(summary([many])).split(separator: "\n")
    }

    @Test("-v has one line of losses, as wide as the terminal; -vv has each with its reason; without -v there is none")
    func detail() {
        #expect(Self.lines(.normal, columns: nil).count == 1)
        let narrow = Self.lines(.inputs, columns: 60)
        #expect(narrow.count == 2 && narrow[1].hasPrefix("          4 losses: drop tools[].strict x2, clamp"))
        #expect(narrow[1].hasSuffix("…") && narrow[1].count == 60)
        #expect(Self.lines(.inputs, columns: 200)[1].hasSuffix("rename stop_reason -> end_turn"))
        let whole = Self.lines(.text, columns: nil)
        #expect(whole.count == 5)
        #expect(whole[2] == "          clamp max_tokens 64000 -> 16384: outside the limits of gpt-4o")
    }

    @Test("JSON lists each loss with the names of the trace")
    func json() {
        let line = String(decoding: LiveJSON.line(Self.summary([Self.many])), as: UTF8.self)
        #expect(
            line.contains(
                #""losses":[{"op":"drop","path":"tools[0].strict","why":"no such field"},{"op":"clamp","path":"max_tokens","why":"outside the limits of gpt-4o","from":"64000","as":"16384"},"#
            ))
        #expect(!String(decoding: LiveJSON.line(Self.summary([])), as: UTF8.self).contains("losses"))
    }
}
