/// The real program as a child process, where `CLAUDECODEX_BIN` says where it is.
import Foundation
import Testing

@testable import Intercept

final class Child {
    let port: Int
    private let process = Process()

    /// Starts `serve` on a free port and waits until it listens.
    init(word: String = "serve", arguments: [String], folder: String, variables: [String: String]) throws {
        process.executableURL = URL(fileURLWithPath: RecordingTests.program ?? "")
        process.arguments = [word, "--listen", "127.0.0.1:0"] + arguments
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder].merging(variables) { $1 }
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let words = Pipe()
        process.standardError = words
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        var seen = ""
        while true {
            let more = words.fileHandleForReading.availableData
            seen += String(decoding: more, as: UTF8.self)
            if let found = Self.port(in: seen) {
                port = found
                break
            }
            if more.isEmpty { throw HarnessError("the program did not listen: \(seen)") }
        }
        words.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
    }

    private static func port(in text: String) -> Int? {
        guard let mark = text.firstRange(of: "http://127.0.0.1:") else { return nil }
        let digits = text[mark.upperBound...].prefix { $0.isNumber }
        guard digits.endIndex < text.endIndex else { return nil }
        return Int(digits)
    }

    /// `kill -9`.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Asks it to stop and waits. Gives the exit code, nil when it had to be killed.
    func terminate() -> Int32? {
        process.terminate()
        eventually("the program stops when asked") { !process.isRunning }
        guard process.isRunning else { return process.terminationStatus }
        kill()
        return nil
    }
}

/// What one run of the program printed and how it ended.
struct CommandRun {
    let code: Int32
    let out: String
    let err: String

    init(
        _ arguments: [String], folder: String = NSTemporaryDirectory(), environment: [String: String] = [:]
    ) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: RecordingTests.program ?? "")
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder].merging(environment) { $1 }
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let (out, err) = (Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = err
        process.standardInput = FileHandle.nullDevice
        try process.run()
        self.out = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        self.err = String(decoding: err.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        code = process.terminationStatus
    }
}
