#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A listening socket that hands out accepted descriptors.
final class Listener: EventSource, @unchecked Sendable {
    private var fd: Int32
    private let loop: EventLoop
    private let onAccept: (Int32) -> Void
    private let unixPath: String?
    let address: ListenAddress

    init(_ wanted: ListenAddress, _ loop: EventLoop, onAccept: @escaping (Int32) -> Void) throws(ListenError) {
        self.loop = loop
        self.onAccept = onAccept
        switch wanted {
        case .tcp(let host, let port):
            unixPath = nil
            (fd, address) = try Self.bindTCP(host, port, wanted)
        case .unix(let path):
            unixPath = path
            (fd, address) = (try Self.bindUnix(path, wanted), wanted)
        }
        Descriptor.prepare(fd)
        guard listen(fd, 4096) == 0 else { throw Self.fail(fd, wanted) }
        do { try loop.add(fd, self, .read, edge: false) } catch { throw ListenError(address: wanted, code: error.code) }
    }

    private static func fail(_ fd: Int32, _ address: ListenAddress) -> ListenError {
        let code = errno
        if fd >= 0 { close(fd) }
        return ListenError(address: address, code: code)
    }

    private static func bindTCP(
        _ host: String, _ port: Int, _ wanted: ListenAddress
    ) throws(ListenError) -> (Int32, ListenAddress) {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        #if os(Linux)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let info = found else {
            throw ListenError(address: wanted, code: EADDRNOTAVAIL)
        }
        defer { freeaddrinfo(found) }
        let fd = socket(info.pointee.ai_family, info.pointee.ai_socktype, 0)
        var on: Int32 = 1
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard fd >= 0, bind(fd, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0 else { throw fail(fd, wanted) }
        return (fd, .tcp(host: host, port: boundPort(fd) ?? port))
    }

    private static func boundPort(_ fd: Int32) -> Int? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(fd, $0, &length) == 0 }
                // The port stands at the same place for IPv4 and IPv6, in network order.
                ? pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    Int(UInt16(bigEndian: $0.pointee.sin_port))
                }
                : nil
        }
    }

    private static func bindUnix(_ path: String, _ wanted: ListenAddress) throws(ListenError) -> Int32 {
        #if os(Linux)
            let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let fd = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { room in
            for (index, byte) in path.utf8.enumerated() where index < room.count - 1 { room[index] = byte }
        }
        removeStaleSocket(&address, path)
        let old = umask(0o177)
        defer { umask(old) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard fd >= 0, bound == 0 else { throw fail(fd, wanted) }
        return fd
    }

    /// A socket file that nobody listens on is left from an earlier run.
    private static func removeStaleSocket(_ address: inout sockaddr_un, _ path: String) {
        var info = stat()
        guard lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFSOCK else { return }
        #if os(Linux)
            let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let probe = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        defer { close(probe) }
        let alive = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(probe, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        if !alive { unlink(path) }
    }

    func ready(_ readiness: Readiness) {
        for _ in 0..<64 {
            let client = accept(fd, nil, nil)
            if client >= 0 {
                onAccept(client)
            } else if errno == EMFILE || errno == ENFILE {
                return pause()
            } else if errno != EINTR, errno != ECONNABORTED {
                return
            }
        }
    }

    /// Out of descriptors: waiting clients stay in the kernel's queue until some are free again.
    private func pause() {
        loop.remove(fd)
        loop.after(milliseconds: 100) { [weak self] in
            guard let self, self.fd >= 0 else { return }
            try? self.loop.add(self.fd, self, .read, edge: false)
        }
    }

    /// Takes no more connections.
    func stop() {
        guard fd >= 0 else { return }
        loop.remove(fd)
        close(fd)
        fd = -1
        if let unixPath { unlink(unixPath) }
    }
}
