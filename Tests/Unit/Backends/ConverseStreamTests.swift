import Testing

@testable import Backends
@testable import Intercept

/// Events of ConverseStream on their way to the Messages API.
@Suite struct ConverseStreamTests {
    private func synthetic(_ name: String) throws -> [UInt8] { try EventStreamTests.bytes("synthetic/\(name)") }

    @Test("P102, P103: blocks without a start are opened by their first delta, and numbered without holes")
    func blocks() throws {
        let (events, losses) = try Converse.stream(
            [
                Converse.delta(0, #"{"text":""}"#), Converse.stop(0), Converse.delta(2, #"{"text":"a"}"#),
                Converse.delta(2, #"{"text":"b"}"#), Converse.stop(2), Converse.call(5, "t.1", "Bash"),
                Converse.delta(5, #"{"toolUse":{"input":"{\"c\":"}}"#),
                Converse.delta(5, #"{"toolUse":{"input":"1}"}}"#), Converse.stop(5),
            ], stop: "tool_use")
        #expect(Chat.fault(events) == nil)
        #expect(losses.isEmpty)
        #expect(Chat.blocks(events) == ["text:ab", "tool Bash \(ToolCallID.shown("t.1")):{\"c\":1}"])
        #expect(Chat.end(events)?.stopReason == .toolUse)
    }

    @Test("P104: the message ends when its usage has come, in either order")
    func usage() throws {
        let metadata = Frames.event(
            "metadata",
            #"{"usage":{"inputTokens":2,"outputTokens":5,"totalTokens":9,"cacheReadInputTokens":3,"cacheWriteInputTokens":7,"cacheDetails":[{"ttl":"1h","inputTokens":4}],"serverToolUsage":{}}}"#
        )
        let stop = Frames.event("messageStop", #"{"stopReason":"end_turn"}"#)
        let text = Frames.event("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"text":"x"}}"#)
        for bytes in [text + stop + metadata, text + metadata + stop] {
            let (events, _) = try Converse.decode(bytes)
            #expect(Chat.fault(events) == nil)
            #expect(
                Chat.end(events)?.usage
                    == Usage(input: 2, output: 5, cacheRead: 3, cacheCreation: 7, cacheCreationHour: 4))
        }
    }

    @Test("a stream without usage ends with estimates, and says so")
    func noUsage() throws {
        let bytes =
            Frames.event("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"text":"12345678"}}"#)
            + Frames.event("messageStop", #"{"stopReason":"end_turn"}"#)
        let (events, losses) = try Converse.decode(bytes)
        #expect(Chat.fault(events) == nil)
        #expect(Chat.end(events)?.usage.isEstimate ?? false)
        #expect(losses.map(\.path) == ["usage"])
    }

    @Test("what comes behind the end changes nothing: an exception, damage, half a frame", arguments: [1, 7, Int.max])
    func behindTheEnd(pieces: Int) throws {
        let whole =
            Frames.event("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"text":"x"}}"#)
            + Frames.event("messageStop", #"{"stopReason":"end_turn"}"#)
            + Frames.event("metadata", #"{"usage":{"inputTokens":3,"outputTokens":2}}"#)
        let more = Frames.event("messageStop", #"{"stopReason":"max_tokens"}"#)
        for rest in [more, Array(more.dropLast(3)), [UInt8](repeating: 7, count: 40)] {
            let (events, _) = try Converse.decode(whole + rest, pieces: pieces)
            #expect(Chat.fault(events) == nil)
            #expect(Chat.end(events)?.stopReason == .endTurn)
        }
    }

    @Test("P106: thinking with its signature, and encrypted thinking, keep their forms")
    func thinking() throws {
        let (events, _) = try Converse.stream([
            Converse.delta(0, #"{"reasoningContent":{"text":"hm"}}"#),
            Converse.delta(0, #"{"reasoningContent":{"signature":"c2ln"}}"#), Converse.stop(0),
            Converse.delta(1, #"{"reasoningContent":{"redactedContent":"YWJj"}}"#), Converse.stop(1),
            Converse.delta(2, #"{"text":"x"}"#), Converse.stop(2),
        ])
        #expect(Chat.fault(events) == nil)
        #expect(events.contains(.blockDelta(index: 0, delta: .signature("c2ln"))))
        #expect(events.contains(.blockStart(index: 1, block: .redactedThinking(data: "abc"))))
    }

    @Test("thinking that nobody signed is sealed, so that it never goes to a service that checks")
    func unsigned() throws {
        let (events, _) = try Converse.stream([
            Converse.delta(0, #"{"reasoningContent":{"text":"hm"}}"#), Converse.stop(0),
        ])
        let seals = events.compactMap { event -> String? in
            if case .blockDelta(_, .signature(let seal)) = event { return seal.string }
            return nil
        }
        #expect(seals.count == 1)
        #expect(seals.first?.hasPrefix(ThinkingEnvelope.mark) ?? false)
    }

    @Test("blanks wait for something visible, and a text of blanks alone is left out")
    func blanks() throws {
        let (events, _) = try Converse.stream([
            Converse.delta(0, #"{"text":"\n"}"#), Converse.delta(0, #"{"text":" a"}"#), Converse.stop(0),
            Converse.delta(1, #"{"text":" \n"}"#), Converse.stop(1),
        ])
        #expect(Chat.blocks(events) == ["text:\n a"])
    }

    @Test(
        "why a message ended",
        arguments: [
            ("end_turn", StopReason.endTurn), ("max_tokens", .maxTokens), ("stop_sequence", .stopSequence),
            ("guardrail_intervened", .refusal), ("content_filtered", .refusal),
            ("model_context_window_exceeded", .contextWindowExceeded), ("malformed_model_output", .endTurn),
            ("something_new", .endTurn),
        ])
    func stops(reason: String, stop: StopReason) throws {
        let (events, _) = try Converse.stream([Converse.delta(0, #"{"text":"x"}"#), Converse.stop(0)], stop: reason)
        #expect(Chat.end(events)?.stopReason == stop)
    }

    @Test("a call makes the reason tool_use, even where Bedrock says that the turn ended")
    func callReason() throws {
        let (events, _) = try Converse.stream([Converse.call(0, "t", "B"), Converse.stop(0)])
        #expect(Chat.end(events)?.stopReason == .toolUse)
    }

    @Test("an answer that could not be read at all is an error that can be tried again")
    func malformed() {
        let error = Chat.error { _ = try Converse.stream([], stop: "malformed_tool_use") }
        #expect(error?.status == 500)
        #expect(error?.shouldRetry == nil)
    }

    @Test("the stop sequence that fired is told")
    func stopSequence() throws {
        let bytes =
            Frames.event(
                "messageStop",
                #"{"stopReason":"stop_sequence","additionalModelResponseFields":{"stop_sequence":"END"}}"#)
            + Frames.event("metadata", #"{"usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}"#)
        #expect(Chat.end(try Converse.decode(bytes).events)?.stopSequence == "END")
    }

    @Test("blocks and events that have no form here are noted and left out")
    func unknown() throws {
        let (events, losses) = try Converse.stream([
            ("contentBlockStart", #"{"contentBlockIndex":0,"start":{"image":{"format":"png"}}}"#),
            Converse.delta(0, #"{"image":{"source":{"bytes":"x"}}}"#), Converse.stop(0), ("somethingNew", "{}"),
            Converse.delta(1, #"{"text":"x"}"#), Converse.delta(1, #"{"citation":{"title":"t"}}"#), Converse.stop(1),
        ])
        #expect(Chat.fault(events) == nil)
        #expect(Chat.blocks(events) == ["text:x"])
        #expect(losses.map(\.path) == ["content.image", "stream.somethingNew", "content.citations"])
    }

    @Test("a request for a warm cache gets an empty message")
    func muted() throws {
        let request = try Chat.request(maxTokens: 0, #""stream":true"#)
        let (events, _) = try Converse.stream([Converse.delta(0, #"{"text":"x"}"#), Converse.stop(0)], for: request)
        #expect(Chat.blocks(events) == [])
        #expect(Chat.end(events)?.stopReason == .maxTokens)
    }

    @Test("whatever comes in whatever order, the stream keeps the grammar", arguments: 0..<400)
    func anyOrder(seed: Int) throws {
        var random = Sequence(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1)
        let deltas = [
            #"{"text":"a"}"#, #"{"text":" "}"#, #"{"text":""}"#, #"{"text":5}"#, #"{"toolUse":{"input":"{}"}}"#,
            #"{"toolUse":{"input":{"a":1}}}"#, #"{"toolUse":{}}"#, #"{"reasoningContent":{"text":"t"}}"#,
            #"{"reasoningContent":{"signature":"s"}}"#, #"{"reasoningContent":{"redactedContent":"YQ=="}}"#,
            #"{"reasoningContent":{"redactedContent":"?"}}"#, #"{"citation":{}}"#,
            #"{"citation":{"location":{"documentChar":{}}}}"#, #"{"new":1}"#, "{}", "[]", "null",
        ]
        let events = (0..<random.next(12)).map { _ -> (String, String) in
            let index = random.next(3)
            switch random.next(8) {
            case 0: return Converse.call(index, "t\(random.next(9))", "B")
            case 1: return Converse.stop(index)
            case 2: return ("contentBlockStart", #"{"start":{"toolResult":{}}}"#)
            case 3: return ("somethingNew", "{}")
            default: return Converse.delta(index, deltas[random.next(deltas.count)])
            }
        }
        let (found, _) = try Converse.stream(events)
        #expect(Chat.fault(found) == nil, "\(events)")
    }

    /// Numbers that look random and are the same in every run.
    private struct Sequence {
        var state: UInt64

        mutating func next(_ below: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(below))
        }
    }

    // MARK: What goes wrong

    @Test(
        "P105: exceptions in a stream end it with the error they mean",
        arguments: [
            ("throttlingException", 429, "rate_limit_error"), ("serviceUnavailableException", 529, "overloaded_error"),
            ("validationException", 400, "invalid_request_error"), ("internalServerException", 500, "api_error"),
            ("modelStreamErrorException", 500, "api_error"), ("modelTimeoutException", 504, "timeout_error"),
            ("somethingNewException", 500, "api_error"),
        ])
    func exceptions(type: String, status: Int, kind: String) {
        let bytes =
            Frames.event("messageStart", #"{"role":"assistant"}"#) + Frames.exception(type, #"{"message":"because"}"#)
        let error = Chat.error { _ = try Converse.decode(bytes, pieces: 7) }
        #expect(error?.status == status)
        #expect(error?.type == kind)
        #expect(error?.message == "because")
    }

    @Test(
        "a stream that is cut, damaged or broken off says so",
        arguments: [
            ("converse-no-metadata-truncated", "ended before the answer was complete"),
            ("truncated-mid-frame", "ended inside a message"),
            ("bad-message-crc-second-frame", "is damaged: the checksum of a message is"),
            ("converse-error-frame", "An internal server error occurred."),
            ("converse-modelStreamError", "The system encountered an unexpected error"),
        ])
    func damaged(name: String, words: String) throws {
        for pieces in [Int.max, 7, 1] {
            let error = Chat.error { _ = try Converse.decode(synthetic("\(name).eventstream"), pieces: pieces) }
            #expect(error?.message.contains(words) ?? false, "\(error?.message ?? "no error")")
            #expect(error?.status == 500)
        }
    }

    @Test("a page of HTML in place of an answer is quoted")
    func html() {
        let error = Chat.error { _ = try Converse.decode(Array("<html><b>Bad Gateway</b></html>".utf8)) }
        #expect(error?.message.hasSuffix("sent no answer of Converse: Bad Gateway") ?? false)
    }

    @Test("thinking, text and two calls of one recorded stream")
    func recorded() throws {
        let (events, _) = try Converse.decode(synthetic("converse-thinking-text-two-tools.eventstream"), pieces: 1)
        #expect(Chat.fault(events) == nil)
        #expect(Chat.blocks(events).count == 4)
    }
}
