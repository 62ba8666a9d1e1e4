import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIResponsesCallsTests {
    private typealias R = Responses

    private func blocks(_ events: [String], end: String = R.completed()) throws -> [String] {
        let answer = try R.decode(R.stream(events, end: end))
        #expect(Chat.fault(answer.events) == nil)
        return Chat.blocks(answer.events)
    }

    // MARK: Calls

    @Test("arguments are passed on in pieces, under the id of the call")
    func arguments() throws {
        let blocks = try blocks([
            R.added(0, R.call("")), R.delta("function_call_arguments", 0, #"{\"a\":"#),
            R.delta("function_call_arguments", 0, "1}"), R.done(0, R.call(#"{\"a\":1}"#)),
        ])
        #expect(blocks == [#"tool Read call_1:{"a":1}"#])
    }

    @Test("P70: arguments that come only when they are done, in one of three places, are passed on once")
    func lateArguments() throws {
        let part =
            #"{"type":"response.function_call_arguments.done","output_index":0,"arguments":"{\"a\":1}"}"#
        let expected = [#"tool Read call_1:{"a":1}"#]
        #expect(try blocks([R.added(0, R.call("")), part, R.done(0, R.call(#"{\"a\":1}"#))]) == expected)
        #expect(try blocks([R.added(0, R.call("")), R.done(0, R.call(#"{\"a\":1}"#))]) == expected)
        #expect(try blocks([], end: R.completed("[\(R.call(#"{\"a\":1}"#))]")) == expected)
        #expect(
            try blocks([R.added(0, R.call("")), R.delta("function_call_arguments", 0, #"{\"a\""#), part]) == expected)
    }

    @Test("a call in the last event is not lost where only text was streamed")
    func callAtTheEnd() throws {
        let end = R.completed("[\(R.message("a")),\(R.call("{}"))]")
        #expect(try blocks([R.delta("output_text", 0, "a")], end: end) == ["text:a", "tool Read call_1:{}"])
    }

    @Test("P72: a call without arguments gets an empty object, and the next one is not held back")
    func noArguments() throws {
        let text = R.stream([
            R.added(0, R.call("")), R.done(0, R.call("")), R.added(1, R.call("", id: "call_2")),
            R.delta("function_call_arguments", 1, "{}"),
        ])
        let events = try R.decode(text).events
        #expect(Chat.blocks(events) == ["tool Read call_1:{}", "tool Read call_2:{}"])
    }

    @Test("P66: pieces of two calls at once are shown one call after the other")
    func interleaved() throws {
        let blocks = try blocks([
            R.added(0, R.call("")), R.added(1, R.call("", id: "call_2", name: "Bash")),
            R.delta("function_call_arguments", 0, #"{\"a\":"#), R.delta("function_call_arguments", 1, #"{\"b\":"#),
            R.delta("function_call_arguments", 0, "1}"), R.delta("function_call_arguments", 1, "2}"),
        ])
        #expect(blocks == [#"tool Read call_1:{"a":1}"#, #"tool Bash call_2:{"b":2}"#])
    }

    @Test("P68: a call that nothing announced waits for its name")
    func lateName() throws {
        let blocks = try blocks([
            R.delta("function_call_arguments", 0, #"{\"a\":1}"#), R.done(0, R.call(#"{\"a\":1}"#)),
        ])
        #expect(blocks == [#"tool Read call_1:{"a":1}"#])
    }

    @Test("P3: ids that the client cannot take are turned into such, and back")
    func ids() throws {
        let events = try R.decode(R.stream([R.done(0, R.call("{}", id: "functions.Read:0"))])).events
        guard case .blockStart(_, .toolUse(let id, _)) = events.first(where: { $0.name == "content_block_start" })
        else {
            return #expect(Bool(false))
        }
        #expect(ToolNames.isLegal(id) && ToolCallID.sent(id) == "functions.Read:0")
    }

    @Test("P83: a call that was cut keeps its half arguments, and the message says max_tokens")
    func cut() throws {
        let item =
            #"{"type":"function_call","call_id":"call_1","name":"Read","arguments":"{\"a\":","status":"incomplete"}"#
        let end =
            #"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}"#
        let events = try R.decode(R.stream([R.done(0, item)], end: end)).events
        #expect(Chat.blocks(events) == [#"tool Read call_1:{"a":"#] && Chat.end(events)?.stopReason == .maxTokens)
        let whole = R.whole(item, status: "incomplete", #","incomplete_details":{"reason":"max_output_tokens"}"#)
        let answer = try R.decode(whole, #""tools":[{"name":"a"}]"#, type: "application/json")
        #expect(Chat.blocks(answer.events) == ["tool Read call_1:{}"])
    }

    @Test("the free text of a custom tool's call becomes a member of an object")
    func custom() throws {
        let item = #"{"type":"custom_tool_call","call_id":"call_1","name":"sql","input":"SELECT \"a\""}"#
        let answer = try R.decode(R.stream([R.added(0, item), R.done(0, item)]))
        #expect(Chat.blocks(answer.events) == [#"tool sql call_1:{"input":"SELECT \"a\""}"#])
        #expect(answer.losses.map(\.path) == ["content.custom_tool_call"])
    }

    // MARK: Reasoning

    @Test("parts of a summary are set apart, and the envelope keeps what the service wants back")
    func summary() throws {
        let text = R.stream([
            R.added(0, R.reasoning(encrypted: "null")), R.delta("reasoning_summary_text", 0, "one"),
            R.delta("reasoning_summary_text", 0, "two", part: 1), R.done(0, R.reasoning("one", "two")),
            R.delta("output_text", 1, "a"),
        ])
        let events = try R.decode(text).events
        #expect(Chat.blocks(events) == ["thinking:one\n\ntwo", "text:a"] && Chat.fault(events) == nil)
        let envelope = try #require(R.envelopes(events).first)
        let kept = ["backend", "host", "model", "kind", "id", "enc"].map { envelope[$0]?.string }
        #expect(kept == ["openai_responses", "api.openai.com", "gpt-5.4", "responses", "rs_1", "gAAA"])
    }

    @Test("P151: reasoning without a text is an empty block with a signature")
    func encryptedOnly() throws {
        let events = try R.decode(R.stream([R.done(0, R.reasoning()), R.done(1, R.call("{}"))])).events
        #expect(Chat.blocks(events) == ["thinking:", "tool Read call_1:{}"])
        #expect(R.envelopes(events).first?["enc"]?.string == "gAAA")
    }

    @Test("reasoning that says nothing and keeps nothing is no block")
    func emptyReasoning() throws {
        #expect(try blocks([R.done(0, R.reasoning(encrypted: "null"))]) == [])
    }

    @Test("plain reasoning is told from a summary, so that it can go back as what it is")
    func plain() throws {
        let item = #"{"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]}"#
        let events = try R.decode(R.stream([R.delta("reasoning_text", 0, "hm"), R.done(0, item)])).events
        #expect(Chat.blocks(events) == ["thinking:hm"])
        #expect(R.envelopes(events).first?["form"]?.string == "content")
    }

    @Test("P149: reasoning that comes as a summary and in plain is shown once")
    func twoForms() throws {
        let answer = try R.decode(
            R.stream([R.delta("reasoning_text", 0, "hm"), R.delta("reasoning_summary_text", 0, "in short")]))
        #expect(Chat.blocks(answer.events) == ["thinking:hm"] && answer.losses.map(\.path) == ["content.thinking"])
    }

    @Test("an item of reasoning that ends after the next has begun is not shown twice")
    func lateEnd() throws {
        let item = #"{"type":"reasoning","id":"rs_1","content":[{"type":"reasoning_text","text":"hm"}]}"#
        let blocks = try blocks([
            R.delta("reasoning_text", 0, "hm"), R.delta("output_text", 1, "a"), R.done(1, R.message("a")),
            R.done(0, item),
        ])
        #expect(blocks == ["thinking:hm", "text:a"])
    }

    @Test("P150: reasoning may come between and behind, each in a block of its own")
    func twice() throws {
        let blocks = try blocks([
            R.done(0, R.reasoning("one")), R.done(1, R.call("{}")), R.done(2, R.reasoning("two")),
            R.done(3, R.message("a")),
        ])
        #expect(blocks == ["thinking:one", "tool Read call_1:{}", "thinking:two", "text:a"])
    }

    @Test("a client without thinking and without tools gets none; what asks for it, does")
    func unwanted() throws {
        let text = R.stream([
            R.delta("reasoning_summary_text", 0, "hm"), R.done(0, R.reasoning("hm")), R.done(1, R.message("a")),
        ])
        for members in [#""stream":true"#, #""stream":true,"tools":[{"name":"a"}],"thinking":{"type":"disabled"}"#] {
            let answer = try R.decode(text, members)
            #expect(Chat.blocks(answer.events) == ["text:a"] && answer.losses.map(\.path) == ["content.thinking"])
        }
        let asked = try R.decode(text, #""stream":true,"thinking":{"type":"adaptive"}"#)
        #expect(Chat.blocks(asked.events) == ["thinking:hm", "text:a"])
    }

    // MARK: Whole answers

    @Test("a whole answer gives the same blocks as a stream")
    func whole() throws {
        let text = R.whole([R.reasoning("hm"), R.message("a"), R.call(#"{\"a\":1}"#)].joined(separator: ","))
        let answer = try R.decode(text, #""tools":[{"name":"a"}]"#, type: "application/json")
        #expect(Chat.blocks(answer.events) == ["thinking:hm", "text:a", #"tool Read call_1:{"a":1}"#])
        #expect(Chat.fault(answer.events) == nil && Chat.end(answer.events)?.stopReason == .toolUse)
        #expect(R.envelopes(answer.events).first?["enc"]?.string == "gAAA")
    }

    @Test(
        "a whole answer that is none is an error that shows what came",
        arguments: [
            (#"{"object":"list","data":[]}"#, "answered without output"), ("<html>Bad</html>", "Bad"),
            (#"{"status":"failed","output":[],"error":{"code":"server_error","message":"broken"}}"#, "broken"),
            (#"{"status":"cancelled","output":[],"error":null}"#, "cancelled"),
            (#"{"status":"queued","output":[]}"#, "queued"),
        ])
    func strange(text: String, words: String) {
        let error = Chat.error { _ = try R.decode(text, "", type: "application/json") }
        #expect(error?.message.contains(words) ?? false)
    }
}
