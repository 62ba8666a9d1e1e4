import Testing

@testable import Backends
@testable import Intercept

@Suite struct ToolNamesTests {
    @Test("base64url goes both ways for every length", arguments: 0..<40)
    func base64(length: Int) {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 250) }
        let text = Base64URL.encode(bytes)
        #expect(Base64URL.decode(text.utf8) == bytes)
        #expect(text.utf8.allSatisfy(ToolNames.isLegal))
    }

    @Test("what is no base64url is refused", arguments: ["a", "ab=", "a b!"])
    func notBase64(text: String) {
        #expect(Base64URL.decode(text.utf8) == nil)
    }

    @Test(
        "a legal name is its own alias; every other alias is legal",
        arguments: ["Read", "a.b", "läs", "", String(repeating: "x", count: 65)])
    func legal(name: String) {
        let alias = ToolNames.alias(name)
        #expect(ToolNames.isLegal(alias))
        #expect((alias == name) == ToolNames.isLegal(name))
    }

    @Test(
        "P2: an id that the client could not send elsewhere is shown in a form that can be turned back",
        arguments: ["functions.add:0", "call|fc", "ccx_x", "läs"])
    func shownIDs(id: String) {
        let shown = ToolCallID.shown(id)
        #expect(shown != id && ToolNames.isLegal(shown))
        #expect(ToolCallID.sent(shown) == id)
    }

    @Test("a legal id is shown and sent as it is")
    func legalIDs() {
        #expect(ToolCallID.shown("call_abc-1") == "call_abc-1")
        #expect(ToolCallID.sent("toolu_01") == "toolu_01")
        #expect(ToolNames.isLegal(ToolCallID.made()) && ToolCallID.made() != ToolCallID.made())
    }
}
