/// Decides whether a request read what it could from the cache, and if not, why.
internal import Intercept

struct CacheJudgement {
    private let new: CacheRequest
    private let old: CacheRequest?
    private let isAfterCompaction: Bool

    /// How far a mark looks back for what is kept, in blocks.
    static let lookBack = 20
    /// How long services that keep every prefix are said to keep it unused: 5 to 10 minutes.
    static let habit = 600_000.0

    init(_ new: CacheRequest, _ old: CacheRequest?, isAfterCompaction: Bool) {
        self.new = new
        self.old = old
        self.isAfterCompaction = isAfterCompaction
    }

    func judge(_ turn: inout CacheTurn) {
        guard let old else {
            if turn.read == 0 { turn.miss = .firstRequest }
            return
        }
        turn.base = .init(id: old.id, number: old.number)
        turn.expected = min(old.left, turn.prompt)
        if isMiss(turn) { turn.miss = reason(old, turn) }
    }

    /// Less than 90% of what was there. Services without marks count in steps of up to 128 tokens.
    private func isMiss(_ turn: CacheTurn) -> Bool {
        let slack = turn.isExplicit ? 0 : 128
        return turn.read == 0 || turn.read + slack < turn.expected - turn.expected / 10
    }

    private func reason(_ old: CacheRequest, _ turn: CacheTurn) -> CacheMiss {
        if new.outline.isExplicit, new.outline.marks.isEmpty { return .unmarked }
        if turn.expected == 0 { return tooSmall(turn) ?? .nothingKept }
        if new.model != old.model { return .modelChanged(from: old.model, to: new.model) }
        return difference(old) ?? expired(old) ?? tooSmall(turn) ?? marker(old) ?? parallel(old)
            ?? (turn.read == 0
                ? .routing(keyChanged: new.outline.cacheKey != old.outline.cacheKey) : .unknown)
    }

    /// What is not the same in the part that was kept.
    private func difference(_ old: CacheRequest) -> CacheMiss? {
        let changes = PromptChanges(old: old.outline, new: new.outline)
        let place = new.outline.common(with: old.outline)
        let pieces = (old.outline.pieces, new.outline.pieces)
        let isKept = place < old.kept
        let section =
            isKept ? min(pieces.0[place].section, place < pieces.1.count ? pieces.1[place].section : .messages) : nil
        if section == .tools { return .toolsChanged(changes.list(.tools)) }
        if section == .system { return .systemChanged(changes.list(.system)) }
        let settings = changes.settings
        if !settings.isEmpty { return .settingsChanged(settings) }
        return isKept ? .historyEdited(changes.edit(at: place, isAfterCompaction: isAfterCompaction)) : nil
    }

    private func expired(_ old: CacheRequest) -> CacheMiss? {
        guard let now = new.started, let used = old.used else { return nil }
        let promised = old.outline.isExplicit ? old.outline.marks.max { $0.count < $1.count }?.life : nil
        let (idle, life) = (now.milliseconds(since: used), promised ?? Self.habit)
        return idle > life ? .expired(idle: idle, life: life, isPromised: promised != nil) : nil
    }

    private func tooSmall(_ turn: CacheTurn) -> CacheMiss? {
        guard let minimum = CacheMinimum.tokens(new.model) else { return nil }
        var tokens = turn.prompt
        if new.outline.isExplicit {
            let kept = new.outline.pieces.prefix(new.kept).reduce(0) { $0 + $1.bytes }
            tokens = tokens * kept / max(1, new.outline.bytes)
        } else if let old {
            // What the request before could leave is what counts.
            tokens = min(tokens, old.prompt)
        }
        return tokens < minimum ? .tooSmall(tokens: tokens, minimum: minimum) : nil
    }

    private func marker(_ old: CacheRequest) -> CacheMiss? {
        guard new.outline.isExplicit else { return nil }
        let distances = new.outline.marks.map { $0.count - old.kept }
        guard !distances.contains(where: { 0...Self.lookBack ~= $0 }),
            let nearest = distances.filter({ $0 >= 0 }).min() ?? distances.max()
        else { return nil }
        return .markerMoved(blocks: nearest)
    }

    private func parallel(_ old: CacheRequest) -> CacheMiss? {
        guard let now = new.started, let answered = old.answered, now < answered else { return nil }
        return .parallel
    }
}
