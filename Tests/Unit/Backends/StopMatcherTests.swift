import Testing

@testable import Backends
@testable import Intercept

@Suite struct StopMatcherTests {
    private let usage = #"{"id":"c","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":7}}"#

    private func text(_ words: String) -> String { Chat.chunk(#"{"content":"\#(words)"}"#) }
    private func end(_ reason: String = "stop") -> String { Chat.chunk("{}", finish: reason) }

    @Test("P48: a stop that the service tells is reported")
    func upstreamStop() throws {
        let told = #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop","stop_reason":"END"}]}"#
        let delta = try #require(Chat.end(Chat.stream([text("a"), told]).events))
        #expect(delta.stopReason == .stopSequence && delta.stopSequence == "END")
    }

    @Test("P47: stops that the service was not given cut the text here, wherever it is divided", arguments: 1...9)
    func localStops(size: Int) throws {
        let request = try Chat.request(#""stream":true,"stop_sequences":["1","2","3","4","</end\n>"]"#)
        let words = Array("one < two </end\n> three")
        let pieces = stride(from: 0, to: words.count, by: size).map {
            text(
                String(words[$0..<min($0 + size, words.count)]).split(separator: "\n", omittingEmptySubsequences: false)
                    .joined(separator: #"\n"#))
        }
        let (events, _) = try Chat.stream(pieces + [end(), usage], for: request)
        #expect(Chat.blocks(events) == ["text:one < two "])
        #expect(Chat.end(events)?.stopReason == .stopSequence)
        #expect(Chat.end(events)?.stopSequence == "</end\n>")
        #expect(Chat.end(events)?.usage.output == 7)
    }

    @Test("the beginning of a stop at the end of the text is text")
    func partialStop() throws {
        let request = try Chat.request(#""stream":true,"stop_sequences":["END"]"#)
        let (events, _) = try Chat.stream([text("an E"), text("N"), end()], for: request)
        #expect(Chat.blocks(events) == ["text:an EN"])
        #expect(Chat.end(events)?.stopReason == .endTurn)
    }

    @Test("calls behind a stop are not made")
    func callsBehindStop() throws {
        let request = try Chat.request(#""stream":true,"stop_sequences":["END"]"#)
        let call = Chat.chunk(#"{"tool_calls":[{"index":0,"id":"c1","function":{"name":"a","arguments":"{}"}}]}"#)
        #expect(
            Chat.blocks(try Chat.stream([text("a END"), call, end("tool_calls")], for: request).events) == ["text:a "])
    }
}
