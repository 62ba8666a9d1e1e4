#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept

/// Where an export goes: the standard output, or a file of this user alone. The first failure ends the writing and is told
/// by `finish`.
struct ExportTarget {
    private let path: String?
    private let descriptor: Int32
    /// How a terminal shows it; nil where the bytes go as they are.
    private let screen: ScreenText?
    private var failure: Int32?

    /// - Parameters:
    ///   - sources: the traces that are read; none of them may be written over.
    ///   - form: what is written.
    init(_ path: String?, sources: [String], _ form: ScreenText) throws(Failure) {
        self.path = path
        screen = path == nil && ScreenText.isStandardOutput ? form : nil
        guard let path else {
            descriptor = STDOUT_FILENO
            return
        }
        if let facts = FileFacts(path) {
            if facts.isDirectory { throw .usage("-o \(path) is a directory", "name a file, or leave -o out") }
            if sources.contains(where: { FileFacts($0)?.identity == facts.identity }) {
                throw .usage("-o \(path) is the trace that is read", "name another file")
            }
        }
        // Not yet emptied: what others may read is first closed to them.
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0, Self.empty(descriptor) else {
            let reason = Unreadable.system().reason
            if descriptor >= 0 { close(descriptor) }
            throw Failure(.cannotWrite, "cannot write \(path): \(reason)")
        }
    }

    /// For this user alone, and without content; devices and pipes stay as they are.
    private static func empty(_ descriptor: Int32) -> Bool {
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { return false }
        guard info.st_mode & S_IFMT == S_IFREG else { return true }
        return fchmod(descriptor, 0o600) == 0 && ftruncate(descriptor, 0) == 0
    }

    /// Whole lines or texts, so that nothing is cut within a character.
    mutating func write(_ bytes: [UInt8]) {
        var rest = (screen?.shown(bytes) ?? bytes)[...]
        while !rest.isEmpty, failure == nil {
            let count = rest.withUnsafeBytes { buffer in
                #if canImport(Glibc)
                    Glibc.write(descriptor, buffer.baseAddress, buffer.count)
                #else
                    Darwin.write(descriptor, buffer.baseAddress, buffer.count)
                #endif
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&entry, 1, 1000)
            } else if errno != EINTR {
                failure = errno
            }
        }
    }

    /// A reader that has seen enough is no failure.
    func finish() throws(Failure) {
        let closing = path == nil || close(descriptor) == 0 ? nil : errno
        guard let reason = failure ?? closing, reason != EPIPE else { return }
        throw Failure(.cannotWrite, "cannot write \(path ?? "the output"): \(String(cString: strerror(reason)))")
    }
}
