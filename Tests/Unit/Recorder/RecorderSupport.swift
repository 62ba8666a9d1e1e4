/// A recorder in a folder of its own, moments to feed it with, and the records it wrote.
import Foundation
import Testing

@testable import Intercept
@testable import Recorder

/// A folder that goes with the test.
final class Folder: Sendable {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "claudecodex-test-" + Identifier.hex(Identifier.random(8))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? [] }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    }

    func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: file(name)))) }

    func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: name.isEmpty ? path : file(name))
        return try #require(attributes[.posixPermissions] as? Int)
    }
}

/// What a recorder said on the side.
final class Said: @unchecked Sendable {
    private let lock = NSLock()
    private var lines: [String] = []
    var all: [String] { lock.withLock { lines } }
    func say(_ line: String) { lock.withLock { lines.append(line) } }
}

/// A recorder under test.
struct Bench {
    let folder = Folder()
    let said = Said()
    let recorder: Recorder

    init(
        mode: RecorderConfiguration.Mode = .delta, redact: RedactionLevel = .tokens,
        file: RecorderConfiguration.File = .run("test"), queueLimit: Int = 32 << 20, fileLimit: Int = 256 << 20,
        streamLimit: Int = 1 << 20, system: SinkCalls = SinkCalls(), patterns: [SecretPattern] = SecretPattern.all
    ) throws {
        let said = said
        var configuration = RecorderConfiguration(
            directory: folder.path, file: file, mode: mode, redact: redact, redactKey: Bench.key,
            program: "claudecodex", version: "0.1.0", backend: "anthropic", queueLimit: queueLimit, fileLimit: fileLimit
        )
        configuration.streamLimit = streamLimit
        recorder = try Recorder(configuration: configuration, system: system, patterns: patterns) { said.say($0) }
    }

    static let key = [UInt8](repeating: 7, count: 32)

    /// The records written so far.
    func records() throws -> [TraceRecord] {
        recorder.flush()
        let reader = try TraceReader(path: recorder.path)
        let all = Array(reader)
        #expect(reader.skippedLines == 0)
        return all
    }

    func records(_ type: String) throws -> [TraceRecord] { try records().filter { $0.type == type } }

    /// The file as text.
    func text() throws -> String {
        recorder.flush()
        return try String(contentsOfFile: recorder.path, encoding: .utf8)
    }

    func exchange(
        session: String? = "session-1", agent: String? = nil, kind: Exchange.Kind = .main, started: Timestamp = .now()
    ) -> Exchange {
        Exchange(started: started, kind: kind, session: session, agent: agent, observers: [recorder])
    }
}

extension Exchange {
    func request(_ body: String, headers: HTTPFields = HTTPFields()) { request(Array(body.utf8), headers: headers) }

    func request(_ bytes: [UInt8], headers: HTTPFields = HTTPFields()) {
        record(
            .request(
                .init(
                    method: "POST", path: "/v1/messages", query: "beta=true", headers: headers, bytes: bytes,
                    body: try? JSON.parse(bytes))))
    }

    func upstream(_ body: String?, attempt: Int = 1) {
        record(
            .upstream(
                .init(
                    attempt: attempt, method: "POST", url: "https://api.example.com/v1/chat", headers: HTTPFields(),
                    model: "gpt", body: body.map { Array($0.utf8) }, bodyBytes: body?.utf8.count ?? 0)))
    }

    func events(_ side: Moment.Events.Side, _ text: String, part: Int = 0, isStream: Bool = true) {
        events(side, Array(text.utf8), part: part, isStream: isStream)
    }

    func events(_ side: Moment.Events.Side, _ bytes: [UInt8], part: Int = 0, isStream: Bool = true) {
        let marks = [Moment.Events.Mark(offset: 0, milliseconds: 12.34)]
        record(.events(.init(side: side, part: part, bytes: bytes, marks: marks, isEventStream: isStream)))
    }

    func response(_ message: String?, status: Int = 200, stopReason: String? = "end_turn", usage: Usage? = nil) {
        record(
            .response(
                .init(
                    status: status, model: "claude", backend: "anthropic", stopReason: stopReason, usage: usage,
                    firstTokenMS: 10, durationMS: 20, message: message.map { Array($0.utf8) }, pings: 0)))
    }

    func toolCall(_ id: String, _ name: String, _ input: String) {
        let call = ToolCall(id: id, name: name, input: Array(input.utf8), index: 1)
        record(.toolCall(.init(call: call, milliseconds: 15, isServerSide: false)))
    }

    func end(_ outcome: Outcome = .ok) { record(.end(.init(outcome: outcome, bytesIn: 10, bytesOut: 20))) }
}

/// The folder of fixtures beside the unit tests.
enum Fixtures {
    static func bytes(_ path: String) throws -> [UInt8] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures")
        return Array(try Data(contentsOf: root.appendingPathComponent(path)))
    }
}

extension String {
    /// What stands between the occurrences of `mark`.
    func pieces(around mark: String) -> [Substring] { split(separator: mark, omittingEmptySubsequences: false) }
}

/// Holds the writer at its first write until the test lets it go on.
final class Turnstile: @unchecked Sendable {
    static let shared = Turnstile()
    private let entered = DispatchSemaphore(value: 0)
    private let opened = DispatchSemaphore(value: 0)

    func waitUntilEntered() { entered.wait() }
    func open() { opened.signal() }

    func pass() {
        entered.signal()
        opened.wait()
    }
}

extension SinkCalls {
    /// The second line (the first behind `meta`) waits at the turnstile.
    static var slow: SinkCalls {
        let count = Said()
        let plain = SinkCalls().write
        return SinkCalls(write: { descriptor, bytes in
            count.say("")
            if count.all.count == 2 { Turnstile.shared.pass() }
            return plain(descriptor, bytes)
        })
    }
}
