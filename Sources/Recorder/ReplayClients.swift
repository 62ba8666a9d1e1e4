/// What each client's session has been given of a recorded one. Several may replay it at once.
internal import Intercept

struct ReplayClients: Sendable {
    private struct Client {
        /// A bit for each entry.
        var used: [UInt64]
        var forms = RequestForms()
        var agents: [String: Int] = [:]
        /// The recorded session that has answered so far.
        var bound: String??
        var lastSeen = 0
    }

    /// The last body of a session, from which the hash of the next goes on.
    private struct Hashed {
        let session: String
        let bytes: [UInt8]
        let trail: HashTrail
    }

    /// More are not remembered; the one that was silent for longest is forgotten.
    private static let most = 256

    /// Of so many sessions the last body is kept, unless it is longer than that.
    private static let mostBodies = 8
    private static let longestBody = 2 << 20

    private var clients: [String: Client] = [:]
    private var hashed: [Hashed] = []
    private var current = ""
    private var clock = 0

    /// What follows is about this session.
    mutating func enter(_ session: String, entries: Int) {
        current = session
        clock += 1
        if clients[session] == nil {
            if clients.count >= Self.most, let oldest = clients.min(by: { $0.value.lastSeen < $1.value.lastSeen }) {
                clients[oldest.key] = nil
            }
            clients[session] = Client(used: [])
        }
        clients[session]?.lastSeen = clock
        let words = (entries + 63) / 64
        let had = clients[session]?.used.count ?? 0
        if had < words { clients[session]?.used += [UInt64](repeating: 0, count: words - had) }
    }

    /// SHA-256 of a body. A conversation's next body begins as the last one: that much is not hashed again.
    mutating func digest(_ bytes: [UInt8]) -> String {
        let place = hashed.firstIndex { $0.session == current }
        let last = place.map { hashed.remove(at: $0) }
        let common = last.map { Outline.commonPrefix(bytes, $0.bytes) } ?? 0
        let trail = HashTrail(bytes, edits: [], base: last?.trail, common: common)
        if bytes.count <= Self.longestBody {
            if hashed.count == Self.mostBodies { hashed.removeFirst() }
            hashed.append(Hashed(session: current, bytes: bytes, trail: trail))
        }
        return trail.hex
    }

    mutating func form(_ body: JSON) -> RequestForm { clients[current]?.forms.form(body) ?? RequestForm() }

    var mask: TextMask { clients[current]?.forms.mask ?? TextMask() }

    func hasUsed(_ place: Int) -> Bool {
        guard let used = clients[current]?.used, place / 64 < used.count else { return false }
        return used[place / 64] >> UInt64(place % 64) & 1 == 1
    }

    /// 0 for the main agent, then in the order in which agents appear.
    mutating func position(_ exchange: Exchange) -> Int {
        guard let agent = exchange.agent else { return 0 }
        let known = clients[current]?.agents ?? [:]
        let place = known[agent] ?? known.count + 1
        clients[current]?.agents[agent] = place
        return place
    }

    /// The first that has not answered yet, of the recorded session that has answered so far if there is one.
    func unused(_ places: [Int], _ entries: [ReplayIndex.Entry]) -> Int? {
        let free = places.filter { !hasUsed($0) }
        let able = free.filter { entries[$0].isAnswerable }
        let bound = clients[current]?.bound
        return able.first { bound == .some(entries[$0].session) } ?? able.first ?? free.first
    }

    mutating func take(_ place: Int, _ rung: ReplayRung, _ entries: [ReplayIndex.Entry]) -> ReplayIndex.Finding {
        let isReused = hasUsed(place)
        clients[current]?.used[place / 64] |= 1 << UInt64(place % 64)
        if rung == .exact || rung == .normalised, clients[current]?.bound == nil {
            clients[current]?.bound = .some(entries[place].session)
        }
        return ReplayIndex.Finding(entry: place, rung: rung, isReused: isReused, mask: mask)
    }

    /// The last that can answer, without an error if possible.
    func reuse(
        _ places: [Int], _ rung: ReplayRung, _ entries: [ReplayIndex.Entry]
    ) -> ReplayIndex.Finding? {
        let able = places.filter { entries[$0].isAnswerable }
        guard let place = able.last(where: { !entries[$0].isRefusal }) ?? able.last else { return nil }
        return ReplayIndex.Finding(entry: place, rung: rung, isReused: true, mask: mask)
    }
}
