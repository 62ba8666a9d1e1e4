/// Hands moments from the threads where things happen to the one thread that writes. Bounded in bytes: above the limit
/// stretches of streams go first, then bodies; tool calls, answers, errors and ends always stay.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import Intercept

/// Every access to the state goes through the mutex.
final class MomentQueue: @unchecked Sendable {
    enum Entry {
        case moment(Moment)
        /// A moment whose body of this many bytes was left out.
        case bare(Moment, bodyBytes: Int)
        /// A stretch of this exchange's stream was left out.
        case dropped(Exchange)

        /// Nothing more will come of its exchange.
        var endsExchange: Bool {
            if case .moment(let moment) = self, case .end = moment.event { true } else { false }
        }
    }

    private let limit: Int
    private let lock = Lock()
    private var entries: [Entry] = []
    private var bytes = 0
    private var eventBytes = 0
    private var bodyBytes = 0
    private var droppedEvents = 0
    private var droppedBodies = 0
    /// The writer sleeps until it is woken.
    private var isIdle = false
    /// The writer sleeps, but not for long.
    private var isPausing = false
    private var isClosed = false
    private var flushesAsked = 0
    private var flushesDone = 0

    init(limit: Int) { self.limit = limit }

    /// Takes a moment. Never waits for the writer.
    func push(_ moment: Moment) {
        let weight = moment.weight
        lock.acquire()
        defer { lock.release() }
        guard !isClosed else { return }
        if bytes + weight.total > limit, bytes > 0 { return pushTight(moment, weight) }
        add(.moment(moment), weight)
        wakeIfNeeded()
    }

    private func add(_ entry: Entry, _ weight: Moment.Weight) {
        entries.append(entry)
        bytes += weight.total
        eventBytes += weight.events
        bodyBytes += weight.body
    }

    private func wakeIfNeeded() {
        if isIdle || isPausing && bytes > limit / 2 {
            isIdle = false
            isPausing = false
            lock.signalWriter()
        }
    }

    private func pushTight(_ moment: Moment, _ weight: Moment.Weight) {
        defer { wakeIfNeeded() }
        if weight.events > 0 {
            droppedEvents += 1
            return entries.append(.dropped(moment.exchange))
        }
        if eventBytes > 0 { dropWaitingEvents() }
        if bytes + weight.total > limit, bodyBytes > 0 { dropWaitingBodies() }
        if bytes + weight.total > limit, weight.body > 0, let bare = moment.bare {
            droppedBodies += 1
            return add(bare, Moment.Weight(total: weight.total - weight.body))
        }
        add(.moment(moment), weight)
    }

    private func dropWaitingEvents() {
        for (index, entry) in entries.enumerated() {
            guard case .moment(let moment) = entry, moment.weight.events > 0 else { continue }
            bytes -= moment.weight.total
            entries[index] = .dropped(moment.exchange)
            droppedEvents += 1
        }
        eventBytes = 0
    }

    private func dropWaitingBodies() {
        for (index, entry) in entries.enumerated() {
            guard case .moment(let moment) = entry, moment.weight.body > 0, let bare = moment.bare else { continue }
            bytes -= moment.weight.body
            entries[index] = bare
            droppedBodies += 1
        }
        bodyBytes = 0
    }

    /// What the writer gets beside the moments.
    struct Batch {
        var droppedEvents: Int
        var droppedBodies: Int
        /// To be handed to `done` when everything is written.
        var flush: Int
        var isLast: Bool
    }

    /// Waits for something to do and hands over `waiting` in exchange for it: an empty array, whose room is used again. With
    /// `pause` it first waits a few milliseconds, so that what one exchange brings in quick succession wakes the writer
    /// once.
    func next(_ waiting: inout [Entry], pause milliseconds: Int, block: Bool) -> Batch {
        lock.acquire()
        defer { lock.release() }
        if milliseconds > 0, !isClosed, flushesAsked == flushesDone, bytes <= limit / 2 {
            isPausing = true
            lock.waitAsWriter(milliseconds: milliseconds)
            isPausing = false
        }
        while block, entries.isEmpty, !isClosed, flushesAsked == flushesDone {
            isIdle = true
            lock.waitAsWriter()
        }
        isIdle = false
        let batch = Batch(
            droppedEvents: droppedEvents, droppedBodies: droppedBodies, flush: flushesAsked, isLast: isClosed)
        swap(&entries, &waiting)
        (bytes, eventBytes, bodyBytes) = (0, 0, 0)
        return batch
    }

    /// The writer has dealt with everything up to this flush.
    func done(flush: Int) {
        lock.acquire()
        defer { lock.release() }
        guard flush > flushesDone else { return }
        flushesDone = flush
        lock.signalWaiters()
    }

    /// Returns when everything pushed before is written.
    func flush() {
        lock.acquire()
        defer { lock.release() }
        flushesAsked += 1
        let ticket = flushesAsked
        lock.signalWriter()
        while flushesDone < ticket { lock.waitAsCaller() }
    }

    /// No more moments are taken; the writer ends when it has written the rest.
    func close() {
        lock.acquire()
        defer { lock.release() }
        isClosed = true
        lock.signalWriter()
    }

    /// The writer has ended; nobody may wait for it.
    func finished() {
        lock.acquire()
        defer { lock.release() }
        flushesDone = .max
        lock.signalWaiters()
    }

    /// There is time to let others go first.
    var isShort: Bool { waitingBytes < limit / 16 }

    var waitingBytes: Int {
        lock.acquire()
        defer { lock.release() }
        return bytes
    }
}

extension Moment {
    /// What a moment takes in the queue, in bytes, and how much of that may be given up.
    struct Weight {
        var total: Int
        var events = 0
        var body = 0
    }

    var weight: Weight {
        let fixed = 512
        switch event {
        case .request(let request):
            return Weight(total: fixed + request.bytes.count, body: request.bytes.count)
        case .upstream(let upstream):
            let count = upstream.body?.count ?? 0
            return Weight(total: fixed + count, body: count)
        case .events(let events):
            return Weight(total: fixed + events.bytes.count, events: fixed + events.bytes.count)
        case .response(let response):
            return Weight(total: fixed + (response.message?.count ?? 0) + (response.body?.count ?? 0))
        case .toolCall(let made): return Weight(total: fixed + made.call.input.count)
        default: return Weight(total: fixed)
        }
    }

    /// The same moment without its body, or nil when it has none to give up.
    var bare: MomentQueue.Entry? {
        switch event {
        case .request(var request):
            let count = request.bytes.count
            request.bytes = []
            request.body = nil
            return .bare(Moment(exchange: exchange, time: time, event: .request(request)), bodyBytes: count)
        case .upstream(var upstream):
            let count = upstream.body?.count ?? 0
            upstream.body = []
            return .bare(Moment(exchange: exchange, time: time, event: .upstream(upstream)), bodyBytes: count)
        default: return nil
        }
    }
}
