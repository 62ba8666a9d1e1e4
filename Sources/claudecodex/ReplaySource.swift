internal import Intercept
internal import Recorder
internal import Synchronization

/// Answers from a recorded session, and keeps count of how.
final class ReplaySource: AnswerSource, Observer {
    private struct State {
        var index: ReplayIndex
        /// For each client's session: requests of the main agent so far, and the last exchange that answered one.
        var mains: [String: (count: Int, last: String?)] = [:]
        var counts: [String: Int] = [:]
        /// Requests that the backend is asked now, to be answered from here afterwards.
        var asked: [String: (request: Moment.Request, answer: LiveAnswer)] = [:]
        /// How often the trace was read again to say what differs.
        var lookups = 0
    }

    /// The trace is read again on the loop's thread, beside all other streams: not more often than this, and only where it
    /// is not larger than this (an eighth of it when it is compressed).
    static let mostLookups = 100
    static let largestFile = 64 << 20

    private let state: Mutex<State>
    private let policy: ReplayPolicy

    init(_ index: ReplayIndex, _ policy: ReplayPolicy) {
        state = Mutex(State(index: index))
        self.policy = policy
    }

    func answer(to request: Moment.Request, _ exchange: Exchange) -> KnownAnswer {
        state.withLock { state in
            if let fork = fork(exchange, &state) { return .ask(fork) }
            let finding = state.index.find(request, exchange)
            var known = finding.rung == nil ? miss(request, exchange, finding, &state) : answer(finding, state.index)
            if finding.rung == .place || finding.rung == .lastTurn { explain(&known, request, finding, &state) }
            count(known, exchange, &state)
            return known
        }
    }

    func answer(toOther request: Moment.Request) -> (answer: ScriptedAnswer, replay: Moment.Replay)? {
        guard request.path.hasPrefix("/v1/") else { return nil }
        return state.withLock { state in
            let finding = state.index.find(other: request)
            guard finding.rung != nil, case .play(let answer, let replay) = answer(finding, state.index) else {
                return nil
            }
            return (answer, replay)
        }
    }

    /// With `--on-miss record`: keeps what the backend answers.
    func observe(_ moment: Moment) {
        guard policy.onMiss == .record else { return }
        state.withLock { state in
            guard let asked = state.asked[moment.exchange.id] else { return }
            guard case .end = moment.event else {
                state.asked[moment.exchange.id]?.answer.take(moment.event)
                return
            }
            state.asked[moment.exchange.id] = nil
            if let answer = asked.answer.answer { state.index.learn(answer, to: asked.request, moment.exchange) }
        }
    }

    /// How many requests got no answer.
    var misses: Int { state.withLock { $0.counts["refuse"] ?? 0 } }

    /// `12 answered from the trace: 9 exact, 3 normalised; 1 not found`
    var tally: String {
        let counts = state.withLock { $0.counts }
        let rungs = ReplayRung.allCases.compactMap { rung in
            counts[rung.rawValue].map { "\($0) \(rung.rawValue)" }
        }
        let answered = ReplayRung.allCases.reduce(0) { $0 + (counts[$1.rawValue] ?? 0) }
        var text = "\(answered) answered from the trace" + (rungs.isEmpty ? "" : ": " + rungs.joined(separator: ", "))
        if let forwarded = counts["forward"] { text += "; \(forwarded) by the backend" }
        if let refused = counts["refuse"] { text += "; \(refused) not found" }
        return text
    }

    // MARK: What is said

    /// Behind the fork everything is the backend's.
    private func fork(_ exchange: Exchange, _ state: inout State) -> Moment.Replay? {
        guard let after = policy.forkAfter else { return nil }
        let main = state.mains[exchange.session ?? ""] ?? (0, nil)
        let isOver = exchange.kind == .main ? main.count >= after : main.count > after
        guard isOver else { return nil }
        state.mains[exchange.session ?? ""] = (after + 1, main.last)
        state.counts["forward", default: 0] += 1
        return Moment.Replay(action: .forward, rung: "fork", of: main.last)
    }

    private func count(_ known: KnownAnswer, _ exchange: Exchange, _ state: inout State) {
        switch known {
        case .play(_, let replay):
            state.counts[replay.rung, default: 0] += 1
            guard exchange.kind == .main else { return }
            let main = state.mains[exchange.session ?? ""] ?? (0, nil)
            state.mains[exchange.session ?? ""] = (main.count + 1, replay.of)
        case .refuse: state.counts["refuse", default: 0] += 1
        case .ask: state.counts["forward", default: 0] += 1
        }
    }

    private func answer(_ finding: ReplayIndex.Finding, _ index: ReplayIndex) -> KnownAnswer {
        guard let place = finding.entry else { return .refuse(Self.nothing, .init(action: .refuse, rung: "none")) }
        let entry = index.entries[place]
        var replay = Moment.Replay(
            action: .answer, rung: finding.rung?.rawValue ?? "none", of: entry.id, number: entry.number,
            isReused: finding.isReused)
        switch entry.answer {
        case .failure(let error):
            replay.action = .refuse
            replay.note = error.description
            return .refuse(Self.unanswerable(entry, error), replay)
        case .success(let answer):
            replay.note = answer.note
            guard let changed = index.paths(finding)?.applied(to: answer) else {
                return .play(ScriptedAnswer(answer, pace: policy.pace), replay)
            }
            replay.note = [answer.note, "paths follow the client's directory"].compactMap { $0 }.joined(separator: "; ")
            return .play(ScriptedAnswer(changed, pace: policy.pace), replay)
        }
    }

    private func miss(
        _ request: Moment.Request, _ exchange: Exchange, _ finding: ReplayIndex.Finding, _ state: inout State
    ) -> KnownAnswer {
        let closest = finding.entry.map { state.index.entries[$0] }
        let difference = difference(request, finding, closest, &state)
        switch policy.onMiss {
        case .nearest:
            guard let place = finding.entry else { break }
            let taken = state.index.take(nearest: place, for: exchange)
            guard case .play(let answer, var replay) = answer(taken, state.index) else { break }
            replay.note = [difference.words, replay.note].compactMap { $0 }.joined(separator: "; ")
            return .play(answer, replay)
        case .forward, .record:
            if policy.onMiss == .record { state.asked[exchange.id] = (request, LiveAnswer(request, exchange)) }
            return .ask(
                .init(action: .forward, rung: "none", of: closest?.id, number: closest?.number, note: difference.words))
        case .fail: break
        }
        let replay = Moment.Replay(
            action: .refuse, rung: "none", of: closest?.id, number: closest?.number, note: difference.words)
        guard let closest else { return .refuse(Self.nothing, replay) }
        return .refuse(Self.missed(closest, difference), replay)
    }

    /// What is said of the place where two requests differ first.
    private enum Difference {
        case found(String)
        case notLookedUp(String)
        case unknown

        var words: String? {
            switch self {
            case .found(let words), .notLookedUp(let words): words
            case .unknown: nil
            }
        }
    }

    /// Reads the closest request from the trace once more: bodies are not kept.
    private func difference(
        _ request: Moment.Request, _ finding: ReplayIndex.Finding, _ closest: ReplayIndex.Entry?, _ state: inout State
    ) -> Difference {
        guard let closest, let asked = request.body else { return .unknown }
        guard state.lookups < Self.mostLookups else { return .notLookedUp("more differences were not looked up") }
        guard let size = Files.size(closest.file) else { return .unknown }
        guard size <= (closest.file.hasSuffix(".gz") ? Self.largestFile / 8 : Self.largestFile) else {
            return .notLookedUp("the difference was not looked up: the trace has \(size >> 20) MB")
        }
        state.lookups += 1
        guard let body = TraceBodies.request(of: closest.id, in: closest.file), let recorded = try? JSON.parse(body),
            let mismatch = state.index.difference(finding, recorded: recorded, asked: asked)
        else { return .unknown }
        return .found(mismatch.sentence)
    }

    /// Says what was different in a request that fits by its place only.
    private func explain(
        _ known: inout KnownAnswer, _ request: Moment.Request, _ finding: ReplayIndex.Finding, _ state: inout State
    ) {
        guard case .play(let answer, var replay) = known, let place = finding.entry else { return }
        let difference = difference(request, finding, state.index.entries[place], &state)
        replay.note = [difference.words, replay.note].compactMap { $0 }.joined(separator: "; ")
        known = .play(answer, replay)
    }

    // MARK: Errors

    private static let nothing = MessageError(
        404, nil, "claudecodex replay: the trace holds no request of this kind", shouldRetry: false)

    private static func name(_ entry: ReplayIndex.Entry) -> String {
        (entry.number.map { "#\($0) " } ?? "") + "(\(entry.id))"
    }

    private static func missed(_ entry: ReplayIndex.Entry, _ difference: Difference) -> MessageError {
        let where_ =
            switch difference {
            case .found(let words): "; first difference: \(words)"
            case .notLookedUp(let words): "; \(words)"
            case .unknown: ""
            }
        return MessageError(
            404, nil,
            "claudecodex replay: no recorded request fits. The closest is \(name(entry))\(where_). --on-miss nearest or forward would answer.",
            shouldRetry: false)
    }

    private static func unanswerable(_ entry: ReplayIndex.Entry, _ error: NoAnswer) -> MessageError {
        MessageError(
            404, nil, "claudecodex replay: the recorded exchange \(name(entry)) cannot answer: \(error)",
            shouldRetry: false)
    }
}

extension ScriptedAnswer {
    /// A recorded answer, `pace` times as fast as it was, or at once.
    init(_ answer: RecordedAnswer, pace: Double?) {
        let head = UpstreamHead(status: answer.status, headers: answer.headers)
        guard let pace else {
            let pieces = answer.bytes.isEmpty ? [] : [Piece(afterMS: 0, answer.bytes)]
            self.init(head: head, headAfterMS: 0, pieces: pieces, breaksOff: answer.breaksOff)
            return
        }
        /// A number that somebody wrote into a trace may be anything: no pause is longer than a day.
        func paced(_ milliseconds: Double) -> Double { min(max(milliseconds / pace, 0), 86_400_000).rounded() }
        var now = paced(answer.headMS)
        let headAfter = Int(now)
        var pieces: [Piece] = []
        for (place, mark) in answer.marks.enumerated() {
            let end = place + 1 < answer.marks.count ? answer.marks[place + 1].offset : answer.bytes.count
            let due = max(now, paced(mark.milliseconds))
            if mark.offset < end {
                pieces.append(Piece(afterMS: Int(due - now), Array(answer.bytes[mark.offset..<end])))
            }
            now = due
        }
        self.init(head: head, headAfterMS: headAfter, pieces: pieces, breaksOff: answer.breaksOff)
    }
}
