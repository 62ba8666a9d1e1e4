import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// Reasoning that has to go back to the service: from its answer through the client to the next request.
@Suite struct OpenAIChatThinkingTests: ChatConversation {
    /// The client's message for the blocks of an answer, as it sends them back.
    private func returned(_ events: [MessageEvent]) -> String {
        var blocks: [String] = []
        var open = ""
        var tail = ""
        for event in events {
            switch event {
            case .blockStart(_, .thinking): (open, tail) = (#"{"type":"thinking","thinking":""#, "")
            case .blockStart(_, .text): (open, tail) = (#"{"type":"text","text":""#, #""}"#)
            case .blockStart(_, .toolUse(let id, let name)):
                (open, tail) = (#"{"type":"tool_use","id":"\#(id)","name":"\#(name)","input":"#, "}")
            case .blockDelta(_, .signature(let text)):
                tail = #"","signature":"\#(String(decoding: text.escaped, as: UTF8.self))"}"#
            case .blockDelta(_, .inputJSON(let text)): open += text.string
            case .blockDelta(_, .text(let text)), .blockDelta(_, .thinking(let text)):
                open += String(decoding: text.escaped, as: UTF8.self)
            case .blockStop: blocks.append(open + tail)
            default: continue
            }
        }
        return #"{"role":"assistant","content":[\#(blocks.joined(separator: ","))]}"#
    }

    /// What the assistant's message of the next request is, for an answer of these deltas.
    private func roundTrip(_ deltas: [String], _ provider: String, model: String = "m") throws -> String {
        let variables = ["OPENAI_PROVIDER": provider, "OPENAI_MODEL": model]
        let answer = try Chat.stream(
            deltas.map { Chat.chunk($0) } + [Chat.chunk("{}", finish: "tool_calls")], variables)
        #expect(Chat.fault(answer.events) == nil)
        let messages = "[\(said("q")),\(returned(answer.events)),\(user(result("c1", "\"ok\"")))]"
        let sent = try Chat.translate(Chat.request(messages: messages), variables).body
        let assistant = sent["messages"]?.elements.first { $0["role"]?.equals("assistant") ?? false }
        return String(decoding: try #require(assistant).raw, as: UTF8.self)
    }

    private let call =
        #""tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"Read","arguments":"{\"a\":1}"}}]"#
    private let sentCall =
        #""tool_calls":[{"id":"c1","type":"function","function":{"name":"Read","arguments":"{\"a\":1}"}}]"#

    @Test(
        "P148: reasoning goes back in the field that the service reads",
        arguments: [
            ("deepseek", "reasoning_content", "reasoning_content"),
            ("moonshot", "reasoning_content", "reasoning_content"),
            ("zai", "reasoning_content", "reasoning_content"), ("llama.cpp", "reasoning_content", "reasoning_content"),
            ("cerebras", "reasoning", "reasoning"), ("ollama", "reasoning", "reasoning"),
            ("vllm", "reasoning", "reasoning"),
        ])
    func fields(provider: String, came: String, goes: String) throws {
        let message = try roundTrip([#"{"\#(came)":"I \"see\""}"#, "{\(call)}"], provider)
        #expect(message == #"{"role":"assistant","content":null,"\#(goes)":"I \"see\"",\#(sentCall)}"#)
    }

    @Test(
        "reasoning does not go to services that refuse it",
        arguments: ["openai", "groq", "together", "xai", "lmstudio"])
    func dropped(provider: String) throws {
        let message = try roundTrip([#"{"reasoning_content":"I see"}"#, "{\(call)}"], provider)
        #expect(message == #"{"role":"assistant","content":null,\#(sentCall)}"#)
    }

    @Test("Mistral's thinking goes back as a part of the content")
    func parts() throws {
        let thinking = #"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"I see"}]}]}"#
        let message = try roundTrip([thinking, #"{"content":"Well"}"#, "{\(call)}"], "mistral")
        #expect(
            message.hasPrefix(
                #"{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"I see"}]},{"type":"text","text":"Well"}],"tool_calls""#
            ))
    }

    @Test("OpenRouter's reasoning_details go back whole: pieces joined, signature and all")
    func details() throws {
        let message = try roundTrip(
            [
                #"{"reasoning":"I ","reasoning_details":[{"type":"reasoning.text","text":"I ","format":"anthropic-claude-v1","index":0}]}"#,
                #"{"reasoning":"see","reasoning_details":[{"type":"reasoning.text","text":"see","format":"anthropic-claude-v1","index":0}]}"#,
                #"{"reasoning":null,"reasoning_details":[{"type":"reasoning.text","signature":"SIG","format":"anthropic-claude-v1","index":0}]}"#,
                "{\(call)}",
            ], "openrouter")
        #expect(
            message
                == #"{"role":"assistant","content":null,"reasoning_details":[{"type":"reasoning.text","format":"anthropic-claude-v1","index":0,"signature":"SIG","text":"I see"}],\#(sentCall)}"#
        )
    }

    @Test("OpenRouter's encrypted reasoning travels in a thinking block without text, before the call it belongs to")
    func encrypted() throws {
        let secret = #"{"type":"reasoning.encrypted","data":"EjQK","format":"google-gemini-v1","id":"c1","index":0}"#
        let message = try roundTrip(
            [#"{"content":"","reasoning":null,"reasoning_details":[\#(secret)]}"#, "{\(call)}"], "openrouter")
        #expect(
            message
                == #"{"role":"assistant","content":null,"reasoning_details":[{"type":"reasoning.encrypted","format":"google-gemini-v1","id":"c1","index":0,"data":"EjQK"}],\#(sentCall)}"#
        )
    }

    @Test("two texts in one list keep their texts; nothing is taken from the block for them")
    func manyDetails() throws {
        let message = try roundTrip(
            [
                #"{"reasoning":"ab","reasoning_details":[{"type":"reasoning.summary","summary":"a","index":0},{"type":"reasoning.summary","summary":"b","index":1},{"type":"reasoning.encrypted","data":"E","index":0}]}"#,
                "{\(call)}",
            ], "openrouter")
        #expect(
            message.contains(
                #""reasoning_details":[{"type":"reasoning.summary","index":0,"summary":"a"},{"type":"reasoning.summary","index":1,"summary":"b"},{"type":"reasoning.encrypted","index":0,"data":"E"}]"#
            ))
    }

    @Test("Gemini's signature comes with the call and goes back with it, whatever its name space")
    func signature() throws {
        let signed =
            #"{"tool_calls":[{"id":"c1","type":"function","extra_content":{"google":{"thought_signature":"EjQ+/w=="}},"function":{"name":"Read","arguments":"{\"a\":1}"}}]}"#
        let message = try roundTrip([signed], "gemini", model: "gemini-2.5-pro")
        #expect(
            message
                == #"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"Read","arguments":"{\"a\":1}"},"extra_content":{"google":{"thought_signature":"EjQ+/w=="}}}]}"#
        )
    }

    @Test(
        "Gemini 3 is told which calls came from elsewhere; earlier ones need no word",
        arguments: [("gemini-3-pro-preview", true), ("gemini-3.1-flash-lite", true), ("gemini-2.5-pro", false)])
    func unsigned(model: String, isMarked: Bool) throws {
        let variables = ["OPENAI_PROVIDER": "gemini", "OPENAI_MODEL": model]
        let sent = try Chat.messages(
            "[\(said("q")),\(assistant(use("t1"), use("t2"))),\(user(result("t1", "\"a\""), result("t2", "\"b\"")))]",
            "",
            variables)
        let word = #""extra_content":{"google":{"thought_signature":"skip_thought_signature_validator"}}"#
        #expect(sent.contains(word) == isMarked)
        #expect(sent.components(separatedBy: "extra_content").count == (isMarked ? 2 : 1))
    }

    @Test("P148: a message with calls has the field where the service insists, unless thinking is off")
    func blank() throws {
        func message(_ provider: String, _ members: String = "") throws -> String {
            try Chat.messages(
                "[\(said("q")),\(assistant(use("t1"))),\(user(result("t1", "\"a\"")))]", members,
                ["OPENAI_PROVIDER": provider])
        }
        #expect(try message("deepseek").contains(#""content":null,"reasoning_content":" ","tool_calls""#))
        #expect(try message("moonshot").contains(#""reasoning_content":" ""#))
        #expect(!(try message("deepseek", #""thinking":{"type":"disabled"}"#).contains("reasoning_content")))
        #expect(!(try message("zai").contains("reasoning_content")))
    }

    @Test("P145: thinking of Anthropic, of another model and of nobody stays here")
    func foreign() throws {
        let other = ThinkingEnvelope.seal(backend: OpenAICompatible.name, model: "another", kind: .content).string
        for signature in ["EqQBCg", other, "ccx1.####", ""] {
            let thinking = #"{"type":"thinking","thinking":"secret","signature":"\#(signature)"}"#
            let sent = try Chat.messages(
                "[\(said("q")),\(assistant(thinking, text("a"))),\(said("b"))]", "", ["OPENAI_PROVIDER": "deepseek"])
            #expect(!sent.contains("secret"))
        }
    }
}
