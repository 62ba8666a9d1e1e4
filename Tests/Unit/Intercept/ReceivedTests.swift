/// What a request says about itself before anybody understood it.
import Testing

@testable import Intercept

struct ReceivedTests {
    private func received(_ body: String, _ fields: [(String, String)] = []) -> Received {
        let head = HTTPHead(
            method: "POST", target: "/v1/messages?beta=true", minorVersion: 1,
            headers: HTTPFields(fields.map { .init($0.0, $0.1) }))
        return Received(head, path: "/v1/messages", Array(body.utf8))
    }

    private func exchange(_ body: String, _ fields: [(String, String)] = []) -> Exchange {
        received(body, fields).exchange(nil, [])
    }

    static let sessions: [(String, [(String, String)], String?)] = [
        (#"{"metadata":{"user_id":"{\"session_id\":\"abc\",\"x\":1}"}}"#, [], "abc"),
        (#"{"metadata":{"user_id":"user_12ab_account__session_01-23"}}"#, [], "01-23"),
        (#"{"metadata":{"user_id":"user_12ab"}}"#, [], nil), (#"{"metadata":{"user_id":"x_session"}}"#, [], nil),
        (#"{"metadata":{"user_id":7}}"#, [], nil), (#"{"metadata":{"user_id":"{\"session_id\":7}"}}"#, [], nil),
        ("{}", [], nil),
        ("no json", [("X-Claude-Code-Session-Id", "head")], "head"),
        (#"{"metadata":{"user_id":"user_a_session_b"}}"#, [("x-claude-code-session-id", "head")], "head"),
    ]

    @Test("P175: the session stands in the head, in the metadata as JSON, or in their older form", arguments: sessions)
    func session(body: String, fields: [(String, String)], expected: String?) {
        #expect(exchange(body, fields).session == expected)
    }

    static let kinds: [(String, [(String, String)], Exchange.Kind)] = [
        (Core.body(), [], .main), (Core.body(), [("x-claude-code-agent-id", "a1")], .subagent), ("{}", [], .other),
        ("x", [], .other),
        (Core.body(#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#), [], .webSearch),
        (Core.body(#""tools":[{"type":"web_search_20250305"},{"name":"Read"}]"#), [], .main),
        (Core.body(#""tools":[]"#), [], .main),
        (#"{"messages":[{"role":"user","content":"CRITICAL: Respond with TEXT ONLY. Do not"}]}"#, [], .compact),
        (
            #"{"messages":[{"role":"user","content":[{"type":"text","text":"x"},"#
                + #"{"type":"text","text":"CRITICAL: Respond with TEXT ONLY."}]},{"role":"assistant","content":"{"}]}"#,
            [], .compact
        ),
        (#"{"messages":[{"role":"user","content":"say CRITICAL: Respond with TEXT ONLY"}]}"#, [], .main),
        (#"{"messages":[7,"x",{"role":"user"}]}"#, [], .main),
    ]

    @Test("P171: what a request is for", arguments: kinds)
    func kind(body: String, fields: [(String, String)], expected: Exchange.Kind) {
        #expect(exchange(body, fields).kind == expected)
    }

    @Test("P175: agents and the trace id come from the head")
    func head() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        let exchange = exchange(
            "{}",
            [
                ("x-claude-code-agent-id", "a"), ("x-claude-code-parent-agent-id", "b"),
                ("traceparent", "00-\(trace)-00f067aa0ba902b7-01"),
            ])
        #expect(exchange.agent == "a" && exchange.parentAgent == "b" && exchange.traceID == trace)
        #expect(self.exchange("{}", [("traceparent", "nonsense")]).traceID == nil)
    }

    @Test("the first record is the request, byte for byte")
    func record() {
        let notebook = Notebook()
        _ = received(" {} ", [("a", "b")]).exchange(.main, [notebook])
        guard case .request(let request)? = notebook.moments.first?.event else {
            Issue.record("the first record is no request")
            return
        }
        #expect(request.bytes == Array(" {} ".utf8) && request.body?.isObject == true)
        #expect(request.query == "beta=true" && request.headers["A"] == "b")
    }

    @Test("a body that is no JSON is refused with the offset")
    func noJSON() {
        let error = #expect(throws: MessageError.self) { try received(#"{"a":}"#).message(.messages) }
        #expect(error?.status == 400)
        #expect(error?.message == "request body is not valid JSON: expected a value at byte 5")
    }
}
