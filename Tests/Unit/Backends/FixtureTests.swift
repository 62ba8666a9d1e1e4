import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// Golden folders: `request.json` becomes `upstream.json`, `upstream.bytes` become `events.sse`. A `variables.json` sets
/// variables. With CLAUDECODEX_WRITE_FIXTURES set, what is missing is written from what comes out, to be read and kept.
@Suite struct FixtureTests {
    /// One folder.
    struct Case: Sendable, CustomTestStringConvertible {
        let backend: String
        let name: String

        var folder: URL { Chat.fixtures.appendingPathComponent(backend).appendingPathComponent(name) }
        var testDescription: String { "\(backend)/\(name)" }

        func bytes(_ file: String) throws -> [UInt8]? {
            let url = folder.appendingPathComponent(file)
            return FileManager.default.fileExists(atPath: url.path) ? try Chat.bytes(url) : nil
        }

        func variables() throws -> [String: String] {
            guard let json = try bytes("variables.json") else { return [:] }
            let members = try JSON.parse(json).members.map { ($0.key.string ?? "", $0.value.string ?? "") }
            return Dictionary(uniqueKeysWithValues: members)
        }

        func make() throws -> any Backend {
            backend == "openai_chat" ? try Chat.backend(variables()) : try Responses.backend(variables())
        }
    }

    private static func cases(with file: String) -> [Case] {
        ["openai_chat", "openai_responses"].flatMap { backend in
            let all = try? FileManager.default.contentsOfDirectory(
                atPath: Chat.fixtures.appendingPathComponent(backend).path)
            return (all ?? []).sorted().map { Case(backend: backend, name: $0) }
        }
        .filter { FileManager.default.fileExists(atPath: $0.folder.appendingPathComponent(file).path) }
    }

    private func expect(_ actual: [UInt8], _ one: Case, _ file: String) throws {
        guard let expected = try one.bytes(file) else {
            if ProcessInfo.processInfo.environment["CLAUDECODEX_WRITE_FIXTURES"] != nil {
                try Data(actual).write(to: one.folder.appendingPathComponent(file))
            }
            Issue.record("\(one.testDescription)/\(file) is missing")
            return
        }
        #expect(String(decoding: actual, as: UTF8.self) == String(decoding: expected, as: UTF8.self))
    }

    @Test("a recorded request is translated to the recorded bytes", arguments: cases(with: "request.json"))
    func requests(one: Case) throws {
        let request = try Chat.request(body: try #require(try one.bytes("request.json")))
        var losses = Losses()
        let sent = try one.make().translate(request, &losses)
        try expect(sent.body, one, "upstream.json")
    }

    @Test(
        "a recorded answer gives the recorded events, however its bytes are divided",
        arguments: cases(with: "upstream.bytes"))
    func answers(one: Case) throws {
        let upstream = try #require(try one.bytes("upstream.bytes"))
        let isStream = !one.name.hasPrefix("whole")
        let request = try Chat.request(#""stream":\#(isStream),"tools":[{"name":"a"}]"#)
        for pieces in [Int.max, 7, 1] {
            let type = isStream ? "text/event-stream" : "application/json"
            let text = try events(upstream, one.make().reply(to: request), type: type, pieces)
            try expect(Array(text.utf8), one, "events.sse")
        }
    }

    /// The events, and the error with which they end, if there is one.
    private func events(_ bytes: [UInt8], _ decoder: some ReplyDecoder, type: String, _ pieces: Int) throws -> String {
        var reply = decoder
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
        "P23, P152: each turn of the client begins with the bytes of the turn before, wherever the client moves its marks",
        arguments: ["chat", "responses"])
    func series(api: String) throws {
        let (start, end) = ("client_first_request", "client_agent_loop")
        let first = try sentMessages(
            try #require(try Case(backend: "openai_chat", name: start).bytes("request.json")), api)
        let last = try JSON.parse(try #require(try Case(backend: "openai_chat", name: end).bytes("request.json")))
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
