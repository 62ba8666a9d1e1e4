/// Exchanges without an end: each is handed on once, in the order of the requests, at the same cost.
import Testing

@testable import Intercept
@testable import Recorder

struct OpenExchangesTests {
    private static func line(_ type: String, _ id: String, _ rest: String = "") -> String {
        #"{"v":1,"type":"\#(type)","seq":0,"ts":"2026-11-29T12:00:00.000Z","id":"\#(id)"\#(rest)}"#
    }

    private static func request(_ id: String) -> String { line("request", id, #","path":"/v1/messages""#) }

    @Test("a request with the id of an open exchange ends that one: both are handed on, each once")
    func twice() throws {
        let folder = Folder()
        let lines = [
            Self.request("a"), Self.request("b"), Self.line("head", "a"), Self.request("a"), Self.request("c"),
        ]
        try folder.write("t.jsonl", Array(lines.joined(separator: "\n").utf8))
        var reader = ExchangeReader(session: nil, .init())
        var taken: [String] = []
        func take(_ exchange: RecordedExchange) {
            taken.append("\(exchange.id) \(exchange.number ?? 0) \(exchange.records.count)")
        }
        try reader.read(folder.file("t.jsonl")) { take($0) }
        #expect(taken == ["a 1 1"])
        reader.finish { take($0) }
        #expect(taken == ["a 1 1", "b 2 0", "a 3 0", "c 4 0"])
    }

    @Test("a hundred thousand may be open when others end", .timeLimit(.minutes(1)))
    func many() {
        var open = OpenExchanges<Int>()
        let ids = (0..<100_000).map(String.init)
        for (number, id) in ids.enumerated() { _ = open.begin(id, number) }
        let ended = ids.indices.filter { $0 % 3 != 0 }.compactMap { open.remove(ids[$0])?.exchange }
        #expect(ended.reduce(0, +) == ids.indices.filter { $0 % 3 != 0 }.reduce(0, +))
        open.change("3") { $0 += 1 }
        #expect(open.removeAll().prefix(3) == [0, 4, 6])
        #expect(open.removeAll().isEmpty)
    }
}
