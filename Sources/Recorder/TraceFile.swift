/// One trace file that is being appended to. Several processes may append to the same file: each line is one write, and
/// a shared lock tells the others that somebody is at work.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

struct TraceFile {
    let path: String
    let descriptor: Int32
    /// Bytes of a torn last line that were cut off when the file was opened.
    let repairedBytes: Int
    /// Bytes in the file as far as this process knows.
    private(set) var size: Int
    /// The file ends in the middle of a line that could not be taken back.
    private var isTorn = false
    private let system: SinkCalls
    private let identity: (device: dev_t, inode: ino_t)

    /// Opens for appending, made 0600 if it is missing. A torn tail is cut off unless somebody else is writing.
    init(path: String, system: SinkCalls) throws(TraceError) {
        let flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        let descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { throw Self.failure("cannot open", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            system.close(descriptor)
            throw TraceError("\(path) is no regular file; move it away or choose another directory with --log-dir")
        }
        if status.st_uid == geteuid() { fchmod(descriptor, 0o600) }
        var repaired = 0
        let isAlone = flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
        if isAlone { repaired = Self.repair(descriptor, size: Int(status.st_size)) }
        flock(descriptor, LOCK_SH)
        self.path = path
        self.descriptor = descriptor
        self.system = system
        repairedBytes = repaired
        size = Int(status.st_size) - repaired
        identity = (status.st_dev, status.st_ino)
    }

    private static func failure(_ what: String, _ path: String) -> TraceError {
        TraceError("\(what) \(path): \(SystemCall.reason(errno)); choose another place with --log-dir")
    }

    /// Cuts off what stands behind the last line end; gives how many bytes that was.
    private static func repair(_ descriptor: Int32, size: Int) -> Int {
        var buffer = [UInt8](repeating: 0, count: 65536)
        var end = size
        while end > 0 {
            let from = max(0, end - buffer.count)
            let count = pread(descriptor, &buffer, end - from, off_t(from))
            guard count == end - from else { return 0 }
            if let newline = buffer[..<count].lastIndex(of: 0x0A) {
                end = from + newline + 1
                break
            }
            end = from
        }
        guard end < size, ftruncate(descriptor, off_t(end)) == 0 else { return 0 }
        return size - end
    }

    /// Whether the name still leads to this file: it does not when somebody moved or deleted it.
    var isInPlace: Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_ino == identity.inode && status.st_dev == identity.device
    }

    /// Appends whole lines by one write; `ends` says where in `bytes` each of them ends. A line that fits only in part is
    /// taken back. Gives how many lines are in the file, and the reason when that is not all of them.
    mutating func append(_ bytes: [UInt8], ends: [Int]) -> (lines: Int, reason: Int32?) {
        if isTorn {
            guard write([0x0A]) == 1 else { return (0, errno) }
            isTorn = false
            size += 1
        }
        let written = write(bytes)
        if written == bytes.count {
            size += written
            return (ends.count, nil)
        }
        let reason = written < 0 ? errno : ENOSPC
        let lines = ends.prefix { $0 <= written }
        size += lines.last ?? 0
        if written > lines.last ?? 0 { takeBack(written - (lines.last ?? 0)) }
        return (lines.count, reason)
    }

    private func write(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes { buffer in
            while true {
                let count = system.write(descriptor, buffer)
                if count >= 0 || errno != EINTR { return count }
            }
        }
    }

    /// Removes the last `count` bytes, unless somebody else has written behind them.
    private mutating func takeBack(_ count: Int) {
        let end = lseek(descriptor, 0, SEEK_CUR)
        var status = stat()
        if end >= 0, fstat(descriptor, &status) == 0, status.st_size == end,
            ftruncate(descriptor, end - off_t(count)) == 0
        {
            return
        }
        isTorn = true
        size += count
    }

    func close() { system.close(descriptor) }
}

/// The calls that may fail for reasons a test wants to make up.
struct SinkCalls: Sendable {
    var write: @Sendable (Int32, UnsafeRawBufferPointer) -> Int = { systemWrite($0, $1) }
    var close: @Sendable (Int32) -> Void = { systemClose($0) }
}

@Sendable private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

@Sendable private func systemClose(_ descriptor: Int32) { close(descriptor) }
