#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept

/// One HTTP question to this machine, without a loop and without waiting: what is not there in time is not there.
enum LocalQuestion {
    /// The body of an answer with status 200.
    ///
    /// - Parameter left: Milliseconds that it may still take.
    static func ask(_ place: ProxyPlace, _ path: String, most: Int, _ left: () -> Int32) -> [UInt8]? {
        guard let fd = connected(place, left) else { return nil }
        defer { close(fd) }
        let name = place.host.contains(":") ? "[\(place.host)]" : place.host
        let head = "GET \(place.prefix)\(path) HTTP/1.1\r\nHost: \(name):\(place.port)\r\nConnection: close\r\n\r\n"
        let bytes = Array(head.utf8)
        let sent = bytes.withUnsafeBytes { send(fd, $0.baseAddress, $0.count, 0) }
        guard sent == bytes.count else { return nil }
        return body(read(fd, most: most, left))
    }

    /// Everything up to the end, up to `most` bytes, as far as it comes in time.
    static func read(_ fd: Int32, most: Int, _ left: () -> Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < most, isReady(fd, POLLIN, left()) {
            let count = room.withUnsafeMutableBytes { systemRead(fd, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            bytes += room.prefix(count)
        }
        return bytes
    }

    /// What stands behind the head of an answer with status 200.
    static func body(_ answer: [UInt8]) -> [UInt8]? {
        guard answer.starts(with: "HTTP/1.1 200 ".utf8) else { return nil }
        let end = Array("\r\n\r\n".utf8)
        guard let start = answer.indices.first(where: { answer[$0...].starts(with: end) }) else { return nil }
        return Array(answer[(start + end.count)...])
    }

    private static func connected(_ place: ProxyPlace, _ left: () -> Int32) -> Int32? {
        let isSix = place.host.contains(":")
        #if canImport(Glibc)
            let fd = socket(isSix ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let fd = socket(isSix ? AF_INET6 : AF_INET, SOCK_STREAM, 0)
        #endif
        guard fd >= 0 else { return nil }
        let flags = fcntl(fd, F_GETFL, 0)
        _ = fcntl(fd, F_SETFL, flags | O_NONBLOCK)
        let result = isSix ? connectSix(fd, place) : connectFour(fd, place)
        if result != 0, errno != EINPROGRESS || !isReady(fd, POLLOUT, left()) || error(of: fd) != 0 {
            close(fd)
            return nil
        }
        return fd
    }

    private static func connectFour(_ fd: Int32, _ place: ProxyPlace) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = place.port.bigEndian
        guard inet_pton(AF_INET, place.host, &address.sin_addr) == 1 else { return -1 }
        return begin(fd, address)
    }

    private static func connectSix(_ fd: Int32, _ place: ProxyPlace) -> Int32 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = place.port.bigEndian
        guard inet_pton(AF_INET6, place.host, &address.sin6_addr) == 1 else { return -1 }
        return begin(fd, address)
    }

    private static func begin<Address>(_ fd: Int32, _ address: Address) -> Int32 {
        withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }

    private static func error(of fd: Int32) -> Int32 {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : -1
    }

    private static func isReady(_ fd: Int32, _ events: Int32, _ milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: fd, events: Int16(events), revents: 0)
        return poll(&entry, 1, milliseconds) == 1
    }

    private static func systemRead(_ fd: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.read(fd, bytes, count)
        #else
            Darwin.read(fd, bytes, count)
        #endif
    }
}
