/// The status line: where it asks, what it asks for, what it prints; and what a proxy remembers of sessions.
import Testing

@testable import Intercept
@testable import claudecodex

struct StatusLineTests {
    static let places: [([String: String], String?)] = [
        ([:], "127.0.0.1 8082 "),
        (["ANTHROPIC_BASE_URL": "http://127.0.0.1:4000"], "127.0.0.1 4000 "),
        (["ANTHROPIC_BASE_URL": "http://127.0.0.1:4000/k/abcdefghijklmnop/"], "127.0.0.1 4000 /k/abcdefghijklmnop"),
        (["ANTHROPIC_BASE_URL": "http://localhost:4000"], "127.0.0.1 4000 "),
        (["ANTHROPIC_BASE_URL": "http://[::1]:4000/x?y#z"], "::1 4000 /x"),
        (["ANTHROPIC_BASE_URL": "http://127.0.0.1"], "127.0.0.1 80 "),
        (["ANTHROPIC_BASE_URL": "", "SERVER_PORT": "9000"], "127.0.0.1 9000 "),
        (["CLAUDECODEX_LISTEN": "0.0.0.0:9001"], "127.0.0.1 9001 "),
        (
            ["CLAUDECODEX_LISTEN": ":9002", "CLAUDECODEX_TOKEN": "abcdefghijklmnop"],
            "127.0.0.1 9002 /k/abcdefghijklmnop"
        ),
        (["ANTHROPIC_BASE_URL": "https://api.anthropic.com"], nil),
        (["ANTHROPIC_BASE_URL": "http://example.com:80"], nil),
        (["ANTHROPIC_BASE_URL": "http://user@127.0.0.1:1"], nil),
        (["ANTHROPIC_BASE_URL": "http://127.0.0.1:1/a b"], nil),
        (["ANTHROPIC_BASE_URL": "http://127.0.0.1:0"], nil),
        (["ANTHROPIC_BASE_URL": "http://127.0.0.1:99999"], nil),
        (["ANTHROPIC_BASE_URL": "nonsense"], nil),
        (["CLAUDECODEX_LISTEN": "unix:/tmp/x"], nil),
        (["SERVER_PORT": "x"], nil),
    ]

    @Test("only a proxy of this machine is asked, where the client's base URL says", arguments: places)
    func place(shell: [String: String], expected: String?) {
        #expect(ProxyPlace(shell).map { "\($0.host) \($0.port) \($0.prefix)" } == expected)
    }

    static let sessions: [(String, String?)] = [
        (#"{"session_id":"5f0c-1","model":{}}"#, "5f0c-1"), (#"{"session_id":""}"#, nil), (#"{"session_id":7}"#, nil),
        (#"{"session_id":"../health"}"#, nil), (#"{"session_id":".."}"#, nil), (#"{"session_id":"a b"}"#, nil),
        (#"{"session_id":"ä"}"#, nil), ("", nil), ("[]", nil), ("{", nil), (#"{"session_id":"a\r\nX: y"}"#, nil),
        (#"{"session_id":"\#(String(repeating: "a", count: 201))"}"#, nil),
    ]

    @Test("a session's id must be one that can stand in a path", arguments: sessions)
    func session(given: String, id: String?) {
        #expect(StatusLine.session(Array(given.utf8)) == id)
    }

    static let answers: [(String, String)] = [
        (
            #"{"session":"s","prompt_tokens":100,"cache_read_tokens":96,"cost_usd":0.312,"unpriced_tokens":0,"ttft_ms":700}"#,
            "hit 96%  $0.31  ttft 0.7s"
        ),
        (
            #"{"session":"s","prompt_tokens":100,"cache_read_tokens":0,"cost_usd":2,"unpriced_tokens":4}"#,
            "hit 0%  $2.00+"
        ),
        (#"{"session":"s","prompt_tokens":100,"cache_read_tokens":0,"cost_usd":0,"unpriced_tokens":4}"#, "hit 0%"),
        (#"{"session":"s","prompt_tokens":0,"cost_usd":0}"#, "$0.00"), (#"{"status":"ok"}"#, ""), ("", ""), ("[1]", ""),
    ]

    @Test("the line has the parts that are known", arguments: answers)
    func line(answer: String, text: String) {
        #expect(StatusLine.text(Array(answer.utf8)) == text)
    }

    static let bodies: [(String, String?)] = [
        ("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}", "{}"), ("HTTP/1.1 404 Not Found\r\n\r\n{}", nil),
        ("HTTP/1.1 200 OK\r\n", nil), ("", nil), ("SSH-2.0-x\r\n\r\n", nil),
    ]

    @Test("only the body of a good answer counts", arguments: bodies)
    func body(answer: String, body: String?) {
        #expect(LocalQuestion.body(Array(answer.utf8)).map { String(decoding: $0, as: UTF8.self) } == body)
    }
}

struct SessionTalliesTests {
    private func summary(_ session: String?, _ usage: Usage?, kind: Exchange.Kind = .main, status: Int = 200)
        -> ExchangeSummary
    {
        let exchange = Exchange(kind: kind, session: session)
        var summary = ExchangeSummary(exchange)
        func take(_ event: Moment.Event) {
            let time = Timestamp(nanoseconds: exchange.started.nanoseconds + 700_000_000)
            summary.take(Moment(exchange: exchange, time: time, event: event))
        }
        take(.head(.init(attempt: 1, head: .init(status: status, headers: HTTPFields()), reused: true, firstByteMS: 1)))
        take(
            .response(
                .init(
                    status: status, model: "m", backend: "b", usage: usage,
                    firstTokenMS: status == 200 ? 740 : nil, durationMS: 1, pings: 0)))
        take(.end(.init(outcome: .ok, bytesIn: 0, bytesOut: 0)))
        return summary
    }

    @Test("a session adds up; probes and counts of tokens do not; an error leaves the time of the last answer")
    func sums() {
        var tallies = SessionTallies()
        let usage = Usage(input: 10, output: 5, cacheRead: 30)
        tallies.add(summary("s", usage), .dollars(0.25, source: "x"))
        tallies.add(summary("s", usage), .unknown(.model))
        tallies.add(summary("s", nil, status: 529), nil)
        tallies.add(summary("s", usage, kind: .countTokens), nil)
        tallies.add(summary(nil, usage), nil)
        #expect(
            tallies.json("s").map { String(decoding: $0, as: UTF8.self) } == """
                {"session":"s","exchanges":3,"errors":1,"prompt_tokens":80,"cache_read_tokens":60,"output_tokens":10,\
                "cost_usd":0.25,"unpriced_tokens":45,"ttft_ms":740}
                """)
        #expect(tallies.json("t") == nil && tallies.json("") == nil)
        tallies.add(summary("u", usage), .unknown(.model))
        #expect(
            tallies.json("u").map { String(decoding: $0, as: UTF8.self) } == """
                {"session":"u","exchanges":1,"errors":0,"prompt_tokens":40,"cache_read_tokens":30,"output_tokens":5,\
                "unpriced_tokens":45,"ttft_ms":740}
                """)
    }

    @Test("256 sessions are remembered, those in use longest")
    func bounded() {
        var tallies = SessionTallies()
        for number in 0..<256 { tallies.add(summary("s\(number)", nil), nil) }
        tallies.add(summary("s0", nil), nil)
        tallies.add(summary("new", nil), nil)
        tallies.add(summary(String(repeating: "x", count: 201), nil), nil)
        #expect(tallies.json("s0") != nil && tallies.json("new") != nil && tallies.json("s2") != nil)
        #expect(tallies.json("s1") == nil && tallies.json(String(repeating: "x", count: 201)) == nil)
    }
}

struct MoneyTests {
    @Test(
        "the price of an answer has at most eight characters",
        arguments: [
            (0.0, "$0.0000"), (0.0539, "$0.0539"), (0.00004, "<$0.0001"), (0.00005, "$0.0001"), (9.99994, "$9.9999"),
            (12.345, "$12.35"), (1234.5, "$1234.50"),
        ])
    func price(dollars: Double, text: String) { #expect(Amounts.price(dollars) == text) }

    @Test(
        "a sum has cents, a small one more",
        arguments: [
            (0.0, false, "$0.00"), (0.31, false, "$0.31"), (0.099, false, "$0.0990"), (0.00001, true, "<$0.0001+"),
            (33.14159, true, "$33.14+"), (1_234_567.891, false, "$1234567.89"),
        ])
    func sum(dollars: Double, isPart: Bool, text: String) { #expect(Amounts.sum(dollars, isPart: isPart) == text) }
}
