/// What is remembered of a request, to compare the next one of its conversation with.
internal import Intercept

struct CacheRequest: Sendable {
    let id: String
    let number: Int
    let model: String
    let outline: PromptOutline
    let started: Timestamp?
    /// When the answer began: from then on others can read what it wrote.
    let answered: Timestamp?
    /// Tokens: the whole prompt, and what of it was in the cache afterwards where the service keeps what is marked.
    let prompt: Int
    let marked: Int
    private(set) var thread = 1
    /// When its prefix was last used.
    private(set) var used: Timestamp?

    init(_ turn: CacheTurn, _ outline: PromptOutline, _ exchange: RecordedExchange) {
        id = turn.id
        number = turn.number
        model = turn.upstreamModel
        self.outline = outline
        started = Timestamp(rfc3339: turn.time)
        let first = exchange.last("head")?["ttfb_ms"]?.milliseconds
        answered = started.flatMap { start in
            first.map { Timestamp(nanoseconds: start.nanoseconds + Int64($0 * 1_000_000)) }
        }
        prompt = turn.prompt
        marked = turn.read + turn.written
        used = started
    }

    func `in`(_ thread: Int) -> CacheRequest {
        var copy = self
        copy.thread = thread
        return copy
    }

    /// How many pieces at the beginning are what the cache holds.
    var kept: Int { outline.isExplicit ? outline.marks.map(\.count).max() ?? 0 : outline.pieces.count }

    /// How many tokens of it the cache holds.
    var left: Int {
        if outline.isExplicit { return marked }
        return prompt < CacheMinimum.tokens(model) ?? 0 ? 0 : prompt
    }

    mutating func touch(by other: CacheRequest) {
        guard model == other.model, let now = other.started, now > used ?? now || used == nil,
            outline.common(with: other.outline) >= kept
        else { return }
        used = now
    }

    /// The one among `threads` (the latest last) that this request goes on with: the one whose history it repeats most of. A
    /// history that was rewritten from its first message on goes on with the latest that has the same tools or system
    /// prompt, if it is longer than a beginning.
    func thread(in threads: [CacheRequest], _ isAfterCompaction: Bool) -> Int? {
        var best: (place: Int, common: Int)?
        for (place, old) in threads.enumerated() {
            let common = outline.commonMessages(with: old.outline)
            guard common > 0, common >= min(old.outline.firstMessage, outline.firstMessage) else { continue }
            if common >= best?.common ?? 0 { best = (place, common) }
        }
        if let best { return best.place }
        let isSummary = isAfterCompaction || outline.pieces(.messages).first?.kind == .compaction
        guard isSummary || outline.messages > 2 else { return nil }
        return threads.lastIndex { old in
            [PromptOutline.Section.tools, .system].contains { section in
                let here = outline.pieces(section)
                return !here.isEmpty && here.map(\.hash) == old.outline.pieces(section).map(\.hash)
            }
        }
    }
}
