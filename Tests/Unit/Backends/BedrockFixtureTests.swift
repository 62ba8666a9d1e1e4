import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// Golden folders of `Tests/Fixtures/bedrock`, as `ChatFixtureTests` reads those of Chat Completions.
@Suite struct BedrockFixtureTests {
    private static let root = Chat.fixtures.appendingPathComponent("bedrock")

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
        let (sent, _) = try Converse.send(request, variables(name))
        try expect(sent.body, name, "upstream.json")
    }

    @Test(
        "a recorded answer gives the recorded events, however its bytes are divided",
        arguments: cases(with: "upstream.bytes"))
    func answers(name: String) throws {
        let upstream = try #require(try bytes(name, "upstream.bytes"))
        let request = try Chat.request(#""stream":\#(!name.hasPrefix("whole"))"#)
        for pieces in [Int.max, 7, 1] {
            let (events, _) = try Converse.decode(upstream, for: request, pieces: pieces, variables(name))
            #expect(Chat.fault(events) == nil)
            try expect(Array(Chat.wire(events).utf8), name, "events.sse")
        }
    }
}
