import Testing

@testable import Backends
@testable import Intercept

@Suite struct ChatUsageTests {
    private let usage =
        #"{"id":"c","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":40}}}"#

    private func text(_ words: String) -> String { Chat.chunk(#"{"content":"\#(words)"}"#) }
    private func end(_ reason: String = "stop") -> String { Chat.chunk("{}", finish: reason) }

    private func delta(_ chunks: String..., for request: MessageRequest? = nil) throws -> MessageDelta {
        try #require(Chat.end(Chat.stream(chunks, for: request).events))
    }

    @Test("P77: usage comes in a chunk without choices, after the finish reason")
    func lateUsage() throws {
        #expect(try delta(text("a"), end(), usage).usage.input == 60)
    }

    @Test("P78: usage null in every chunk is no usage")
    func nullUsage() throws {
        let chunk = #"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"usage":null}"#
        #expect(try delta(chunk, end(), usage).usage.output == 7)
    }

    @Test(
        "P80: cached tokens are told apart from the input, in every dialect, and never go below zero",
        arguments: [
            (#"{"prompt_tokens":100,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":90}}"#, 10, 90, 5),
            (#"{"prompt_tokens":100,"completion_tokens":5,"prompt_cache_hit_tokens":64}"#, 36, 64, 5),
            (#"{"prompt_tokens":100,"completion_tokens":5,"cached_tokens":64}"#, 36, 64, 5),
            (#"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":90}}"#, 0, 90, 5),
            (#"{"prompt_tokens":100,"completion_tokens":5,"prompt_tokens_details":null}"#, 100, 0, 5),
            (
                #"{"prompt_tokens":100,"completion_tokens":5,"total_tokens":125,"completion_tokens_details":{"reasoning_tokens":20}}"#,
                100, 0, 25
            ),
            (
                #"{"prompt_tokens":100,"completion_tokens":25,"total_tokens":125,"completion_tokens_details":{"reasoning_tokens":20}}"#,
                100, 0, 25
            ),
            (#"{"input_tokens":100,"output_tokens":5}"#, 100, 0, 5),
        ])
    func cached(usage: String, input: Int, read: Int, output: Int) throws {
        let counts = try delta(text("a"), end(), #"{"choices":[],"usage":\#(usage)}"#).usage
        #expect((counts.input, counts.cacheRead, counts.output) == (input, read, output))
    }

    @Test("P81: a late usage, a repeated finish reason and a repeated end make no second message_delta")
    func once() throws {
        let (events, _) = try Chat.stream([text("a"), end(), end(), usage, usage])
        #expect(events.count { $0.name == "message_delta" } == 1)
        #expect(Chat.fault(events) == nil)
    }

    @Test("without usage the counts are marked as an estimate, and noted")
    func noUsage() throws {
        let (events, losses) = try Chat.stream([text("a"), end()])
        #expect(Chat.end(events)?.usage.isEstimate == true)
        #expect(losses.map(\.path) == ["usage"])
    }
}
