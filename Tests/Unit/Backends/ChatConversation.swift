@testable import Backends
@testable import Intercept

/// The pieces of conversations, in the client's words and in the service's, that several suites put together.
protocol ChatConversation {}

extension ChatConversation {
    func use(_ id: String, _ name: String = "Read") -> String {
        #"{"type":"tool_use","id":"\#(id)","name":"\#(name)","input":{"a":1}}"#
    }

    func assistant(_ blocks: String...) -> String {
        #"{"role":"assistant","content":[\#(blocks.joined(separator: ","))]}"#
    }

    func user(_ blocks: String...) -> String {
        #"{"role":"user","content":[\#(blocks.joined(separator: ","))]}"#
    }
    func text(_ words: String) -> String { #"{"type":"text","text":"\#(words)"}"# }

    func result(_ id: String, _ content: String, _ more: String = "") -> String {
        #"{"type":"tool_result","tool_use_id":"\#(id)","content":\#(content)\#(more)}"#
    }

    func call(_ ids: String...) -> String {
        let calls = ids.map { #"{"id":"\#($0)","type":"function","function":{"name":"Read","arguments":"{\"a\":1}"}}"# }
        return #"{"role":"assistant","content":null,"tool_calls":[\#(calls.joined(separator: ","))]}"#
    }

    func told(_ id: String, _ content: String) -> String {
        #"{"role":"tool","tool_call_id":"\#(id)","content":"\#(content)"}"#
    }

    func said(_ content: String) -> String { #"{"role":"user","content":"\#(content)"}"# }

    /// What is sent for these messages, without the brackets around them.
    func sent(_ messages: String..., members: String = "") throws -> String {
        let all = try Chat.messages("[" + messages.joined(separator: ",") + "]", members)
        return String(all.dropFirst().dropLast())
    }

    func all(_ messages: String...) -> String { messages.joined(separator: ",") }

    func losses(_ messages: String...) throws -> [Losses.Loss] {
        try Chat.translate(Chat.request(messages: "[" + messages.joined(separator: ",") + "]")).losses
    }
}
