/// Files: modes, repair, rotation, compression, and a disk that says no.
import Foundation
import Testing

@testable import Intercept
@testable import Recorder

struct JSONLSinkTests {
    static let noon = Timestamp(nanoseconds: 1_795_262_400_000_000_000)

    static func sink(
        _ folder: Folder, _ naming: RecorderConfiguration.File = .daily, limit: Int = 1 << 20, said: Said = Said()
    ) -> JSONLSink {
        JSONLSink(directory: folder.path, naming: naming, limit: limit) { said.say($0) }
    }

    static func line(_ number: Int) -> [UInt8] { Array(#"{"v":1,"type":"check","seq":\#(number)}"#.utf8) + [0x0A] }

    @Test("the directory is 0700 and keeps searches out, files are 0600, whatever the umask")
    func modes() throws {
        let folder = Folder()
        let old = umask(0)
        defer { umask(old) }
        let sink = Self.sink(folder, .run("abc"))
        #expect(try sink.prepare(for: Self.noon))
        #expect(try folder.mode("") == 0o700)
        #expect(try folder.mode("run-abc.jsonl") == 0o600)
        #expect(try folder.bytes(".gitignore") == Array("*\n".utf8))
        #expect(try folder.bytes(".ignore") == Array("*\n".utf8))
        #expect(try folder.mode(".ignore") == 0o600)
    }

    @Test("a directory that is there already is left as it is")
    func existingDirectory() throws {
        let folder = Folder()
        try folder.write("mine.txt", [])
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
        #expect(try Self.sink(folder).prepare(for: Self.noon))
        #expect(try folder.mode("") == 0o755)
        #expect(!folder.names.contains(".gitignore"))
    }

    @Test("a symbolic link, a directory and an unwritable place are refused with the path and a way out")
    func refused() throws {
        let folder = Folder()
        try folder.write("target", [])
        symlink(folder.file("target"), folder.file("run-a.jsonl"))
        mkdir(folder.file("run-b.jsonl"), 0o700)
        for id in ["a", "b"] {
            let error = #expect(throws: TraceError.self) { try Self.sink(folder, .run(id)).prepare(for: Self.noon) }
            #expect(
                error?.description.contains("run-\(id).jsonl") == true
                    && error?.description.contains("--log-dir") == true)
        }
        #expect(throws: TraceError.self) {
            try JSONLSink(directory: folder.file("target/logs"), naming: .daily, limit: 1) { _ in }.prepare(
                for: Self.noon)
        }
    }

    @Test("a torn tail is cut off at open, wherever the tear is")
    func repair() throws {
        let whole = Self.line(1) + Self.line(2) + Self.line(3)
        for cut in 0...whole.count {
            let folder = Folder()
            try folder.write("run-x.jsonl", Array(whole[..<cut]))
            let sink = Self.sink(folder, .run("x"))
            #expect(try sink.prepare(for: Self.noon))
            let kept = (whole[..<cut].lastIndex(of: 0x0A) ?? -1) + 1
            #expect(sink.repairedBytes == cut - kept)
            #expect(sink.write(Self.line(9)))
            #expect(try folder.bytes("run-x.jsonl") == Array(whole[..<kept]) + Self.line(9))
        }
    }

    @Test("a torn tail longer than the buffer is cut off too")
    func longTail() throws {
        let folder = Folder()
        try folder.write("run-x.jsonl", Self.line(1) + [UInt8](repeating: 0x61, count: 200_000))
        let sink = Self.sink(folder, .run("x"))
        #expect(try sink.prepare(for: Self.noon))
        #expect(sink.repairedBytes == 200_000)
        #expect(try folder.bytes("run-x.jsonl") == Self.line(1))
    }

    @Test("nothing is cut off while somebody else writes to the file")
    func sharedFile() throws {
        let folder = Folder()
        let first = Self.sink(folder, .run("x"))
        #expect(try first.prepare(for: Self.noon))
        #expect(first.write(Array(#"{"half"#.utf8)))
        let second = Self.sink(folder, .run("x"))
        #expect(try second.prepare(for: Self.noon))
        #expect(second.repairedBytes == 0)
    }

    @Test("several writers' lines stay whole")
    func manyWriters() async throws {
        let folder = Folder()
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    let sink = Self.sink(folder, .run("x"))
                    guard (try? sink.prepare(for: Self.noon)) == true else { return }
                    for number in 0..<100 { _ = sink.write(Self.line(writer * 1000 + number)) }
                }
            }
        }
        let reader = try TraceReader(path: folder.file("run-x.jsonl"))
        let numbers = reader.compactMap { $0["seq"]?.int }
        #expect(Set(numbers).count == 400)
        #expect(reader.skippedLines == 0)
    }

    @Test("a new day begins another file, and the old one is compressed")
    func midnight() throws {
        let folder = Folder()
        let sink = Self.sink(folder)
        let day = Self.noon.day
        let tomorrow = Timestamp(nanoseconds: Self.noon.nanoseconds + 86_400_000_000_000)
        #expect(try sink.prepare(for: Self.noon))
        #expect(sink.write(Self.line(1)))
        #expect(try !sink.prepare(for: Self.noon))
        #expect(try sink.prepare(for: tomorrow))
        #expect(sink.write(Self.line(2)))
        #expect(try !sink.prepare(for: Self.noon), "a late record stays in the new file")
        while sink.compressSome() {}
        #expect(folder.names.filter { !$0.hasPrefix(".") } == ["\(day).jsonl.gz", "\(tomorrow.day).jsonl"])
        #expect(try folder.mode("\(day).jsonl.gz") == 0o600)
        let old = try TraceReader(path: folder.file("\(day).jsonl.gz"))
        #expect(old.compactMap { $0["seq"]?.int } == [1])
        #expect(old.failure == nil)
    }

    @Test("P170: a full file begins another one of the same day; names sort in the order of writing")
    func sizes() throws {
        let folder = Folder()
        let sink = Self.sink(folder, limit: 100)
        for number in 0..<12 {
            _ = try sink.prepare(for: Self.noon)
            #expect(sink.write(Self.line(number)))
        }
        sink.close()
        let files = TraceReader.files(in: folder.path)
        #expect(files.count == 3)
        #expect(files.dropLast().allSatisfy { $0.hasSuffix(".gz") } && files.last?.hasSuffix("_03.jsonl") == true)
        #expect(try files.flatMap { try TraceReader(path: $0).compactMap { $0["seq"]?.int } } == Array(0..<12))
    }

    @Test("files left by a run that ended badly are compressed at the next start; others are left alone")
    func leftovers() throws {
        let folder = Folder()
        let old = ["2026-01-01.jsonl", "2026-01-01_02.jsonl", "2026-01-02.jsonl"]
        for name in old + ["run-a.jsonl", "2026-01-01.txt", "2026-01-0x.jsonl"] { try folder.write(name, Self.line(1)) }
        try folder.write("2026-01-02.jsonl.gz.part", [1, 2, 3])
        let sink = Self.sink(folder)
        #expect(try sink.prepare(for: Self.noon))
        sink.close()
        let expected =
            old.map { $0 + ".gz" } + ["2026-01-01.txt", "2026-01-0x.jsonl", "\(Self.noon.day).jsonl", "run-a.jsonl"]
        #expect(folder.names.filter { !$0.hasPrefix(".") } == expected.sorted())
    }

    @Test("a file that another process writes is not compressed")
    func busyFile() throws {
        let folder = Folder()
        let other = Self.sink(folder)
        #expect(try other.prepare(for: Self.noon))
        #expect(other.write(Self.line(1)))
        let tomorrow = Timestamp(nanoseconds: Self.noon.nanoseconds + 86_400_000_000_000)
        let sink = Self.sink(folder)
        #expect(try sink.prepare(for: tomorrow))
        sink.close()
        #expect(folder.names.contains("\(Self.noon.day).jsonl"))
    }

    @Test("a file that was moved or deleted is begun anew")
    func deleted() throws {
        let bench = try Bench()
        bench.exchange().end()
        bench.recorder.flush()
        try FileManager.default.removeItem(atPath: bench.recorder.path)
        bench.exchange().end()
        #expect(try bench.records().map(\.type) == ["meta", "end"])
    }

    @Test(
        "P169: disk full: the torn line is taken back, the loss is counted and said once, recording goes on when there is room"
    )
    func diskFull() throws {
        let disk = Disk(room: 5000)
        let bench = try Bench(system: disk.calls)
        let text = String(repeating: "x", count: 1000)
        let bodies = (1...10).map { #"{"n":\#($0),"text":"\#(text)\#($0)"}"# }
        for body in bodies { bench.exchange().request(body) }
        bench.recorder.flush()
        let lost = bench.recorder.statistics.lost
        #expect(lost > 0 && lost < 10)
        #expect(bench.recorder.statistics.lastError?.contains("No space left") == true)
        #expect(bench.said.all.count == 1 && bench.said.all[0].contains("requests go on"))
        #expect(try BodyRecordTests.bodies(bench).count == 10 - lost)
        disk.grow(1 << 20)
        bench.exchange().request(bodies[0])
        bench.exchange().request(bodies[1])
        let records = try bench.records()
        #expect(bench.said.all.count == 2 && bench.said.all[1] == "recording again; \(lost) records were lost")
        #expect(bench.recorder.statistics.lastError == nil)
        let note = try #require(records.first { $0.type == "error" })
        #expect(note["stage"]?.string == "record" && note["message"]?.string?.hasPrefix("\(lost) records") == true)
        #expect(try BodyRecordTests.bodies(bench).count == 12 - lost)
    }

    @Test("an input/output error loses the record, not the recorder")
    func ioError() throws {
        let disk = Disk(room: 1 << 20)
        let bench = try Bench(system: disk.calls)
        disk.fail(EIO)
        let exchange = bench.exchange()
        exchange.response(nil)
        bench.recorder.flush()
        #expect(bench.recorder.statistics.lost == 1)
        disk.fail(0)
        exchange.end()
        let records = try bench.records()
        #expect(records.map(\.type) == ["meta", "error", "end"], "the loss stands where it happened")
        #expect(records[2]["dropped"]?.int == 1)
    }

    @Test("recorders take each other's turns in one file, and each says who it is")
    func restart() throws {
        let folder = Folder()
        for _ in 0..<3 {
            let recorder = try Recorder(
                configuration: RecorderConfiguration(
                    directory: folder.path, file: .run("x"), redactKey: Bench.key, program: "p", version: "1",
                    backend: "b")
            ) { _ in }
            Exchange(session: "s", observers: [recorder]).request(#"{"a":1}"#)
            recorder.close()
            recorder.close()
        }
        let records = Array(try TraceReader(path: folder.file("run-x.jsonl")))
        #expect(records.map(\.type) == ["meta", "request", "meta", "request", "meta", "request"])
        #expect(records.allSatisfy { $0["delta"] == nil })
        #expect(records.map { $0["seq"]?.int } == [0, 1, 0, 1, 0, 1])
    }
}

/// A disk with limited room.
final class Disk: @unchecked Sendable {
    private let lock = NSLock()
    private var room: Int
    private var failure: Int32 = 0

    init(room: Int) { self.room = room }

    func grow(_ more: Int) { lock.withLock { room += more } }
    func fail(_ code: Int32) { lock.withLock { failure = code } }

    var calls: SinkCalls {
        SinkCalls(write: { [self] descriptor, bytes in
            lock.withLock {
                if failure != 0 {
                    errno = failure
                    return -1
                }
                if room == 0 {
                    errno = ENOSPC
                    return -1
                }
                let count = min(room, bytes.count)
                room -= count
                return write(descriptor, bytes.baseAddress, count)
            }
        })
    }
}
