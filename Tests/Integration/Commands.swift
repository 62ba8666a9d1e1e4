/// Runs of the program in a folder of their own, in a pipe or on a terminal.
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@testable import Intercept

/// A fresh home, removed with this.
final class Home {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "claudecodex-home-" + Identifier.hex(Identifier.random(6))
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws {
        let file = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    /// The traces made below it.
    var traces: [String] {
        let folder = path + "/.local/state/claudecodex/logs"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".jsonl") }.sorted().map { folder + "/" + $0 }
    }
}

/// What a run of the program printed on a terminal, and how it ended.
struct TerminalRun {
    let code: Int32
    let text: String

    /// `columns` is the terminal's width.
    init(_ arguments: [String], home: Home, columns: Int, environment: [String: String] = [:]) throws {
        let (main, side) = try Self.open()
        var size = winsize(ws_row: 50, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(side, UInt(TIOCSWINSZ), &size)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: RecordingTests.program ?? "")
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": home.path].merging(environment) { $1 }
        process.currentDirectoryURL = URL(fileURLWithPath: home.path)
        let terminal = FileHandle(fileDescriptor: side, closeOnDealloc: false)
        (process.standardOutput, process.standardError) = (terminal, terminal)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        close(side)
        text = Self.readAll(main)
        close(main)
        process.waitUntilExit()
        code = process.terminationStatus
    }

    /// Both ends of a new pseudo terminal.
    private static func open() throws -> (main: Int32, side: Int32) {
        var (main, side): (Int32, Int32) = (-1, -1)
        #if os(Linux)
            // TIOCSPTLCK and TIOCGPTN: the calls of <stdlib.h> are hidden from Swift.
            var (unlocked, number): (Int32, Int32) = (0, 0)
            main = Glibc.open("/dev/ptmx", O_RDWR | O_NOCTTY)
            guard ioctl(main, 0x4004_5431, &unlocked) == 0, ioctl(main, 0x8004_5430, &number) == 0 else {
                throw HarnessError("no pseudo terminal: \(String(cString: strerror(errno)))")
            }
            side = Glibc.open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        #else
            _ = openpty(&main, &side, nil, nil, nil)
        #endif
        guard main >= 0, side >= 0 else {
            throw HarnessError("no pseudo terminal: \(String(cString: strerror(errno)))")
        }
        return (main, side)
    }

    /// Until the last writer is gone (EIO on Linux, end of file elsewhere).
    private static func readAll(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &room, room.count)
            if count > 0 { bytes += room.prefix(count) } else if count == 0 || errno != EINTR { break }
        }
        return String(decoding: bytes.filter { $0 != 0x0D }, as: UTF8.self)
    }
}

extension CommandRun {
    /// In a home of its own, which is also the working directory.
    init(_ arguments: [String], home: Home, environment: [String: String] = [:]) throws {
        try self.init(arguments, folder: home.path, environment: environment)
    }
}

/// Takes out of a text what differs from run to run: times, durations, the random part of a home's path.
enum Normal {
    static func text(_ text: String, home: Home) -> String {
        var text = text.replacing(home.path, with: "HOME")
        text.replace(#/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/#, with: "TIME")
        text.replace(#/\d\d:\d\d:\d\d  /#, with: "TIME  ")
        text.replace(#/\d{8}T\d{6}\.\d{3}Z/#, with: "STAMP")
        text.replace(#/[ ]+\d+(\.\d)?m?s[ ]+\d+(\.\d)?m?s[ ]/#, with: " T T ")
        return text
    }

    /// Without colours.
    static func plain(_ text: String) -> String { text.replacing(#/\u{1B}\[\d+m/#, with: "") }
}
