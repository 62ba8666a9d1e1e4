/// Rules of `--fault`: how they are read, what they fit, and that chances repeat.
import Intercept
import Testing

@testable import claudecodex

@Suite struct FaultRuleTests {
    private func rule(_ text: String) throws -> FaultRule { try FaultRule.parse(text).get() }

    private func request(
        _ content: String = #""hi""#, model: String = "claude-opus-5-5", stream: Bool = true
    ) throws -> MessageRequest {
        let body =
            #"{"model":"\#(model)","max_tokens":9,"stream":\#(stream),"messages":[{"role":"user","content":\#(content)}]}"#
        return try MessageRequest(
            endpoint: .messages, path: "/v1/messages", query: nil, headers: HTTPFields(),
            body: try JSON.parse(Array(body.utf8)))
    }

    @Test(
        "each kind is read with its value and options",
        arguments: [
            ("status=529", .status(529, retryAfter: nil)),
            ("status=429,retry-after=2", .status(429, retryAfter: "2")),
            ("wait=1.5s", .wait(milliseconds: 1500)), ("cut", .damage(.cut(events: 3))),
            ("cut=5", .damage(.cut(events: 5))), ("cut=0", .damage(.cut(events: 0))),
            ("stall", .damage(.stall(milliseconds: nil))), ("stall=2s", .damage(.stall(milliseconds: 2000))),
            ("split", .damage(.split)), ("names", .damage(.unnamed)), ("index", .damage(.index(nil))),
            ("index=7", .damage(.index(7))), ("slow=20", .damage(.slow(eventsPerSecond: 20))),
            ("drip=100", .damage(.drip(bytesPerSecond: 100))),
            (
                "error=rate_limit_error,after=1",
                .damage(
                    .error(
                        MessageError(429, "rate_limit_error", "claudecodex: made to fail by --fault error"), events: 1))
            ),
        ] as [(String, FaultRule.Effect)])
    func kinds(_ text: String, _ effect: FaultRule.Effect) throws { #expect(try rule(text).effect == effect) }

    @Test(
        "a mistake is named with its column",
        arguments: [
            ("", "the rule is empty"), ("bogus=3", "at column 1: there is no fault 'bogus'"),
            ("stauts=529", "did you mean 'status'"), ("status=200", "at column 8: '200' is no number from 400 to 599"),
            ("status", "at column 1: '' is no number"), ("status=529,retry=2", "at column 12: 'retry=2'"),
            ("status=529,retry-after=soon", "at column 24: 'soon' is no number of seconds"),
            ("cut=5 if kin=main", "at column 10: there is no field 'kin'; did you mean 'kind'"),
            ("cut=5 if kind", "at column 10: 'kind' is compared with nothing"),
            ("cut=5 if messages>many", "at column 10:"), ("cut p=200%", "at column 5: '200%' is no probability"),
            ("wait=soon", "at column 6: 'soon' is no time"), ("split=3,x=1", "at column 9: 'x=1' is not understood"),
            ("error=overload", "at column 7: there is no error type 'overload'"),
        ])
    func mistakes(_ text: String, _ words: String) {
        guard case .failure(let problem) = FaultRule.parse(text) else {
            Issue.record("'\(text)' was read")
            return
        }
        #expect(problem.text.contains(words), "\(problem.text)")
    }

    @Test(
        "a rule fits by what is known of the request",
        arguments: [
            ("cut", true), ("cut if kind=main", true), ("cut if kind=subagent", false), ("cut if model~opus", true),
            ("cut if model~haiku", false), ("cut if agent=review", false), ("cut if agent!=review", true),
            ("cut if session=s1 and stream", true), ("cut if messages>1", false), ("cut if path=/v1/messages", true),
            ("cut if try=1", true), ("cut if try=2", false), ("cut if tool=Bash", true),
            ("status=500 if tool=Bash", false),
        ])
    func fitting(_ text: String, _ fits: Bool) throws {
        let exchange = Exchange(id: "x", kind: .main, session: "s1")
        #expect(try rule(text).fits(try request(), exchange, attempt: 1) == fits)
    }

    @Test("before there is an answer, tool means one whose result the request brings")
    func tools() throws {
        let body =
            #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"Bash","input":{}},{"type":"tool_use","id":"t0","name":"Read","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"y"}]}]}"#
        let request = try MessageRequest(
            endpoint: .messages, path: "/v1/messages", query: nil, headers: HTTPFields(),
            body: try JSON.parse(Array(body.utf8)))
        let exchange = Exchange(id: "x")
        #expect(try rule("status=500 if tool=Bash").fits(request, exchange, attempt: 1))
        #expect(try !rule("status=500 if tool=Read").fits(request, exchange, attempt: 1))
        let armed = try #require(try rule("cut if tool=Bash").tools)
        #expect(armed("Bash") && !armed("Read"))
    }

    @Test("n counts the requests that fit, try how often the same one has come")
    func counting() throws {
        let book = FaultBook([try rule("status=500 if n=2"), try rule("status=501 if try=2")], seed: 1)
        let exchange = Exchange(id: "x")
        let due = try ["1", "2", "2", "1"].map { content in
            book.due(try request(#""\#(content)""#), exchange).map(\.text)
        }
        #expect(due == [[], ["status=500 if n=2"], ["status=501 if try=2"], ["status=501 if try=2"]])
    }

    @Test("the same seed gives the same faults, another seed others, and about as many as asked for")
    func chances() throws {
        let rules = [try rule("cut p=30%")]
        let requests = try (0..<200).map { try request(#""\#($0)""#) }
        let exchange = Exchange(id: "x")
        let rows = [UInt64(7), 7, 8].map { seed in
            let book = FaultBook(rules, seed: seed)
            return requests.map { !book.due($0, exchange).isEmpty }
        }
        #expect(rows[0] == rows[1] && rows[0] != rows[2])
        #expect((40...80).contains(rows[0].filter { $0 }.count))
    }

    @Test("never and always need no luck", arguments: [("cut p=0", 0), ("cut p=100%", 50), ("cut", 50)])
    func certainty(_ text: String, _ count: Int) throws {
        let book = FaultBook([try rule(text)], seed: 3)
        let request = try request()
        #expect((0..<50).filter { _ in !book.due(request, Exchange(id: "x")).isEmpty }.count == count)
    }

    @Test("without rules there is no interceptor")
    func none() throws { #expect(Faults([], seed: 0, try EventLoop()) == nil) }

    @Test("the live line finds the status of a fault in its message")
    func status() {
        #expect(Faults.status(in: "claudecodex: made to fail by --fault status=529,retry-after=2 if n=1") == "529")
    }
}
