/// What was recorded does not steer a terminal, whichever command prints it; in a pipe it is as it was recorded.
import Foundation
import Testing

@testable import Intercept
@testable import Recorder

@Suite(.enabled(if: RecordingTests.program != nil))
struct ScreenTests {
    private static let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/goldens")

    /// What steers a terminal and may stand in JSON as it is.
    private static let evil = "\u{9B}2J\u{7F}\u{202E}"

    /// Two exchanges with such characters in the model's name, a tool's, and in texts, and the agents' answers with them.
    private func trace(_ home: Home) throws -> String {
        let text = Samples.body(stream: false, text: "say \(Self.evil)")
        let body = text.replacing(#""model":""#, with: #""model":"claude-\#(Self.evil)example-"#)
        let logs = try ExportTests().record(body, body.replacing("say", with: "say more"), home: home)
        let folder = Self.goldens.appendingPathComponent("agents/logs").path
        let agents = try String(contentsOfFile: try #require(TraceReader.files(in: folder).first), encoding: .utf8)
        let lines = agents.split(separator: "\n").map { line in
            line.contains(#""type":"request""#) || line.contains(#""type":"upstream""#)
                ? String(line) : line.replacing("example", with: Self.evil).replacing("run the tests", with: Self.evil)
        }
        try home.write("logs/0.jsonl", lines.joined(separator: "\n") + "\n")
        return logs
    }

    static let commands = [
        "cat", "cat --full", "sessions", "sessions --json", "show last", "show last --json", "show 5f0c --json",
        "show 5f0c#1 --reply", "show s-1-exported#1",
        "show s-1-exported#1 --json", "show s-1-exported#1 --request", "show s-1-exported#1 --reply",
        "show s-1-exported#1 --events",
        "show s-1-exported#1 --events --json", "show s-1-exported#1 --headers --reply --json", "tools 5f0c --json",
        "tools 5f0c --calls --json", "cost --json", "cache last --json", "context last --json",
        "diff s-1-exported#2 s-1-exported#1",
        "diff s-1-exported#2 s-1-exported#1 --json", "export har", "export md", "export csv", "export csv --calls",
        "export curl s-1-exported#1",
    ]

    @Test("nothing recorded steers a terminal", arguments: commands)
    func screen(command: String) throws {
        let home = try Home()
        let logs = try trace(home)
        let words = command.split(separator: " ").map(String.init) + ["--log-dir", logs, "--color", "never"]
        for variables in [["TERM": "xterm-256color"], ["TERM": "dumb"]] {
            let run = try TerminalRun(words, home: home, columns: 200, environment: variables)
            #expect(run.code < 2 && !run.text.isEmpty, "\(run.text.prefix(300))")
            let bad = run.text.unicodeScalars.filter { scalar in
                (scalar.value < 0x20 && scalar != "\n" && scalar != "\t") || (0x7F..<0xA0).contains(scalar.value)
                    || scalar == "\u{202E}"
            }
            #expect(bad.isEmpty, "\(variables): \(bad.map { String($0.value, radix: 16) })")
        }
    }

    @Test("in a pipe and in a file everything is as it was recorded", arguments: ["cat", "export har", "export csv"])
    func pipe(command: String) throws {
        let home = try Home()
        let words = command.split(separator: " ").map(String.init) + ["--log-dir", try trace(home)]
        #expect(try CommandRun(words, home: home).out.contains("claude-\(Self.evil)example"))
        guard command != "cat" else { return }
        #expect(try CommandRun(words + ["-o", "x"], home: home).code == 0)
        let file = try String(contentsOfFile: home.path + "/x", encoding: .utf8)
        #expect(file.contains("claude-\(Self.evil)example"))
    }
}
