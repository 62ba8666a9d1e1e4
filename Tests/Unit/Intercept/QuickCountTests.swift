import Intercept
import Testing

@Suite struct QuickCountTests {
    private static func body(_ content: String) throws -> JSON {
        try JSON.parse(Array(#"{"model":"m","messages":[{"role":"user","content":\#(content)}]}"#.utf8))
    }

    @Test("the guess for plain prose lies near the estimate", arguments: ["gpt-4o", "claude-opus-5-5"])
    func prose(_ model: String) throws {
        let sentence = "The parser reads one line after the other and keeps what it cannot use. "
        let text = String(repeating: sentence, count: 400)
        let body = try Self.body("\"\(text)\"")
        let exact = TokenCounter.count(body, model: model)
        #expect(abs(TokenCounter.quick(body, model: model) - exact) < exact / 5)
    }

    @Test("base64 is not counted as text, also inside a tool result")
    func media() throws {
        let data = String(repeating: "QUJD", count: 50_000)
        let image = #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"\#(data)"}}"#
        let plain = try Self.body("[\(image)]")
        let nested = try Self.body(#"[{"type":"tool_result","tool_use_id":"t","content":[\#(image)]}]"#)
        #expect(TokenCounter.quick(plain, model: "gpt-4o") < 1600)
        #expect(TokenCounter.quick(nested, model: "gpt-4o") < 1600)
    }
}
