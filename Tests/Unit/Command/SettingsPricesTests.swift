/// `--prices` and its variable.
import Foundation
import Testing

@testable import Intercept
@testable import claudecodex

struct SettingsPricesTests {
    private let path = NSTemporaryDirectory() + "claudecodex-prices-" + Identifier.hex(Identifier.random(6)) + ".txt"

    private func settings(_ arguments: [String], _ variables: [String: String] = [:]) throws -> Settings {
        try Settings(Arguments(arguments), Environment(variables))
    }

    @Test("a file comes from the flag or the variable, and its prices stand before the table")
    func file() throws {
        try Data("qwen3:* = 1 2\n".utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let usage = Usage(input: 1_000_000)
        for settings in [
            try settings(["cost", "--prices", path]), try settings(["serve"], ["CLAUDECODEX_PRICES": path]),
        ] {
            #expect(settings.prices.charge(usage, upstreamModel: "qwen3:8b", model: nil)?.dollars == 1)
            #expect(settings.prices.charge(usage, upstreamModel: "claude-opus-5-5", model: nil)?.dollars == 4)
        }
        // Who shows no prices does not need the file.
        let other = try settings(["tools"], ["CLAUDECODEX_PRICES": "/nonexistent"])
        #expect(other.prices.charge(usage, upstreamModel: "qwen3:8b", model: nil) == .unknown(.model))
    }

    @Test("a file that is missing or holds no prices is refused with its place")
    func wrong() throws {
        let missing = #expect(throws: Failure.self) { try settings(["cost", "--prices", "/nonexistent/p"]) }
        #expect(missing?.code == .usage && missing?.text.contains("/nonexistent/p") ?? false)
        try Data("# fine\nqwen3 1 2\n".utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let bad = #expect(throws: Failure.self) { try settings(["cost"], ["CLAUDECODEX_PRICES": path]) }
        #expect(bad?.code == .configuration && bad?.text.contains("\(path):2: 'qwen3 1 2'") ?? false)
    }
}
