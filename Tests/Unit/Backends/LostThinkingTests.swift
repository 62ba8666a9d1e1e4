/// A turn that has lost its thinking.
import Testing

@testable import Backends
@testable import Intercept

struct LostThinkingTests {
    private static let ours = #"{"type":"thinking","thinking":"hm","signature":"ccx1.abc"}"#
    private static let call = #"{"type":"tool_use","id":"a","name":"Read","input":{}}"#
    private static let result = #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"x"}]}"#

    private func mended(_ answer: String, thinking: String, _ quirks: Quirks = .anthropic) throws -> (
        String?, [Losses.Loss]
    ) {
        let body =
            #"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[\#(answer)]},\#(Self.result)],"thinking":\#(thinking)}"#
        var losses = Losses()
        let bytes = VendorRequest.mend(try JSON.parse(Array(body.utf8)), quirks, model: "m", &losses)
        return (bytes.map { String(decoding: $0, as: UTF8.self) }, losses.all)
    }

    private static let enabled = #"{"type":"enabled","budget_tokens":2000}"#

    @Test("P146: thinking is switched off for a turn whose answer began with thinking that had to go")
    func switchedOff() throws {
        let (body, losses) = try mended("\(Self.ours),\(Self.call)", thinking: Self.enabled)
        #expect(body?.hasSuffix(#""thinking":{"type":"disabled"}}"#) ?? false)
        #expect(losses.map(\.path) == ["messages[1].content[0]", "thinking"])
    }

    @Test(
        "P146: it stays where nothing demands it, or where the answer still begins with it",
        arguments: [
            ("\(ours),\(call)", #"{"type":"adaptive"}"#), ("\(ours),{\"type\":\"text\",\"text\":\"x\"}", enabled),
            (
                #"\#(ours),{"type":"redacted_thinking","data":"\#(String(repeating: "E", count: 240))"},\#(call)"#,
                enabled
            ),
            (call, enabled),
        ])
    func stays(answer: String, thinking: String) throws {
        let (body, losses) = try mended(answer, thinking: thinking)
        #expect(body?.hasSuffix(#""thinking":\#(thinking)}"#) ?? true)
        #expect(!losses.contains { $0.path == "thinking" })
    }
}
