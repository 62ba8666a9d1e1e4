import Testing

@testable import Backends
@testable import Intercept

/// Conversations in the order that Converse demands.
@Suite struct ConverseMessagesTests {
    private func sent(_ messages: String, model: String = "claude-opus-4-6") throws -> String {
        try Converse.messages(messages, model: model)
    }

    private func losses(_ messages: String, model: String = "claude-opus-4-6") throws -> [String] {
        try Converse.losses(Chat.request(model: model, messages: messages))
    }

    // MARK: Turns

    @Test("roles take turns: neighbours of one role become one message")
    func alternation() throws {
        #expect(
            try sent(
                #"[{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":"c"},{"role":"user","content":"d"}]"#
            )
                == #"[{"role":"user","content":[{"text":"a"},{"text":"b"}]},{"role":"assistant","content":[{"text":"c"}]},{"role":"user","content":[{"text":"d"}]}]"#
        )
    }

    @Test("a conversation that an assistant begins gets a user in front")
    func first() throws {
        let messages = #"[{"role":"assistant","content":"a"},{"role":"user","content":"b"}]"#
        #expect(
            try sent(messages).hasPrefix(#"[{"role":"user","content":[{"text":"(continued)"}]},{"role":"assistant""#))
        #expect(try losses(messages) == ["emulate messages[0]"])
    }

    @Test("blank texts are left out, and an empty message says so")
    func blanks() throws {
        let messages = #"[{"role":"user","content":[{"type":"text","text":" \n"},{"type":"text","text":""}]}]"#
        #expect(try sent(messages) == #"[{"role":"user","content":[{"text":"(empty)"}]}]"#)
        #expect(try losses(messages) == ["emulate messages[0]"])
    }

    @Test("P26: an answer that the model continues ends without blanks")
    func prefill() throws {
        #expect(
            try sent(#"[{"role":"user","content":"a"},{"role":"assistant","content":"b \n"}]"#)
                .hasSuffix(#"{"role":"assistant","content":[{"text":"b"}]}]"#))
    }

    // MARK: Instructions

    private static let instructed = #"""
        [{"role":"user","content":"a"},{"role":"system","content":"be brief"}]
        """#

    @Test("a system message behind a user's stays one where the model takes it, and is folded elsewhere")
    func system() throws {
        #expect(
            try sent(Self.instructed, model: "claude-opus-4-8")
                == #"[{"role":"user","content":[{"text":"a"}]},{"role":"system","content":[{"text":"be brief"}]}]"#)
        #expect(
            try sent(Self.instructed)
                == #"[{"role":"user","content":[{"text":"a"},{"text":"<system-reminder>\nbe brief\n</system-reminder>"}]}]"#
        )
        #expect(try losses(Self.instructed) == ["move messages[1]"])
    }

    @Test("a system message between user messages is folded for every model")
    func between() throws {
        let messages = #"[{"role":"user","content":"a"},{"role":"system","content":"s"},{"role":"user","content":"b"}]"#
        #expect(try sent(messages, model: "claude-opus-5").contains(#""role":"system""#) == false)
    }

    @Test("tools that come and go in the conversation are told to models that know it")
    func changes() throws {
        let messages = #"""
            [{"role":"user","content":"a"},{"role":"system","content":[{"type":"tool_addition","tool":{"type":"custom","name":"x.y"}}]}]
            """#
        #expect(
            try sent(messages, model: "claude-opus-4-8").hasSuffix(
                #"{"role":"system","content":[{"toolAddition":{"tool":{"type":"custom","name":"\#(ToolNames.alias("x.y"))"}}}]}]"#
            ))
        #expect(try losses(messages) == ["drop messages[1].content[0]"])
    }

    // MARK: Calls and results

    private func conversation(_ user: String, id: String = "t1") -> String {
        #"[{"role":"user","content":"go"},{"role":"assistant","content":[{"type":"tool_use","id":"\#(id)","name":"Bash","input":{"c":1}}]},{"role":"user","content":[\#(user)]}]"#
    }

    @Test("results stand before everything else of their message, with their status")
    func results() throws {
        let user =
            #"{"type":"text","text":"and now"},{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":"bad"}"#
        #expect(
            try sent(conversation(user)).hasSuffix(
                #"{"role":"user","content":[{"toolResult":{"toolUseId":"t1","content":[{"text":"bad"}],"status":"error"}},{"text":"and now"}]}]"#
            ))
        #expect(
            try sent(conversation(user), model: "meta.llama4-v1:0").contains(
                #"{"toolResult":{"toolUseId":"t1","content":[{"text":"Error:"},{"text":"bad"}]}}"#))
    }

    @Test("a call without a result gets one, a result without a call becomes text")
    func orphans() throws {
        let user = #"{"type":"tool_result","tool_use_id":"other","content":"lost"}"#
        let messages = try sent(conversation(user))
        #expect(
            messages.contains(#"{"toolResult":{"toolUseId":"t1","content":[{"text":"(no result)"}],"status":"error"}}"#)
        )
        #expect(messages.contains(#"{"text":"[result of an earlier tool call]\nlost"}"#))
        #expect(
            try losses(conversation(user)).sorted() == [
                "emulate messages", "emulate tools", "move messages[2].content[0]",
            ])
    }

    @Test("a conversation that ends with a call is ended with its result")
    func open() throws {
        let messages =
            #"[{"role":"user","content":"go"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"B","input":{}}]}]"#
        #expect(try sent(messages).hasSuffix(#""text":"(no result)"}],"status":"error"}}]}]"#))
    }

    @Test("an empty result says that there was no output", arguments: [#""""#, "[]", #"[{"type":"text","text":" "}]"#])
    func emptyResult(content: String) throws {
        let user = #"{"type":"tool_result","tool_use_id":"t1","content":\#(content)}"#
        #expect(try sent(conversation(user)).contains(#""content":[{"text":"(no output)"}]"#))
    }

    @Test("P112: arguments are an object, whatever the client holds")
    func arguments() throws {
        let messages =
            #"[{"role":"user","content":"go"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"B","input":"{\"a\":1}"}]},{"role":"user","content":"x"}]"#
        #expect(try sent(messages).contains(#""input":{"_raw":"{\"a\":1}"}"#))
    }

    @Test("P1: ids are legal, and each is used once")
    func ids() throws {
        let odd = "call|with spaces"
        let user = #"{"type":"tool_result","tool_use_id":"\#(odd)","content":"x"}"#
        let alias = ToolNames.alias(odd)
        let messages = try sent(conversation(user, id: odd))
        #expect(messages.split(separator: #""toolUseId":"\#(alias)""#).count == 3)
        let twice = conversation(#"{"type":"tool_result","tool_use_id":"t1","content":"x"}"#).dropLast()
        let again = twice + "," + conversation(#"{"type":"tool_result","tool_use_id":"t1","content":"y"}"#).dropFirst()
        #expect(try sent(String(again)).split(separator: #""toolUseId":"t1""#).count == 3)
    }

    // MARK: Thinking

    @Test("signed thinking goes back to Claude, where it stood; other thinking does not")
    func thinking() throws {
        let content = #"""
            {"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"redacted_thinking","data":"abc"},{"type":"thinking","thinking":"x","signature":""},{"type":"thinking","thinking":"y","signature":"ccx1.abc"},{"type":"text","text":"t"}
            """#
        let messages =
            #"[{"role":"user","content":"a"},{"role":"assistant","content":[\#(content)]},{"role":"user","content":"b"}]"#
        #expect(
            try sent(messages).contains(
                #"{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"c2ln"}}},{"reasoningContent":{"redactedContent":"YWJj"}},{"text":"t"}]}"#
            ))
        #expect(
            try sent(messages, model: "amazon.nova-pro-v1:0").contains(
                #"{"role":"assistant","content":[{"text":"t"}]}"#))
    }

    // MARK: Media

    private static let png = #"{"type":"base64","media_type":"image/jpeg","data":"iVBORw0KGgoAAA"}"#

    @Test("P113: an image is what its bytes say, also in a result")
    func images() throws {
        let image = #"{"type":"image","source":\#(Self.png)}"#
        let sent = #"{"image":{"format":"png","source":{"bytes":"iVBORw0KGgoAAA"}}}"#
        #expect(
            try self.sent(#"[{"role":"user","content":[\#(image)]}]"#) == #"[{"role":"user","content":[\#(sent)]}]"#)
        let user = #"{"type":"tool_result","tool_use_id":"t1","content":[\#(image)]}"#
        #expect(try self.sent(conversation(user)).contains(#""content":[\#(sent)]"#))
    }

    @Test("an address of an image is refused while it is asked about, and noted later")
    func addresses() throws {
        let image = #"{"type":"image","source":{"type":"url","url":"https://h/x.png"}}"#
        let error = Chat.error { _ = try sent(#"[{"role":"user","content":[\#(image)]}]"#) }
        #expect(error?.message.contains("image sources of type url are not supported by Bedrock") ?? false)
        let later =
            #"[{"role":"user","content":[\#(image)]},{"role":"assistant","content":"a"},{"role":"user","content":"b"}]"#
        #expect(try sent(later).contains(#"{"text":"[image omitted]"}"#))
        #expect(try losses(later) == ["drop messages[0].content[0]"])
    }

    @Test("P32: documents have names that are legal and different, and a text beside them")
    func documents() throws {
        let pdf =
            #"{"type":"document","title":"Q3  report/final.pdf","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0"}}"#
        #expect(
            try sent(#"[{"role":"user","content":[\#(pdf),\#(pdf)]}]"#)
                == #"[{"role":"user","content":[{"document":{"format":"pdf","name":"Q3 report final pdf","source":{"bytes":"JVBERi0"}}},{"document":{"format":"pdf","name":"Q3 report final pdf 2","source":{"bytes":"JVBERi0"}}},{"text":"Attached document."}]}]"#
        )
    }

    @Test("a document of text becomes bytes, or stays text where it is cited")
    func textDocuments() throws {
        let plain = #"{"type":"document","source":{"type":"text","media_type":"text/plain","data":"abc"}}"#
        #expect(
            try sent(#"[{"role":"user","content":[\#(plain)]}]"#).contains(
                #"{"document":{"format":"txt","name":"Document 1","source":{"bytes":"YWJj"}}}"#))
        let cited =
            #"{"type":"document","citations":{"enabled":true},"source":{"type":"text","media_type":"text/plain","data":"abc"}}"#
        #expect(
            try sent(#"[{"role":"user","content":[\#(cited)]}]"#).contains(
                #""source":{"text":"abc"},"citations":{"enabled":true}}"#))
    }

    @Test("too many images: the newest stay")
    func tooMany() throws {
        let image = #"{"type":"image","source":\#(Self.png)}"#
        let all = Array(repeating: image, count: 22).joined(separator: ",")
        let messages = #"[{"role":"user","content":[\#(all)]}]"#
        let text = try sent(messages)
        #expect(text.split(separator: #"{"image""#).count == 21)
        #expect(
            text.hasPrefix(#"[{"role":"user","content":[{"text":"[image omitted: too many in one message]"},{"text""#))
        #expect(try losses(messages) == ["drop messages[0].content[0]", "drop messages[0].content[1]"])
    }

    @Test("search results stay what they are for Claude, and become text elsewhere")
    func searchResults() throws {
        let result = #"{"type":"search_result","source":"s","title":"t","content":[{"type":"text","text":"x"}]}"#
        let messages = #"[{"role":"user","content":[\#(result)]}]"#
        #expect(
            try sent(messages).contains(
                #"{"searchResult":{"source":"s","title":"t","content":[{"text":"x"}],"citations":{"enabled":false}}}"#))
        #expect(try losses(messages, model: "meta.llama4-v1:0") == ["emulate messages[0].content[0]"])
    }

    @Test("a reference to a tool becomes a word about it")
    func references() throws {
        let user =
            #"{"type":"tool_result","tool_use_id":"t1","content":[{"type":"tool_reference","tool_name":"Read"}]}"#
        #expect(try sent(conversation(user)).contains(#"{"text":"Tool loaded: Read"}"#))
    }

    @Test("the mark of a block that is left out goes to the block before")
    func marks() throws {
        let messages =
            #"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"","cache_control":{"type":"ephemeral"}}]}]"#
        #expect(
            try sent(messages) == #"[{"role":"user","content":[{"text":"a"},{"cachePoint":{"type":"default"}}]}]"#)
    }
}
