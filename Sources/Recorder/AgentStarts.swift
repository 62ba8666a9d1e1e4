/// Which call started each sub-agent of a session: the one whose prompt is what the agent was asked first, else the only one
/// for an agent that was under way then. Texts are kept short and compared by hash where they are the same.
internal import Intercept

/// What a call tells a sub-agent.
struct AgentPrompt: Sendable {
    /// In bytes, of a prompt's beginning.
    static let mostBytes = 1024

    let hash: Int
    let beginning: String

    /// Nil for an empty one.
    init?(_ text: String) {
        if text.isEmpty { return nil }
        hash = text.hashValue
        beginning = text.beginning(AgentPrompt.mostBytes)
    }
}

/// What a sub-agent's first request said.
struct AgentOpening: Sendable {
    /// In bytes, of all texts together.
    static let mostBytes = 16384

    /// Of each text.
    private var hashes: Set<Int> = []
    private var beginning = ""

    init(_ texts: [String]) {
        for text in texts {
            hashes.insert(text.hashValue)
            let room = AgentOpening.mostBytes - beginning.utf8.count
            if room > 0 { beginning += text.beginning(min(room, AgentOpening.mostBytes / 2)) + "\n" }
        }
    }

    /// One of the texts is the prompt.
    func isExactly(_ prompt: AgentPrompt) -> Bool { hashes.contains(prompt.hash) }

    /// The prompt's beginning stands near the beginning of one of the texts.
    func holds(_ prompt: AgentPrompt) -> Bool { beginning.contains(prompt.beginning) }
}

extension String {
    /// As much as fits into so many bytes, in whole characters.
    fileprivate func beginning(_ bytes: Int) -> String {
        utf8.count <= bytes ? self : String(self[..<utf8.index(startIndex, offsetBy: bytes)])
    }
}

extension SessionTree.Session {
    /// The call that started each sub-agent, where it can be told.
    public var starts: [String: SessionTree.Place] {
        var search = AgentStarts(self)
        var starts: [String: SessionTree.Place] = [:]
        for (agent, first) in search.firsts { starts[agent] = search.take(agent, first) }
        return starts
    }
}

private struct AgentStarts {
    private let session: SessionTree.Session
    /// Calls that may have started an agent and have not yet, in the order of the trace.
    private var open: [SessionTree.Place]

    init(_ session: SessionTree.Session) {
        self.session = session
        open = session.turns.indices.flatMap(session.places).filter { place in
            let call = session.call(place)
            return AgentStarts.isStarter(call) || call.prompt != nil
        }
    }

    /// The first turn of each agent, in the order of the trace.
    var firsts: [(agent: String, turn: Int)] {
        var seen: Set<String> = ["main", ""]
        return session.turns.enumerated().compactMap { turn, one in
            seen.insert(one.agent).inserted ? (one.agent, turn) : nil
        }
    }

    mutating func take(_ agent: String, _ first: Int) -> SessionTree.Place? {
        guard let found = find(agent, first) else { return nil }
        return open.remove(at: found)
    }

    /// A call that waits for its result comes first, and the very words before words that are part of others.
    private func find(_ agent: String, _ first: Int) -> Int? {
        let fitting = open.indices.prefix { open[$0].turn < first }.filter { fits(open[$0], agent, first) }
        let running = fitting.filter { isRunning(session.call(open[$0]), at: session.turns[first].time) }
        guard let said = session.openings[agent] else { return running.count == 1 ? running[0] : nil }
        func one(_ places: [Int], _ isAsked: (AgentPrompt) -> Bool) -> Int? {
            places.first { session.call(open[$0]).prompt.map(isAsked) ?? false }
        }
        return one(running, said.isExactly) ?? one(fitting, said.isExactly) ?? one(running, said.holds)
            ?? one(fitting, said.holds) ?? (running.count == 1 ? running[0] : nil)
    }

    private func fits(_ place: SessionTree.Place, _ agent: String, _ first: Int) -> Bool {
        let caller = session.turns[place.turn].agent
        return caller != agent && session.turns[first].parentAgent.map { caller == $0 } ?? true
    }

    private func isRunning(_ call: SessionTurn.Call, at time: String) -> Bool {
        guard AgentStarts.isStarter(call), call.time <= time else { return false }
        return call.result.map { $0.time >= time } ?? true
    }

    private static func isStarter(_ call: SessionTurn.Call) -> Bool { ["Agent", "Task"].contains(call.tool) }
}
