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
    /// The record types that are wanted; nil for all.
    private let wanted: [[UInt8]]?
    private let wantsBody: ((TraceRecord) -> Bool)?
    private var chunk = [UInt8](repeating: 0, count: 1 << 20)
    /// How much of `chunk` is filled, and how much of that is used.
    private var filled = 0
    private var at = 0
    private var isAtEnd = false

    /// Opens a trace. Throws when there is no such file or it may not be read.
    ///
    /// - Parameters:
    ///   - only: The record types that are wanted. Lines that begin as another type are stepped over without being parsed,
    ///     so what is wrong behind their beginning goes unseen. nil for all.
    ///   - wantsBody: Told the head of a `request` or `upstream`, says whether its `body` (nearly all of a trace's bytes) is
    ///     wanted too; without it the record is its head. nil: always.
    public init(
        path: String, only types: [String]? = nil, wantsBody: ((TraceRecord) -> Bool)? = nil
    ) throws(TraceError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TraceError("cannot read \(path): \(SystemCall.reason(errno)); claudecodex sessions lists traces")
        }
        guard let file = gzdopen(descriptor, "rb") else {
            close(descriptor)
            throw TraceError("cannot read \(path): out of memory")
        }
        // Much less than `chunk`: plain files are then read straight into it.
        gzbuffer(file, 1 << 17)
        self.path = path
        self.file = file
        wanted = types.map { $0.map { Array("\($0)\"".utf8) } }
        self.wantsBody = wantsBody
    }

    deinit { gzclose(file) }

    /// The trace files of a directory, in the order in which they begin; what was imported comes before what was recorded
    /// here. A file that was being compressed when its writer died counts once.
    public static func files(in directory: String) -> [String] {
        let names = TraceDirectory(path: directory).names
        let compressed = Set(names.filter { $0.hasSuffix(".jsonl.gz") })
        let plain = names.filter { $0.hasSuffix(".jsonl") && !compressed.contains($0 + ".gz") }
        let all = (plain + compressed).map { name in
            let path = "\(directory)/\(name)"
            return (path: path, isOwn: !name.hasPrefix("import-"), first: TraceTimes.first(path) ?? "")
        }
        let sorted = all.sorted { ($0.isOwn ? 1 : 0, $0.first, $0.path) < ($1.isOwn ? 1 : 0, $1.first, $1.path) }
        return sorted.map(\.path)
    }

    /// The next record, or nil at the end.
    public func next() -> TraceRecord? {
        while let line = nextLine() {
            if let record = record(line) { return record }
        }
        return nil
    }

    private func record(_ line: [UInt8]) -> TraceRecord? {
        if let wantsBody, let head = head(of: line), !wantsBody(head) { return head }
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

    /// A record without its body, if it is one that has a body and this is its last member.
    private func head(of line: [UInt8]) -> TraceRecord? {
        let text = line.span
        guard line.starts(with: Self.request) || line.starts(with: Self.upstream),
            let end = text.find(Self.bodyName, in: 0..<line.count),
            let json = try? JSON.parse(line[..<end] + [UInt8(ascii: "}")])
        else { return nil }
        return TraceRecord(json: json)
    }

    private static let request = beginning + Array("request\"".utf8)
    private static let upstream = beginning + Array("upstream\"".utf8)
    private static let bodyName = Array(#","body":"#.utf8)
    /// More than the beginning and the name of any type.
    private static let look = 64

    /// The next line as it stands there, whatever it holds.
    func nextLine() -> [UInt8]? {
        while gather() {
            let isWanted = isWantedLine
            if let line = takeLine(isWanted) { return line }
        }
        return nil
    }

    /// Has the next line's beginning in `chunk`; false at the end of the file.
    private func gather() -> Bool {
        if filled - at < Self.look, !isAtEnd, lineEnd() == nil {
            chunk.withUnsafeMutableBytes { $0.copyBytes(from: UnsafeRawBufferPointer(rebasing: $0[at..<filled])) }
            (at, filled) = (0, filled - at)
            while filled < Self.look, fill(behind: filled) {}
        }
        return at < filled
    }

    /// Whether the line at `at` is of a type that is wanted, or no record at all.
    private var isWantedLine: Bool {
        guard let wanted else { return true }
        return chunk[at..<filled].withUnsafeBytes { line in
            guard line.starts(with: Self.beginning) else { return true }
            let type = UnsafeRawBufferPointer(rebasing: line.dropFirst(Self.beginning.count))
            return wanted.contains { type.starts(with: $0) }
        }
    }

    /// Goes behind the line's end; gives the line if it is wanted.
    private func takeLine(_ isWanted: Bool) -> [UInt8]? {
        var line: [UInt8] = []
        while true {
            let end = lineEnd()
            if isWanted { line.append(contentsOf: chunk[at..<(end ?? filled)]) }
            if let end {
                at = end + 1
                return isWanted ? line : nil
            }
            (at, filled) = (0, 0)
            if !fill(behind: 0) { return isWanted ? line : nil }
        }
    }

    private func lineEnd() -> Int? {
        chunk.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let found = memchr(base + at, 0x0A, filled - at) else { return nil }
            return base.distance(to: UnsafeRawPointer(found))
        }
    }

    /// Reads more behind what is there; false when there is no more.
    private func fill(behind offset: Int) -> Bool {
        if isAtEnd { return false }
        let room = chunk.count - offset
        let count = chunk.withUnsafeMutableBytes { gzread(file, $0.baseAddress.map { $0 + offset }, UInt32(room)) }
        if Int(count) < room { note(count) }
        filled = offset + Swift.max(0, Int(count))
        return count > 0
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
