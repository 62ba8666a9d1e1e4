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

    /// The folders of these backends that hold such a file.
    static func all(_ backends: [String], with file: String, in root: URL = Chat.fixtures) -> [FixtureCase] {
        backends.flatMap { backend in
            let names = try? FileManager.default.contentsOfDirectory(
                atPath: root.appendingPathComponent(backend).path)
            return (names ?? []).sorted().map { FixtureCase(backend: backend, name: $0, root: root) }
        }
        .filter { FileManager.default.fileExists(atPath: $0.folder.appendingPathComponent(file).path) }
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
        return try openAI().translate(request, &losses).body
    }

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
        let type = isStream ? "text/event-stream" : "application/json"
        return events(upstream, try openAI().reply(to: request), type: type, pieces)
    }

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
