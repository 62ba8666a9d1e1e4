/// One line for one exchange.

import Synchronization
import Testing

@testable import Intercept
@testable import claudecodex

@Suite struct LiveLineTests {
    private static let start = Timestamp(nanoseconds: 1_795_262_943_000_000_000)
    private static let plain = Terminal(color: "never", isTerminal: false, width: nil, Environment())

    private func line(_ detail: Settings.Detail = .normal, _ terminal: Terminal = plain) -> LiveLine {
        LiveLine(terminal: terminal, detail: detail) { _ in "12:09:03" }
    }

    private func exchange(
        _ kind: Exchange.Kind = .main, session: String? = "5f0cab12", agent: String? = nil
    ) -> Exchange {
        Exchange(id: "x", started: Self.start, kind: kind, session: session, agent: agent)
    }

    private func moment(_ exchange: Exchange, _ milliseconds: Int64, _ event: Moment.Event) -> Moment {
        Moment(
            exchange: exchange, time: Timestamp(nanoseconds: Self.start.nanoseconds + milliseconds * 1_000_000),
            event: event)
    }

    private func head(_ status: Int, _ fields: HTTPFields = HTTPFields()) -> Moment.Event {
        .head(.init(attempt: 1, head: UpstreamHead(status: status, headers: fields), reused: true, firstByteMS: 1))
    }

    private func response(_ usage: Usage?, _ stop: String?, message: String? = nil) -> Moment.Event {
        .response(
            .init(
                status: 200, model: "m", backend: "b", stopReason: stop, usage: usage, durationMS: 1,
                message: message.map { Array($0.utf8) }, pings: 0))
    }

    private func tool(_ name: String, _ input: String = "{}", id: String = "t") -> Moment.Event {
        let call = ToolCall(id: id, name: name, input: Array(input.utf8), index: 0)
        return .toolCall(.init(call: call, milliseconds: 1, isServerSide: false))
    }

    private func end(_ outcome: Outcome = .ok) -> Moment.Event {
        .end(.init(outcome: outcome, bytesIn: 1, bytesOut: 1))
    }

    private func failure(_ status: Int, _ kind: String, _ message: String) -> Moment.Event {
        .error(.init(stage: "decode", kind: kind, message: message, status: status, isRetried: false))
    }

    private func summary(_ exchange: Exchange, _ events: [(Int64, Moment.Event)]) -> ExchangeSummary {
        var summary = ExchangeSummary(exchange)
        for (time, event) in events { summary.take(moment(exchange, time, event)) }
        return summary
    }

    private let first = Usage(input: 13_800, output: 155)
    private let warm = Usage(input: 282, output: 210, cacheRead: 13_818)

    @Test("a plain answer")
    func plain() {
        let exchange = summary(exchange(), [(812, head(200)), (3100, response(first, "end_turn")), (3110, end())])
        #expect(
            line().lines(exchange)
                == "12:09:03  5f0c main      200  0.8s  3.1s   in 13.8k  hit   0%  out  155  end_turn\n")
    }

    @Test("a priced answer shows its price, the JSON line too; below 100 columns there is no room for it")
    func price() {
        let asked = Moment.Event.translation(
            .init(backend: "b", upstreamModel: "claude-opus-5-5", microseconds: 1, losses: Losses()))
        let exchange = summary(
            exchange(), [(1, asked), (812, head(200)), (3100, response(first, "end_turn")), (3110, end())])
        let model = "  -> claude-opus-5-5"
        #expect(
            line().lines(exchange)
                == "12:09:03  5f0c main      200  0.8s  3.1s   in 13.8k  hit   0%  out  155  $0.0583\(model)  end_turn\n"
        )
        let other = summary(self.exchange(), [(812, head(200)), (3100, response(first, "end_turn")), (3110, end())])
        #expect(line().lines(other).hasSuffix("  out  155  end_turn\n"))
        #expect(line().lines(other, hasPrices: true).hasSuffix("  out  155           end_turn\n"))
        for (columns, isShown) in [(100, true), (99, false)] {
            let terminal = Terminal(color: "never", isTerminal: true, width: columns, Environment())
            #expect(line(.normal, terminal).lines(exchange).contains("$0.0583") == isShown)
        }
        let json = String(decoding: LiveJSON.line(exchange), as: UTF8.self)
        #expect(json.contains(#""cost_usd":0.0583,"price_source":"table 2026-11-29""#))
        var tally = Tally()
        tally.add(exchange, exchange.charge(PriceList()))
        #expect(tally.serveLine() == "1 exchange, 1 session, 13.8k in (0% cached), 155 out, $0.0583")
        tally.add(exchange, .unknown(.model))
        #expect(tally.runLine(milliseconds: 1) == "2 exchanges, 27.6k in (0% cached), 310 out, $0.0583+, 1ms")
    }

    @Test("tool calls, counted by name in the order of the first")
    func tools() {
        let exchange = summary(
            exchange(.subagent, agent: "a1772233"),
            [
                (600, head(200)), (900, tool("Bash")), (901, tool("Read")), (902, tool("Bash")),
                (4200, response(warm, "tool_use")),
                (4200, end()),
            ])
        #expect(
            line().lines(exchange)
                == "12:09:03  5f0c sub a177  200  0.6s  4.2s   in 14.1k  hit  98%  out  210  -> Bash x2, Read\n"
        )
    }

    @Test("an error that the client tries again")
    func overloaded() {
        let exchange = summary(
            exchange(), [(200, head(529)), (210, failure(529, "overloaded_error", "busy")), (210, end(.upstreamError))])
        #expect(
            line().lines(exchange)
                == "12:09:03  5f0c main      529  0.2s  0.2s                                 overloaded_error: busy, client will retry\n"
        )
    }

    @Test("an error that it does not try again shows its message")
    func permanent() {
        let exchange = summary(
            exchange(), [(30, failure(400, "invalid_request_error", "tools[3]: \u{1B}bad")), (30, end(.refused))])
        #expect(
            line().lines(exchange)
                == "12:09:03  5f0c main      400        30ms                                 invalid_request_error: tools[3]: \\x1bbad\n"
        )
        let forbidden = HTTPFields([.init("X-Should-Retry", "false")])
        let told = summary(
            self.exchange(),
            [(1, head(429, forbidden)), (2, failure(429, "rate_limit_error", "no quota")), (2, end(.upstreamError))])
        #expect(line().lines(told).hasSuffix("  rate_limit_error: no quota\n"))
    }

    @Test("an attempt that was tried again is no error")
    func retried() {
        let again = Moment.Failure(stage: "connect", kind: "x", message: "y", status: 503, isRetried: true)
        let exchange = summary(
            exchange(), [(1, .error(again)), (2, head(200)), (3, response(first, "end_turn")), (3, end())])
        #expect(!exchange.isError)
    }

    @Test("a client that went away, a denied call, an estimate, an unknown session")
    func others() {
        #expect(
            line().lines(summary(exchange(), [(5, head(200)), (9, end(.clientGone))])).hasSuffix("  client went away\n")
        )
        let deny = Moment.Event.intercept(.init(by: "ToolGuard", hook: "tool_call", action: "deny", path: "t"))
        for order in [[tool("Bash"), deny], [deny, tool("Bash")]] {
            let exchange = summary(exchange(), order.map { (1, $0) } + [(2, response(nil, "end_turn")), (2, end())])
            #expect(line().lines(exchange).hasSuffix("  denied 1 tool call\n"))
        }
        let estimate = Usage(input: 1200, output: 5, isEstimate: true)
        let guessed = summary(exchange(session: nil), [(2, response(estimate, nil)), (2, end())])
        #expect(line().lines(guessed) == "12:09:03  -    main      200         2ms   in ~1.2k  hit   0%  out    5\n")
    }

    @Test("-v adds inputs and losses, -vv the text")
    func detail() {
        var losses = Losses()
        losses.add(.drop, "context_management", "no equal")
        let translation = Moment.Translation(backend: "b", upstreamModel: "m", microseconds: 1, losses: losses)
        let message = #"{"role":"assistant","content":[{"type":"text","text":"one\ntwo\u001b"},{"type":"tool_use"}]}"#
        let exchange = summary(
            exchange(),
            [
                (1, .translation(translation)), (2, tool("Bash", "{\"command\":\"swift\u{7}\"}")),
                (3, response(first, "tool_use", message: message)), (3, end()),
            ])
        let more = "          Bash {\"command\":\"swift\\x07\"}\n          drop context_management: no equal\n"
        #expect(line(.inputs).lines(exchange) == line().lines(exchange) + more)
        #expect(
            line(.text).lines(exchange) == line().lines(exchange) + more + "          | one\n          | two\\x1b\n")
    }

    @Test("a terminal's width is kept; a narrow one goes without the session")
    func width() {
        let terminal = Terminal(color: "always", isTerminal: true, width: 80, Environment())
        let events = [
            (1, head(200)), (2, tool(String(repeating: "x", count: 90))), (3, response(first, "tool_use")), (3, end()),
        ]
        let text = line(.normal, terminal).lines(summary(exchange(), events.map { (Int64($0.0), $0.1) }))
        let visible = text.replacing("\u{1B}[32m", with: "").replacing("\u{1B}[36m", with: "").replacing(
            "\u{1B}[0m", with: "")
        #expect(visible.hasPrefix("12:09:03  main      200"))
        #expect(visible.hasSuffix("…\n"))
        #expect(visible.count <= 80)
        #expect(text.contains("\u{1B}[32m200\u{1B}[0m"))
    }

    @Test("as JSON, with the names of the trace")
    func json() {
        let exchange = summary(
            exchange(.subagent, agent: "a1"),
            [(812, head(200)), (900, tool("Bash")), (3100, response(warm, "tool_use")), (3110, end())])
        #expect(
            String(decoding: LiveJSON.line(exchange), as: UTF8.self) == """
                {"ts":"\(Timestamp(nanoseconds: Self.start.nanoseconds + 3_110_000_000).rfc3339)","id":"x","session":"5f0cab12",\
                "agent":"a1","kind":"subagent","status":200,"model":"m","ttfb_ms":812,"duration_ms":3110,"usage":{"input_tokens":282,\
                "cache_read_input_tokens":13818,"cache_creation_input_tokens":0,"output_tokens":210},"stop_reason":"tool_use",\
                "tools":["Bash"],"outcome":"ok"}

                """)
    }

    /// Collects what is written; refuses when told to.
    private final class Page: Sendable {
        let state = Mutex((text: "", isStuck: false))
        var text: String { state.withLock { $0.text } }

        func write(_ bytes: [UInt8]) -> Bool {
            state.withLock { state in
                if !state.isStuck { state.text += String(decoding: bytes, as: UTF8.self) }
                return !state.isStuck
            }
        }
    }

    private func show(_ lines: LiveLines, _ exchange: Exchange, _ events: [Moment.Event]) {
        for event in events { lines.observe(moment(exchange, 5, event)) }
    }

    @Test("noise is shown with -v only and never counted")
    func noise() {
        for (detail, count) in [(Settings.Detail.normal, 1), (.inputs, 3)] {
            let page = Page()
            let lines = LiveLines(format: .text, line: line(detail), isSilent: false) { page.write($0) }
            for kind in [Exchange.Kind.countTokens, .probe, .main] { show(lines, exchange(kind), [end()]) }
            #expect(page.text.split(separator: "\n").count == count)
            #expect(lines.tally.exchanges == 1)
        }
    }

    @Test("lines that nobody takes are counted and owned up to")
    func stuck() {
        let page = Page()
        let lines = LiveLines(format: .text, line: line(), isSilent: false) { page.write($0) }
        page.state.withLock { $0.isStuck = true }
        for _ in 0..<3 { show(lines, exchange(), [end()]) }
        page.state.withLock { $0.isStuck = false }
        show(lines, exchange(), [end()])
        show(lines, exchange(), [end()])
        #expect(page.text.hasPrefix("(3 lines were not shown)\n12:09:03"))
        #expect(page.text.split(separator: "\n").count == 3)
    }

    @Test("the sums of a session")
    func tally() {
        let lines = LiveLines(format: .text, line: line(), isSilent: true) { _ in false }
        show(lines, exchange(), [head(200), tool("Bash"), response(first, "tool_use"), end()])
        show(lines, exchange(session: "other"), [head(200), response(warm, "end_turn"), end()])
        show(lines, exchange(), [head(529), failure(529, "overloaded_error", ""), end(.upstreamError)])
        #expect(lines.tally.serveLine() == "3 exchanges, 2 sessions, 27.9k in (50% cached), 365 out, 1 error")
        #expect(
            lines.tally.runLine(milliseconds: 48_000)
                == "3 exchanges, 1 tool call, 27.9k in (50% cached), 365 out, 1 error, 48.0s")
        #expect(Tally().serveLine() == "0 exchanges")
    }

    @Test("answers that were broken off on purpose are errors in the sums, and estimates are no counts")
    func brokenOff() {
        var tally = Tally()
        let guess = Usage(input: 111, output: 4, isEstimate: true)
        tally.add(summary(exchange(), [(1, head(200)), (2, response(guess, nil)), (3, end(.refused))]))
        tally.add(summary(exchange(), [(1, head(200)), (2, response(guess, "end_turn")), (3, end())]))
        #expect(tally.serveLine() == "2 exchanges, 1 session, ~222 in (0% cached), ~8 out, 1 error")
    }

    @Test("what went wrong on purpose says so, also as JSON")
    func faults() {
        func fault(_ hook: String, _ action: String, _ after: String) -> Moment.Event {
            .intercept(.init(by: "fault", hook: hook, action: action, after: after))
        }
        let refused = summary(
            exchange(),
            [
                (1, fault("request", "refuse", "claudecodex: made to fail by --fault status=529,retry-after=2 if n=1")),
                (1, failure(529, "overloaded_error", "claudecodex: made to fail")), (2, end(.refused)),
            ])
        #expect(line().lines(refused).hasSuffix("  fault: 529, client will retry\n"))
        let cut = summary(exchange(), [(1, head(200)), (2, fault("answer", "cut", "cut=3")), (3, end(.refused))])
        #expect(line().lines(cut).hasSuffix("  fault: cut\n"))
        let slow = summary(
            exchange(),
            [(1, head(200)), (1, fault("request", "wait", "wait=1s")), (2, response(first, "end_turn")), (3, end())])
        #expect(line().lines(slow).hasSuffix("  fault: wait  end_turn\n"))
        #expect(String(decoding: LiveJSON.line(slow), as: UTF8.self).contains(#""fault":"wait""#))
    }
}
