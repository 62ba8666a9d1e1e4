/// What the commands that read traces print, character by character: on committed traces, in a pipe and on a terminal.
import Foundation
import Testing

@testable import Intercept

struct GoldenTests {
    /// `Tests/Fixtures/goldens/<folder>/<name>.txt`: a command line behind `$ `, then what it prints. `tty=80` in front of the
    /// program is a terminal of so many columns, `NAME=value` a variable. The command reads the traces in `<folder>/logs`.
    struct Golden: Sendable, CustomTestStringConvertible {
        let file: URL
        var testDescription: String { file.pathComponents.suffix(2).joined(separator: "/") }
        var logs: String { file.deletingLastPathComponent().appendingPathComponent("logs").path }
    }

    static let goldens: [Golden] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/goldens")
        let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
        return (files?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "txt" }
            .sorted { $0.path < $1.path }.map { Golden(file: $0) }
    }()

    private static let writes = ProcessInfo.processInfo.environment["CLAUDECODEX_WRITE_FIXTURES"] != nil

    @Test("reading commands print what was kept", .enabled(if: RecordingTests.program != nil), arguments: goldens)
    func golden(_ golden: Golden) throws {
        let kept = try String(contentsOf: golden.file, encoding: .utf8)
        let command = String(kept.prefix { $0 != "\n" })
        let printed = try command + "\n" + run(command, golden)
        if Self.writes, printed != kept { try Data(printed.utf8).write(to: golden.file) }
        #expect(printed == kept)
    }

    @Test("there are goldens")
    func present() { #expect(!Self.goldens.isEmpty) }

    private func run(_ command: String, _ golden: Golden) throws -> String {
        var words = command.split(separator: " ").map(String.init)
        try #require(words.first == "$", "a golden begins with `$ claudecodex …`")
        words.removeFirst()
        var variables = ["TZ": "UTC", "LANG": "C.UTF-8"]
        var columns: Int?
        while let word = words.first, let equals = word.firstIndex(of: "="), word != "claudecodex" {
            let value = String(word[word.index(after: equals)...])
            if word.hasPrefix("tty=") { columns = Int(value) } else { variables[String(word[..<equals])] = value }
            words.removeFirst()
        }
        try #require(words.first == "claudecodex")
        let arguments = words.dropFirst() + ["--log-dir", golden.logs]
        let home = try Home()
        let text: String
        let code: Int32
        if let columns {
            variables["TERM"] = "xterm-256color"
            let run = try TerminalRun(Array(arguments), home: home, columns: columns, environment: variables)
            (text, code) = (run.text, run.code)
        } else {
            let run = try CommandRun(Array(arguments), home: home, environment: variables)
            text = run.out + run.err.split(separator: "\n").map { "stderr: \($0)\n" }.joined()
            code = run.code
        }
        // Escape sequences stand as ␛ in the files, so that an editor or a diff shows them.
        return text.replacing(golden.logs, with: "LOGS").replacing("\u{1B}", with: "␛")
            + (code == 0 ? "" : "exit \(code)\n")
    }
}
