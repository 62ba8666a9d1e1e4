import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIResponsesStreamTests {
    private typealias R = Responses

    private func blocks(_ events: String...) throws -> [String] {
        let answer = try R.decode(R.stream(events))
        #expect(Chat.fault(answer.events) == nil)
        return Chat.blocks(answer.events)
    }

    private func losses(_ events: String...) throws -> [String] {
        try R.decode(R.stream(events)).losses.map { "\($0.operation) \($0.path)" }
    }

    // MARK: Text

    @Test("deltas are passed on as they come, one block for each part of a message")
    func text() throws {
        let blocks = try blocks(
            R.added(0, R.message("")), R.delta("output_text", 0, "Hel"), R.delta("output_text", 0, "lo"),
            R.delta("output_text", 0, "again", part: 1))
        #expect(blocks == ["text:Hello", "text:again"])
    }

    @Test("two messages are two blocks")
    func messages() throws {
        #expect(
            try blocks(R.delta("output_text", 0, "one"), R.delta("output_text", 2, "two")) == ["text:one", "text:two"])
    }

    @Test("text that comes only at the end of its part, its item, or its response is not lost")
    func lateText() throws {
        let part = #"{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"late"}"#
        #expect(try blocks(part) == ["text:late"])
        #expect(try blocks(R.done(0, R.message("late"))) == ["text:late"])
        let events = try R.decode(R.stream([], end: R.completed("[\(R.message("late"))]"))).events
        #expect(Chat.blocks(events) == ["text:late"])
    }

    @Test("what was streamed is not said again at the end, however it is escaped there")
    func noRepetition() throws {
        let done = R.done(0, R.message(#"Gr\u00fc\u00dfe"#))
        #expect(try blocks(R.delta("output_text", 0, "Grüße"), done) == ["text:Grüße"])
        let end = R.completed("[\(R.message("Grüße"))]")
        let events = try R.decode(
            R.stream([R.delta("output_text", 0, "Grü"), R.delta("output_text", 0, "ße")], end: end))
        #expect(Chat.blocks(events.events) == ["text:Grüße"])
    }

    @Test("a missing end of a text is added, another text is not")
    func rest() throws {
        #expect(try blocks(R.delta("output_text", 0, "Gr"), R.done(0, R.message("Grüße"))) == ["text:Grüße"])
        #expect(try blocks(R.delta("output_text", 0, "Good."), R.done(0, R.message("Good day"))) == ["text:Good."])
    }

    @Test("P61: empty deltas and blank texts open no block")
    func blank() throws {
        #expect(try blocks(R.delta("output_text", 0, ""), R.delta("output_text", 0, #"\n "#)) == [])
    }

    @Test("a refusal is text, and the reason why the message ended")
    func refusal() throws {
        let events = try R.decode(R.stream([R.delta("refusal", 0, "I can"), R.delta("refusal", 0, "not.")])).events
        #expect(Chat.blocks(events) == ["text:I cannot."])
        #expect(Chat.end(events)?.stopReason == .refusal && Chat.end(events)?.refusal == "I cannot.")
    }

    @Test("P48: the answer ends at a stop sequence, which the service does not know")
    func stops() throws {
        let text = R.stream([
            R.delta("output_text", 0, "one EN"), R.delta("output_text", 0, "D two"), R.done(1, R.call("{}")),
        ])
        let events = try R.decode(text, #""stream":true,"stop_sequences":["END"]"#).events
        #expect(Chat.blocks(events) == ["text:one "])
        #expect(Chat.end(events)?.stopReason == .stopSequence && Chat.end(events)?.stopSequence == "END")
        #expect(Chat.end(events)?.usage.output == 20)
    }

    // MARK: Frame

    @Test("ids that change from event to event do not matter: the place in the answer counts")
    func changingIDs() throws {
        let blocks = try blocks(
            R.added(0, R.message("")), R.delta("output_text", 0, "a", id: "x1"),
            R.delta("output_text", 0, "b", id: "x2"), R.done(0, R.message("ab")))
        #expect(blocks == ["text:ab"])
    }

    @Test("events without a place belong to the item with their id, or to the last one")
    func noIndex() throws {
        let blocks = try blocks(
            R.added(0, R.message("")), #"{"type":"response.output_text.delta","item_id":"msg_1","delta":"a"}"#,
            #"{"type":"response.output_text.delta","delta":"b"}"#)
        #expect(blocks == ["text:ab"])
    }

    @Test("the event's name counts where the data has no type")
    func namedEvents() throws {
        let text =
            "event: response.output_text.delta\ndata: {\"output_index\":0,\"delta\":\"a\"}\n\n"
            + "event: response.completed\ndata: {\"response\":{\"status\":\"completed\"}}\n\n"
        #expect(Chat.blocks(try R.decode(text).events) == ["text:a"])
    }

    @Test("P80: cached tokens are not counted twice, reasoning is part of the output")
    func usage() throws {
        let usage = Chat.end(try R.decode(R.stream([R.delta("output_text", 0, "a")])).events)?.usage
        #expect(usage == Usage(input: 40, output: 20, cacheRead: 60, thinking: 5))
    }

    @Test(
        "an incomplete answer says why",
        arguments: [("max_output_tokens", "max_tokens"), ("content_filter", "refusal"), ("lightning", "end_turn")])
    func incomplete(reason: String, stop: String) throws {
        let end =
            #"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"\#(reason)"}}}"#
        let answer = try R.decode(R.stream([R.delta("output_text", 0, "a")], end: end))
        #expect(Chat.end(answer.events)?.stopReason?.rawValue == stop)
        #expect(answer.losses.contains { $0.path == "stop_reason" } == (reason == "lightning"))
    }

    @Test("P75: a completed answer with a call ends with tool_use")
    func toolUse() throws {
        #expect(Chat.end(try R.decode(R.stream([R.done(0, R.call("{}"))])).events)?.stopReason == .toolUse)
    }

    @Test(
        "a failure in the stream is an error of the right kind",
        arguments: [
            (#"{"type":"error","code":"rate_limit_exceeded","message":"m"}"#, 429),
            (#"{"type":"error","error":{"type":"insufficient_quota","code":"insufficient_quota","message":"m"}}"#, 429),
            (
                #"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"m"}}}"#,
                500
            ),
            (
                #"{"type":"response.failed","response":{"status":"failed","error":{"code":"invalid_prompt","message":"m"}}}"#,
                400
            ),
            (#"{"type":"response.failed","response":{"status":"failed","error":null}}"#, 500),
            (#"{"type":"response.completed","response":{"status":"cancelled"}}"#, 500),
        ])
    func failure(event: String, status: Int) {
        let error = Chat.error { _ = try R.decode(R.stream([R.delta("output_text", 0, "a")], end: event)) }
        #expect(error?.status == status)
    }

    @Test("an unreadable image is reported in the words by which the client drops it")
    func image() {
        let event =
            #"{"type":"response.failed","response":{"status":"failed","error":{"code":"invalid_base64_image","message":"m"}}}"#
        let error = Chat.error { _ = try R.decode(R.stream([], end: event)) }
        #expect(error?.status == 400 && error?.message == "Could not process image: m")
    }

    @Test("P76: a stream that stops is an error, one that says it is done is complete")
    func endOfStream() throws {
        let cut = R.stream([R.delta("output_text", 0, "a")], end: nil)
        #expect(Chat.error { _ = try R.decode(cut) }?.message.contains("ended before") ?? false)
        #expect(Chat.error { _ = try R.decode(cut + "data: [DONE]\n\n") } != nil)
        let done = R.stream([R.delta("output_text", 0, "a"), R.done(0, R.message("a"))], end: nil)
        let answer = try R.decode(done + "data: [DONE]\n\n")
        #expect(
            Chat.end(answer.events)?.stopReason == .endTurn && answer.losses.map(\.path) == ["stop_reason", "usage"])
    }

    @Test("P81: nothing comes behind the end")
    func afterEnd() throws {
        let text = R.stream([R.delta("output_text", 0, "a")]) + R.stream([R.delta("output_text", 0, "b")])
        let events = try R.decode(text + "data: [DONE]\n\n").events
        #expect(Chat.blocks(events) == ["text:a"] && Chat.fault(events) == nil)
    }

    @Test("comments and keepalives are pings")
    func pings() throws {
        let text = ": PROCESSING\n\n" + R.stream([#"{"type":"keepalive","sequence_number":3}"#])
        #expect(try R.decode(text).events.count { $0 == .ping } == 3)
    }

    @Test("what the service does by itself, and what nobody knows, is a loss")
    func unknown() throws {
        #expect(
            try losses(
                #"{"type":"response.web_search_call.searching","output_index":0}"#,
                R.done(0, #"{"type":"web_search_call","id":"ws_1"}"#), #"{"type":"response.hologram.delta"}"#,
                #"{"type":"response.output_text.annotation.added","annotation":{}}"#)
                == ["drop content.web_search_call", "drop stream.response.hologram.delta", "drop content.annotations"])
    }
}
