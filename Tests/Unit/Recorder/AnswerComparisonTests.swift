/// Two answers side by side.
import Intercept
import Testing

@testable import Recorder

@Suite struct AnswerComparisonTests {
    private func outline(_ content: String, stop: String = "end_turn") throws -> AnswerOutline {
        var outline = AnswerOutline()
        outline.stopReason = stop
        outline.take(content: try JSON.parse(Array(content.utf8)))
        return outline
    }

    private func call(_ name: String, _ input: String) -> String {
        #"{"type":"tool_use","id":"t","name":"\#(name)","input":\#(input)}"#
    }

    @Test(
        "tools are the same by name, order and the meaning of their arguments",
        arguments: [
            ("[]", "[]", AnswerComparison.Tools.same),
            (#"[A{"x":1,"y":2}]"#, #"[A{"y":2.0,"x":1}]"#, .same), (#"[A{"x":1}]"#, #"[A{"x":2}]"#, .otherArguments),
            (#"[A{}]"#, #"[B{}]"#, .otherTools), (#"[A{},B{}]"#, #"[B{},A{}]"#, .otherTools),
            (#"[A{}]"#, "[]", .otherTools), (#"[A{}]"#, #"[A{},A{}]"#, .otherTools),
        ])
    func tools(_ old: String, _ new: String, _ expected: AnswerComparison.Tools) throws {
        func content(_ text: String) -> String {
            text.replacing("A{", with: #"{"type":"tool_use","id":"1","name":"A","input":{"#)
                .replacing("B{", with: #"{"type":"tool_use","id":"2","name":"B","input":{"#)
                .replacing("}", with: "}}")
        }
        #expect(AnswerComparison(try outline(content(old)), try outline(content(new))).tools == expected)
    }

    @Test(
        "texts are alike by the words they share",
        arguments: [
            ("", "", 1.0), ("a b", "a b", 1), ("a b", "b  a", 1), ("a b", "a c", 0.5), ("a", "b", 0),
            ("a a", "a", 2.0 / 3),
        ] as [(String, String, Double)])
    func likeness(_ old: String, _ new: String, _ expected: Double) throws {
        func content(_ text: String) -> String { #"[{"type":"text","text":"\#(text)"}]"# }
        let comparison = AnswerComparison(try outline(content(old)), try outline(content(new)))
        #expect(abs(comparison.likeness - expected) < 0.001)
        #expect(comparison.isSameText == (old == new))
    }

    @Test("another stop reason is seen")
    func stop() throws {
        let comparison = AnswerComparison(try outline("[]"), try outline("[]", stop: "max_tokens"))
        #expect(!comparison.isSameStop && comparison.tools == .same)
    }
}
