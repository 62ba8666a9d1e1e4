/// Recordings of other tools become traces: the same records, the same redaction, bodies as differences. What the other tool
/// did not keep is absent.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import Intercept

public struct TraceImport: Sendable {
    /// What came of one file.
    public struct Report: Sendable {
        /// Whose recording it was: `claude-trace` or `claude-code`.
        public internal(set) var program = ""
        /// The trace.
        public internal(set) var path = ""
        /// There was one of the same source already.
        public internal(set) var hasReplaced = false
        public internal(set) var exchanges = 0
        public internal(set) var sessions: Set<String> = []
        /// Exchanges that an earlier file of this import had too: resumed sessions repeat their history.
        public internal(set) var repeated = 0
        /// Exchanges whose history begins in a file that is not this one.
        public internal(set) var cut = 0
        /// Lines that belong to no exchange, by what they are.
        public internal(set) var leftOut: [String: Int] = [:]
        /// Why the file could not be read to its end.
        public internal(set) var failure: String?
    }

    /// Why a file did not become a trace.
    public struct Problem: Error, Sendable, Equatable {
        /// Names the file, what was seen, and what to do.
        public let text: String
        /// The trace cannot be written; otherwise the recording cannot be read.
        public let isTarget: Bool
    }

    private let configuration: RecorderConfiguration
    /// Exchanges of all files so far.
    private var seen: Set<String> = []

    /// - Parameter configuration: directory, redaction and program; its file name and mode do not matter.
    public init(_ configuration: RecorderConfiguration) { self.configuration = configuration }

    /// Reads one file and writes `import-NAME.jsonl`. Throws when it cannot be read, is no recording that is known, or the
    /// trace cannot be written or one of another source stands there.
    ///
    /// - Parameter source: the file's path as the trace is to name it.
    public mutating func run(_ path: String, source: String) throws(Problem) -> Report {
        var report = Report()
        guard let first = Self.firstKnown(try Self.open(path)) else {
            throw Problem(
                text:
                    "\(path) is no recording of claude-trace and no session file of Claude Code: no line looks like one",
                isTarget: false)
        }
        report.program = first
        let name = "import-\(Self.stem(path)).jsonl"
        report.path = "\(configuration.directory)/\(name)"
        report.hasReplaced = try Self.isReplaceable(report.path, source)
        let partial = ".\(name).\(ProcessIdentity.pid)"
        TraceDirectory(path: configuration.directory).removeAbandoned(".\(name).")
        let whole = try Self.open(path)
        try write(partial, source, &report) { writer, report, seen in
            if report.program == "claude-trace" {
                ClaudeTraceFile.read(whole, &report, &seen) { $0.write(to: writer) }
            } else {
                ClaudeCodeFile.read(whole, &report, &seen) { $0.write(to: writer) }
            }
        }
        report.failure = whole.failure
        let from = "\(configuration.directory)/\(partial)"
        guard report.exchanges > 0 else {
            unlink(from)
            return report
        }
        guard rename(from, report.path) == 0 else {
            let reason = SystemCall.reason(errno)
            unlink(from)
            throw Problem(text: "cannot write \(report.path): \(reason)", isTarget: true)
        }
        return report
    }

    private mutating func write(
        _ file: String, _ source: String, _ report: inout Report,
        _ fill: (RecordWriter, inout Report, inout Set<String>) -> Void
    ) throws(Problem) {
        var own = configuration
        own.file = .named(file)
        own.mode = .delta
        own.source = (report.program, source)
        let sink = JSONLSink(directory: own.directory, naming: own.file, limit: .max) { _ in }
        let writer = RecordWriter(own, sink: sink)
        do throws(TraceError) { try writer.begin(at: .now()) } catch {
            throw Problem(text: error.description, isTarget: true)
        }
        fill(writer, &report, &seen)
        writer.close()
        if let reason = writer.currentStatistics().lastError {
            unlink("\(own.directory)/\(file)")
            throw Problem(text: reason, isTarget: true)
        }
    }

    private static func open(_ path: String) throws(Problem) -> TraceReader {
        if TraceDirectory.isDirectory(path) {
            throw Problem(text: "\(path) is a directory; name the files in it", isTarget: false)
        }
        do throws(TraceError) { return try TraceReader(path: path) } catch {
            throw Problem(text: error.description, isTarget: false)
        }
    }

    private static func firstKnown(_ reader: TraceReader) -> String? {
        while let line = reader.nextLine() {
            guard let json = try? JSON.parse(line) else { continue }
            if ClaudeTraceFile.isPair(json) { return "claude-trace" }
            if ClaudeCodeFile.isLine(json) { return "claude-code" }
        }
        return nil
    }

    /// The file's name without its endings.
    private static func stem(_ path: String) -> String {
        var name = path.split(separator: "/").last.map(String.init) ?? path
        for ending in [".gz", ".jsonl", ".json"] where name.hasSuffix(ending) && name.count > ending.count {
            name = String(name.dropLast(ending.count))
        }
        return name
    }

    /// False when there is no such trace yet, true when it was made from the same file.
    private static func isReplaceable(_ path: String, _ source: String) throws(Problem) -> Bool {
        guard access(path, F_OK) == 0 else { return false }
        let there = (try? TraceReader(path: path, only: ["meta"]))?.next()?["imported_file"]?.string
        if there == source { return true }
        let what = there.map { "made from \($0)" } ?? "no import"
        throw Problem(text: "\(path) is \(what); choose another directory with -o, or remove it", isTarget: true)
    }
}
