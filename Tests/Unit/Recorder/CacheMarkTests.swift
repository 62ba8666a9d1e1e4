/// The client moves its cache marks with every turn; a history that is otherwise the same must still be stored once.
import Testing

@testable import Intercept
@testable import Recorder

struct CacheMarkTests {
    private func message(_ turn: Int, isMarked: Bool) -> String {
        let mark = isMarked ? #","cache_control":{"type":"ephemeral"}"# : ""
        let text = String(repeating: "words of turn \(turn) ", count: 200)
        return #"{"role":"user","content":[{"type":"text","text":"\#(text)"\#(mark)}]}"#
    }

    @Test("P166: a mark that moves costs the message it leaves, not the history before it")
    func movingMark() throws {
        let bench = try Bench(redact: .headers)
        var sent: [[UInt8]] = []
        for turns in 1...20 {
            let messages = (1...turns).map { message($0, isMarked: $0 == turns) }.joined(separator: ",")
            sent.append(Array(#"{"model":"claude-opus-5-5","max_tokens":9,"messages":[\#(messages)]}"#.utf8))
            let exchange = bench.exchange()
            exchange.request(sent[turns - 1])
            exchange.end()
        }
        let found = try BodyRecordTests.bodies(bench)
        #expect(found.map(\.bytes) == sent)
        // As soon as the difference is less than half of the whole: the message that lost its mark, and the new one.
        let stored = found.dropFirst(4).map { $0.record["body"]?.raw.count ?? 0 }
        #expect(stored.allSatisfy { $0 < 3 * message(20, isMarked: true).utf8.count }, "\(stored)")
    }
}
