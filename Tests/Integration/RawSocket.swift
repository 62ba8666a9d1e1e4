/// A plain blocking socket with deadlines: nothing of the proxy's own reads or writes here.
import Foundation

@testable import Intercept

/// Only the thread that uses a socket closes it; others `abort()` it, because a number that was closed is soon another's.
final class RawSocket: @unchecked Sendable {
    private var fd: Int32
    private let lock = NSLock()
    private var isAborted = false

    init(_ fd: Int32) {
        self.fd = fd
        _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
    }

    #if os(Linux)
        static let stream = Int32(SOCK_STREAM.rawValue)
    #else
        static let stream = SOCK_STREAM
    #endif

    /// A connection to a port of this machine.
    static func connect(_ port: Int) throws -> RawSocket {
        let fd = socket(AF_INET, stream, 0)
        var address = loopback(port)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            Foundation.close(fd)
            throw HarnessError("connect to \(port): \(String(cString: strerror(errno)))")
        }
        return RawSocket(fd)
    }

    /// A connection to a socket's path.
    static func connect(path: String) throws -> RawSocket {
        let fd = socket(AF_UNIX, stream, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw HarnessError("connect to \(path): \(String(cString: strerror(errno)))") }
        return RawSocket(fd)
    }

    /// A connection that has begun and may never stand.
    static func begin(_ port: Int) throws -> RawSocket {
        let fd = socket(AF_INET, stream, 0)
        _ = fcntl(fd, F_SETFL, O_NONBLOCK)
        var address = loopback(port)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return RawSocket(fd)
    }

    /// A listening socket on a free port.
    static func listen(queue: Int32 = 256) throws -> (socket: RawSocket, port: Int) {
        let fd = socket(AF_INET, stream, 0)
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(fd, $0, length) == 0 && Foundation.listen(fd, queue) == 0 && getsockname(fd, $0, &length) == 0
            }
        }
        guard isBound else { throw HarnessError("listen: \(String(cString: strerror(errno)))") }
        return (RawSocket(fd), Int(UInt16(bigEndian: address.sin_port)))
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }

    /// The next connection, or nil when the listening socket was aborted.
    func accept() -> RawSocket? {
        while !lock.withLock({ isAborted }) {
            guard isReadable(within: 20) else { continue }
            let client = Foundation.accept(fd, nil, nil)
            if client >= 0 { return RawSocket(client) }
        }
        return nil
    }

    /// Ends whatever another thread does with this socket.
    func abort() {
        lock.withLock {
            isAborted = true
            if fd >= 0 { shutdown(fd, Int32(SHUT_RDWR)) }
        }
    }

    private func isReadable(within milliseconds: Int) -> Bool {
        var entry = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, Int32(milliseconds)) > 0
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let result = bytes[sent...].withUnsafeBytes { write(fd, $0.baseAddress, $0.count) }
            guard result > 0 else { throw HarnessError("write: \(String(cString: strerror(errno)))") }
            sent += result
        }
    }

    /// What has come, at least one byte; empty at the end of the stream or after a reset.
    func receive(within milliseconds: Int = 5000) throws -> [UInt8] {
        guard isReadable(within: milliseconds) else { throw HarnessError("nothing came for \(milliseconds) ms") }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = read(fd, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }

    /// Waits until the peer has closed or reset the connection. Gives how long that took in milliseconds, nil when it did not.
    func waitForClose(within milliseconds: Int) -> Double? {
        let began = Monotonic.now()
        while true {
            let left = milliseconds - Int(Monotonic.now().milliseconds(since: began))
            guard left > 0, let bytes = try? receive(within: left) else { return nil }
            if bytes.isEmpty { return Monotonic.now().milliseconds(since: began) }
        }
    }

    /// Sends nothing more, but reads on.
    func closeWriting() { shutdown(fd, Int32(SHUT_WR)) }

    /// Ends the connection so that the peer gets a reset.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Foundation.linger>.size))
        close()
    }

    func close() {
        lock.withLock {
            if fd >= 0 { Foundation.close(fd) }
            fd = -1
        }
    }

    deinit { close() }
}
