/// Events of a Messages stream, written and read.
import Testing

@testable import Intercept

struct MessageEventTests {
    static let usage = Usage(input: 3, output: 5, cacheRead: 7, cacheCreation: 11)

    static let all: [MessageEvent] = [
        .messageStart(MessageStart(id: "msg_1", model: "claude-opus-5-5", usage: usage)),
        .blockStart(index: 0, block: .text), .blockStart(index: 1, block: .thinking),
        .blockStart(index: 2, block: .redactedThinking(data: "abc\"")),
        .blockStart(index: 12, block: .toolUse(id: "toolu_1", name: "Read \"it\"")),
        .blockStart(index: 3, block: .other(json: Array(#"{"type":"server_tool_use","x":1.50}"#.utf8))),
        .blockDelta(index: 0, delta: .text("é\n\"x\"")), .blockDelta(index: 1, delta: .thinking("hm")),
        .blockDelta(index: 1, delta: .signature("c2ln")), .blockDelta(index: 2, delta: .inputJSON(#"{"a":"#)),
        .blockDelta(index: 0, delta: .other(json: Array(#"{"type":"citations_delta","citation":{}}"#.utf8))),
        .blockStop(index: 0), .blockStop(index: 123),
        .messageDelta(MessageDelta(stopReason: .endTurn, usage: usage)),
        .messageDelta(
            MessageDelta(stopReason: .stopSequence, stopSequence: "\n\nEND", usage: Usage(output: 1, thinking: 4))),
        .messageDelta(MessageDelta(stopReason: .refusal, refusal: "no \"never\"", usage: Usage())),
        .messageDelta(MessageDelta(stopReason: StopReason(rawValue: "of_tomorrow"), usage: Usage())),
        .messageStop, .ping, .error(MessageError(529, nil, "too much \"of\" it")),
        .error(MessageError(429, nil, "slow")), .error(MessageError(400, nil, "wrong")),
        .error(MessageError(401, nil, "who")), .error(MessageError(404, nil, "where")),
        .error(MessageError(500, nil, "ouch")),
    ]

    @Test("an event that was written reads back equal", arguments: all)
    func roundTrip(event: MessageEvent) throws {
        var out = JSONWriter()
        let range = event.write(into: &out)
        let data = Array(out.bytes[range])
        #expect(try JSON.parse(data)["type"]?.string == event.name)
        #expect(Core.text(out.bytes) == "event: \(event.name)\ndata: \(Core.text(data))\n\n")
        #expect(try Core.events(out.bytes) == [event])
    }

    @Test("many events in one buffer stand apart")
    func stream() throws {
        var out = JSONWriter()
        for event in Self.all { event.write(into: &out) }
        #expect(try Core.events(out.bytes) == Self.all)
    }

    @Test("P86: the wire form is the one of the Messages API")
    func wire() {
        #expect(
            Core.written([Self.all[0]]) == "event: message_start\ndata: "
                + #"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","#
                + #""model":"claude-opus-5-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"#
                + #""cache_creation_input_tokens":11,"cache_read_input_tokens":7,"output_tokens":5}}}"# + "\n\n")
        #expect(
            Core.written([.blockDelta(index: 10, delta: .inputJSON("{\"a\""))])
                == "event: content_block_delta\ndata: "
                + #"{"type":"content_block_delta","index":10,"delta":{"type":"input_json_delta","partial_json":"{\"a\""}}"#
                + "\n\n")
        #expect(
            Core.written([.messageDelta(MessageDelta(stopReason: .endTurn, usage: Usage(output: 2)))])
                == "event: message_delta\ndata: "
                + #"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":0,"#
                + #""cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2}}"# + "\n\n")
    }

    @Test(
        "what is not understood is passed on untouched",
        arguments: [
            ("content_block_delta", "no json"), ("new_event", #"{"type":"new_event","x":1.50}"#), ("x", "[]"),
            ("y", #"{"type":7}"#),
            ("message_start", #"{"type":"message_start"}"#), ("error", #"{"type":"error"}"#),
        ])
    func unknown(name: String, data: String) throws {
        let event = MessageEvent(SSEEvent(name: name, data: Array(data.utf8)))
        #expect(event == .other(name: name, data: Array(data.utf8)))
        #expect(Core.written([event]) == "event: \(name)\ndata: \(data)\n\n")
    }

    @Test("an unknown event of several data lines stays one event")
    func manyLines() throws {
        let stream = "event: odd\ndata: one\ndata: two\n\n"
        let events = try Core.events(Array(stream.utf8))
        #expect(try Core.events(Array(Core.written(events).utf8)) == events)
    }

    @Test("blocks and deltas of unknown types keep their bytes")
    func unknownParts() throws {
        let block = #"{"type":"tool_use","id":"a","name":"b","caller":{"type":"direct"},"input":{}}"#
        let start = try Core.events(
            Array("data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":\(block)}\n\n".utf8))
        #expect(start == [.blockStart(index: 1, block: .other(json: Array(block.utf8)))])
        let delta = #"{"type":"text_delta","text":5}"#
        let change = try Core.events(
            Array("data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":\(delta)}\n\n".utf8))
        #expect(change == [.blockDelta(index: 1, delta: .other(json: Array(delta.utf8)))])
    }

    @Test("a whole message becomes the events that a stream would have brought, and folds to itself")
    func whole() throws {
        let message = try Core.json(
            #"{"id":"msg_9","type":"message","role":"assistant","model":"m","content":["#
                + #"{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"text","text":"a\u0062"},"#
                + #"{"type":"redacted_thinking","data":"xyz"},{"type":"tool_use","id":"t","name":"Read","input":{"p":1.50}}],"#
                + #""stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":1,"cache_creation_input_tokens":0,"#
                + #""cache_read_input_tokens":2,"output_tokens":3}}"#)
        let events = MessageEvent.all(of: message)
        var grammar = Grammar()
        #expect(events.compactMap { grammar.check($0)?.rule } == [])
        #expect(grammar.finish() == nil)
        var assembly = Assembly()
        for event in events { assembly.add(event) }
        #expect(Core.text(assembly.message()) == Core.text(message.raw))
    }

    @Test(
        "each error type has its status",
        arguments: [
            (400, "invalid_request_error"), (401, "authentication_error"), (402, "billing_error"),
            (403, "permission_error"),
            (404, "not_found_error"), (409, "conflict_error"), (413, "request_too_large"), (429, "rate_limit_error"),
            (504, "timeout_error"),
            (408, "timeout_error"), (529, "overloaded_error"), (503, "api_error"), (418, "invalid_request_error"),
        ])
    func errorTypes(status: Int, type: String) throws {
        let error = MessageError(status, nil, "words")
        #expect(error.type == type)
        let body = try JSON.parse(error.body(requestID: "req_1"))
        #expect(body["type"]?.string == "error" && body["request_id"]?.string == "req_1")
        #expect(body["error"]?["type"]?.string == type && body["error"]?["message"]?.string == "words")
    }

    @Test("later counts replace earlier ones, absent counts do not")
    func usage() throws {
        var usage = Usage(input: 10, output: 1, cacheRead: 5)
        usage.update(Usage(output: 20))
        #expect(usage == Usage(input: 10, output: 20, cacheRead: 5))
        usage.update(Usage(input: 8, output: 20, thinking: 6))
        #expect(usage == Usage(input: 8, output: 20, cacheRead: 0, thinking: 6))
        #expect(Usage(input: 1, cacheRead: 2, cacheCreation: 4).prompt == 7)
    }

    @Test("counts that others wrote cannot overflow what is added up")
    func counts() throws {
        let most = Usage(input: .max, output: .min, cacheRead: .max, cacheCreation: .max)
        #expect(most.prompt == 3 * JSON.mostAmount && most.output == 0)
        for number in ["9223372036854775807", "-9223372036854775808", "1e300", "9007199254740992"] {
            let usage = Usage(
                try JSON.parse(Array(#"{"input_tokens":\#(number),"cache_read_input_tokens":\#(number)}"#.utf8)))
            #expect((0...2 * JSON.mostAmount).contains(usage.prompt), "\(number)")
        }
        #expect(Timestamp(rfc3339: "9999-12-31T23:59:59.999Z") == nil)
        #expect(Timestamp(rfc3339: "2199-12-31T23:59:59.999Z")?.rfc3339 == "2199-12-31T23:59:59.999Z")
    }
}
