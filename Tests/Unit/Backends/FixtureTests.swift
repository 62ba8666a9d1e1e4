import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// Golden folders: `request.json` becomes `upstream.json`, `upstream.bytes` become `events.sse`. A `variables.json` sets
/// variables. With CLAUDECODEX_WRITE_FIXTURES set, what is missing is written from what comes out, to be read and kept.
@Suite struct FixtureTests {
    private static let backends = ["openai_chat", "openai_responses", "anthropic"]

    private func expect(_ actual: [UInt8], _ one: FixtureCase, _ file: String) throws {
        guard let expected = try one.bytes(file) else {
            if ProcessInfo.processInfo.environment["CLAUDECODEX_WRITE_FIXTURES"] != nil {
                try Data(actual).write(to: one.folder.appendingPathComponent(file))
            }
            Issue.record("\(one.testDescription)/\(file) is missing")
            return
        }
        #expect(String(decoding: actual, as: UTF8.self) == String(decoding: expected, as: UTF8.self))
    }

    @Test(
        "a recorded request is translated to the recorded bytes",
        arguments: FixtureCase.all(backends, with: "request.json"))
    func requests(one: FixtureCase) throws { try expect(one.translated(), one, "upstream.json") }

    @Test(
        "a recorded answer gives the recorded events, however its bytes are divided",
        arguments: FixtureCase.all(backends, with: "upstream.bytes", without: "head.json"))
    func answers(one: FixtureCase) throws {
        for pieces in [Int.max, 7, 1] {
            let (wire, fault) = try one.decoded(pieces: pieces)
            #expect(fault == nil)
            try expect(Array(wire.utf8), one, "events.sse")
        }
    }

    @Test(
        "a recorded refusal is told to the client as it was",
        arguments: FixtureCase.all(backends + ["bedrock"], with: "head.json"))
    func refusals(one: FixtureCase) throws { try expect(one.refusal(), one, "error.json") }

    @Test(
        "P23, P152: each turn of the client begins with the bytes of the turn before, wherever the client moves its marks",
        arguments: ["chat", "responses"])
    func series(api: String) throws {
        let (start, end) = ("client_first_request", "client_agent_loop")
        let first = try sentMessages(
            try #require(try FixtureCase(backend: "openai_chat", name: start).bytes("request.json")), api)
        let last = try JSON.parse(
            try #require(try FixtureCase(backend: "openai_chat", name: end).bytes("request.json")))
        let messages = last["messages"]?.elements.map { String(decoding: $0.raw, as: UTF8.self) } ?? []
        let system = String(decoding: last["system"]?.raw ?? [], as: UTF8.self)
        var turns = [first]
        for count in messages.indices.dropFirst() where messages[count].contains("tool_result") {
            turns.append(try sentMessages(Array(turn(messages[...count], system).utf8), api))
        }
        #expect(turns.count == 5)
        for (turn, next) in zip(turns, turns.dropFirst()) { #expect(next.hasPrefix(turn.dropLast() + ",")) }
    }

    /// A request that ends with the last of these messages, which carries a cache mark.
    private func turn(_ messages: ArraySlice<String>, _ system: String) -> String {
        let marked = (messages.last ?? "").split(separator: "}]}").joined()
        let last =
            marked.hasSuffix(#""ephemeral""#)
            ? messages.last ?? "" : marked + #","cache_control":{"type":"ephemeral"}}]}"#
        let all = (messages.dropLast() + [last]).joined(separator: ",")
        return #"{"model":"claude-opus-5-5","max_tokens":1,"system":\#(system),"messages":[\#(all)]}"#
    }

    private func sentMessages(_ body: [UInt8], _ api: String) throws -> String {
        let (sent, _) = try Chat.translate(Chat.request(body: body), ["OPENAI_API": api])
        return String(decoding: (sent["messages"] ?? sent["input"])?.raw ?? [], as: UTF8.self)
    }
}
