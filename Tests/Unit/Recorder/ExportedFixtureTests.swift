/// What `export fixture` makes of recorded exchanges passes the test that reads such folders.
import Foundation
import Testing

@testable import Backends
@testable import Intercept
@testable import Recorder

@Suite struct ExportedFixtureTests {
    /// The exchanges of a trace with their bodies.
    static func exchanges(_ path: String) throws -> [RecordedExchange] {
        var reader = ExchangeReader(session: nil, .init(body: true, upstreamBodies: true))
        var all: [RecordedExchange] = []
        try reader.read(path) { all.append($0) }
        reader.finish { all.append($0) }
        return all
    }

    private func write(_ fixture: FixtureFolder, _ folder: Folder) throws -> FixtureCase {
        let path = "\(folder.path)/\(fixture.backend)/\(fixture.name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for file in fixture.files {
            try Data(file.bytes).write(to: URL(fileURLWithPath: "\(path)/\(file.name)"))
        }
        return FixtureCase(
            backend: fixture.backend, name: fixture.name, root: URL(fileURLWithPath: folder.path))
    }

    /// The test of golden folders, on this one.
    private func check(_ one: FixtureCase, hasAnswer: Bool = true) throws {
        #expect(try one.bytes("upstream.json") == one.translated())
        guard hasAnswer else { return }
        for pieces in [Int.max, 7, 1] {
            let (wire, fault) = try one.decoded(pieces: pieces)
            #expect(fault == nil)
            #expect(wire == String(decoding: try #require(try one.bytes("events.sse")), as: UTF8.self))
        }
    }

    @Test("exchanges that the real program recorded become folders that pass")
    func recorded() throws {
        let logs = Chat.fixtures.appendingPathComponent("goldens/demo/logs").path
        let exchanges = try Self.exchanges(try #require(TraceReader.files(in: logs).first))
        #expect(exchanges.count == 6)
        let folder = Folder()
        for exchange in exchanges {
            let fixture = try FixtureFolder.make(exchange).get()
            #expect(fixture.backend == "openai_chat" && fixture.name.hasPrefix("stream_"))
            let isAnswered = exchange.outcome == "ok"
            #expect(fixture.files.contains { $0.name == "events.sse" } == isAnswered)
            try check(write(fixture, folder), hasAnswer: isAnswered)
        }
    }

    private func backend(_ golden: FixtureCase) throws -> any Backend {
        let address = ["OPENAI_BASE_URL": "http://x.test/v1"]
        switch golden.backend {
        case "bedrock":
            return try Converse.backend(golden.name.contains("invoke") ? ["BEDROCK_API": "invoke"] : [:])
        case "openai_responses": return try Responses.backend(address)
        default: return try Chat.backend(address)
        }
    }

    /// A golden folder as an exchange: its request translated, its answer decoded, all of it recorded.
    private func record(_ golden: FixtureCase, request name: String) throws -> Bench {
        let bench = try Bench()
        let isStream = !golden.name.hasPrefix("whole")
        let source = FixtureCase(backend: golden.backend, name: name)
        var members = try JSON.parse(try #require(try source.bytes("request.json"))).members.map { member in
            (String(decoding: member.key.raw, as: UTF8.self), String(decoding: member.value.raw, as: UTF8.self))
        }
        members.removeAll { $0.0 == "\"stream\"" }
        members.append(("\"stream\"", "\(isStream)"))
        let body = Array("{\(members.map { "\($0.0):\($0.1)" }.joined(separator: ","))}".utf8)
        let request = try Chat.request(body: body)
        var losses = Losses()
        let isBedrock = golden.backend == "bedrock"
        let backend = try backend(golden)
        let sent = try backend.translate(request, &losses)
        let exchange = bench.exchange()
        exchange.record(
            .request(
                .init(
                    method: "POST", path: "/v1/messages",
                    headers: HTTPFields([.init("anthropic-version", "2023-06-01")]),
                    bytes: body, body: request.body)))
        exchange.record(
            .translation(.init(backend: golden.backend, upstreamModel: sent.model, microseconds: 1, losses: losses)))
        exchange.record(
            .upstream(
                .init(
                    attempt: 1, method: "POST", url: sent.url, headers: sent.headers, model: sent.model,
                    body: sent.body,
                    bodyBytes: sent.body.count)))
        let upstream = try #require(try golden.bytes("upstream.bytes"))
        try answer(exchange, request, backend, upstream, isStream: isStream, isBedrock: isBedrock)
        return bench
    }

    private func answer(
        _ exchange: Exchange, _ request: MessageRequest, _ backend: some Backend, _ upstream: [UInt8], isStream: Bool,
        isBedrock: Bool
    ) throws {
        let type = isBedrock ? "application/vnd.amazon.eventstream" : "text/event-stream"
        let head = UpstreamHead(
            status: 200, headers: HTTPFields([.init("content-type", isStream ? type : "application/json")]))
        exchange.record(.head(.init(attempt: 1, head: head, reused: false, firstByteMS: 3)))
        var reply = backend.reply(to: request)
        var events: [MessageEvent] = []
        try reply.head(head) { events.append($0) }
        let all = upstream[...]
        try reply.feed(all.span) { events.append($0) }
        try reply.finish { events.append($0) }
        var assembly = Assembly()
        var out = JSONWriter()
        for event in events {
            assembly.add(event)
            event.write(into: &out)
        }
        exchange.events(.upstream, upstream, isStream: isStream && !isBedrock)
        exchange.events(.client, isStream ? out.bytes : assembly.message(), isStream: isStream)
        exchange.response(
            String(decoding: assembly.roleAndContent(), as: UTF8.self),
            stopReason: assembly.end?.stopReason?.rawValue ?? "end_turn", usage: assembly.usage)
        exchange.end()
    }

    @Test(
        "an exchange on any backend, streamed or whole, text or binary, becomes a folder that passes",
        arguments: [
            ("openai_chat", "stream_openai_parallel_calls", "client_first_request"),
            ("openai_chat", "stream_kimi_parallel_calls", "client_tool_error"),
            ("openai_chat", "whole_openai_call", "client_tool_error"),
            ("openai_responses", "stream_openai_two_calls", "client_tool_error"),
            ("openai_responses", "whole_azure_call", "client_tool_error"),
            ("bedrock", "stream_claude_thinking", "client_tool_error"),
            ("bedrock", "stream_claude_redacted", "client_thinking_returned"),
            ("bedrock", "stream_invoke_call", "client_tool_error"),
            ("bedrock", "whole_claude_cache", "client_tool_error"),
        ])
    func backends(backend: String, answer: String, request: String) throws {
        let golden = FixtureCase(backend: backend, name: answer)
        let bench = try record(golden, request: request)
        bench.recorder.flush()
        let exchange = try #require(try Self.exchanges(bench.recorder.path).first)
        let fixture = try FixtureFolder.make(exchange).get()
        #expect(fixture.backend == backend)
        let folder = Folder()
        let one = try write(fixture, folder)
        #expect(try one.bytes("upstream.bytes") == golden.bytes("upstream.bytes"))
        try check(one)
        withExtendedLifetime(folder) {}
    }

    @Test("a request that went through unchanged has no fixture, and one without its body says why")
    func refused() throws {
        let bench = try Bench()
        let plain = bench.exchange()
        plain.request(#"{"model":"m","messages":[]}"#)
        plain.record(
            .upstream(
                .init(
                    attempt: 1, method: "POST", url: "https://api.anthropic.com/v1/messages", headers: HTTPFields(),
                    model: "m", bodyBytes: 1)))
        plain.end()
        let lost = bench.exchange()
        lost.request(#"{"model":"m","messages":[]}"#)
        lost.upstream(nil)
        lost.record(
            .upstream(
                .init(
                    attempt: 2, method: "POST", url: "https://x.test/v1/chat/completions", headers: HTTPFields(),
                    model: "m", bodyBytes: 1)))
        lost.end()
        bench.recorder.flush()
        let problems = try Self.exchanges(bench.recorder.path).map { exchange in
            if case .failure(let problem) = FixtureFolder.make(exchange) { return "\(problem)" }
            return "made"
        }
        #expect(problems.allSatisfy { $0.contains("was not translated") }, "\(problems)")
    }
}
