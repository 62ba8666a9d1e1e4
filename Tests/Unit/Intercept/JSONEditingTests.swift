/// Changes in one place of a JSON text, and the closures that write.
import Testing

@testable import Intercept

struct JSONEditingTests {
    @Test(
        "content is blocks, whether it is written as a string or as an array",
        arguments: [
            (#""a\"b""#, [#"{"type":"text","text":"a\"b"}"#]), (#""""#, []),
            (#"[{"type":"x"}, 5]"#, [#"{"type":"x"}"#, "5"]),
            ("[]", []), ("null", []), ("{}", []),
        ])
    func blocks(content: String, blocks: [String]) throws {
        #expect(try Core.json(content).blocks.map { Core.text($0.raw) } == blocks)
    }

    static let arguments: [(String, String?)] = [
        (#"{"a":1}"#, #"{"a":1,"timeout":60}"#), ("{}", #"{"timeout":60}"#), ("{ }", #"{ "timeout":60}"#),
        (#"{"timeout": 5 ,"a": 1.0}"#, #"{"timeout": 60 ,"a": 1.0}"#),
        (#"{"timeout":5,"a":{"timeout":7},"timeout":"x"}"#, #"{"timeout":60,"a":{"timeout":7},"timeout":60}"#),
        ("[1]", nil), ("no JSON", nil), ("", nil),
    ]

    @Test("an argument of a call is replaced or added, the others keep their spelling", arguments: arguments)
    func toolCall(before: String, after: String?) {
        var call = ToolCall(id: "t", name: "Bash", input: Array(before.utf8), index: 0)
        #expect(call.set("timeout") { $0.int(60) } == (after != nil))
        #expect(Core.text(call.input) == after ?? before)
    }

    @Test("a member of a request is written by a closure")
    func request() throws {
        var request = try Core.request(Core.body(#""system":"x""#))
        #expect(request.system?.string == "x")
        request.set("system") { out in
            out.array { out in
                out.object { out in out.field("type", "text") }
                out.array { _ in }
            }
        }
        #expect(Core.text(request.body.raw) == Core.body(#""system":[{"type":"text"},[]]"#))
    }

    @Test("closures close what they open, and pass errors on")
    func nesting() throws {
        var out = JSONWriter()
        out.object { out in
            out.field("a", 1)
            out.object("b") { out in out.field("c", true) }
            out.array("d") { out in out.int(1) }
            out.array("e", of: ["x", "y"]) { $0.string($1) }
            out.array("f", of: [] as [Int]) { $0.int($1) }
        }
        #expect(Core.text(out.bytes) == #"{"a":1,"b":{"c":true},"d":[1],"e":["x","y"],"f":[]}"#)
        let error = #expect(throws: TranslationError.self) {
            try out.object { _ throws(TranslationError) in throw TranslationError("no") }
        }
        #expect(error?.error == MessageError(500, nil, "no"))
    }

    @Test("a note names the interceptor and the hook")
    func note() async throws {
        let notebook = Notebook()
        let chain = Chain([Noting()], Exchange(observers: [notebook]))
        var request = try Core.request(Core.body())
        _ = try await chain.request(&request)
        for event in MessageEvent.text("x", at: 0) { _ = try await chain.event(event) }
        chain.finished(.ok)
        #expect(
            notebook.intercepts.map { "\($0.by) \($0.hook) \($0.action) \($0.after ?? "")" } == [
                "Noting request note r", "Noting event note e", "Noting event note e", "Noting event note e",
                "Noting finished note f",
            ])
    }
}

private struct Noting: Interceptor {
    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        note("r", exchange)
        return .pass
    }

    mutating func event(_ event: inout MessageEvent, _ exchange: Exchange) throws -> EventVerdict {
        note("e", exchange)
        return .pass
    }

    mutating func finished(_ outcome: Outcome, _ exchange: Exchange) { note("f", exchange) }
}
