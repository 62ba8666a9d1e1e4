/// What the line of an exchange says when it went wrong, and when another model answered than was asked for.
import Testing

@testable import Intercept
@testable import claudecodex

@Suite struct LiveProblemTests {
    private static let start = Timestamp(nanoseconds: 1_795_262_943_000_000_000)

    private func lines(_ events: [Moment.Event], columns: Int? = nil, _ detail: Settings.Detail = .normal) -> String {
        let shell = columns.map { ["COLUMNS": "\($0)"] } ?? [:]
        let terminal = Terminal(color: "never", isTerminal: false, width: nil, Environment(shell))
        return LiveLine(terminal: terminal, detail: detail) { _ in "12:09:03" }.lines(summary(events))
    }

    private func summary(_ events: [Moment.Event]) -> ExchangeSummary {
        let exchange = Exchange(id: "x", started: Self.start, kind: .main, session: "5f0c", agent: nil)
        var summary = ExchangeSummary(exchange)
        for event in events { summary.take(Moment(exchange: exchange, time: Self.start, event: event)) }
        return summary
    }

    /// How a line ends, behind the columns.
    private func end(_ events: [Moment.Event]) -> String { String(lines(events).dropFirst(73).dropLast()) }

    private func refused(_ error: MessageError, status: Int? = nil) -> Moment.Event {
        .response(
            .init(
                status: status ?? error.status, model: "", backend: "b", durationMS: 1,
                body: error.body(requestID: nil),
                pings: 0, shouldRetry: error.shouldRetry))
    }

    private func failure(_ stage: String, _ status: Int?, _ kind: String, _ message: String) -> Moment.Event {
        .error(.init(stage: stage, kind: kind, message: message, status: status, isRetried: false))
    }

    private func request(_ model: String) throws -> Moment.Event {
        let body = try JSON.parse(Array(#"{"model":"\#(model)"}"#.utf8))
        return .request(.init(method: "POST", path: "/v1/messages", headers: HTTPFields(), bytes: [], body: body))
    }

    private func upstream(_ model: String, _ url: String = "http://h/v1") -> Moment.Event {
        .upstream(.init(attempt: 1, method: "POST", url: url, headers: HTTPFields(), model: model, bodyBytes: 1))
    }

    private let broke = Moment.Event.end(.init(outcome: .upstreamError, bytesIn: 1, bytesOut: 1))
    private let over = Moment.Event.end(.init(outcome: .refused, bytesIn: 1, bytesOut: 1))

    @Test("an error of which only the answer is known shows that answer's words")
    func fromAnswer() {
        let unknown = MessageError(404, nil, "GET /v1/complete: no such endpoint", shouldRetry: false)
        #expect(end([refused(unknown), over]) == "not_found_error: GET /v1/complete: no such endpoint")
        let field = MessageError(400, nil, "model: Field\n  required")
        #expect(end([refused(field), over]) == "invalid_request_error: model: Field required")
        let page = Moment.Response(
            status: 502, model: "", backend: "b", durationMS: 1, body: Array("<html>".utf8), pings: 0)
        #expect(end([.response(page), over]) == "api_error, client will retry")
    }

    @Test("a service that is not there is named by its address; -v says why")
    func unreachable() {
        let events = [
            upstream("m", "http://me:pw@127.0.0.1:1/v1/messages"),
            failure("connect", 502, "api_error", "claudecodex: cannot reach the model service: refused"), over,
        ]
        #expect(end(events) == "-> m  api_error: cannot reach 127.0.0.1:1, client will retry")
        #expect(lines(events, .inputs).hasSuffix("retry\n          cannot reach the model service: refused\n"))
    }

    @Test(
        "whether the client tries again is what it was told, else what the status says",
        arguments: [(503, nil, true), (503, false, false), (400, true, true), (400, nil, false), (501, false, false)])
    func retries(_ status: Int, _ told: Bool?, _ expected: Bool) {
        let error = MessageError(status, "x", "y", shouldRetry: told)
        #expect(end([refused(error), over]) == "x: y" + (expected ? ", client will retry" : ""))
        let json = String(decoding: LiveJSON.line(summary([refused(error), over])), as: UTF8.self)
        #expect(json.contains(#""error":{"kind":"x","message":"y","client_retries":\#(expected)}"#))
    }

    @Test("an error inside a stream that has begun is not tried again")
    func inStream() {
        let broken = failure("decode", nil, "api_error", "no end")
        #expect(end([broken, refused(MessageError(502, nil, "no end"), status: 200), broke]) == "api_error: no end")
    }

    @Test("in a narrow terminal the words are cut, not what the client does; empty columns give way")
    func narrow() {
        let busy = MessageError(529, nil, String(repeating: "busy ", count: 60))
        let text = lines([refused(busy), over], columns: 100)
        #expect(text.hasPrefix("12:09:03  5f0c main      529"))
        #expect(text.contains("   overloaded_error: busy busy") && text.hasSuffix("…, client will retry\n"))
        #expect(text.count == 100)
        #expect(lines([refused(busy), over]).count == 73 + 200 + "overloaded_error: , client will retry\n".count)
    }

    @Test("the service's model is shown where it is another one than the client's")
    func models() throws {
        let answer = Moment.Event.response(
            .init(status: 200, model: "claude-x", backend: "b", stopReason: "end_turn", durationMS: 1, pings: 0))
        let other = try [request("claude-x"), upstream("gpt-4o\u{1B}"), answer]
        #expect(end(other) == #"-> gpt-4o\x1b  end_turn"#)
        #expect(!lines(other, columns: 80).contains("gpt-4o"))
        #expect(try end([request("claude-x"), upstream("claude-x"), answer]) == "end_turn")
        let json = String(decoding: LiveJSON.line(summary(other)), as: UTF8.self)
        #expect(json.contains(#""model":"claude-x","upstream_model":"gpt-4o\u001b""#))
    }
}
