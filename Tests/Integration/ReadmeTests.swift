/// What the README shows of the program is what the program prints.
import Foundation
import Testing

@testable import Intercept

@Suite(.enabled(if: RecordingTests.program != nil))
struct ReadmeTests {
    /// The lines of the README behind `$ command`, up to the end of the block, without its indentation.
    private static func shown(_ command: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let lines = readme.components(separatedBy: "\n")
        let start = try #require(lines.firstIndex(of: "    $ \(command)"), "README.md shows no `$ \(command)`")
        let block = lines[(start + 1)...].prefix { $0.isEmpty || $0.hasPrefix("    ") }
        let text = block.map { String($0.dropFirst(4)) }.joined(separator: "\n")
        return text.trimmingCharacters(in: .newlines) + "\n"
    }

    @Test("`claudecodex demo` on a terminal of 100 columns")
    func demo() throws {
        let home = try Home()
        let run = try TerminalRun(["demo"], home: home, columns: 100, environment: ["NO_COLOR": "1"])
        #expect(run.code == 0)
        let shown = try Self.shown("claudecodex demo")
        #expect(Normal.text(shown, home: home) == Normal.text(run.text, home: home))
    }
}
