/// Writes the trace: an observer that hands every moment to one thread, which turns it into a line of a file. Handing
/// over takes a lock and an append; the exchange never waits for the disk.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import CSystem
public import Intercept

/// All state is behind the queue's lock or belongs to the writer's thread.
public final class Recorder: Observer, @unchecked Sendable {
    private let queue: MomentQueue
    private let board: NoticeBoard
    private let thread: WriterThread

    /// Opens the trace. `report` is told, once each, what a person should know: that records are being lost, that they
    /// are no longer. Throws when the directory or the file cannot be made.
    public convenience init(
        configuration: RecorderConfiguration, report: @escaping @Sendable (String) -> Void
    ) throws(TraceError) {
        try self.init(configuration: configuration, system: SinkCalls(), report: report)
    }

    init(
        configuration: RecorderConfiguration, system: SinkCalls, patterns: [SecretPattern] = SecretPattern.all,
        report: @escaping @Sendable (String) -> Void
    ) throws(TraceError) {
        let sink = JSONLSink(
            directory: configuration.directory, naming: configuration.file, limit: configuration.fileLimit,
            system: system, report: report)
        let writer = RecordWriter(configuration, sink: sink, patterns: patterns)
        try writer.begin(at: .now())
        queue = MomentQueue(limit: configuration.queueLimit)
        board = NoticeBoard(path: writer.path ?? "")
        thread = WriterThread(writer, queue, board)
        guard thread.start() else { throw TraceError("cannot start the recorder's thread; raise the limit of threads") }
    }

    deinit { close() }

    /// Takes a moment and returns at once.
    public func observe(_ moment: Moment) { queue.push(moment) }

    /// Returns when everything observed before is in the file. What waits for the end of a running answer still waits.
    public func flush() { queue.flush() }

    /// Writes the rest, closes the file and ends the thread. Nothing is recorded afterwards.
    public func close() {
        queue.close()
        thread.join()
    }

    /// The file that is being written.
    public var path: String { board.path }

    public var statistics: RecorderStatistics {
        var now = board.statistics
        now.queueBytes = queue.waitingBytes
        return now
    }
}

/// Where the writer's thread puts what others may read.
final class NoticeBoard: @unchecked Sendable {
    private let lock = Lock()
    private var current: (path: String, statistics: RecorderStatistics)

    init(path: String) { current = (path, RecorderStatistics()) }

    func post(path: String?, _ statistics: RecorderStatistics) {
        lock.acquire()
        defer { lock.release() }
        current = (path ?? current.path, statistics)
    }

    var path: String { read().path }
    var statistics: RecorderStatistics { read().statistics }

    private func read() -> (path: String, statistics: RecorderStatistics) {
        lock.acquire()
        defer { lock.release() }
        return current
    }
}

/// The one thread that forms and writes records.
final class WriterThread: @unchecked Sendable {
    /// How long the writer waits, after it has written, for more to come.
    private static let pauseMS = 10

    private let writer: RecordWriter
    private let queue: MomentQueue
    private let board: NoticeBoard
    private let lock = Lock()
    #if canImport(Glibc)
        private var thread = pthread_t(0)
    #else
        private var thread: pthread_t?
    #endif
    private var isJoinable = false

    init(_ writer: RecordWriter, _ queue: MomentQueue, _ board: NoticeBoard) {
        self.writer = writer
        self.queue = queue
        self.board = board
    }

    /// Signals stay with the threads that handle them.
    func start() -> Bool {
        withUnsafeTemporaryAllocation(of: sigset_t.self, capacity: 2) { sets in
            guard let all = sets.baseAddress else { return false }
            sigfillset(all)
            pthread_sigmask(SIG_SETMASK, all, all + 1)
            defer { pthread_sigmask(SIG_SETMASK, all + 1, nil) }
            return create()
        }
    }

    private func create() -> Bool {
        withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { room in
            guard let attributes = room.baseAddress else { return false }
            pthread_attr_init(attributes)
            defer { pthread_attr_destroy(attributes) }
            pthread_attr_setstacksize(attributes, 4 << 20)
            let context = Unmanaged.passRetained(self)
            isJoinable = pthread_create(&thread, attributes, runWriterThread, context.toOpaque()) == 0
            if !isJoinable { context.release() }
            return isJoinable
        }
    }

    /// Waits for the end; does nothing the second time. The thread does not wait for itself: it may be the one that lets go
    /// of the last exchange, and with it of the recorder.
    func join() {
        lock.acquire()
        let mustJoin = isJoinable
        isJoinable = false
        lock.release()
        #if canImport(Glibc)
            guard mustJoin else { return }
        #else
            guard mustJoin, let thread else { return }
        #endif
        if pthread_equal(thread, pthread_self()) != 0 { pthread_detach(thread) } else { pthread_join(thread, nil) }
    }

    fileprivate func run() {
        stepBack()
        var entries: [MomentQueue.Entry] = []
        var hasWork = false
        var pause = 0
        while true {
            let batch = queue.next(&entries, pause: pause, block: !hasWork)
            if !entries.isEmpty { writer.check() }
            for entry in entries {
                writer.write(entry)
                // On a single core the next answer would otherwise wait for the whole batch; a long queue cannot wait.
                if entry.endsExchange, queue.isShort { sched_yield() }
            }
            writer.flush()
            writer.statistics.droppedEvents = batch.droppedEvents
            writer.statistics.droppedBodies = batch.droppedBodies
            hasWork = writer.compressSome()
            if batch.isLast, entries.isEmpty { break }
            pause = entries.isEmpty ? 0 : Self.pauseMS
            board.post(path: writer.path, writer.currentStatistics())
            queue.done(flush: batch.flush)
            entries.removeAll(keepingCapacity: entries.capacity < 4096)
        }
        writer.close()
        board.post(path: writer.path, writer.currentStatistics())
        queue.finished()
    }
}

/// Lets the calling thread give way: an exchange that is being answered comes before one that is being written down. It
/// keeps its share of a busy processor, or the queue would overflow there.
private func stepBack() {
    #if canImport(Glibc)
        // SCHED_BATCH of <sched.h>: does not push others aside when it wakes.
        var parameters = sched_param()
        sched_setscheduler(0, 3, &parameters)
        threadx_set_name("recorder")
    #else
        pthread_set_qos_class_self_np(QOS_CLASS_UTILITY, 0)
        pthread_setname_np("recorder")
    #endif
}

#if canImport(Glibc)
    private func runWriterThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let context { Unmanaged<WriterThread>.fromOpaque(context).takeRetainedValue().run() }
        return nil
    }
#else
    private func runWriterThread(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<WriterThread>.fromOpaque(context).takeRetainedValue().run()
        return nil
    }
#endif
