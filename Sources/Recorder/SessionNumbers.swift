/// A session, or several, in numbers that can be set beside those of another.
internal import Intercept

public struct SessionNumbers: Sendable {
    public private(set) var turns = 0
    /// Requests on the side: counts of tokens, compactions, searches, titles.
    public private(set) var sideRequests = 0
    public private(set) var agents = 0
    /// From the first request to the last record, all sessions together.
    public private(set) var milliseconds = 0.0
    public private(set) var calls = 0
    public private(set) var failedCalls = 0
    /// Tokens: whole prompts, of that read from the cache, and written.
    public private(set) var prompt = 0
    public private(set) var cacheRead = 0
    public private(set) var output = 0
    /// Attempts beyond the first of each request.
    public private(set) var retries = 0
    public private(set) var losses = 0
    /// How often each tool was called, each reason to stop was given, each outcome but `ok` was met.
    public private(set) var tools: [String: Int] = [:]
    public private(set) var stops: [String: Int] = [:]
    public private(set) var failures: [String: Int] = [:]
    /// The tools in the order of their calls.
    public private(set) var sequence: [String] = []

    public init(_ sessions: [SessionTree.Session]) {
        for session in sessions {
            agents += session.agents.count + 1
            if let first = session.turns.first, let start = Timestamp(rfc3339: first.time),
                let end = Timestamp(rfc3339: session.ended)
            {
                milliseconds += end.milliseconds(since: start)
            }
            for turn in session.turns { add(turn) }
        }
    }

    private mutating func add(_ turn: SessionTurn) {
        if turn.isTurn { turns += 1 } else { sideRequests += 1 }
        calls += turn.calls.count
        failedCalls += turn.calls.count { $0.result?.isError ?? false }
        prompt += turn.prompt ?? 0
        cacheRead += turn.cacheRead
        output += turn.output
        retries += max(0, turn.attempts - 1)
        losses += turn.losses
        for call in turn.calls {
            tools[call.tool, default: 0] += 1
            sequence.append(call.tool)
        }
        if !turn.stopReason.isEmpty { stops[turn.stopReason, default: 0] += 1 }
        if turn.outcome != "ok" { failures[turn.outcome ?? "not ended", default: 0] += 1 }
    }
}

/// Where two sequences of tools part.
public struct SequenceDifference: Sendable, Equatable {
    public enum Step: Sendable, Equatable {
        case same(String)
        case removed(String)
        case added(String)
    }

    public private(set) var steps: [Step] = []
    /// How many calls both begin with.
    public let common: Int

    public init(from old: [String], to new: [String]) {
        common = zip(old, new).prefix { $0 == $1 }.count
        var ids: [String: Int] = [:]
        for name in old + new where ids[name] == nil { ids[name] = ids.count }
        var (from, to) = (0, 0)
        let rest = Alignment.common(
            old.dropFirst(common).map { ids[$0] ?? 0 }, new.dropFirst(common).map { ids[$0] ?? 0 })
        steps += old.prefix(common).map { .same($0) }
        (from, to) = (common, common)
        for (i, j) in rest {
            steps += old[from..<common + i].map { .removed($0) } + new[to..<common + j].map { .added($0) }
            steps.append(.same(old[common + i]))
            (from, to) = (common + i + 1, common + j + 1)
        }
        steps += old[from...].map { .removed($0) } + new[to...].map { .added($0) }
    }

    public var isSame: Bool { steps.allSatisfy { if case .same = $0 { true } else { false } } }
}
