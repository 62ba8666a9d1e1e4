import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIResponsesRequestTests: ChatConversation {
    private typealias R = Responses

    /// The items sent for these messages, without the brackets around them.
    private func items(_ messages: String..., variables: [String: String] = [:]) throws -> String {
        let all = try R.translate(Chat.request(messages: "[\(messages.joined(separator: ","))]"), variables)
        return String(R.text(all.body["input"]).dropFirst().dropLast())
    }

    private func message(_ role: String, _ content: String, _ more: String = "") -> String {
        #"{"type":"message","role":"\#(role)","content":"\#(content)"\#(more)}"#
    }

    private func call(_ id: String) -> String {
        #"{"type":"function_call","call_id":"\#(id)","name":"Read","arguments":"{\"a\":1}"}"#
    }

    private func output(_ id: String, _ value: String) -> String {
        #"{"type":"function_call_output","call_id":"\#(id)","output":\#(value)}"#
    }

    private func reasoning(_ text: String, id: String = "rs_1") -> String {
        let summary = text.isEmpty ? "" : #"{"type":"summary_text","text":"\#(text)"}"#
        return #"{"type":"reasoning","id":"\#(id)","summary":[\#(summary)],"encrypted_content":"gAAA"}"#
    }

    private let final = #","phase":"final_answer""#
    private let comment = #","phase":"commentary""#
    private let picture = #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}"#

    // MARK: Fields

    @Test("the service is asked to store nothing, and to hand out its encrypted reasoning")
    func stateless() throws {
        let body = try R.translate(Chat.request(#""stream":true"#)).body
        #expect(body["store"]?.bool == false && body["stream"]?.bool == true)
        #expect(R.text(body["include"]) == #"["reasoning.encrypted_content"]"#)
        #expect(body["previous_response_id"] == nil && body["truncation"] == nil && body["stream_options"] == nil)
    }

    @Test(
        "a model of OpenAI's without reasoning is not asked for any: it would refuse",
        arguments: ["gpt-4o", "gpt-5-chat-latest"])
    func plainModel(name: String) throws {
        let asked = #""thinking":{"type":"adaptive"},"output_config":{"effort":"high"}"#
        let (body, losses) = try R.translate(Chat.request(asked), ["OPENAI_MODEL": name])
        #expect(body["include"] == nil && body["reasoning"] == nil)
        #expect(losses.map(\.path) == ["output_config.effort"])
    }

    @Test("P36, P37: the system prompt becomes instructions, the client's billing block stays out")
    func instructions() throws {
        let blocks =
            #""system":[{"type":"text","text":"x-anthropic-billing-header: cc;"},{"type":"text","text":"a"},{"type":"text","text":"b"}]"#
        #expect(try R.member("instructions", of: blocks) == #""a\n\nb""#)
        #expect(try R.member("instructions", of: #""system":"s""#) == #""s""#)
        #expect(try R.member("instructions", of: #""system":[]"#) == "")
    }

    @Test("P22: a system message in the middle stays where it is")
    func middleSystem() throws {
        let sent = try items(said("a"), #"{"role":"system","content":"s"}"#, said("b"))
        #expect(sent == all(message("user", "a"), message("developer", "s"), message("user", "b")))
    }

    @Test("P54: the limit is at least 16, and at most what the model can give")
    func limits() throws {
        let least = try R.translate(Chat.request(maxTokens: 1))
        #expect(least.body["max_output_tokens"]?.int == 16 && least.losses.map(\.operation) == [.clamp])
        let most = try R.translate(Chat.request(maxTokens: 500_000))
        #expect(most.body["max_output_tokens"]?.int == 128_000)
    }

    @Test(
        "P46: effort and summary are asked for as the client asks for thinking",
        arguments: [
            (
                #""thinking":{"type":"adaptive"},"output_config":{"effort":"max"}"#,
                #"{"effort":"xhigh","summary":"auto"}"#
            ),
            (#""thinking":{"type":"adaptive","display":"updates"}"#, #"{"summary":"auto"}"#),
            (#""thinking":{"type":"enabled","budget_tokens":5000}"#, #"{"effort":"medium","summary":"auto"}"#),
            (
                #""thinking":{"type":"adaptive","display":"omitted"},"output_config":{"effort":"low"}"#,
                #"{"effort":"low"}"#
            ),
            (#""thinking":{"type":"disabled"},"output_config":{"effort":"low"}"#, #"{"effort":"none"}"#),
            (#""output_config":{"effort":"high"}"#, #"{"effort":"high"}"#),
            ("", ""),
        ])
    func effort(members: String, expected: String) throws {
        #expect(try R.member("reasoning", of: members) == expected)
    }

    @Test("P43, P47: what a reasoning model takes none of is left out; stops are looked for here")
    func sampling() throws {
        let (body, losses) = try R.translate(
            Chat.request(#""temperature":0.5,"top_p":0.9,"top_k":5,"stop_sequences":["END"]"#))
        #expect(["temperature", "top_p", "top_k", "stop"].allSatisfy { body[$0] == nil })
        #expect(losses.map(\.path).sorted() == ["stop_sequences", "temperature", "top_k", "top_p"])
        let plain = try R.translate(Chat.request(#""temperature":0.5"#), ["OPENAI_MODEL": "gpt-4o"]).body
        #expect(plain["temperature"]?.double == 0.5)
    }

    @Test("a schema for the answer goes into text.format, strict only where it can be")
    func format() throws {
        let closed =
            #"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}"#
        let members = #""output_config":{"format":{"type":"json_schema","schema":\#(closed)}}"#
        #expect(
            try R.member("text", of: members)
                == #"{"format":{"type":"json_schema","name":"output","schema":\#(closed),"strict":true}}"#)
        let open = #""output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}"#
        #expect(try R.member("text", of: open).hasSuffix(#""strict":false}}"#))
    }

    @Test("P51: the user's id goes out as a hash of the session only")
    func cacheKey() throws {
        let key = try R.member("prompt_cache_key", of: #""metadata":{"user_id":"u"}"#)
        #expect(key.count == 34)
        #expect(try R.member("metadata", of: #""metadata":{"user_id":"u"}"#) == "")
    }

    @Test("the same request is the same bytes each time")
    func stable() throws {
        let request = try Chat.request(
            #""stream":true,"tools":[{"name":"a","input_schema":{}}],"metadata":{"user_id":"u"}"#)
        let bodies = try (0..<3).map { _ in try R.translate(request).body.document.bytes }
        #expect(bodies[0] == bodies[1] && bodies[1] == bodies[2])
    }

    // MARK: Tools

    @Test("tools are flat, and strict is always said: a missing one counts as true")
    func tools() throws {
        let closed = #"{"type":"object","properties":{},"required":[],"additionalProperties":false}"#
        let tools = try R.member(
            "tools",
            of:
                #""tools":[{"name":"a","description":"d","input_schema":{}},{"name":"b","strict":true,"input_schema":\#(closed)}]"#
        )
        #expect(
            tools
                == #"[{"type":"function","name":"a","description":"d","parameters":{"type":"object","properties":{}},"strict":false},{"type":"function","name":"b","parameters":\#(closed),"strict":true}]"#
        )
    }

    @Test(
        "the choice of a tool is carried over",
        arguments: [
            (#"{"type":"any"}"#, #""required""#), (#"{"type":"auto"}"#, #""auto""#), (#"{"type":"none"}"#, #""none""#),
            (#"{"type":"tool","name":"a"}"#, #"{"type":"function","name":"a"}"#),
            (#"{"type":"tool","name":"gone"}"#, ""),
        ])
    func choice(choice: String, expected: String) throws {
        #expect(try R.member("tool_choice", of: #""tools":[{"name":"a"}],"tool_choice":\#(choice)"#) == expected)
    }

    @Test("one call at a time")
    func parallel() throws {
        let members = #""tools":[{"name":"a"}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#
        #expect(try R.member("parallel_tool_calls", of: members) == "false")
    }

    // MARK: Items

    @Test("calls and results are items of their own, results before all else")
    func results() throws {
        let sent = try items(
            said("q"), assistant(text("a"), use("t1"), use("t2")),
            user(text("note"), result("t2", #""y""#), result("t1", #"[{"type":"text","text":"x"}]"#)))
        #expect(
            sent
                == all(
                    message("user", "q"), message("assistant", "a", comment), call("t1"), call("t2"),
                    output("t2", #""y""#),
                    output("t1", #""x""#), message("user", "note")))
    }

    @Test("P29: a call without a result gets one, a result without a call becomes text")
    func pairing() throws {
        let sent = try items(assistant(use("t1")), user(result("t9", #""lost""#), text("on")))
        #expect(sent.hasPrefix(all(call("t1"), output("t1", #""(no result)""#))) && sent.contains("lost"))
    }

    @Test("P34, P35: errors and empty results are told in words")
    func errorResults() throws {
        let sent = try items(
            assistant(use("t1"), use("t2")), user(result("t1", #""bad""#, #","is_error":true"#), result("t2", "[]")))
        #expect(sent.hasSuffix(all(output("t1", #""Error: bad""#), output("t2", #""(no output)""#))))
    }

    @Test("P30, P31: images and documents stay in the result that has them")
    func media() throws {
        let pdf = #"{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}}"#
        let sent = try items(assistant(use("t1")), user(result("t1", "[\(text("see")),\(picture),\(pdf)]")))
        let parts =
            #"[{"type":"input_text","text":"see"},{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo=","detail":"auto"},{"type":"input_file","filename":"document.pdf","file_data":"data:application/pdf;base64,JVBERi0="}]"#
        #expect(sent == all(call("t1"), output("t1", parts)))
        let failed = try items(assistant(use("t1")), user(result("t1", "[\(picture)]", #","is_error":true"#)))
        #expect(failed.contains(#"[{"type":"input_text","text":"Error:"},{"type":"input_image""#))
    }

    @Test("P33: images and documents at an address are sent as such")
    func addresses() throws {
        let sent = try items(
            user(
                #"{"type":"image","source":{"type":"url","url":"https://a/b.png"}}"#,
                #"{"type":"document","source":{"type":"url","url":"https://a/b.pdf"}}"#))
        #expect(
            sent
                == #"{"type":"message","role":"user","content":[{"type":"input_image","image_url":"https://a/b.png","detail":"auto"},{"type":"input_file","file_url":"https://a/b.pdf"}]}"#
        )
    }

    @Test("P3: one long id is shortened alike in call and result")
    func longIDs() throws {
        let id = "call_" + String(repeating: "x", count: 70)
        let sent = try JSON.parse(Array("[\(try items(assistant(use(id)), user(result(id, #""y""#))))]".utf8))
        let ids = sent.elements.compactMap { $0["call_id"]?.string }
        #expect(ids.count == 2 && ids[0] == ids[1] && ids[0].count <= 64)
    }

    @Test("remarks on the way are told from the answer, to models that know the difference")
    func phases() throws {
        let turns = [
            said("q"), assistant(text("a"), use("t1")), user(result("t1", #""x""#)), assistant(text("b")), said("on"),
        ]
        let all = "[\(turns.joined(separator: ","))]"
        let new = R.text(try R.translate(Chat.request(messages: all)).body["input"])
        #expect(new.contains(message("assistant", "a", comment)) && new.contains(message("assistant", "b", final)))
        let old = R.text(try R.translate(Chat.request(messages: all), ["OPENAI_MODEL": "gpt-5.1"]).body["input"])
        #expect(!old.contains("phase"))
    }

    // MARK: Reasoning

    @Test("P151: encrypted reasoning goes back before the call and the text that it led to")
    func reasoningReturned() throws {
        let sent = try items(
            assistant(R.thinking("hm"), use("t1")), user(result("t1", #""x""#)),
            assistant(R.thinking("", id: "rs_2"), text("b")), said("on"))
        #expect(
            sent
                == all(
                    reasoning("hm"), call("t1"), output("t1", #""x""#), reasoning("", id: "rs_2"),
                    message("assistant", "b", final), message("user", "on")))
    }

    @Test("P40: each piece of reasoning stays with what it led to; text goes before the calls of its piece")
    func segments() throws {
        let sent = try items(
            assistant(R.thinking("one"), use("t1"), text("a"), R.thinking("two", id: "rs_2"), use("t2")),
            user(result("t1", #""x""#), result("t2", #""y""#)))
        #expect(
            sent.hasPrefix(
                all(
                    reasoning("one"), message("assistant", "a", comment), call("t1"), reasoning("two", id: "rs_2"),
                    call("t2"))))
    }

    @Test("reasoning that led to nothing stays out: the service wants the item that followed")
    func lonelyReasoning() throws {
        #expect(
            try items(said("q"), assistant(R.thinking("hm")), said("on"))
                == all(message("user", "q"), message("user", "on")))
        #expect(
            try items(said("q"), assistant(text("a"), R.thinking("hm")), said("on"))
                == all(message("user", "q"), message("assistant", "a", final), message("user", "on")))
    }

    @Test("P145: reasoning of another service, another model or Anthropic does not go out")
    func foreignReasoning() throws {
        let others = [
            R.thinking("hm", host: "r.openai.azure.com"), R.thinking("hm", model: "gpt-5.1"),
            #"{"type":"thinking","thinking":"hm","signature":"RWxzZQ=="}"#,
            #"{"type":"redacted_thinking","data":"eA=="}"#,
            R.thinking("only a summary", encrypted: nil),
        ]
        for block in others {
            #expect(try items(assistant(block, text("a")), said("on")).hasPrefix(message("assistant", "a", final)))
        }
    }

    @Test("P148: plain reasoning goes back as what it was")
    func plainReasoning() throws {
        let sent = try items(assistant(R.thinking("hm", encrypted: nil, isPlain: true), text("a")), said("on"))
        #expect(
            sent.hasPrefix(
                #"{"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]}"#))
    }
}
