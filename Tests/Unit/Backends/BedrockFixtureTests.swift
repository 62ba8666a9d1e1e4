import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// Golden folders of `Tests/Fixtures/bedrock`, as `FixtureTests` reads those of OpenAI's APIs.
@Suite struct BedrockFixtureTests {
    private func expect(_ actual: [UInt8], _ one: FixtureCase, _ file: String) throws {
        guard let expected = try one.bytes(file) else {
            if ProcessInfo.processInfo.environment["CLAUDECODEX_WRITE_FIXTURES"] != nil {
                try Data(actual).write(to: one.folder.appendingPathComponent(file))
            }
            Issue.record("\(one.testDescription)/\(file) is missing")
            return
        }
        #expect(String(decoding: actual, as: UTF8.self) == String(decoding: expected, as: UTF8.self))
    }

    @Test(
        "a recorded request is translated to the recorded bytes",
        arguments: FixtureCase.all(["bedrock"], with: "request.json"))
    func requests(one: FixtureCase) throws { try expect(one.translated(), one, "upstream.json") }

    @Test(
        "a recorded answer gives the recorded events, however its bytes are divided",
        arguments: FixtureCase.all(["bedrock"], with: "upstream.bytes", without: "head.json"))
    func answers(one: FixtureCase) throws {
        for pieces in [Int.max, 7, 1] {
            let (wire, fault) = try one.decoded(pieces: pieces)
            #expect(fault == nil)
            try expect(Array(wire.utf8), one, "events.sse")
        }
    }
}
