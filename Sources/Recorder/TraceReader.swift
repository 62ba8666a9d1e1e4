/// Reads a trace file, plain or compressed, line by line. Lines that are no record (torn ones, and what later versions
/// write) are stepped over and counted; unknown record types and fields are the caller's to ignore.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import CSystem
public import Intercept

/// One line of a trace.
public struct TraceRecord: Sendable {
    /// The whole line.
    public let json: JSON

    /// The record type: `request`, `response`, …
    public var type: String { json["type"]?.string ?? "" }
    /// The exchange, if the record belongs to one.
    public var id: String? { json["id"]?.string }
    public var session: String? { json["session"]?.string }

    public subscript(_ name: String) -> JSON? { json[name] }
}

/// Reads one file from beginning to end.
public final class TraceReader: Sequence, IteratorProtocol {
    /// Bytes of lines that are no record, line ends included.
    public private(set) var skippedBytes = 0
    public private(set) var skippedLines = 0
    /// Lines of a later version of the format.
    public private(set) var newerLines = 0
    /// The file ends before its compressed form does, or cannot be read further: why.
    public private(set) var failure: String?

    private let path: String
    private let file: gzFile
    private var chunk = [UInt8](repeating: 0, count: 1 << 18)
    /// How much of `chunk` is filled, and how much of that is used.
    private var filled = 0
    private var at = 0
    private var isAtEnd = false

    /// Opens a trace. Throws when there is no such file or it may not be read.
    public init(path: String) throws(TraceError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TraceError("cannot read \(path): \(SystemCall.reason(errno)); claudecodex sessions lists traces")
        }
        guard let file = gzdopen(descriptor, "rb") else {
            close(descriptor)
            throw TraceError("cannot read \(path): out of memory")
        }
        gzbuffer(file, 1 << 18)
        self.path = path
        self.file = file
    }

    deinit { gzclose(file) }

    /// The trace files of a directory, oldest first. A file that was being compressed when its writer died counts once.
    public static func files(in directory: String) -> [String] {
        let names = TraceDirectory(path: directory).names
        let compressed = Set(names.filter { $0.hasSuffix(".jsonl.gz") })
        let plain = names.filter { $0.hasSuffix(".jsonl") && !compressed.contains($0 + ".gz") }
        return (plain + compressed).sorted().map { "\(directory)/\($0)" }
    }

    /// The next record, or nil at the end.
    public func next() -> TraceRecord? {
        while let line = nextLine() {
            if let record = record(line) { return record }
        }
        return nil
    }

    private func record(_ line: [UInt8]) -> TraceRecord? {
        if let json = try? JSON.parse(line), json.isObject {
            if json["v"]?.int == 1 { return TraceRecord(json: json) }
            newerLines += 1
            return nil
        }
        if line.isEmpty { return nil }
        skippedLines += 1
        guard let rescued = rescue(line) else {
            skippedBytes += line.count + 1
            return nil
        }
        skippedBytes += line.count - rescued.json.document.bytes.count
        return rescued
    }

    /// A whole record behind the remains of a torn one.
    private func rescue(_ line: [UInt8]) -> TraceRecord? {
        let all = line[...]
        let text = all.span
        var from = 1
        while let start = text.find(Self.beginning, in: from..<line.count) {
            if let json = try? JSON.parse(Array(line[start...])) { return TraceRecord(json: json) }
            from = start + 1
        }
        return nil
    }

    private static let beginning = Array(#"{"v":1,"type":""#.utf8)

    private func nextLine() -> [UInt8]? {
        var line: [UInt8] = []
        while true {
            if let end = lineEnd() {
                line.append(contentsOf: chunk[at..<end])
                at = end + 1
                return line
            }
            line.append(contentsOf: chunk[at..<filled])
            if !fill() { return line.isEmpty ? nil : line }
        }
    }

    private func lineEnd() -> Int? {
        chunk.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let found = memchr(base + at, 0x0A, filled - at) else { return nil }
            return base.distance(to: UnsafeRawPointer(found))
        }
    }

    private func fill() -> Bool {
        at = 0
        filled = 0
        if isAtEnd { return false }
        let count = gzread(file, &chunk, UInt32(chunk.count))
        if count < chunk.count { note(count) }
        filled = Swift.max(0, Int(count))
        return filled > 0
    }

    private func note(_ count: Int32) {
        var code: Int32 = 0
        let message = gzerror(file, &code)
        if count <= 0 { isAtEnd = true }
        if code != Z_OK, code != Z_STREAM_END {
            failure = "\(path): " + (message.map { String(cString: $0) } ?? "damaged")
        }
    }
}
