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
        if try one.bytes("head.json") != nil {
            #expect(try one.bytes("error.json") == one.refusal())
            return
        }
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

    @Test("exchanges that passed through become folders that pass, refused ones too")
    func passedThrough() throws {
        let folder = Folder()
        let logs = Chat.fixtures.appendingPathComponent("goldens/agents/logs").path
        var kinds: Set<String> = []
        for exchange in try Self.exchanges(try #require(TraceReader.files(in: logs).first)) where exchange.isMessages {
            let fixture = try FixtureFolder.make(exchange).get()
            #expect(fixture.backend == "anthropic")
            kinds.formUnion(fixture.files.map(\.name))
            try check(write(fixture, folder))
        }
        #expect(kinds.isSuperset(of: ["upstream.bytes", "events.sse", "head.json", "error.json"]))
    }

    /// An exchange that was translated, with these parts of the service's stream and these variables.
    private func translated(id: String? = nil, parts: [Int] = [0], settings: [(String, String)] = []) throws
        -> FixtureFolder
    {
        let golden = FixtureCase(backend: "openai_chat", name: "stream_kimi_parallel_calls")
        let bench = try record(golden, request: "client_tool_error")
        bench.recorder.flush()
        var exchange = try #require(try Self.exchanges(bench.recorder.path).first)
        if let id {
            let escaped = String(decoding: JSONText(id).escaped, as: UTF8.self)
            let request = try exchange.request.edited(exchange.id, to: escaped)
            var renamed = RecordedExchange(number: exchange.number, file: exchange.file, request: request)
            (renamed.body, renamed.records) = (exchange.body, exchange.records)
            renamed.upstreamBodies = exchange.upstreamBodies
            exchange = renamed
        }
        exchange.records = try exchange.records.flatMap { record -> [TraceRecord] in
            let isService = record.type == "events" && record["side"]?.equals("upstream") ?? false
            return isService ? try parts.map { try record.edited("\"part\":0", to: "\"part\":\($0)") } : [record]
        }
        return try FixtureFolder.make(exchange, settings: Dictionary(uniqueKeysWithValues: settings)).get()
    }

    @Test(
        "the name of a folder is no way out of it, whatever the id is",
        arguments: ["abc/../../../xi", "..", "/", "", "x\u{1B}[2J", "0193a7c2-../../..", "ABCDEFGHIJKLM"])
    func names(id: String) throws {
        let name = try translated(id: id).name
        #expect(name.hasPrefix("stream_") && name.utf8.count == 19)
        #expect(name.dropFirst(7).utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }, "\(name)")
    }

    @Test("an answer of which a stretch is missing makes no expectation, and that is said", arguments: [[1], [0, 2]])
    func lost(parts: [Int]) throws {
        let fixture = try translated(parts: parts)
        #expect(!fixture.files.contains { $0.name == "upstream.bytes" || $0.name == "events.sse" })
        #expect(fixture.notes.contains { $0.contains("a stretch of the answer is not in the trace") })
    }

    @Test("recorded settings stand in the variables")
    func settings() throws {
        let file = try #require(
            try translated(settings: [("OPENAI_PROVIDER", "groq")]).files.first { $0.name == "variables.json" })
        let variables = try JSON.parse(file.bytes)
        #expect(variables["OPENAI_PROVIDER"]?.string == "groq")
        #expect(variables["OPENAI_API"]?.string == "chat" && variables["OPENAI_MODEL"] != nil)
    }

    @Test("one that was sent to no service we know has no fixture, and one without its body says why")
    func refused() throws {
        let bench = try Bench()
        let plain = bench.exchange()
        plain.request(#"{"model":"m","messages":[]}"#)
        plain.end()
        let strange = bench.exchange()
        strange.request(#"{"model":"m","messages":[]}"#)
        strange.upstream(nil)
        strange.end()
        bench.recorder.flush()
        let problems = try Self.exchanges(bench.recorder.path).map { exchange in
            if case .failure(let problem) = FixtureFolder.make(exchange) { return "\(problem)" }
            return "made"
        }
        #expect(problems[0].contains("was not sent to a service"), "\(problems)")
        #expect(problems[1].contains("there are no fixtures of the service"), "\(problems)")
    }
}

extension TraceRecord {
    fileprivate func edited(_ text: String, to other: String) throws -> TraceRecord {
        let line = String(decoding: json.raw, as: UTF8.self).replacing(text, with: other)
        return TraceRecord(json: try JSON.parse(Array(line.utf8)))
    }
}
