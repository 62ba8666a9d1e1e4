#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A connected stream socket of the loop. Reads and writes try at once and wait only when they must; at most one task
/// reads and one writes.
final class Socket: EventSource, Expiring, @unchecked Sendable {
    /// Why reading or writing ended.
    enum Failure: Error {
        /// The peer is gone.
        case closed
        /// The deadline passed.
        case timedOut
    }

    private let fd: Int32
    private let loop: EventLoop
    private var reader: UnsafeContinuation<Void, Never>?
    private var writer: UnsafeContinuation<Void, Never>?
    private var isReadable = true
    private(set) var isDead = false
    /// The peer sends no more; it may still read.
    private(set) var isPeerDone = false
    private(set) var isClosed = false
    /// Reading or writing that lasts longer than this fails.
    var deadline: Monotonic?
    private var isLate = false
    /// Called once when the peer stops sending or dies while nobody reads.
    var onPeerDone: (@Sendable () -> Void)?
    var watchIndex = -1

    /// Somebody waits for the peer to take what was written.
    var isWriting: Bool { writer != nil }

    init(_ fd: Int32, _ loop: EventLoop) throws(SystemError) {
        self.fd = fd
        self.loop = loop
        Descriptor.prepare(fd)
        var on: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        #if !os(Linux)
            setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
        #endif
        try loop.add(fd, self, [.read, .write], edge: true)
        loop.watch(self)
    }

    func ready(_ readiness: Readiness) {
        if readiness.contains(.dead) { isDead = true }
        if readiness.contains(.peerDone) { isPeerDone = true }
        if readiness.contains(.read) { isReadable = true }
        wake(read: isReadable, write: readiness.contains(.write))
        if isDead || isPeerDone { onPeerDone?() }
    }

    private func wake(read: Bool, write: Bool) {
        if read, let waiting = reader {
            reader = nil
            waiting.resume()
        }
        if write, let waiting = writer {
            writer = nil
            waiting.resume()
        }
    }

    func tick(_ now: Monotonic) {
        guard let deadline, deadline < now, reader != nil || writer != nil else { return }
        isLate = true
        wake(read: true, write: true)
    }

    /// Appends up to `count` bytes to `buffer`; gives how many came, 0 at the end.
    func read(_ count: Int, into buffer: inout [UInt8]) async throws(Failure) -> Int {
        while true {
            if isClosed { throw .closed }
            if isReadable {
                if let received = try receive(count, &buffer) { return received }
                isReadable = false
            }
            if isDead { throw .closed }
            await withUnsafeContinuation { reader = $0 }
            if isLate {
                isLate = false
                throw .timedOut
            }
        }
    }

    /// One `recv`; nil when there is nothing yet.
    private func receive(_ count: Int, _ buffer: inout [UInt8]) throws(Failure) -> Int? {
        var result = 0
        var code: Int32 = 0
        buffer.append(addingCapacity: count) { span in
            span.withUnsafeMutableBufferPointer { free, initialized in
                repeat { result = recv(fd, free.baseAddress, count, 0) } while result < 0 && errno == EINTR
                code = errno
                initialized = max(0, result)
            }
        }
        if result >= 0 {
            if result < count, !isPeerDone { isReadable = false }
            return result
        }
        if code == EAGAIN || code == EWOULDBLOCK { return nil }
        isDead = true
        throw .closed
    }

    /// Sends all of it.
    func write(_ bytes: [UInt8]) async throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            if isClosed || isDead { throw .closed }
            let result = transmit(bytes, from: sent)
            if result > 0 {
                sent += result
                continue
            }
            if isDead { throw .closed }
            await withUnsafeContinuation { writer = $0 }
            if isLate {
                isLate = false
                throw .timedOut
            }
        }
    }

    /// Sends what the kernel takes at once; gives how much.
    func transmit(_ bytes: [UInt8], from start: Int = 0) -> Int {
        let result = bytes.withUnsafeBytes { all -> Int in
            let rest = UnsafeRawBufferPointer(rebasing: all[start...])
            while true {
                #if os(Linux)
                    let result = send(fd, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                #else
                    let result = send(fd, rest.baseAddress, rest.count, 0)
                #endif
                if result >= 0 || errno != EINTR { return result }
            }
        }
        if result < 0, errno != EAGAIN, errno != EWOULDBLOCK { isDead = true }
        return max(0, result)
    }

    /// Counts the peer as gone without looking further.
    func giveUp() { isDead = true }

    /// Ends the exchange that uses this socket, whatever it waits for.
    func giveUpNow() {
        isDead = true
        let told = onPeerDone
        close()
        told?()
    }

    /// Ends the connection. Whoever waits is woken and sees that it is closed.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        onPeerDone = nil
        loop.unwatch(self)
        loop.remove(fd)
        #if canImport(Glibc)
            Glibc.close(fd)
        #else
            Darwin.close(fd)
        #endif
        wake(read: true, write: true)
    }

    /// Says that nothing more will be sent, and lets the peer's last bytes drain: an answer to a request that was not
    /// read to its end would otherwise be destroyed by a reset.
    func closeGently() async {
        guard !isClosed, !isDead else { return close() }
        shutdown(fd, Int32(SHUT_WR))
        deadline = Monotonic.now().advanced(byMilliseconds: 2000)
        var rest: [UInt8] = []
        var left = 16 << 20
        while left > 0, let count = try? await read(65_536, into: &rest), count > 0 {
            left -= count
            rest.removeAll(keepingCapacity: true)
        }
        close()
    }

    deinit { close() }
}
