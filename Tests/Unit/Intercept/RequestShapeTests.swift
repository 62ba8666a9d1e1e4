/// The shapes without which a conversation cannot be carried to another service.
import Testing

@testable import Intercept

struct RequestShapeTests {
    private static func message(_ content: String) -> String {
        #"{"messages":[{"role":"user","content":\#(content)}]}"#
    }

    static let refused: [(String, String)] = [
        (#"{"system":7}"#, "system: expected a string or an array of text blocks, got 7"),
        (#"{"system":["x"]}"#, "system.0: expected a content block (an object), got \"x\""),
        (#"{"system":[{"type":"text"}]}"#, "system.0.text: Field required (a string)"),
        (message("[7]"), "messages.0.content.0: expected a content block (an object), got 7"),
        (message(#"[{"type":"text","text":null}]"#), "messages.0.content.0.text: expected a string, got null"),
        (
            message(#"[{"type":"x"},{"type":"tool_use","name":"n"}]"#),
            "messages.0.content.1.id: Field required (a string)"
        ),
        (message(#"[{"type":"tool_use","id":"i","name":5}]"#), "messages.0.content.0.name: expected a string, got 5"),
        (message(#"[{"type":"tool_result"}]"#), "messages.0.content.0.tool_use_id: Field required (a string)"),
        (message(#"[{"type":"image","source":"x"}]"#), "messages.0.content.0.source: expected an object, got \"x\""),
        (message(#"[{"type":"document"}]"#), "messages.0.content.0.source: Field required (an object)"),
        (#"{"tools":[{},7]}"#, "tools.1: expected an object, got 7"),
    ]

    @Test("a refusal names the place and the value seen", arguments: refused)
    func refusal(body: String, message: String) {
        let error = #expect(throws: MessageError.self) { try RequestShape.check(Core.json(body)) }
        #expect(error?.status == 400 && error?.message == message)
    }

    @Test(
        "what is whole or unknown passes",
        arguments: [
            "{}", #"{"system":null,"messages":[],"tools":[]}"#, #"{"system":"x"}"#, message("\"x\""),
            message(#"[{"type":"new"},{},{"type":"text","text":""},{"type":"tool_result","tool_use_id":"t"}]"#),
            message(#"[{"type":"image","source":{}},{"type":"tool_use","id":"","name":""}]"#),
        ])
    func accepted(body: String) {
        #expect(throws: Never.self) { try RequestShape.check(Core.json(body)) }
    }
}
