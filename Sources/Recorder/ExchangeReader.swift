/// Reads trace files exchange by exchange: records that belong together are handed on together, once the exchange is over.
internal import Intercept

public struct ExchangeReader {
    /// What of an exchange is wanted beside its request; bodies cost memory and time.
    public struct Wants: Sendable {
        /// Record types, all if nil. `request` and `end` are always read.
        public var types: [String]?
        /// The client's body, put together.
        public var body = false
        /// The bodies of the attempts.
        public var upstreamBodies = false

        public init(types: [String]? = nil, body: Bool = false, upstreamBodies: Bool = false) {
            self.types = types
            self.body = body
            self.upstreamBodies = upstreamBodies
        }
    }

    private let session: String?
    private let wants: Wants
    private var open = OpenExchanges<RecordedExchange>()
    private var numbers = RequestNumbers()

    /// Only exchanges of `session`, or all.
    public init(session: String?, _ wants: Wants) {
        self.session = session
        self.wants = wants
    }

    /// Reads one file. `take` gets each exchange at its end; one that goes on in the next file is handed on there, and what
    /// has no end at all by `finish`, or when another request has its id. Gives the reader, which says what could not be read. Throws when the file cannot be
    /// opened.
    ///
    /// - Parameter meta: gets the `meta` records: what is said there holds for what follows.
    @discardableResult
    public mutating func read(
        _ file: String, meta: (TraceRecord) -> Void = { _ in }, take: (RecordedExchange) -> Void
    ) throws(TraceError) -> TraceReader {
        let wantsBodies = wants.body || wants.upstreamBodies
        var bodies = wantsBodies ? try TraceBodies(path: file) : nil
        let (session, wanted) = (session, wants)
        let types = wants.types.map { $0 + ["meta", "request", "end"] + (wanted.upstreamBodies ? ["upstream"] : []) }
        // A body of another session may be the base of none of this one's.
        let reader = try TraceReader(path: file, only: types) { head in
            guard session == nil || head.session == session else { return false }
            return head.type == "request" ? wanted.body : wanted.upstreamBodies
        }
        while let record = reader.next() {
            if record.type == "meta" {
                meta(record)
            } else if session == nil || record.session == session {
                add(record, file, &bodies, take)
            }
        }
        return reader
    }

    /// Hands on the exchanges that have no end, in the order of their requests. Call it behind the last file.
    public mutating func finish(take: (RecordedExchange) -> Void) {
        for exchange in open.removeAll() { take(exchange) }
    }

    private mutating func add(
        _ record: TraceRecord, _ file: String, _ bodies: inout TraceBodies?, _ take: (RecordedExchange) -> Void
    ) {
        guard let id = record.id else { return }
        if record.type == "request" { return begin(record, id, file, &bodies, take) }
        if record.type == "upstream", wants.upstreamBodies { takeBody(of: record, id, &bodies) }
        open.change(id) { $0.records.append(record) }
        if record.type == "end", let ended = open.remove(id) { take(ended.exchange) }
    }

    private mutating func begin(
        _ record: TraceRecord, _ id: String, _ file: String, _ bodies: inout TraceBodies?,
        _ take: (RecordedExchange) -> Void
    ) {
        var exchange = RecordedExchange(number: numbers.next(record), file: file, request: record)
        if wants.body {
            do { exchange.body = try bodies?.body(of: record) } catch { exchange.problems.append("\(error)") }
        }
        if let unfinished = open.begin(id, exchange) { take(unfinished) }
    }

    private mutating func takeBody(of record: TraceRecord, _ id: String, _ bodies: inout TraceBodies?) {
        do {
            guard let body = try bodies?.body(of: record) else { return }
            open.change(id) { $0.upstreamBodies[record["try"]?.int ?? 1] = body }
        } catch {
            open.change(id) { $0.problems.append("\(error)") }
        }
    }
}
