/// Waits until one of many descriptors can be read or written.
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import CSystem

/// What a descriptor can do now.
struct Readiness: OptionSet, Sendable {
    let rawValue: UInt8
    static let read = Readiness(rawValue: 1)
    static let write = Readiness(rawValue: 2)
    /// The peer will send nothing more (it may still read).
    static let peerDone = Readiness(rawValue: 4)
    /// The connection is dead in both directions.
    static let dead = Readiness(rawValue: 8)
}

/// Waits for descriptors: epoll on Linux, kqueue on macOS. `edge` registrations report a change once; the others report a
/// state as long as it lasts.
struct Poller: ~Copyable {
    private let descriptor: Int32

    #if os(Linux)
        private var events = [epoll_event](repeating: epoll_event(), count: 256)

        init() throws(SystemError) {
            descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
            if descriptor < 0 { throw SystemError("epoll_create1") }
        }

        /// `token` comes back with each report.
        func add(_ fd: Int32, token: UInt64, _ interest: Readiness, edge: Bool) throws(SystemError) {
            var event = Self.event(token, interest, edge)
            if epoll_ctl(descriptor, EPOLL_CTL_ADD, fd, &event) != 0 { throw SystemError("epoll_ctl add") }
        }

        func change(_ fd: Int32, token: UInt64, _ interest: Readiness) {
            var event = Self.event(token, interest, false)
            epoll_ctl(descriptor, EPOLL_CTL_MOD, fd, &event)
        }

        func remove(_ fd: Int32) {
            epoll_ctl(descriptor, EPOLL_CTL_DEL, fd, nil)
        }

        private static func event(_ token: UInt64, _ interest: Readiness, _ edge: Bool) -> epoll_event {
            var bits: UInt32 = EPOLLRDHUP.rawValue
            if interest.contains(.read) { bits |= EPOLLIN.rawValue }
            if interest.contains(.write) { bits |= EPOLLOUT.rawValue }
            if edge { bits |= EPOLLET.rawValue }
            return epoll_event(events: bits, data: epoll_data_t(u64: token))
        }

        /// Waits at most `milliseconds` (-1: for ever); gives the number of reports.
        mutating func wait(milliseconds: Int32) -> Int {
            Int(max(0, epoll_wait(descriptor, &events, Int32(events.count), milliseconds)))
        }

        func report(_ index: Int) -> (token: UInt64, readiness: Readiness) {
            let event = events[index]
            var ready: Readiness = []
            if event.events & EPOLLIN.rawValue != 0 { ready.insert(.read) }
            if event.events & EPOLLOUT.rawValue != 0 { ready.insert(.write) }
            if event.events & EPOLLRDHUP.rawValue != 0 { ready.insert([.peerDone, .read]) }
            if event.events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { ready.insert([.dead, .read, .write]) }
            return (event.data.u64, ready)
        }
    #else
        private var events = [kevent](repeating: kevent(), count: 256)

        init() throws(SystemError) {
            descriptor = kqueue()
            if descriptor < 0 { throw SystemError("kqueue") }
        }

        func add(_ fd: Int32, token: UInt64, _ interest: Readiness, edge: Bool) throws(SystemError) {
            let flags = UInt16(EV_ADD) | (edge ? UInt16(EV_CLEAR) : 0)
            if !submit(fd, token, interest, flags) { throw SystemError("kevent") }
        }

        func change(_ fd: Int32, token: UInt64, _ interest: Readiness) {
            remove(fd)
            _ = submit(fd, token, interest, UInt16(EV_ADD))
        }

        func remove(_ fd: Int32) {
            for filter in [EVFILT_READ, EVFILT_WRITE] {
                var change = kevent(
                    ident: UInt(fd), filter: Int16(filter), flags: UInt16(EV_DELETE), fflags: 0, data: 0, udata: nil)
                kevent(descriptor, &change, 1, nil, 0, nil)
            }
        }

        private func submit(_ fd: Int32, _ token: UInt64, _ interest: Readiness, _ flags: UInt16) -> Bool {
            let udata = UnsafeMutableRawPointer(bitPattern: UInt(token))
            for (bit, filter) in [(Readiness.read, EVFILT_READ), (.write, EVFILT_WRITE)] where interest.contains(bit) {
                var change = kevent(
                    ident: UInt(fd), filter: Int16(filter), flags: flags, fflags: 0, data: 0, udata: udata)
                if kevent(descriptor, &change, 1, nil, 0, nil) != 0 { return false }
            }
            return true
        }

        mutating func wait(milliseconds: Int32) -> Int {
            var limit = timespec(tv_sec: Int(milliseconds) / 1000, tv_nsec: Int(milliseconds) % 1000 * 1_000_000)
            let capacity = Int32(events.count)
            if milliseconds < 0 { return Int(max(0, kevent(descriptor, nil, 0, &events, capacity, nil))) }
            return Int(max(0, kevent(descriptor, nil, 0, &events, capacity, &limit)))
        }

        func report(_ index: Int) -> (token: UInt64, readiness: Readiness) {
            let event = events[index]
            var ready: Readiness = Int32(event.filter) == EVFILT_READ ? .read : .write
            if event.flags & UInt16(EV_EOF) != 0 {
                ready.insert(Int32(event.filter) == EVFILT_READ ? .peerDone : [.dead, .read])
            }
            return (UInt64(UInt(bitPattern: event.udata)), ready)
        }
    #endif

    deinit { close(descriptor) }
}

/// A system call that failed.
struct SystemError: Error, CustomStringConvertible {
    let call: String
    let code: Int32

    init(_ call: String, code: Int32 = errno) {
        self.call = call
        self.code = code
    }

    var description: String { "\(call): \(String(cString: strerror(code)))" }
}
