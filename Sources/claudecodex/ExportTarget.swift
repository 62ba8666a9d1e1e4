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
    private var failure: Int32?

    /// - Parameter sources: the traces that are read; none of them may be written over.
    init(_ path: String?, sources: [String]) throws(Failure) {
        self.path = path
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
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw Failure(.cannotWrite, "cannot write \(path): \(Unreadable.system().reason)")
        }
    }

    mutating func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
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
