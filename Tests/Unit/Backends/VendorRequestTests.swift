/// What becomes of a request for a vendor that does not take all of it.
import Testing

@testable import Backends
@testable import Intercept

struct VendorRequestTests {
    private static func mend(
        _ body: String, _ quirks: Quirks, model: String = "m"
    ) throws -> (body: String?, losses: [Losses.Loss]) {
        var losses = Losses()
        let bytes = VendorRequest.mend(try JSON.parse(Array(body.utf8)), quirks, model: model, &losses)
        return (bytes.map { String(decoding: $0, as: UTF8.self) }, losses.all)
    }

    private static func mend(messages: String, _ quirks: Quirks) throws -> (body: String?, losses: [Losses.Loss]) {
        let (body, losses) = try mend(#"{"messages":\#(messages)}"#, quirks)
        return (body.map { String($0.dropFirst(12).dropLast()) }, losses)
    }

    private static let everything = Quirks(
        foldsSystem: true, hasNoDeferredTools: true, takesNoDocuments: true, refusesCacheControl: true,
        refusedFields: ["context_management"], claudeFields: ["safeguards"], typedTools: [], thinking: .foreignUnsigned)

    @Test("a request that needs nothing keeps its bytes, whatever the vendor", arguments: Vendor.all + [.other])
    func untouched(vendor: Vendor) throws {
        let body =
            #"{ "model":"m" ,"max_tokens":1.0e1, "messages":[ {"role":"user","content":[{"type":"text","text":"\u00e9"}]},"#
            + #"{"role":"assistant","content":"x"} ,7], "tools":[{"name":"Read","input_schema":{}}],"k": [ ]}"#
        let (mended, losses) = try Self.mend(body, vendor.quirks)
        #expect(mended == nil && losses.isEmpty)
    }

    @Test("system messages become the end of the user message in front, in their order, with their cache mark")
    func folding() throws {
        let (messages, losses) = try Self.mend(
            messages:
                #"[{"role":"user","content":"hi","k":1e0},{"role":"system","content":"one\n\"two\"","output_config":{}},"#
                + #"{"role":"system","content":[{"type":"text","text":"three","cache_control":{"type":"ephemeral"}}]},{"role":"assistant","content":"x"}]"#,
            Quirks(foldsSystem: true))
        #expect(
            messages
                == #"[{"role":"user","content":[{"type":"text","text":"hi"},"#
                + #"{"type":"text","text":"<system-reminder>\none\n\"two\"\n</system-reminder>"},"#
                + #"{"type":"text","text":"<system-reminder>\nthree\n</system-reminder>","cache_control":{"type":"ephemeral"}}],"k":1e0},"#
                + #"{"role":"assistant","content":"x"}]"#)
        #expect(losses.map(\.path) == ["messages[1]", "messages[2]"] && losses.allSatisfy { $0.operation == .move })
    }

    @Test("a system message without a user's in front becomes one; what is no text in it is a loss")
    func foldingAlone() throws {
        let (messages, losses) = try Self.mend(
            messages:
                #"[{"role":"system","content":[{"type":"tool_addition","tool":{}},{"type":"text","text":"a"}]},{"role":"assistant","content":[]},{"role":"system","content":"b"}]"#,
            Quirks(foldsSystem: true))
        #expect(
            messages
                == #"[{"role":"user","content":[{"type":"text","text":"<system-reminder>\na\n</system-reminder>"}]},"#
                + #"{"role":"assistant","content":[]},{"role":"user","content":[{"type":"text","text":"<system-reminder>\nb\n</system-reminder>"}]}]"#
        )
        #expect(losses.map(\.path) == ["messages[0]", "messages[0].content[0]", "messages[2]"])
    }

    @Test("a reference to a deferred tool becomes words, and the placeholder goes")
    func references() throws {
        let body =
            #"{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"tool_reference","tool_name":"WebSearch"}],"is_error":false}]}],"#
            + #""tools":[{"name":"WebSearch","input_schema":{},"defer_loading":true},{"name":"DeferredToolPlaceholder","input_schema":{},"defer_loading":true}]}"#
        let (mended, losses) = try Self.mend(body, Quirks(hasNoDeferredTools: true))
        #expect(
            mended
                == #"{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"The tool WebSearch is loaded and can be called."}],"is_error":false}]}],"#
                + #""tools":[{"name":"WebSearch","input_schema":{},"defer_loading":true}]}"#)
        #expect(losses.map(\.path) == ["messages[0].content[0].content[0]", "tools[1]"])
    }

    @Test("a document becomes its text, or a note where it has none; in a result too")
    func documents() throws {
        let text = #"{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a\nb"}}"#
        let pdf = #"{"type":"document","title":"T","source":{"type":"base64","data":"JVBE"}}"#
        let (messages, losses) = try Self.mend(
            messages:
                #"[{"role":"user","content":[\#(text),{"type":"tool_result","tool_use_id":"t","content":[\#(pdf)]}]}]"#,
            Quirks(takesNoDocuments: true))
        #expect(
            messages
                == #"[{"role":"user","content":[{"type":"text","text":"a\nb"},{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"[The document \"T\" is not shown: this model service takes no documents.]"}]}]}]"#
        )
        #expect(losses.map(\.operation) == [.emulate, .drop])
    }

    @Test("tools without a schema go where their type is not known; with the last one the choice goes too")
    func typedTools() throws {
        let search = #"{"type":"web_search_20250305","name":"web_search","max_uses":8}"#
        let read = #"{"type":"custom","name":"Read","input_schema":{}}"#
        let one = #"{"tools":[\#(search),\#(read)],"tool_choice":{"type":"tool","name":"web_search"},"z":1}"#
        #expect(try Self.mend(one, Quirks(typedTools: [])).body == #"{"tools":[\#(read)],"z":1}"#)
        let all = #"{"a":1,"tools":[\#(search)],"tool_choice":{"type":"auto"}}"#
        let (mended, losses) = try Self.mend(all, Quirks(typedTools: []))
        #expect(mended == #"{"a":1}"#)
        #expect(losses.map(\.path) == ["tools[0]"] && losses.map(\.from) == ["web_search"])
        #expect(try Self.mend(all, Quirks(typedTools: ["web_search_"])).body == nil)
        #expect(try Self.mend(all, Quirks()).body == nil)
    }

    @Test("refused members are cut out wherever they stand, all other bytes stay")
    func fields() throws {
        let quirks = Quirks(refusedFields: ["x", "y"])
        for (body, expected) in [
            (#"{"x":1}"#, "{}"), (#"{ "x" : [1] , "a":2}"#, #"{ "a":2}"#), (#"{"a": 2 , "x":1 }"#, #"{"a": 2 }"#),
            (#"{"x":1,"a": 2,"y":{},"b":3}"#, #"{"a": 2,"b":3}"#), (#"{"x":1,"y":2}"#, "{}"),
            (#"{"a":1,"x":1,"y":2}"#, #"{"a":1}"#),
        ] {
            #expect(try Self.mend(body, quirks).body == expected)
        }
    }

    @Test("a member may be for Anthropic's models only")
    func claudeFields() throws {
        let quirks = Quirks(claudeFields: ["context_management"])
        let body = #"{"a":1,"context_management":{}}"#
        #expect(try Self.mend(body, quirks, model: "qwen/qwen3").body == #"{"a":1}"#)
        #expect(try Self.mend(body, quirks, model: "anthropic/claude-sonnet-4.5").body == nil)
        #expect(try Self.mend(body, quirks, model: "claude-opus-5-5").body == nil)
    }

    @Test("cache marks go from every place where they may stand")
    func cacheControl() throws {
        let mark = #""cache_control":{"type":"ephemeral"}"#
        let body =
            #"{"system":[{"type":"text","text":"s",\#(mark)}],"tools":[{"name":"T","input_schema":{},\#(mark)}],"messages":[{"role":"user","content":["#
            + #"{"type":"text","text":"a",\#(mark)},{"type":"tool_result","tool_use_id":"t","content":"r",\#(mark)}]}]}"#
        let mended = try Self.mend(body, Quirks(refusesCacheControl: true)).body ?? ""
        #expect(!mended.contains("cache_control"))
        #expect(mended.contains(#"{"type":"tool_result","tool_use_id":"t","content":"r"}"#))
        #expect(try JSON.parse(Array(mended.utf8))["system"]?.count == 1)
    }

    @Test(
        "what is mended is JSON again, whatever comes in",
        arguments: [
            "{}", #"{"messages":3,"tools":null}"#,
            #"{"messages":[{"role":"system"},{"role":"system","content":[]},null]}"#,
            #"{"messages":[{"role":"user","content":[{"type":"document"},{"type":"tool_reference"},{"type":"tool_result","content":[1]}]}]}"#,
            #"{"context_management":1,"safeguards":[],"tools":[{"type":"x"},4,{"name":"DeferredToolPlaceholder"}]}"#,
            #"{"messages":[{"role":"assistant","content":[{"type":"redacted_thinking","data":"x"}]}],"context_management":{}}"#,
        ])
    func anything(body: String) throws {
        let (mended, _) = try Self.mend(body, Self.everything)
        if let mended { _ = try JSON.parse(Array(mended.utf8)) }
    }
}

struct VendorThinkingTests {
    private static let anthropic = "Eo4D" + String(repeating: "CmsIBxgC", count: 40) + "=="
    private static let newer = "CAIS" + String(repeating: "qwQKhwEI", count: 40)

    private static func block(_ signature: String?) -> String {
        #"{"type":"thinking","thinking":"hm""# + (signature.map { #","signature":"\#($0)""# } ?? "") + "}"
    }

    private static func sent(_ blocks: String, _ rule: Quirks.Thinking) throws -> String? {
        var losses = Losses()
        let body = try JSON.parse(Array(#"{"messages":[{"role":"assistant","content":[\#(blocks),9]}]}"#.utf8))
        let bytes = VendorRequest.mend(body, Quirks(thinking: rule), model: "m", &losses)
        #expect(losses.isEmpty == (bytes == nil))
        return bytes.map { String(decoding: $0.dropFirst(44).dropLast(5), as: UTF8.self) }
    }

    static let cases: [(Quirks.Thinking, String?, String?)] = [
        // To Anthropic: what it would refuse goes.
        (.signedOnly, "ccx1.e30", ""), (.signedOnly, "", ""), (.signedOnly, nil, ""), (.signedOnly, anthropic, nil),
        (.signedOnly, newer, nil), (.signedOnly, "5f0c2f7e-uuid", nil),
        // To a service that passes Anthropic's models on, or to one nobody knows: only our envelopes go.
        (.ourEnvelopesDropped, "ccx1.e30", ""), (.ourEnvelopesDropped, anthropic, nil),
        (.ourEnvelopesDropped, nil, nil), (.ourEnvelopesDropped, "5f0c2f7e-uuid", nil),
        // To a vendor that may check signatures: Anthropic's and ours go, its own and none stay.
        (.foreignDropped, "ccx1.e30", ""), (.foreignDropped, anthropic, ""), (.foreignDropped, newer, ""),
        (.foreignDropped, nil, nil), (.foreignDropped, "", nil), (.foreignDropped, "5f0c2f7e-uuid", nil),
        // To a service that uses the text and no signature: the text stays.
        (.foreignUnsigned, "ccx1.e30", block("")), (.foreignUnsigned, anthropic, block("")),
        (.foreignUnsigned, nil, nil), (.foreignUnsigned, "5f0c2f7e-uuid", nil),
    ]

    @Test("thinking goes on, goes without its signature, or is taken out, by who signed it", arguments: cases)
    func fates(rule: Quirks.Thinking, signature: String?, expected: String?) throws {
        #expect(try Self.sent(Self.block(signature), rule) == expected.map { $0.isEmpty ? "" : $0 + "," })
    }

    @Test("redacted thinking is Anthropic's alone")
    func redacted() throws {
        let block = #"{"type":"redacted_thinking","data":"EmwK"}"#
        #expect(try Self.sent(block, .signedOnly) == nil && Self.sent(block, .ourEnvelopesDropped) == nil)
        #expect(try Self.sent(block, .foreignDropped) == "" && Self.sent(block, .foreignUnsigned) == "")
    }
}
