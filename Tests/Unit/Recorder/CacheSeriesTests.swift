/// A series of requests as the real client sends them, through the recorder, and what is found in the trace.
import Foundation
import Testing

@testable import Intercept
@testable import Recorder

struct CacheSeriesTests {
    /// The fifth request of an agent run, and from it those before: without its last messages.
    private func series() throws -> [[String: Any]] {
        let fixture = try Fixtures.bytes("client-requests/02-agent-loop-last.json")
        let whole = try #require(try JSONSerialization.jsonObject(with: Data(fixture)) as? [String: Any])
        let last = try #require(whole["body"] as? [String: Any])
        let messages = try #require(last["messages"] as? [[String: Any]])
        return [2, 4, 6, 8, 10].map { count in
            var body = last
            var history = Array(messages.prefix(count))
            // The client marks the last block; the message that had the mark before is a string again.
            var end = history[count - 1]
            let text = end["content"] as? String
            var content = end["content"] as? [[String: Any]] ?? [["type": "text", "text": text ?? ""]]
            content[content.count - 1]["cache_control"] = ["type": "ephemeral"]
            end["content"] = content
            history[count - 1] = end
            body["messages"] = history
            return body
        }
    }

    private func record(_ bodies: [[String: Any]], _ counts: [(read: Int, written: Int)]) throws -> [CacheTurn] {
        let bench = try Bench(redact: .headers)
        for (body, count) in zip(bodies, counts) {
            let exchange = bench.exchange()
            exchange.request(Array(try JSONSerialization.data(withJSONObject: body, options: [.sortedKeys])))
            let bytes = 100
            exchange.record(
                .upstream(
                    .init(
                        attempt: 1, method: "POST", url: "https://api.anthropic.com/v1/messages?beta=true",
                        headers: HTTPFields(), model: "claude-opus-5-5", body: nil, bodyBytes: bytes)))
            exchange.response(
                #"{"role":"assistant","content":[]}"#,
                usage: Usage(input: 3, output: 5, cacheRead: count.read, cacheCreation: count.written))
            exchange.end()
        }
        bench.recorder.flush()
        return try CacheBench.turns(bench.recorder.path).all
    }

    /// What a cache gives that works.
    private let steady = [(0, 14_000), (14_000, 300), (14_300, 200), (14_500, 250), (14_750, 400)].map {
        (read: $0.0, written: $0.1)
    }

    private func named(_ turns: [CacheTurn]) -> [String] { turns.map { CacheMissTests.text($0.miss) } }

    @Test("an agent's run is one conversation, and all but its first request are hits")
    func steadyRun() throws {
        let turns = try record(series(), steady)
        #expect(named(turns) == ["first_request"] + Array(repeating: "hit", count: 4))
        #expect(Set(turns.map(\.conversation)).count == 1)
        #expect(turns.dropFirst().map(\.expected) == [14_000, 14_300, 14_500, 14_750])
    }

    @Test("marks, string forms and the billing header do not hide that a prefix is the same")
    func noise() throws {
        var bodies = try series()
        var system = try #require(bodies[3]["system"] as? [[String: Any]])
        system[0]["text"] = "x-anthropic-billing-header: cc_version=2.1.330.abc; cc_entrypoint=cli;"
        bodies[3]["system"] = system
        var counts = steady
        // Nothing was read although it could have been: what the client varies is no reason.
        counts[2] = (0, 14_500)
        counts[3] = (0, 14_750)
        #expect(try named(record(bodies, counts)) == ["first_request", "hit", "routing", "routing", "hit"])
    }

    @Test("a tool that comes in the middle of a run is named; a deferred one costs nothing")
    func tools() throws {
        var bodies = try series()
        let tools = try #require(bodies[2]["tools"] as? [[String: Any]])
        let new: [String: Any] = [
            "name": "mcp__gh__issue", "description": "Issues", "input_schema": ["type": "object"],
        ]
        for index in 2...4 { bodies[index]["tools"] = tools + [new] }
        for index in 3...4 {
            bodies[index]["tools"] = tools + [new, new.merging(["name": "late", "defer_loading": true]) { $1 }]
        }
        var counts = steady
        counts[2] = (0, 14_600)
        counts[3] = (14_600, 300)
        counts[4] = (14_900, 300)
        let turns = try record(bodies, counts)
        #expect(named(turns)[3...] == ["hit", "hit"])
        guard case .toolsChanged(let changes)? = turns[2].miss else {
            Issue.record("\(named(turns))")
            return
        }
        #expect(changes.map(\.name) == ["mcp__gh__issue"] && turns[2].missedTokens == 14_300)
    }
}
