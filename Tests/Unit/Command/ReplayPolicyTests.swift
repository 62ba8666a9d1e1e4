import Testing

@testable import Intercept
@testable import claudecodex

struct ReplayPolicyTests {
    private func policy(_ flags: String...) throws -> ReplayPolicy {
        try ReplayPolicy(Arguments(["replay", "last"] + flags))
    }

    @Test(
        "paces", arguments: [("instant", nil), ("recorded", 1), ("x10", 10), ("x0.5", 0.5)] as [(String, Double?)])
    func pace(_ text: String, _ expected: Double?) throws {
        #expect(try policy("--pace", text).pace == expected)
    }

    @Test("paces that are none", arguments: ["fast", "x", "x0", "x-1", "xinf", "10"])
    func noPace(_ text: String) {
        #expect(throws: Failure.self) { try policy("--pace", text) }
    }

    @Test("a backend is needed only where it may be asked")
    func backend() throws {
        #expect(try !policy().asksBackend)
        #expect(try !policy("--on-miss", "nearest").asksBackend)
        #expect(try policy("--on-miss", "forward").asksBackend)
        #expect(try policy("--on-miss", "record").asksBackend)
        let fork = try policy("--from", "3")
        #expect(fork.asksBackend && fork.forkAfter == 3)
        #expect(throws: Failure.self) { try policy("--from", "x") }
    }

    @Test("a command behind -- is the replay's; the words before it are traces")
    func command() throws {
        let arguments = try Arguments(["replay", "last", "--pace", "x2", "--", "claude", "-p", "hi"])
        #expect(arguments.operands == ["last"] && arguments.command == ["claude", "-p", "hi"])
        let settings = try Settings(arguments, Environment())
        #expect(settings.listen == .tcp(host: "127.0.0.1", port: 0) && settings.token == nil)
        #expect(throws: Failure.self) { try Arguments(["replay", "last", "--"]) }
    }

    @Test("a live line ends with the recorded request and the rung")
    func line() throws {
        let exchange = Exchange(session: "s")
        var summary = ExchangeSummary(exchange)
        summary.take(
            Moment(
                exchange: exchange, time: .now(),
                event: .replay(.init(action: .answer, rung: "place", of: "x", number: 3, isReused: true, note: "n"))))
        summary.take(
            Moment(
                exchange: exchange, time: .now(),
                event: .response(
                    .init(status: 200, model: "m", backend: "replay", stopReason: "end_turn", durationMS: 1, pings: 0)))
        )
        let terminal = Terminal.current(-1, color: "never", Environment())
        let line = LiveLine(terminal: terminal, detail: .inputs, clock: { _ in "T" }).lines(summary)
        #expect(line.contains("end_turn  (#3, place, again)\n"))
        #expect(line.contains("replay: n\n"))
        let json = String(decoding: LiveJSON.line(summary), as: UTF8.self)
        #expect(
            json.contains(#""replay":{"action":"answer","rung":"place","of":"x","number":3,"reused":true,"note":"n"}"#))
    }
}
