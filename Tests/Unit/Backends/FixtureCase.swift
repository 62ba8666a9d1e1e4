import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// One golden folder and what the code makes of it: those of `Tests/Fixtures`, and what `claudecodex export fixture` writes.
struct FixtureCase: Sendable, CustomTestStringConvertible {
    let backend: String
    let name: String
    var root = Chat.fixtures

    var folder: URL { root.appendingPathComponent(backend).appendingPathComponent(name) }
    var testDescription: String { "\(backend)/\(name)" }

    /// The folders of these backends that hold such a file, and none called `without`.
    static func all(
        _ backends: [String], with file: String, without: String? = nil, in root: URL = Chat.fixtures
    ) -> [FixtureCase] {
        backends.flatMap { backend in
            let names = try? FileManager.default.contentsOfDirectory(
                atPath: root.appendingPathComponent(backend).path)
            return (names ?? []).sorted().map { FixtureCase(backend: backend, name: $0, root: root) }
        }
        .filter { one in one.has(file) && without.map { !one.has($0) } ?? true }
    }

    private func has(_ file: String) -> Bool {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent(file).path)
    }

    func bytes(_ file: String) throws -> [UInt8]? {
        let url = folder.appendingPathComponent(file)
        return FileManager.default.fileExists(atPath: url.path) ? try Chat.bytes(url) : nil
    }

    private func strings(_ file: String) throws -> [String: String] {
        guard let json = try bytes(file) else { return [:] }
        let members = try JSON.parse(json).members.map { ($0.key.string ?? "", $0.value.string ?? "") }
        return Dictionary(uniqueKeysWithValues: members)
    }

    /// `request.json` with the fields of `headers.json`.
    func request() throws -> MessageRequest? {
        let fields = try strings("headers.json").sorted { $0.key < $1.key }.map { HTTPFields.Field($0.key, $0.value) }
        return try bytes("request.json").map { try Chat.request(body: $0, headers: HTTPFields(fields)) }
    }

    /// What is sent for `request.json`.
    func translated() throws -> [UInt8] {
        guard let request = try request() else { return [] }
        if backend == "bedrock" { return try Converse.send(request, strings("variables.json")).sent.body }
        var losses = Losses()
        if backend == "anthropic" { return try anthropic().translate(request, &losses).body }
        return try openAI().translate(request, &losses).body
    }

    private func anthropic() throws -> Anthropic { try Anthropic(Environment(strings("variables.json"))) }

    private func openAI() throws -> any Backend {
        let variables = try strings("variables.json")
        return backend == "openai_chat" ? try Chat.backend(variables) : try Responses.backend(variables)
    }

    /// The events that `upstream.bytes` become, and the error with which they end, if there is one. It is the answer to
    /// `request.json`, if there is one, else to a request of which it only matters whether it wants a stream.
    func decoded(pieces: Int) throws -> (wire: String, fault: String?) {
        let upstream = try bytes("upstream.bytes") ?? []
        let isStream = !name.hasPrefix("whole")
        let request = try request() ?? Chat.request(#""stream":\#(isStream),"tools":[{"name":"a"}]"#)
        if backend == "bedrock" {
            let (events, _) = try Converse.decode(upstream, for: request, pieces: pieces, strings("variables.json"))
            return (Chat.wire(events), Chat.fault(events))
        }
        if backend == "anthropic" { return try read(upstream, isStream: isStream, pieces) }
        let type = isStream ? "text/event-stream" : "application/json"
        return events(upstream, try openAI().reply(to: request), type: type, pieces)
    }

    /// An answer that passes through is read on the side.
    private func read(_ bytes: [UInt8], isStream: Bool, _ pieces: Int) throws -> (wire: String, fault: String?) {
        guard isStream else { return (Chat.wire(MessageEvent.all(of: try JSON.parse(bytes))), nil) }
        var parser = SSEParser()
        var events: [MessageEvent] = []
        for from in stride(from: 0, to: bytes.count, by: min(pieces, bytes.count)) {
            let piece = bytes[from..<min(bytes.count, from + min(pieces, bytes.count))]
            try parser.feed(piece.span) { (event) throws(TranslationError) in
                if !event.isComment { events.append(MessageEvent(event)) }
            }
        }
        try parser.finish { (event) throws(TranslationError) in events.append(MessageEvent(event)) }
        return (Chat.wire(events), Chat.fault(events))
    }

    /// What the client is told of `upstream.bytes` behind the status and the fields of `head.json`, in the form of `error.json`.
    func refusal() throws -> [UInt8] {
        let head = try JSON.parse(try #require(try bytes("head.json")))
        let fields = head["headers"]?.members.map { HTTPFields.Field($0.key.string ?? "", $0.value.string ?? "") } ?? []
        let answer = UpstreamHead(status: try #require(head["status"]?.int), headers: HTTPFields(fields))
        let request = try #require(try request())
        let body = try #require(try bytes("upstream.bytes"))
        let error =
            switch backend {
            case "anthropic": try anthropic().reply(to: request).failure(answer, body: body)
            case "bedrock":
                try Converse.backend(strings("variables.json")).reply(to: request).failure(answer, body: body)
            default: failure(try openAI(), request, answer, body)
            }
        var out = JSONWriter()
        out.beginObject()
        out.field("status", error.status)
        out.field("message", error.message)
        out.endObject()
        out.newline()
        return out.bytes
    }

    private func failure(
        _ backend: some Backend, _ request: MessageRequest, _ head: UpstreamHead, _ body: [UInt8]
    ) -> MessageError { backend.reply(to: request).failure(head, body: body) }

    private func events(
        _ bytes: [UInt8], _ decoder: some ReplyDecoder, type: String, _ pieces: Int
    ) -> (wire: String, fault: String?) {
        guard !bytes.isEmpty else { return ("", "no bytes") }
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
        } catch {
            events.append(.error(error.error))
            return (Chat.wire(events), nil)
        }
        return (Chat.wire(events), Chat.fault(events))
    }
}
