#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
import Synchronization

/// One thread that waits for sockets, timers and libcurl and runs all tasks of the program. Everything it owns is touched
/// on that thread only. Tasks must be started with ``spawn(_:)``: a plain `Task {}` or `Task.sleep` would leave the loop.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
    private var poller: Poller
    /// Jobs made on the loop's own thread; needs no lock.
    private var ready: [UnownedJob] = []
    /// Jobs made elsewhere.
    private let incoming = Mutex<[UnownedJob]>([])
    private let thread = pthread_self()
    /// Registered descriptors by number; the generation tells a reused number from its predecessor.
    private var sources: [(source: any EventSource, generation: UInt32)?] = []
    private var generation: UInt32 = 0
    private var timers = TimerHeap()
    private var watched: [any Expiring] = []
    private var nextTick = Monotonic.now()
    /// How often ``Expiring`` objects are looked at.
    var tickMS = 1000
    private let wake: WakeUp
    private var isStopped = false

    /// The loop belongs to the thread that makes it and must be run there.
    public init() throws {
        poller = try Poller()
        wake = try WakeUp()
        try add(wake.readEnd, wake, .read, edge: false)
    }

    /// Whether the caller runs on the loop's thread.
    var isCurrent: Bool { pthread_equal(pthread_self(), thread) != 0 }

    /// Runs until ``stop()``, on the thread that made the loop.
    public func run() {
        precondition(isCurrent, "an EventLoop runs on the thread that made it")
        isStopped = false
        while !isStopped {
            runJobs()
            for timer in timers.takeDue(at: .now()) { timer.body() }
            tick()
            if isStopped { return }
            for index in 0..<poller.wait(milliseconds: patience()) {
                let report = poller.report(index)
                dispatch(report.token, report.readiness)
            }
        }
    }

    /// Ends ``run()`` after the current round. Call it on the loop.
    public func stop() { isStopped = true }

    /// Starts a task on this loop.
    public func spawn(_ body: @escaping @Sendable () async -> Void) {
        Task(executorPreference: self) { await body() }
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent { return ready.append(job) }
        let isFirst = incoming.withLock { jobs in
            jobs.append(job)
            return jobs.count == 1
        }
        if isFirst { wake.signal() }
    }

    /// Calls `body` on the loop after a while, once.
    @discardableResult
    public func after(milliseconds: Int, _ body: @escaping @Sendable () -> Void) -> Timer {
        let timer = Timer(deadline: Monotonic.now().advanced(byMilliseconds: milliseconds), body: body)
        timers.insert(timer)
        return timer
    }

    /// Withdraws a timer that has not fired.
    public func cancel(_ timer: Timer) { timers.remove(timer) }

    private func runJobs() {
        if wake.isSignalled {
            wake.isSignalled = false
            incoming.withLock { jobs in
                ready.append(contentsOf: jobs)
                jobs.removeAll(keepingCapacity: true)
            }
        }
        var index = 0
        let limit = max(ready.count, 1024)
        while index < ready.count, index < limit {
            ready[index].runSynchronously(on: asUnownedTaskExecutor())
            index += 1
        }
        ready.removeFirst(index)
    }

    /// How long the poller may sleep.
    private func patience() -> Int32 {
        if !ready.isEmpty { return 0 }
        var deadline = timers.next
        if !watched.isEmpty { deadline = min(deadline ?? nextTick, nextTick) }
        guard let deadline else { return -1 }
        let left = deadline.milliseconds(since: .now())
        return Int32(max(0, min(left.rounded(.up), 60_000)))
    }

    private func dispatch(_ token: UInt64, _ readiness: Readiness) {
        let fd = Int(token & 0xFFFF_FFFF)
        guard fd < sources.count, let entry = sources[fd], UInt64(entry.generation) == token >> 32 else { return }
        entry.source.ready(readiness)
    }
}

/// Something that waits for a descriptor.
protocol EventSource: AnyObject {
    func ready(_ readiness: Readiness)
}

/// Something that gives up after a while. Looked at once a tick, so that a deadline costs nothing to move.
protocol Expiring: AnyObject {
    /// Where the loop keeps it; the loop's own business.
    var watchIndex: Int { get set }
    func tick(_ now: Monotonic)
}

extension EventLoop {
    func add(_ fd: Int32, _ source: any EventSource, _ interest: Readiness, edge: Bool) throws(SystemError) {
        generation &+= 1
        while sources.count <= Int(fd) { sources.append(nil) }
        try poller.add(fd, token: token(fd, generation), interest, edge: edge)
        sources[Int(fd)] = (source, generation)
    }

    func change(_ fd: Int32, _ interest: Readiness) {
        guard let entry = sources[Int(fd)] else { return }
        poller.change(fd, token: token(fd, entry.generation), interest)
    }

    /// Forgets a descriptor; call it before closing.
    func remove(_ fd: Int32) {
        guard Int(fd) < sources.count, sources[Int(fd)] != nil else { return }
        sources[Int(fd)] = nil
        poller.remove(fd)
    }

    private func token(_ fd: Int32, _ generation: UInt32) -> UInt64 {
        UInt64(generation) << 32 | UInt64(UInt32(bitPattern: fd))
    }

    func watch(_ object: any Expiring) {
        if watched.isEmpty { nextTick = Monotonic.now().advanced(byMilliseconds: tickMS) }
        object.watchIndex = watched.count
        watched.append(object)
    }

    func unwatch(_ object: any Expiring) {
        let index = object.watchIndex
        guard index >= 0 else { return }
        object.watchIndex = -1
        let last = watched.removeLast()
        if index < watched.count {
            watched[index] = last
            last.watchIndex = index
        }
    }

    private func tick() {
        guard !watched.isEmpty else { return }
        let now = Monotonic.now()
        guard nextTick < now else { return }
        nextTick = now.advanced(byMilliseconds: tickMS)
        for object in watched { object.tick(now) }
    }

    /// Calls `body` on the loop whenever the process gets this signal.
    public func onSignal(_ signal: Int32, _ body: @escaping @Sendable () -> Void) throws {
        try Signals.install(on: self)
        Signals.handle(signal, body)
    }
}

/// Wakes the loop from another thread.
private final class WakeUp: EventSource {
    let readEnd: Int32
    private let writeEnd: Int32
    var isSignalled = false

    init() throws(SystemError) {
        (readEnd, writeEnd) = try Pipe.make()
    }

    func signal() {
        var byte: UInt8 = 1
        _ = write(writeEnd, &byte, 1)
    }

    func ready(_ readiness: Readiness) {
        Pipe.drain(readEnd)
        isSignalled = true
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }
}
