/// The exchanges of a recorded session as answers to requests, and the ladder by which a request finds its own.
public import Intercept

/// What a request and the recorded one have in common, the most first.
public enum ReplayRung: String, Sendable, CaseIterable {
    /// The same bytes.
    case exact
    /// The same apart from what a client varies by itself.
    case normalised
    /// The same place in the session: kind, agent, number of answers so far, tools.
    case place
    /// The same last user's text and tool results.
    case lastTurn = "last_turn"
    /// Nothing but being the closest.
    case nearest
}

public struct ReplayIndex: Sendable {
    /// One recorded exchange.
    public struct Entry: Sendable {
        public let id: String
        public let file: String
        public let session: String?
        /// Among its session's Messages requests, from 1.
        public let number: Int?
        public let answer: Result<RecordedAnswer, NoAnswer>
        let path: String
        let kind: String
        /// Where its client worked.
        let mask: TextMask
        let form: FormDigest?

        public var isAnswerable: Bool { (try? answer.get()) != nil }
        var isRefusal: Bool { (try? answer.get()).map { $0.status >= 400 } ?? true }
    }

    /// What of a form is kept for each entry.
    struct FormDigest: Sendable {
        let messages: Int
        let isStream: Bool
        let toolNames: UInt64
        let others: UInt64
        let leftOut: LeftOutTrails.End
    }

    public private(set) var entries: [Entry] = []
    /// Files of the trace in which bodies were redacted say how; a request is treated alike before it is compared.
    private(set) var redactor: Redactor?
    private var exact: [UInt64: [Int]] = [:]
    private var keyed: [UInt64: [Int]] = [:]
    /// The first entry that has these messages at its beginning.
    private var beginnings: [UInt64: Int] = [:]
    private var endings: [UInt64: [Int]] = [:]
    private var trails = LeftOutTrails()
    private var forms: [String: RequestForms] = [:]
    private var agents: [String: [String: Int]] = [:]
    private var clients = ReplayClients()

    public init() {}

    // MARK: Building

    /// Takes the next exchange of the trace.
    ///
    /// - Parameters:
    ///   - redact: the level at which it was recorded.
    ///   - key: the installation's own, under which secrets become digits.
    public mutating func add(_ exchange: RecordedExchange, _ redact: RedactionLevel, key: [UInt8]) {
        let place = entries.count
        let request = exchange.request
        let path = request["path"]?.string ?? ""
        let answer = Result { () throws(NoAnswer) in try exchange.answer(redact) }
        let session = exchange.session ?? ""
        var form: RequestForm?
        if let body = exchange.body.flatMap({ try? JSON.parse($0) }), body.isObject {
            form = forms[session, default: RequestForms()].form(body)
        }
        entries.append(
            Entry(
                id: exchange.id, file: exchange.file, session: exchange.session, number: exchange.number,
                answer: answer, path: path, kind: exchange.kind, mask: forms[session]?.mask ?? TextMask(),
                form: form.map { FormDigest($0, trails.add($0.leftOut)) }))
        if let digest = request["body_sha256"]?.string {
            exact[Self.key(path, digest: digest), default: []].append(place)
        } else if request["body_bytes"]?.int ?? 0 == 0 {
            exact[Self.key(path, query: request["query"]?.string, method: request["method"]?.string ?? ""), default: []]
                .append(place)
        }
        if redact == .strict || request["redacted"]?.int ?? 0 > 0, redact > redactor?.level ?? .off {
            redactor = Redactor(redact, key: key)
        }
        if let form { insert(form, place, path: path, kind: exchange.kind, agent: position(exchange)) }
    }

    private mutating func insert(_ form: RequestForm, _ place: Int, path: String, kind: String, agent: Int) {
        let keys = Keys(form, path: path, kind: kind, agent: agent)
        for key in [keys.normalised, keys.place, keys.lastTurn] { keyed[key, default: []].append(place) }
        for prefix in form.prefixes where beginnings[prefix] == nil { beginnings[prefix] = place }
        endings[form.prefixes.last ?? 0, default: []].append(place)
    }

    /// Takes what the backend has just answered to a request that nothing fitted.
    public mutating func learn(_ answer: RecordedAnswer, to request: Moment.Request, _ exchange: Exchange) {
        clients.enter(exchange.session ?? "", entries: entries.count + 1)
        let place = entries.count
        let seen = redacted(request)
        let form = seen.body.flatMap { $0.isObject ? clients.form($0) : nil }
        entries.append(
            Entry(
                id: exchange.id, file: "", session: exchange.session, number: nil, answer: .success(answer),
                path: request.path, kind: exchange.kind.rawValue, mask: clients.mask,
                form: form.map { FormDigest($0, trails.add($0.leftOut)) }))
        exact[Self.key(request.path, digest: seen.digest), default: []].append(place)
        if let form {
            let agent = clients.position(exchange)
            insert(form, place, path: request.path, kind: exchange.kind.rawValue, agent: agent)
        }
        _ = clients.take(place, .nearest, entries)
    }

    /// Frees what only building needs.
    public mutating func close() {
        forms = [:]
        agents = [:]
    }

    private mutating func position(_ exchange: RecordedExchange) -> Int {
        let agent = exchange.request["agent"]?.string ?? ""
        if agent.isEmpty || agent == "main" { return 0 }
        let known = agents[exchange.session ?? "", default: [:]]
        let place = known[agent] ?? known.count + 1
        agents[exchange.session ?? "", default: [:]][agent] = place
        return place
    }

    private static func key(_ path: String, digest: String) -> UInt64 {
        QuickHash.mix(QuickHash.of(path), QuickHash.of(digest))
    }

    /// A request without a body is its address.
    private static func key(_ path: String, query: String?, method: String) -> UInt64 {
        QuickHash.of("\(method) \(path)?\(query ?? "")")
    }

    /// The keys of one request on the rungs behind the first.
    private struct Keys {
        let normalised: UInt64
        let place: UInt64
        let lastTurn: UInt64

        init(_ form: RequestForm, path: String, kind: String, agent: Int) {
            var base = QuickHash(seed: QuickHash.of(path))
            base.add(form.isStream ? 1 : 0)
            normalised = QuickHash.mix(base.value, form.whole)
            base.add(QuickHash.of(kind))
            lastTurn = QuickHash.mix(QuickHash.mix(base.value, form.lastTurn), 4)
            base.add(UInt64(agent))
            base.add(UInt64(form.turns))
            base.add(form.toolNames)
            place = QuickHash.mix(base.value, 3)
        }
    }

    // MARK: Asking

    /// What a request finds.
    public struct Finding: Sendable {
        /// The entry, if there is one that fits or is close.
        public let entry: Int?
        /// Nil: nothing fits; `entry` is the closest.
        public let rung: ReplayRung?
        public let isReused: Bool
        /// Where the client works now, and where it worked then.
        let mask: TextMask
    }

    /// Finds the recorded exchange that answers a request. Each answers a client's session once, in order, and again only
    /// where nothing else fits.
    public mutating func find(_ request: Moment.Request, _ exchange: Exchange) -> Finding {
        clients.enter(exchange.session ?? "", entries: entries.count)
        let seen = redacted(request)
        let byBytes = exact[Self.key(request.path, digest: seen.digest)] ?? []
        if let place = clients.unused(byBytes, entries) { return clients.take(place, .exact, entries) }
        guard let body = seen.body, body.isObject else { return clients.reuse(byBytes, .exact, entries) ?? .none }
        let form = clients.form(body)
        let agent = clients.position(exchange)
        let keys = Keys(form, path: request.path, kind: exchange.kind.rawValue, agent: agent)
        for alike in ranked(keyed[keys.normalised] ?? [], form) {
            if let place = clients.unused(alike, entries) { return clients.take(place, .normalised, entries) }
            if let found = clients.reuse(byBytes, .exact, entries) ?? clients.reuse(alike, .normalised, entries) {
                return found
            }
        }
        if let found = clients.reuse(byBytes, .exact, entries) { return found }
        for (key, rung) in [(keys.place, ReplayRung.place), (keys.lastTurn, .lastTurn)] {
            if let place = clients.unused(keyed[key] ?? [], entries) { return clients.take(place, rung, entries) }
        }
        let closest = closest(form, request.path, exchange.kind.rawValue)
        return Finding(entry: closest, rung: nil, isReused: false, mask: clients.mask)
    }

    /// The entry of a request without a Messages body: the same method, path and query.
    public mutating func find(other request: Moment.Request) -> Finding {
        clients.enter("", entries: entries.count)
        let key =
            request.bytes.isEmpty
            ? Self.key(request.path, query: request.query, method: request.method)
            : Self.key(request.path, digest: clients.digest(request.bytes))
        let found = exact[key] ?? []
        if let place = clients.unused(found, entries) { return clients.take(place, .exact, entries) }
        return clients.reuse(found, .exact, entries) ?? .none
    }

    /// Notes that the client was given the closest entry.
    public mutating func take(nearest place: Int, for exchange: Exchange) -> Finding {
        clients.enter(exchange.session ?? "", entries: entries.count)
        return clients.take(place, .nearest, entries)
    }

    /// Entries of the same form as a request, those first that differ from it in the fewest messages by what forms leave
    /// out: two recorded requests may ask for one year and for the next.
    private func ranked(_ places: [Int], _ form: RequestForm) -> [[Int]] {
        if places.count < 2 { return [places] }
        let groups = Dictionary(grouping: places) { place in
            entries[place].form.map { trails.differences($0.leftOut, form.leftOut) } ?? .max
        }
        return groups.sorted { $0.key < $1.key }.map(\.value)
    }

    /// The request as the recorder would have written it.
    private mutating func redacted(_ request: Moment.Request) -> (digest: String, body: JSON?) {
        guard let redactor else { return (clients.digest(request.bytes), request.body) }
        let coded = CodedBody(request.bytes, json: request.body, redactor: redactor, memory: nil, thread: "")
        guard let edits = coded.edits, !edits.isEmpty else { return (coded.hashes.hex, request.body) }
        let bytes = request.bytes.edited(0..<request.bytes.count, edits)
        return (coded.hashes.hex, try? JSON.parse(bytes))
    }

    /// The entry that has most of the messages in common, of the same path, kind and form of answer if there is one.
    private func closest(_ form: RequestForm, _ path: String, _ kind: String) -> Int? {
        func fits(_ place: Int) -> Bool {
            entries[place].path == path && entries[place].isAnswerable && entries[place].form?.isStream == form.isStream
        }
        for prefix in form.prefixes.reversed() {
            guard let first = beginnings[prefix] else { continue }
            let ending = (endings[prefix] ?? []).filter(fits)
            if let place = ending.first(where: { !clients.hasUsed($0) }) ?? ending.last { return place }
            if fits(first) { return first }
        }
        let same = entries.indices.filter { fits($0) && entries[$0].kind == kind }
        let free = same.first { !clients.hasUsed($0) } ?? same.last
        return free ?? entries.indices.first(where: fits)
    }

    /// Where the client's paths are others than those of the recorded client: what to put in their place.
    public func paths(_ finding: Finding) -> PathChange? {
        guard let entry = finding.entry else { return nil }
        return PathChange(from: entries[entry].mask, to: finding.mask)
    }

    /// Where a request and a recorded body differ first.
    public func difference(_ finding: Finding, recorded: JSON, asked: JSON) -> RequestMismatch? {
        guard let entry = finding.entry else { return nil }
        return RequestMismatch.first(recorded, entries[entry].mask, asked, finding.mask)
    }
}

extension ReplayIndex.FormDigest {
    init(_ form: RequestForm, _ leftOut: LeftOutTrails.End) {
        self.leftOut = leftOut
        messages = form.prefixes.count
        isStream = form.isStream
        toolNames = form.toolNames
        others = form.others.reduce(0) { $0 &+ QuickHash.mix($1.key, $1.value) }
    }
}

extension ReplayIndex.Finding {
    /// Nothing at all.
    static var none: Self { Self(entry: nil, rung: nil, isReused: false, mask: TextMask()) }
}
