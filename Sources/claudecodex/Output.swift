#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept
internal import Synchronization

/// Writes with write(2): data on stdout, everything the program says on stderr.
enum Output {
    static func data(_ text: String) { write(Array(text.utf8), to: STDOUT_FILENO) }

    static func say(_ text: String) { write(Array(text.utf8), to: STDERR_FILENO) }

    /// Why an answer did not reach stdout (an `errno`); nil when it did, or when its reader went away, which is the
    /// reader's own business.
    static var problem: Int32? { failure.withLock { $0 } }

    private static let failure = Mutex<Int32?>(nil)

    /// Writes everything, waiting up to a second at a time for a reader. Gives up when the reader is gone or stuck:
    /// there is nobody left to tell. False then.
    @discardableResult
    static func write(_ bytes: [UInt8], to fd: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { systemWrite(fd, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                guard isWritable(fd, milliseconds: 1000) else { return false }
            } else if errno != EINTR {
                let reason = errno
                if fd == STDOUT_FILENO, reason != EPIPE { failure.withLock { $0 = reason } }
                return false
            }
        }
        return true
    }

    /// One write(2), and only if it need not wait: a terminal that is stopped by ^S must not stop the proxy. False when
    /// nothing was written.
    static func offer(_ bytes: [UInt8], to fd: Int32) -> Bool {
        guard isWritable(fd, milliseconds: 0) else { return false }
        return bytes.withUnsafeBytes { systemWrite(fd, $0.baseAddress, $0.count) } > 0
    }

    private static func isWritable(_ fd: Int32, milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, milliseconds) == 1 && entry.revents & Int16(POLLOUT) != 0
    }

    private static func systemWrite(_ fd: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.write(fd, bytes, count)
        #else
            Darwin.write(fd, bytes, count)
        #endif
    }
}
