import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// Mistakes of other translators that belong to no single part of ours: what must not be changed, expanded or repaired.
@Suite struct ChatPeerTests: ChatConversation {
    private func body(
        _ members: String, messages: String = #"[{"role":"user","content":"hi"}]"#, model: String = "gpt-4o"
    )
        throws -> JSON
    {
        try Chat.translate(Chat.request(messages: messages, members), ["OPENAI_MODEL": model]).body
    }

    private let tool = #"{"name":"Read","input_schema":{"type":"object","properties":{"a":{}}}}"#

    @Test("P10: a schema that refers to itself is copied, not expanded")
    func circularSchema() throws {
        let schema =
            ##"{"type":"object","properties":{"tree":{"$ref":"#/$defs/node"}},"$defs":{"node":{"type":"object","##
            + ##""properties":{"left":{"$ref":"#/$defs/node"},"right":{"$ref":"#/$defs/node"}}}}}"##
        let sent = try body(##""tools":[{"name":"walk","input_schema":\##(schema)}]"##)
        let parameters = sent["tools"]?.firstElement?["function"]?["parameters"]
        #expect(String(decoding: parameters?.raw ?? [], as: UTF8.self) == schema)
    }

    @Test("P17, P45: a forced tool, top_p and a temperature beside thinking are carried as the service takes them")
    func forcedBesideThinking() throws {
        let members =
            #""tools":[\#(tool)],"tool_choice":{"type":"any"},"thinking":{"type":"enabled","budget_tokens":2000},"#
            + #""temperature":1,"top_p":0.9"#
        let plain = try body(members)
        #expect(plain["tool_choice"]?.string == "required" && plain["top_p"]?.double == 0.9)
        let reasoning = try body(members, model: "gpt-5.1")
        #expect(reasoning["tool_choice"]?.string == "required" && reasoning["reasoning_effort"]?.string == "low")
        #expect(reasoning["top_p"] == nil && reasoning["temperature"] == nil)
    }

    @Test(
        "P44: a budget of thinking never goes out, so it cannot contradict the limit", arguments: ["gpt-4o", "gpt-5.1"])
    func budget(model: String) throws {
        let sent = try body(#""thinking":{"type":"enabled","budget_tokens":99999}"#, model: model)
        #expect(!sent.members.contains { String(decoding: $0.value.raw, as: UTF8.self).hasPrefix("99999") })
        #expect(sent["thinking"] == nil && sent["max_completion_tokens"]?.int == 1000)
    }

    @Test("P19: a history of calls goes out although no tool is offered now")
    func callsWithoutTools() throws {
        let messages = all(said("q"), assistant(use("a")), user(result("a", #""r""#), text("go on")))
        let sent = try body("", messages: "[\(messages)]")
        #expect(sent["tools"] == nil && sent["tool_choice"] == nil)
        let told = String(decoding: sent["messages"]?.raw ?? [], as: UTF8.self)
        #expect(told == "[" + all(said("q"), call("a"), self.told("a", "r"), said("go on")) + "]")
    }

    @Test("P24: neighbours of one role both arrive, in their order")
    func neighbours() throws {
        let told = try sent(said("one"), said("two"), assistant(text("three")), assistant(text("four")), said("five"))
        let places = try ["one", "two", "three", "four", "five"].map { try #require(told.range(of: $0)).lowerBound }
        #expect(places == places.sorted())
    }

    @Test("P82: a call that a model wrote as text stays text")
    func callAsText() throws {
        let written = #"<tool_call>{\"name\":\"Read\",\"arguments\":{}}</tool_call>"#
        let (events, _) = try Chat.stream([
            Chat.chunk(#"{"content":"\#(written)"}"#), Chat.chunk("{}", finish: "stop"),
        ])
        #expect(Chat.blocks(events) == [#"text:<tool_call>{"name":"Read","arguments":{}}</tool_call>"#])
        #expect(Chat.end(events)?.stopReason == .endTurn)
    }

    @Test("P84: optional arguments that a model filled with nothing are its arguments")
    func emptyOptionals() throws {
        let (events, _) = try Chat.stream([
            Chat.chunk(
                #"{"tool_calls":[{"index":0,"id":"c","function":{"name":"Read","arguments":"{\"file_path\":\"/a\",\"pages\":\"\"}"}}]}"#
            ), Chat.chunk("{}", finish: "tool_calls"),
        ])
        #expect(Chat.blocks(events) == [#"tool Read c:{"file_path":"/a","pages":""}"#])
    }
}
