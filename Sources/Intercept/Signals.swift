#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Signals as events of the loop: the handler only writes the number into a pipe.
final class Signals: EventSource {
    /// Set once, before any handler is installed.
    nonisolated(unsafe) private static var shared: Signals?
    nonisolated(unsafe) fileprivate static var writeEnd: Int32 = -1

    private let readEnd: Int32
    private var bodies: [Int32: @Sendable () -> Void] = [:]

    private init(_ loop: EventLoop) throws(SystemError) {
        (readEnd, Self.writeEnd) = try Pipe.make()
        try loop.add(readEnd, self, .read, edge: false)
    }

    static func install(on loop: EventLoop) throws(SystemError) {
        if shared == nil { shared = try Signals(loop) }
    }

    static func handle(_ signal: Int32, _ body: @escaping @Sendable () -> Void) {
        shared?.bodies[signal] = body
        var action = sigaction()
        #if os(Linux)
            action.__sigaction_handler.sa_handler = writeSignal
        #else
            action.__sigaction_u.__sa_handler = writeSignal
        #endif
        action.sa_flags = Int32(SA_RESTART)
        sigaction(signal, &action, nil)
        // A parent that blocks signals hands that on to its children.
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, signal)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    func ready(_ readiness: Readiness) {
        var numbers = [UInt8](repeating: 0, count: 64)
        let count = read(readEnd, &numbers, numbers.count)
        guard count > 0 else { return }
        for number in numbers.prefix(count) { bodies[Int32(number)]?() }
    }
}

/// Runs inside the signal handler: only what is safe there.
private func writeSignal(_ signal: Int32) {
    let saved = errno
    var byte = UInt8(truncatingIfNeeded: signal)
    _ = write(Signals.writeEnd, &byte, 1)
    errno = saved
}

/// A pipe whose ends never block and are not inherited.
enum Pipe {
    static func make() throws(SystemError) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError("pipe") }
        for end in ends { Descriptor.prepare(end) }
        return (ends[0], ends[1])
    }

    static func drain(_ fd: Int32) {
        var bytes = [UInt8](repeating: 0, count: 256)
        while read(fd, &bytes, bytes.count) == bytes.count {}
    }
}

enum Descriptor {
    /// Non-blocking, closed on exec.
    static func prepare(_ fd: Int32) {
        _ = fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK)
        keep(fd)
    }

    /// Closed on exec.
    static func keep(_ fd: Int32) { _ = fcntl(fd, F_SETFD, FD_CLOEXEC) }
}
