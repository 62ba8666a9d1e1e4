import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// Golden folders: `request.json` becomes `upstream.json`, `upstream.bytes` become `events.sse`. A `variables.json` sets
/// variables. With CLAUDECODEX_WRITE_FIXTURES set, what is missing is written from what comes out, to be read and kept.
@Suite struct ChatFixtureTests {
    private static let root = Chat.fixtures.appendingPathComponent("openai_chat")

    private static func cases(with file: String) -> [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return all.filter { FileManager.default.fileExists(atPath: root.appendingPathComponent("\($0)/\(file)").path) }
            .sorted()
    }

    private func bytes(_ name: String, _ file: String) throws -> [UInt8]? {
        let url = Self.root.appendingPathComponent("\(name)/\(file)")
        return FileManager.default.fileExists(atPath: url.path) ? try Chat.bytes(url) : nil
    }

    private func expect(_ actual: [UInt8], _ name: String, _ file: String) throws {
        guard let expected = try bytes(name, file) else {
            if ProcessInfo.processInfo.environment["CLAUDECODEX_WRITE_FIXTURES"] != nil {
                try Data(actual).write(to: Self.root.appendingPathComponent("\(name)/\(file)"))
            }
            Issue.record("\(name)/\(file) is missing")
            return
        }
        #expect(String(decoding: actual, as: UTF8.self) == String(decoding: expected, as: UTF8.self))
    }

    private func variables(_ name: String) throws -> [String: String] {
        guard let json = try bytes(name, "variables.json") else { return [:] }
        let members = try JSON.parse(json).members.map { ($0.key.string ?? "", $0.value.string ?? "") }
        return Dictionary(uniqueKeysWithValues: members)
    }

    @Test("a recorded request is translated to the recorded bytes", arguments: cases(with: "request.json"))
    func requests(name: String) throws {
        let request = try Chat.request(body: try #require(try bytes(name, "request.json")))
        var losses = Losses()
        let sent = try Chat.backend(variables(name)).translate(request, &losses)
        try expect(sent.body, name, "upstream.json")
    }

    @Test(
        "a recorded answer gives the recorded events, however its bytes are divided",
        arguments: cases(with: "upstream.bytes"))
    func answers(name: String) throws {
        let upstream = try #require(try bytes(name, "upstream.bytes"))
        let isStream = !name.hasPrefix("whole")
        let request = try Chat.request(#""stream":\#(isStream)"#)
        for pieces in [Int.max, 7, 1] {
            let text = try events(upstream, request, type: isStream ? "text/event-stream" : "application/json", pieces)
            try expect(Array(text.utf8), name, "events.sse")
        }
    }

    /// The events, and the error with which they end, if there is one.
    private func events(_ bytes: [UInt8], _ request: MessageRequest, type: String, _ pieces: Int) throws -> String {
        var reply = try Chat.backend().reply(to: request)
        var events: [MessageEvent] = []
        do {
            try reply.head(UpstreamHead(status: 200, headers: HTTPFields([.init("content-type", type)]))) {
                events.append($0)
            }
            for from in stride(from: 0, to: bytes.count, by: min(pieces, bytes.count)) {
                let piece = bytes[from..<min(bytes.count, from + min(pieces, bytes.count))]
                try reply.feed(piece.span) { events.append($0) }
            }
            try reply.finish { events.append($0) }
            #expect(Chat.fault(events) == nil)
        } catch {
            events.append(.error(error.error))
        }
        return Chat.wire(events)
    }

    @Test(
        "P23, P152: each turn of the client begins with the bytes of the turn before, wherever the client moves its marks"
    )
    func series() throws {
        let first = try sentMessages(try #require(try bytes("client_first_request", "request.json")))
        let last = try JSON.parse(try #require(try bytes("client_agent_loop", "request.json")))
        let messages = last["messages"]?.elements.map { String(decoding: $0.raw, as: UTF8.self) } ?? []
        let system = String(decoding: last["system"]?.raw ?? [], as: UTF8.self)
        var turns = [first]
        for count in messages.indices.dropFirst() where messages[count].contains("tool_result") {
            turns.append(try sentMessages(Array(turn(messages[...count], system).utf8)))
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

    private func sentMessages(_ body: [UInt8]) throws -> String {
        let (sent, _) = try Chat.translate(Chat.request(body: body))
        return String(decoding: sent["messages"]?.raw ?? [], as: UTF8.self)
    }
}
