import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIChatMessagesTests: ChatConversation {
    // MARK: System

    @Test("P36: system may be a string or blocks, joined by an empty line")
    func system() throws {
        #expect(try sent(said("hi"), members: #""system":"a\nb""#).hasPrefix(#"{"role":"system","content":"a\nb"},"#))
        let blocks =
            #""system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":""},{"type":"text","text":"b"}]"#
        #expect(try sent(said("hi"), members: blocks).hasPrefix(#"{"role":"system","content":"a\n\nb"},"#))
        #expect(try sent(said("hi"), members: #""system":[]"#) == said("hi"))
    }

    @Test("P37: the client's billing block stays out of the prompt")
    func attribution() throws {
        let blocks =
            #""system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2;"},{"type":"text","text":"b"}]"#
        #expect(try sent(said("hi"), members: blocks) == #"{"role":"system","content":"b"},"# + said("hi"))
    }

    @Test("P22: a system message in the middle stays where it is, as a string or as blocks")
    func middleSystem() throws {
        let plain = try sent(said("a"), #"{"role":"system","content":"s","output_config":{"effort":"low"}}"#, said("b"))
        #expect(plain == all(said("a"), #"{"role":"system","content":"s"}"#, said("b")))
        let blocks = try sent(
            said("a"),
            #"{"role":"system","content":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}]}"#, said("b")
        )
        #expect(blocks == plain)
    }

    @Test("P55: reasoning models of OpenAI are told by a developer, o1-mini by the user")
    func developer() throws {
        let messages = #"[{"role":"user","content":"a"},{"role":"system","content":"s"}]"#
        let told = try Chat.messages(messages, #""system":"x""#, ["OPENAI_MODEL": "gpt-5"])
        #expect(
            told
                == #"[{"role":"developer","content":"x"},{"role":"user","content":"a"},{"role":"developer","content":"s"}]"#
        )
        let folded = try Chat.messages(messages, #""system":"x""#, ["OPENAI_MODEL": "o1-mini"])
        #expect(
            folded
                == #"[{"role":"user","content":"<system-reminder>\nx\n</system-reminder>"},{"role":"user","content":"a"},{"role":"user","content":"<system-reminder>\ns\n</system-reminder>"}]"#
        )
    }

    // MARK: Texts

    @Test("one text is a string, several are parts, and escapes are copied as they are")
    func texts() throws {
        #expect(try sent(user(text(#"a \u00e9\n\"q\" 🌍"#))) == said(#"a \u00e9\n\"q\" 🌍"#))
        #expect(
            try sent(user(text("a"), text("b")))
                == #"{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#)
    }

    @Test("P25: blank texts are dropped, an empty message gets a visible text, an empty answer goes")
    func blanks() throws {
        #expect(try sent(user(text(""), text("a"), text(#" \n\t"#))) == said("a"))
        #expect(try sent(user(text(""))) == said("(empty)"))
        #expect(try sent(said("a"), assistant(), said("b")) == all(said("a"), said("b")))
        #expect(
            try sent(said("a"), assistant(text("  "), use("t1")), user(result("t1", #""x""#)))
                == all(said("a"), call("t1"), told("t1", "x")))
    }

    @Test("P40: text that came behind a call is said before it")
    func textBehindCall() throws {
        #expect(
            try sent(assistant(text("a"), use("t1"), text("b")), user(result("t1", #""x""#))).hasPrefix(
                #"{"role":"assistant","content":"a\n\nb","tool_calls":["#))
    }

    @Test("P145: thinking, foreign or ours, does not go back to plain Chat Completions")
    func thinking() throws {
        let ours = ThinkingEnvelope.seal(backend: "openai_compatible", model: "m", kind: .content).string
        let turn = assistant(
            #"{"type":"thinking","thinking":"hm","signature":"\#(ours)"}"#,
            #"{"type":"thinking","thinking":"hm","signature":"RWxzZQ=="}"#,
            #"{"type":"redacted_thinking","data":"eA=="}"#, text("a"))
        #expect(
            try sent(said("q"), turn, said("on")) == all(said("q"), #"{"role":"assistant","content":"a"}"#, said("on")))
        #expect(try losses(said("q"), turn, said("on")).isEmpty)
        #expect(ThinkingEnvelope.open(ours)?["backend"]?.string == "openai_compatible")
        #expect(ThinkingEnvelope.open("RWxzZQ==") == nil)
    }

    // MARK: Calls and results

    @Test("input is carried as a JSON string, every byte of it")
    func arguments() throws {
        let input = #"{"path":"a\"b\\c\n🌍","n":1.50,"x":[null,true]}"#
        let body = try sent(
            assistant(#"{"type":"tool_use","id":"t1","name":"Read","input":\#(input)}"#), user(result("t1", #""""#)))
        let arguments = try JSON.parse(Array("[\(body)]".utf8)).firstElement?["tool_calls"]?.firstElement?[
            "function"]?["arguments"]
        #expect(arguments?.string == input)
    }

    @Test("P27: results come before the text of the same message")
    func resultsFirst() throws {
        #expect(
            try sent(assistant(use("t1")), user(text("note"), result("t1", #""x""#)))
                == all(call("t1"), told("t1", "x"), said("note")))
    }

    @Test("P28: text beside a result is its own message behind it")
    func textBesideResult() throws {
        #expect(
            try sent(assistant(use("t1"), use("t2")), user(result("t2", #""y""#), text("note"), result("t1", #""x""#)))
                == all(call("t1", "t2"), told("t2", "y"), told("t1", "x"), said("note")))
    }

    @Test("results in two messages, and a system message between, still follow the calls directly")
    func scatteredResults() throws {
        #expect(
            try sent(
                assistant(use("t1")), assistant(use("t2")), #"{"role":"system","content":"s"}"#,
                user(result("t1", #""x""#)),
                user(result("t2", #""y""#), text("n")))
                == all(
                    call("t1", "t2"), told("t1", "x"), told("t2", "y"), #"{"role":"system","content":"s"}"#, said("n")))
    }

    @Test("P29: a missing result is made up, a result nobody asked for becomes text, both are noted")
    func pairing() throws {
        #expect(
            try sent(assistant(use("t1")), said("instead"))
                == all(call("t1"), told("t1", "(no result)"), said("instead")))
        #expect(try losses(assistant(use("t1")), said("instead")).map(\.operation) == [.emulate])
        #expect(
            try sent(user(result("t9", #""lost""#), text("on")))
                == #"{"role":"user","content":[{"type":"text","text":"[result of an earlier tool call]\nlost"},{"type":"text","text":"on"}]}"#
        )
        #expect(try losses(user(result("t9", #""lost""#))).map(\.operation) == [.move])
    }

    @Test("P4: a second result of one call is dropped, a second call of one id gets its own")
    func duplicates() throws {
        #expect(
            try sent(assistant(use("t1")), user(result("t1", #""x""#), result("t1", #""again""#)))
                == all(call("t1"), told("t1", "x")))
        let twice = try sent(
            assistant(use("t1")), user(result("t1", #""x""#)), assistant(use("t1")), user(result("t1", #""y""#)))
        #expect(twice == all(call("t1"), told("t1", "x"), call("t1_2"), told("t1_2", "y")))
        let together = try sent(assistant(use("t1"), use("t1")), user(result("t1", #""x""#), result("t1", #""y""#)))
        #expect(together == all(call("t1", "t1_2"), told("t1", "x"), told("t1_2", "y")))
    }

    @Test("P3: ids that are too long or odd are shortened alike in call and result; our own form is turned back")
    func ids() throws {
        let long = "call_" + String(repeating: "x", count: 70)
        let alias = ToolNames.alias(long)
        #expect(try sent(assistant(use(long)), user(result(long, #""x""#))) == all(call(alias), told(alias, "x")))
        let shown = ToolCallID.shown("functions.add:0")
        #expect(ToolNames.isLegal(shown))
        #expect(
            try sent(assistant(use(shown)), user(result(shown, #""x""#)))
                == all(call("functions.add:0"), told("functions.add:0", "x")))
    }

    @Test("P34: an error says that it is one")
    func errors() throws {
        #expect(
            try sent(assistant(use("t1")), user(result("t1", #""broken""#, #","is_error":true"#)))
                == all(call("t1"), told("t1", "Error: broken")))
    }

    @Test("P35: an empty result says so", arguments: [#""""#, "[]", #"[{"type":"text","text":""}]"#, "null"])
    func emptyResult(content: String) throws {
        #expect(
            try sent(assistant(use("t1")), user(result("t1", content))) == all(call("t1"), told("t1", "(no output)")))
    }

    @Test("P38: a block nobody knows is dropped and noted, the results of server tools become text")
    func unknownBlocks() throws {
        #expect(try sent(user(text("a"), #"{"type":"aroma"}"#)) == said("a"))
        #expect(try losses(user(text("a"), #"{"type":"aroma"}"#)).map(\.path) == ["messages[0].content[1]"])
        let search = assistant(
            #"{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}"#,
            #"{"type":"web_search_tool_result","tool_use_id":"s1","content":[{"type":"web_search_result","title":"T","url":"https://e.org/","encrypted_content":"zz"}]}"#
        )
        #expect(
            try sent(said("q"), search, said("on")).contains(#"{"role":"assistant","content":"T\nhttps://e.org/"}"#))
    }

    @Test("an answer begun for the model is sent, and noted")
    func prefill() throws {
        #expect(try losses(said("q"), assistant(text("{"))).map(\.path) == ["messages[1]"])
    }

    @Test("no messages at all are refused")
    func noMessages() {
        #expect(Chat.error { _ = try sent() }?.status == 400)
    }

    @Test("P152: the same request gives the same bytes, and they grow only at the end")
    func stable() throws {
        let first = #"{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}"#
        let one = try sent(first, members: #""system":"s""#)
        let two = try sent(
            said("a"), assistant(text("b")),
            #"{"role":"user","content":[{"type":"text","text":"c","cache_control":{"type":"ephemeral"}}]}"#,
            members: #""system":"s""#)
        #expect(two.hasPrefix(one + ","))
        let body = String(
            decoding: try Chat.translate(Chat.request(#""tools":[{"name":"a","input_schema":{}}]"#)).body.raw,
            as: UTF8.self)
        #expect(body.hasPrefix(#"{"model":"gpt-4o","tools":["#))
    }
}
