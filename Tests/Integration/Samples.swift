/// Requests and answers that the tests share.
import Foundation
import Testing

@testable import Backends
@testable import Intercept

enum Samples {
    /// The body of a Messages request.
    static func body(stream: Bool = false, _ more: String = "", text: String = "hi") -> String {
        #"{"model":"claude-opus-5-5","max_tokens":100,"messages":[{"role":"user","content":"\#(text)"}]"#
            + (stream ? #","stream":true"# : "") + (more.isEmpty ? "" : "," + more) + "}"
    }

    static func request(stream: Bool = false, _ more: String = "", text: String = "hi", fields: String = "") -> String {
        Wire.request("POST /v1/messages", body: body(stream: stream, more, text: text), fields: fields)
    }

    /// A whole answer with odd spelling, so that any rewriting shows.
    static let message =
        #"{ "id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5-5","content":[{"type":"text","text":"\u0068ello"}],"#
        + #" "stop_reason":"end_turn","stop_sequence":null,"new":1.50,"usage":{"input_tokens":3,"output_tokens":2}}"#

    static let start =
        "event: message_start\ndata: "
        + #"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5-5","content":[],"#
        + #""stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":1}}}"# + "\n\n"

    static func text(_ text: String, index: Int = 0) -> String {
        """
        event: content_block_start
        data: {"type":"content_block_start","index":\(index),"content_block":{"type":"text","text":""}}

        event: content_block_delta
        data: {"type":"content_block_delta", "index":\(index),"delta":{"type":"text_delta","text":"\(text)"}}

        event: content_block_stop
        data: {"type":"content_block_stop","index":\(index)}


        """
    }

    static func tool(_ name: String, input: String, index: Int = 0) -> String {
        let half = input.utf8.count / 2
        let pieces = [String(input.prefix(half)), String(input.dropFirst(half))].map {
            $0.replacingOccurrences(of: "\"", with: "\\\"")
        }
        return """
            event: content_block_start
            data: {"type":"content_block_start","index":\(index),"content_block":{"type":"tool_use","id":"toolu_\(index)","name":"\(name)","input":{}}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":\(index),"delta":{"type":"input_json_delta","partial_json":"\(pieces[0])"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":\(index),"delta":{"type":"input_json_delta","partial_json":"\(pieces[1])"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":\(index)}


            """
    }

    static func end(_ reason: String = "end_turn") -> String {
        """
        event: message_delta
        data: {"type":"message_delta","delta":{"stop_reason":"\(reason)","stop_sequence":null},"usage":{"output_tokens":9}}

        event: message_stop
        data: {"type":"message_stop"}


        """
    }

    static let stream = start + ": a comment\n\n" + text("\\u0068ello") + end()

    /// A pass-through to this service.
    static func passThrough(_ upstream: ScriptedUpstream) throws -> Anthropic {
        try Anthropic(Environment(["ANTHROPIC_UPSTREAM_URL": upstream.url]))
    }

    /// A translation to this service.
    static func chat(_ upstream: ScriptedUpstream) throws -> OpenAICompatible {
        try OpenAICompatible(
            Environment([
                "OPENAI_BASE_URL": upstream.url + "/v1", "OPENAI_API_KEY": "key-of-the-test", "OPENAI_MODEL": "gpt-4o",
            ]))
    }

    /// A stream of Chat Completions with these deltas.
    static func chatStream(_ deltas: [String], finish: String = "stop") -> String {
        func chunk(_ delta: String, _ reason: String) -> String {
            #"data: {"id":"c1","object":"chat.completion.chunk","model":"gpt-4o","choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(reason)}]}"#
                + "\n\n"
        }
        return deltas.map { chunk($0, "null") }.joined() + chunk("{}", "\"\(finish)\"")
            + #"data: {"id":"c1","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7}}"#
            + "\n\ndata: [DONE]\n\n"
    }

    /// One chunk of such a stream.
    static func chatChunk(_ delta: String) -> String {
        #"data: {"id":"c1","object":"chat.completion.chunk","model":"gpt-4o","choices":[{"index":0,"delta":\#(delta),"finish_reason":null}]}"#
            + "\n\n"
    }

    static func chatTool(_ name: String, arguments: String, index: Int = 0) -> String {
        let escaped = arguments.replacingOccurrences(of: "\"", with: "\\\"")
        return
            #"{"tool_calls":[{"index":\#(index),"id":"call_\#(index)","type":"function","function":{"name":"\#(name)","arguments":"\#(escaped)"}}]}"#
    }

    /// The events of a stream that came, their grammar checked.
    static func events(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> [MessageEvent] {
        var parser = SSEParser()
        var events: [MessageEvent] = []
        let bytes = Array(text.utf8)[...]
        try parser.feed(bytes.span) { if !$0.isComment { events.append(MessageEvent($0)) } }
        try parser.finish { events.append(MessageEvent($0)) }
        var grammar = Grammar()
        for event in events {
            if let violation = grammar.check(event) { Issue.record("\(violation)", sourceLocation: sourceLocation) }
        }
        if let violation = grammar.finish() { Issue.record("\(violation)", sourceLocation: sourceLocation) }
        return events
    }
}
