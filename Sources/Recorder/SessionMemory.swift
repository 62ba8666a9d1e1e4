/// What the writer remembers between requests: the latest bodies of each session (a new one is stored as the difference
/// from one of them), tool calls that wait for their results, and requests that failed.
internal import Intercept

/// A body that later ones may be compared with.
struct RememberedBody {
    /// The exchange it belongs to, and for an upstream's body the attempt.
    let id: String
    let attempt: Int?
    /// Which conversation of the session it is part of.
    let thread: String
    let outline: Outline
    let edits: [Edit]
    let hashes: HashTrail
    /// How many images the first n messages hold, for each n.
    let images: [Int]

    var size: Int { outline.bytes.count }
}

/// The latest bodies of one session on one side.
struct BodyMemory {
    /// The last four, and the last one of each further conversation of the session (its sub-agents).
    static let latest = 4
    static let most = 12

    private(set) var bodies: [RememberedBody] = []

    /// The body that leaves the least to write, if it leaves less than half.
    func base(for outline: Outline, thread: String) -> (body: RememberedBody, delta: Delta)? {
        var best: (body: RememberedBody, delta: Delta)?
        for (age, body) in bodies.reversed().enumerated() where age < Self.latest || body.thread == thread {
            // Nothing a smaller body holds can bring the rest below what is already reached.
            if let best, outline.bytes.count - body.size > best.delta.size { continue }
            let delta = Delta(outline, against: body.outline)
            if delta.size < best?.delta.size ?? outline.bytes.count / 2 { best = (body, delta) }
            // The conversation's last body with a little more is what a turn is made of: no other can do much better.
            if let best, body.thread == thread, best.delta.size < outline.bytes.count / 8 { break }
        }
        return best
    }

    /// The last body of this conversation, else of any.
    func newest(_ thread: String) -> RememberedBody? { bodies.last { $0.thread == thread } ?? bodies.last }

    mutating func remember(_ body: RememberedBody) {
        bodies.append(body)
        guard bodies.count > Self.latest else { return }
        let old = bodies.dropLast(Self.latest).indices
        let superseded = old.first { index in bodies[(index + 1)...].contains { $0.thread == bodies[index].thread } }
        if let superseded { bodies.remove(at: superseded) } else if bodies.count > Self.most { bodies.removeFirst() }
    }

    mutating func forget() { bodies = [] }

    var size: Int { bodies.reduce(0) { $0 + $1.size } }
}

/// What is known of a tool call.
struct KnownCall {
    var tool: String?
    /// The exchange that asked for it.
    var exchange: String?
    /// When that exchange's answer was complete.
    var answered: Timestamp?
    var hasResult = false
}

/// One session (or all exchanges without one).
final class Session {
    static let mostCalls = 4096
    static let mostFailures = 16

    var requests = BodyMemory()
    var upstreams = BodyMemory()
    var lastUse = 0
    private var calls: [String: KnownCall] = [:]
    private var callOrder: [String] = []
    private var failures: [(hash: String, id: String)] = []

    /// A call or its result; the oldest are forgotten.
    subscript(call id: String) -> KnownCall? {
        get { calls[id] }
        set {
            if calls.updateValue(newValue ?? KnownCall(), forKey: id) == nil { callOrder.append(id) }
            guard callOrder.count > Self.mostCalls else { return }
            for old in callOrder.prefix(Self.mostCalls / 4) { calls[old] = nil }
            callOrder.removeFirst(Self.mostCalls / 4)
        }
    }

    func noteFailure(hash: String, id: String) {
        failures.append((hash, id))
        if failures.count > Self.mostFailures { failures.removeFirst() }
    }

    /// The exchange that failed with the same body, the latest first.
    func failure(hash: String) -> String? { failures.last { $0.hash == hash }?.id }

    var size: Int { requests.size + upstreams.size }
}

/// All sessions; the ones not used for longest are forgotten first.
struct SessionMemory {
    static let mostSessions = 64
    static let mostBytes = 64 << 20

    private let mostBytes: Int
    private var sessions: [String: Session] = [:]
    private var clock = 0

    init(mostBytes: Int = Self.mostBytes) { self.mostBytes = mostBytes }

    mutating func session(_ name: String?) -> Session {
        clock += 1
        let key = name ?? ""
        let session = sessions[key] ?? Session()
        session.lastUse = clock
        sessions[key] = session
        return session
    }

    /// Keeps within the limits. The bodies go first; what is known of tool calls stays as long as the session.
    mutating func trim() {
        while sessions.count > Self.mostSessions, let oldest = sessions.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            sessions[oldest.key] = nil
        }
        var total = sessions.values.reduce(0) { $0 + $1.size }
        guard total > mostBytes else { return }
        for session in sessions.values.sorted(by: { $0.lastUse < $1.lastUse }) where total > mostBytes {
            total -= session.size
            session.requests.forget()
            session.upstreams.forget()
        }
    }

    /// A new file stands alone: no body in it may refer to one outside.
    func forgetBodies() {
        for session in sessions.values {
            session.requests.forget()
            session.upstreams.forget()
        }
    }
}
