import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// Recorded answers of many services, in pieces of every size: what they say is judged in Tests/Conformance, here that it
/// does not depend on how the bytes came, and that it keeps the grammar. RECORDINGS names another folder of them.
@Suite struct ChatRecordingTests {
    private static let root: URL = {
        let named = ProcessInfo.processInfo.environment["RECORDINGS"].map { URL(fileURLWithPath: $0) }
        let folder = named ?? Chat.fixtures.appendingPathComponent("recordings")
        let ours = folder.appendingPathComponent("openai_chat")
        return FileManager.default.fileExists(atPath: ours.path) ? ours : folder.appendingPathComponent("openai-chat")
    }()

    private static let files: [String] = {
        let all = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        let endings = [".sse", ".chunks.txt", ".json"]
        return all.filter { file in endings.contains { file.hasSuffix($0) } && !file.hasSuffix(".request.json") }
            .sorted()
    }()

    /// The bytes as they came over the wire; a list of chunks, one a line, becomes a stream again.
    private func wire(_ file: String) throws -> [UInt8] {
        let bytes = try Chat.bytes(Self.root.appendingPathComponent(file))
        guard file.hasSuffix(".chunks.txt") else { return bytes }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n") + ["[DONE]"]
        return Array(lines.map { "data: \($0)\n\n" }.joined().utf8)
    }

    /// What a decoder makes of the bytes, with the error at the end if there is one.
    private func events(_ bytes: [UInt8], isStream: Bool, _ pieces: Int) throws -> [MessageEvent] {
        var reply = try Chat.backend().reply(to: Chat.request(#""stream":\#(isStream)"#))
        var events: [MessageEvent] = []
        do {
            let type = isStream ? "text/event-stream" : "application/json"
            try reply.head(UpstreamHead(status: 200, headers: HTTPFields([.init("content-type", type)]))) {
                events.append($0)
            }
            for from in stride(from: 0, to: bytes.count, by: pieces) {
                let piece = bytes[from..<min(bytes.count, from + pieces)]
                try reply.feed(piece.span) { events.append($0) }
            }
            try reply.finish { events.append($0) }
        } catch {
            events.append(.error(error.error))
        }
        return events
    }

    /// Texts of one block joined, so that only what they say is compared; ids and estimates are made equal.
    private func said(_ events: [MessageEvent]) -> [String] {
        Chat.blocks(events) + [Chat.wire(events.filter { if case .blockDelta = $0 { false } else { true } })]
    }

    @Test("a recorded answer says the same whole, in pieces of seven bytes and byte by byte", arguments: files)
    func pieces(file: String) throws {
        let bytes = try wire(file)
        let isStream = !file.hasSuffix(".json")
        let whole = try events(bytes, isStream: isStream, max(1, bytes.count))
        for size in [7, 1] {
            #expect(try said(events(bytes, isStream: isStream, size)) == said(whole), "in pieces of \(size)")
        }
        if case .error(let error)? = whole.last {
            #expect(!error.message.isEmpty)
        } else {
            #expect(Chat.fault(whole) == nil)
        }
    }

    @Test("there are recordings of every form")
    func forms() {
        for ending in [".sse", ".chunks.txt", ".json"] { #expect(Self.files.contains { $0.hasSuffix(ending) }) }
    }
}
