/// The trace from end to end: what was said is on disk, a torn file is taken up again, and dying does no harm.
import Foundation
import Testing

@testable import Backends
@testable import Intercept
@testable import Recorder

struct RecordingTests {
    private static func folder() throws -> String {
        let path = NSTemporaryDirectory() + "claudecodex-test-" + Identifier.hex(Identifier.random(6))
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    private static func recorder(_ folder: String) throws -> Recorder {
        try Recorder(
            configuration: RecorderConfiguration(
                directory: folder, redactKey: Identifier.random(32), program: "claudecodex", version: "0",
                backend: "anthropic")
        ) { Issue.record("\($0)") }
    }

    private static func records(_ path: String) throws -> [TraceRecord] {
        let reader = try TraceReader(path: path)
        let records = Array(reader)
        #expect(reader.skippedLines == 0 && reader.skippedBytes == 0 && reader.failure == nil)
        return records
    }

    @Test("every exchange is in the trace, from its request to its end")
    func endToEnd() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let recorder = try Self.recorder(folder)
        let upstream = try ScriptedUpstream { _, reply in try reply.stream(Samples.stream, pieces: 20) }
        let proxy = try Proxy(Samples.passThrough(upstream), observers: [recorder])
        let client = try proxy.client()
        for _ in 0..<5 {
            try client.send(Samples.request(stream: true))
            #expect(try client.answer().text == Samples.stream)
        }
        eventually("the ends are recorded") { proxy.trace.outcomes.count == 5 }
        proxy.stop()
        recorder.close()
        let records = try Self.records(recorder.path)
        let counts = Dictionary(grouping: records, by: \.type).mapValues(\.count)
        for type in ["request", "response", "end"] { #expect(counts[type] == 5, "\(type): \(counts)") }
        #expect(Set(records.compactMap { $0["exchange"]?.string ?? $0["x"]?.string }).count <= 5)
        #expect(recorder.statistics.lost == 0)
    }

    @Test("a file that ends in the middle of a line is taken up again, wherever it was cut")
    func torn() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try Self.recorder(folder)
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(200, Samples.message) }
        let proxy = try Proxy(Samples.passThrough(upstream), observers: [first])
        _ = try proxy.ask("POST /v1/messages", body: Samples.body())
        eventually("the end is recorded") { proxy.trace.outcomes.count == 1 }
        proxy.stop()
        first.close()
        let path = first.path
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for length in [whole.count - 1, whole.count - 20, whole.count / 2] {
            try whole.prefix(length).write(to: URL(fileURLWithPath: path))
            let again = try Self.recorder(folder)
            #expect(again.path == path)
            again.close()
            #expect(try Self.records(path).count > 1)
        }
    }

    private static func child(_ upstream: ScriptedUpstream, _ folder: String) throws -> Child {
        try Child(
            arguments: ["--log-dir", folder], folder: folder, variables: ["ANTHROPIC_UPSTREAM_URL": upstream.url])
    }

    /// The program, where its path is given.
    static let program = ProcessInfo.processInfo.environment["CLAUDECODEX_BIN"]

    @Test(
        "killing the program while it writes leaves a trace that can be read and continued",
        .enabled(if: program != nil))
    func killed() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let upstream = try ScriptedUpstream { _, reply in try reply.stream(Samples.stream, pieces: 20) }
        for _ in 0..<3 {
            let child = try Self.child(upstream, folder)
            let client = try Client(port: child.port)
            for _ in 0..<20 { try client.send(Samples.request(stream: true)) }
            for _ in 0..<10 { #expect(try client.answer().text == Samples.stream) }
            child.kill()
        }
        let child = try Self.child(upstream, folder)
        let client = try Client(port: child.port)
        try client.send(Samples.request(stream: true))
        #expect(try client.answer().text == Samples.stream)
        #expect(child.terminate() == 0)
        let files = TraceReader.files(in: folder)
        #expect(!files.isEmpty)
        let types = try files.flatMap { try Self.records($0) }.map(\.type)
        #expect(types.count { $0 == "request" } >= 31 && types.count { $0 == "end" } >= 1)
    }
}
