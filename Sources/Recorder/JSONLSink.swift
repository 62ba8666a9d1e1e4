/// Lines into files: which file, when another one begins, and what happens when the disk says no. Used by the writer's
/// thread only.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import Intercept

final class JSONLSink {
    private let directory: TraceDirectory
    private let naming: RecorderConfiguration.File
    private let limit: Int
    private let system: SinkCalls
    private let report: @Sendable (String) -> Void
    private var file: TraceFile?
    private var day = ""
    /// Closed files that wait to be compressed.
    private var closed: [String] = []
    private var compression: Compression?
    private var isFailing = false
    /// Records that could not be written, since the last one that could.
    private(set) var lostInARow = 0
    private(set) var lost = 0
    private(set) var lastError: String?

    init(
        directory: String, naming: RecorderConfiguration.File, limit: Int, system: SinkCalls = SinkCalls(),
        report: @escaping @Sendable (String) -> Void
    ) {
        self.directory = TraceDirectory(path: directory)
        self.naming = naming
        self.limit = limit
        self.system = system
        self.report = report
    }

    var path: String? { file?.path }
    var repairedBytes: Int { file?.repairedBytes ?? 0 }

    /// Whether a record of this time belongs into another file than the open one, which `waiting` bytes will go to yet.
    func isOutgrown(_ time: Timestamp, waiting: Int) -> Bool {
        guard let file else { return true }
        return naming == .daily && (file.size + waiting >= limit || time.day > day)
    }

    /// Makes sure that a file is open in which a record of this time belongs. True when another file has begun.
    func prepare(for time: Timestamp) throws(TraceError) -> Bool {
        guard isOutgrown(time, waiting: 0) else { return false }
        let today = Swift.max(day, time.day)
        closeFile()
        try directory.make()
        file = try open(today)
        day = today
        for name in directory.names where naming == .daily && TraceDirectory.isDaily(name) {
            let path = "\(directory.path)/\(name)"
            if path != file?.path, !closed.contains(path) { closed.append(path) }
        }
        return true
    }

    private func open(_ day: String) throws(TraceError) -> TraceFile {
        if case .run(let id) = naming {
            return try TraceFile(path: "\(directory.path)/run-\(id).jsonl", system: system)
        }
        if case .named(let name) = naming {
            return try TraceFile(path: "\(directory.path)/\(name)", system: system)
        }
        var number = 1
        while true {
            let path = "\(directory.path)/\(TraceDirectory.name(day: day, number: number))"
            number += 1
            if access(path + ".gz", F_OK) == 0 { continue }
            let file = try TraceFile(path: path, system: system)
            // Another process may have compressed and removed the file between the open and the lock.
            if file.size < limit, file.isInPlace { return file }
            file.close()
        }
    }

    /// Looks whether the file is still where it was; if not, the next record begins another one.
    func check() {
        if let file, !file.isInPlace { closeFile() }
    }

    /// Appends one line. False when it is lost.
    func write(_ line: [UInt8]) -> Bool { write(line, ends: [line.count]) == 1 }

    /// Appends lines, which end at `ends`. Gives how many of them are in the file: the last ones are lost first.
    func write(_ lines: [UInt8], ends: [Int]) -> Int {
        guard let (written, reason) = file?.append(lines, ends: ends) else {
            fail("no trace file is open", lines: ends.count)
            return 0
        }
        if written > 0 { recovered() }
        if let reason {
            let words = SystemCall.reason(reason)
            fail("cannot write \(path ?? directory.path): \(words)", lines: ends.count - written)
        }
        return written
    }

    /// Counts lost records; the reason is said once.
    func fail(_ reason: String, lines: Int = 1) {
        lost += lines
        lostInARow += lines
        lastError = reason
        if !isFailing { report("\(reason); records are lost until this is mended, requests go on") }
        isFailing = true
    }

    private func recovered() {
        if isFailing { report("recording again; \(lostInARow) records were lost") }
        isFailing = false
        lastError = nil
        lostInARow = 0
    }

    /// Compresses a little of a closed file. True while there is more to do.
    func compressSome() -> Bool {
        if compression == nil {
            guard let path = closed.popLast() else { return false }
            compression = Compression(path: path)
        }
        switch compression?.step() {
        case .more: return true
        case .failed(let reason): report(reason)
        case .done, nil: break
        }
        compression = nil
        return !closed.isEmpty
    }

    func close() {
        closeFile()
        while compressSome() {}
    }

    private func closeFile() {
        file?.close()
        file = nil
    }
}
