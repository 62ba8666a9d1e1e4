/// Sessions turn by turn, with each sub-agent under the call that started it. Takes records in the order of the trace;
/// keeps the first words of texts, of what agents are told more, and no bodies.
internal import Intercept

public struct SessionTree: Sendable {
    /// The record types that `take` looks at. Of `request` it wants the body, as it is written.
    public static let types = [
        "request", "translation", "upstream", "tool_call", "tool_result", "response", "error", "check", "end",
    ]

    /// One session, or the requests that name none.
    public struct Session: Sendable {
        public let id: String
        public internal(set) var turns: [SessionTurn] = []
        /// Time of the last record.
        public internal(set) var ended = ""
        /// What each sub-agent's first request said.
        var openings: [String: AgentOpening] = [:]
    }

    /// Which call of which turn.
    public struct Place: Sendable, Hashable {
        public let turn: Int
        public let call: Int
    }

    public private(set) var sessions: [Session] = []
    private var indices: [String: Int] = [:]
    private var places: [String: (session: Int, turn: Int)] = [:]
    private var calls: [String: (session: Int, place: Place)] = [:]
    private var numbers = RequestNumbers()

    public init() {}

    public mutating func take(_ record: TraceRecord) {
        guard let id = record.id else { return }
        if record.type == "request" { return begin(record, id) }
        guard let (session, turn) = places[id] else { return }
        sessions[session].ended = record["ts"]?.string ?? sessions[session].ended
        if record.type == "tool_result" { return takeResult(record, session) }
        sessions[session].turns[turn].take(record)
        guard record.type == "tool_call", let call = record["tool_id"]?.string else { return }
        let place = Place(turn: turn, call: sessions[session].turns[turn].calls.count - 1)
        calls["\(session) \(call)"] = (session, place)
    }

    private mutating func begin(_ record: TraceRecord, _ id: String) {
        let name = record.session ?? ""
        let session = indices[name] ?? sessions.count
        if session == sessions.count {
            indices[name] = session
            sessions.append(Session(id: name))
        }
        let number = numbers.next(record)
        let turn = SessionTurn(record, number: number)
        places[id] = (session, sessions[session].turns.count)
        if number != nil, sessions[session].openings[turn.agent] == nil {
            sessions[session].openings[turn.agent] = AgentOpening(NewText(record).texts)
        }
        sessions[session].ended = turn.time
        sessions[session].turns.append(turn)
    }

    private mutating func takeResult(_ record: TraceRecord, _ session: Int) {
        guard let id = record["tool_id"]?.string, let (_, place) = calls["\(session) \(id)"] else { return }
        let result = RecordedCall.Result(
            exchange: record.id ?? "", time: record["ts"]?.string ?? "", isError: record["is_error"]?.bool ?? false,
            bytes: record["content_bytes"]?.amount ?? 0, preview: record["preview"]?.string ?? "",
            gap: record["gap_ms"]?.milliseconds)
        sessions[session].turns[place.turn].calls[place.call].result = result
    }
}

extension SessionTree.Session {
    /// The agents beside the main one, in the order of their first requests.
    public var agents: [String] {
        var seen: Set<String> = ["main", ""]
        return turns.map(\.agent).filter { seen.insert($0).inserted }
    }

    /// Where the calls of a turn are.
    public func places(of turn: Int) -> [SessionTree.Place] {
        turns[turn].calls.indices.map { SessionTree.Place(turn: turn, call: $0) }
    }

    public func call(_ place: SessionTree.Place) -> SessionTurn.Call { turns[place.turn].calls[place.call] }
}
