/// Requests with cache marks, written as the records of a trace, and what is found in them.
import Foundation
import Testing

@testable import Intercept
@testable import Recorder

/// A Messages request that is put together from a few words. The last block of the last message carries a mark, as the
/// real client sets it, and the last system block does.
struct Prompt {
    var model = "claude-sonnet-4-5"
    var tools = ["Read", "Bash", "Edit"]
    var system = ["You are an agent.", "Rules. \(String(repeating: "be careful ", count: 40))"]
    /// Blocks of each message, the user's and the model's by turns, as JSON; `§` is where a mark may stand.
    var messages: [[String]] = [[Prompt.text("Please fix the test.")]]
    /// Whether, and how the last block is marked.
    var mark: String? = #","cache_control":{"type":"ephemeral"}"#
    var marksSystem = true
    var more = ""

    static func text(_ text: String) -> String { #"{"type":"text","text":"\#(text)"§}"# }
    static func thinking(_ text: String) -> String { #"{"type":"thinking","thinking":"\#(text)","signature":"c2ln"}"# }
    static func call(_ id: String) -> String {
        #"{"type":"tool_use","id":"\#(id)","name":"Read","input":{"path":"a.swift"}}"#
    }
    static func result(_ id: String, _ text: String) -> String {
        #"{"type":"tool_result","tool_use_id":"\#(id)","content":"\#(text)"§}"#
    }

    /// Two more messages: an answer and what the user says to it.
    func then(_ answer: [String], _ user: [String]) -> Prompt {
        var next = self
        next.messages += [answer, user]
        return next
    }

    func with(_ change: (inout Prompt) -> Void) -> Prompt {
        var copy = self
        change(&copy)
        return copy
    }

    var body: String {
        let tools = tools.map {
            #"{"name":"\#($0)","description":"Does \#($0).","input_schema":{"type":"object"}}"#
        }
        let system = system.enumerated().map {
            let isMarked = marksSystem && mark != nil && $0 == self.system.count - 1
            return #"{"type":"text","text":"\#($1)"\#(isMarked ? mark ?? "" : "")}"#
        }
        let messages = messages.enumerated().map { place, blocks in
            let isLast = place == self.messages.count - 1
            let all = blocks.enumerated().map {
                $1.replacing("§", with: isLast && $0 == blocks.count - 1 ? mark ?? "" : "")
            }
            return #"{"role":"\#(place % 2 == 0 ? "user" : "assistant")","content":[\#(all.joined(separator: ","))]}"#
        }
        return #"{"model":"\#(model)","max_tokens":100,"tools":[\#(tools.joined(separator: ","))],"#
            + #""system":[\#(system.joined(separator: ","))],"messages":[\#(messages.joined(separator: ","))]\#(more)}"#
    }

    /// The same as Chat Completions has it.
    var chat: String {
        let tools = tools.map {
            #"{"type":"function","function":{"name":"\#($0)","description":"Does \#($0).","parameters":{"type":"object"}}}"#
        }
        let system = system.map { #"{"role":"system","content":"\#($0)"}"# }
        let messages = messages.enumerated().map { place, blocks in
            let parts = blocks.map { $0.replacing("§", with: "") }.joined(separator: ",")
            return #"{"role":"\#(place % 2 == 0 ? "user" : "assistant")","content":[\#(parts)]}"#
        }
        return #"{"model":"\#(model)","messages":[\#((system + messages).joined(separator: ","))],"#
            + #""tools":[\#(tools.joined(separator: ","))]\#(more)}"#
    }
}

/// A trace in a file, exchange by exchange.
final class CacheBench {
    static let anthropic = "https://api.anthropic.com/v1/messages"
    static let chat = "https://api.openai.com/v1/chat/completions"

    /// Tokens that the service counted: read from the cache, written to it, and neither.
    struct Counts {
        var read = 0
        var written = 0
        var plain = 10
    }

    private let folder = Folder()
    private var lines: [String] = []
    private var number = 0

    /// Adds an exchange.
    ///
    /// - Parameters:
    ///   - sent: The body that went to the service, if it was another.
    ///   - at: Seconds since noon. `answered` is when the answer began, in seconds after that.
    func add(
        _ body: String, sent: String? = nil, url: String = anthropic, at: Double = 0, _ counts: Counts?,
        kind: String = "main", agent: String = "main", model: String = "claude-sonnet-4-5", answered: Double = 0.5,
        more: String = "", events: String? = nil
    ) {
        number += 1
        let time = Timestamp(nanoseconds: 1_795_262_400_000_000_000 + Int64(at * 1e9)).rfc3339
        let common =
            #""ts":"\#(time)","id":"01920000-0000-7000-8000-\#(1_000_000 + number)","session":"5e551011-0000","#
            + #""agent":"\#(agent)","kind":"\#(kind)""#
        func line(_ type: String, _ rest: String) {
            lines.append(#"{"v":1,"type":"\#(type)","seq":\#(lines.count),\#(common),\#(rest)}"#)
        }
        line("request", #""method":"POST","path":"/v1/messages","model":"\#(model)","body":\#(body)"#)
        let other = sent.map { #","body":\#($0)"# } ?? ""
        line("upstream", #""try":1,"url":"\#(url)","model":"\#(model)"\#(other)"#)
        line("head", #""try":1,"status":200,"ttfb_ms":\#(answered * 1000)"#)
        if let events { line("events", #""side":"client","part":0,"events":\#(events)"#) }
        if let counts {
            line(
                "response",
                #""status":200,"model":"\#(model)","backend":"anthropic","usage":{"input_tokens":\#(counts.plain),"#
                    + #""cache_creation_input_tokens":\#(counts.written),"cache_read_input_tokens":\#(counts.read),"#
                    + #""output_tokens":5}\#(more)"#)
        }
        line("end", #""outcome":"ok","dropped":0"#)
    }

    func turns() throws -> CacheTurns {
        try folder.write("t.jsonl", Array((lines.joined(separator: "\n") + "\n").utf8))
        return try Self.turns(folder.file("t.jsonl"))
    }

    static func turns(_ file: String) throws -> CacheTurns {
        var (turns, reader) = (CacheTurns(), ExchangeReader(session: nil, CacheTurns.wants))
        let trace = try reader.read(file) { turns.take($0, backend: "anthropic") }
        #expect(trace.skippedLines == 0)
        reader.finish { turns.take($0, backend: "anthropic") }
        return turns
    }
}
