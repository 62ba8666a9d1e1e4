/// Completion scripts and the manual, judged by the shells and formatters that read them.
import Foundation
import Testing

@testable import Intercept

@Suite(.enabled(if: RecordingTests.program != nil))
struct CompletingTests {
    /// Runs a command with the script in `$1`.
    private func run(_ command: [String], script: String, home: Home) throws -> (code: Int32, out: String, err: String)
    {
        let text = try CommandRun(script == "man" ? ["man"] : ["completions", script], home: home)
        #expect(text.code == 0 && text.err == "")
        try home.write("script", text.out)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": home.path, "TERM": "dumb", "LANG": "C.UTF-8"]
        process.currentDirectoryURL = URL(fileURLWithPath: home.path)
        let (out, err) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (out, err)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let said = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complained = String(decoding: err.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, said, complained)
    }

    private static func has(_ program: String) -> Bool { FileManager.default.isExecutableFile(atPath: program) }

    /// Words as the shell has split them; the last one is completed.
    static let lines: [([String], [String])] = [
        (["se"], ["serve", "sessions"]), (["export", ""], ["har", "md", "csv", "curl", "fixture"]),
        (["completions", "z"], ["zsh"]), (["--red"], ["--redact"]), (["run", "--rec"], ["--record"]),
        (["--redact", "t"], ["tokens"]), (["--redact", "=", "s"], ["strict"]),
        (["--redact", "="], ["off", "headers", "tokens", "strict"]),
        (["run", "--redact", "of"], ["off"]), (["tools", "--ca"], ["--calls"]), (["inspect", "--ca"], ["--calls"]),
        (["tools", "la"], ["last"]), (["tools", "fo"], ["folder", "folded file"]), (["export", "md", "la"], ["last"]),
        (["--log-dir", "fo"], ["folder"]), (["--config", "fo"], ["folder", "folded file"]),
        (["help", "cach"], ["cache"]),
        (["help", "--redac"], ["--redact"]), (["doctor", "x"], []), (["run", ""], ["--"]),
    ]

    @Test("bash completes words, flags, values, files and topics", arguments: lines)
    func bash(words: [String], expected: [String]) throws {
        let home = try Home()
        try home.write("folder/x", "")
        try home.write("folded file", "")
        let line = (["claudecodex"] + words).map { "'\($0)'" }.joined(separator: " ")
        let code = """
            source ./script; COMP_WORDS=(\(line)); COMP_CWORD=\(words.count); _claudecodex
            for one in "${COMPREPLY[@]}"; do echo "$one"; done
            """
        let answer = try run(["/bin/bash", "-u", "-c", code], script: "bash", home: home)
        #expect(answer.err == "")
        #expect(Set(answer.out.split(separator: "\n").map(String.init)) == Set(expected))
    }

    @Test("bash offers commands behind `run --`")
    func commands() throws {
        let code = """
            source ./script; COMP_WORDS=(claudecodex run -- das); COMP_CWORD=3; _claudecodex; echo "${COMPREPLY[@]}"
            """
        let answer = try run(["/bin/bash", "-c", code], script: "bash", home: try Home())
        #expect(answer.out.contains("dash"))
    }

    @Test("fish completes words, flags and values", .enabled(if: has("/usr/bin/fish")))
    func fish() throws {
        let home = try Home()
        let code = """
            source script; complete -C 'claudecodex export '; complete -C 'claudecodex --redact '
            complete -C 'claudecodex tools --ca'; complete -C 'claudecodex sess'; complete -C 'claudecodex demo --red'
            """
        let answer = try run(["/usr/bin/fish", "--no-config", "-c", code], script: "fish", home: home)
        let words = Set(answer.out.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) })
        #expect(words.isSuperset(of: ["har", "md", "csv", "curl", "fixture", "off", "headers", "tokens", "strict"]))
        #expect(words.isSuperset(of: ["--calls", "sessions"]) && !words.contains("--redact"))
        #expect(answer.err == "")
    }

    @Test("zsh takes the script as a completion of its own", .enabled(if: has("/usr/bin/zsh")))
    func zsh() throws {
        let code = """
            zsh -n ./script && autoload -U compinit && compinit -D && source ./script && echo "${_comps[claudecodex]}"
            """
        let answer = try run(["/usr/bin/zsh", "-f", "-c", code], script: "zsh", home: try Home())
        #expect(answer.out == "_claudecodex\n" && answer.err == "")
    }

    @Test("groff has no complaint about the manual", .enabled(if: has("/usr/bin/groff")))
    func groff() throws {
        let answer = try run(["/usr/bin/groff", "-man", "-ww", "-Tutf8", "./script"], script: "man", home: try Home())
        #expect(answer.code == 0 && answer.err == "")
        #expect(answer.out.contains("claudecodex - monitoring and interception proxy"))
    }

    @Test("mandoc has no complaint about the manual", .enabled(if: has("/usr/bin/mandoc")))
    func mandoc() throws {
        let answer = try run(["/usr/bin/mandoc", "-T", "lint", "./script"], script: "man", home: try Home())
        #expect(answer.code == 0 && answer.out == "")
    }
}
