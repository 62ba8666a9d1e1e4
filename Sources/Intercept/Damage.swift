/// Something that is done on purpose to the bytes of one answer on their last step to the client, so that an agent can be
/// tested: see `docs/faults.md`. Given by a ``FaultSource``.
public struct Damage: Sendable {
    public enum Kind: Sendable, Equatable {
        /// The connection is closed behind this many events.
        case cut(events: Int)
        /// Inside the arguments of a tool call nothing more comes: for so long, or until the client leaves.
        case stall(milliseconds: Int?)
        /// An `error` event behind this many events; the stream ends with it.
        case error(MessageError, events: Int)
        /// Characters of several bytes are cut across two writes. Harmless to a right client.
        case split
        /// The pieces of a block name this block, or the one behind theirs.
        case index(Int?)
        /// The `event:` lines are left out.
        case unnamed
        /// So many events a second.
        case slow(eventsPerSecond: Double)
        /// So many bytes a second.
        case drip(bytesPerSecond: Int)
    }

    public var kind: Kind
    /// The interceptor that wants it.
    public var by: String
    /// What asked for it, in the user's words.
    public var rule: String
    /// Only from the first call of a tool that this fits; nil: from the beginning.
    public var tool: (@Sendable (String) -> Bool)?

    public init(_ kind: Kind, by: String, rule: String, tool: (@Sendable (String) -> Bool)? = nil) {
        self.kind = kind
        self.by = by
        self.rule = rule
        self.tool = tool
    }

    /// `action` of the trace's `intercept` record.
    public var action: String {
        switch kind {
        case .cut: "cut"
        case .stall: "stall"
        case .error: "error"
        case .split: "split"
        case .index: "index"
        case .unnamed: "names"
        case .slow: "slow"
        case .drip: "drip"
        }
    }
}

extension Damage {
    /// What writes events anew comes before what works on their bytes.
    var rank: Int {
        switch kind {
        case .index: 0
        case .stall: 1
        case .unnamed: 2
        case .cut, .error, .split: 3
        case .slow, .drip: 4
        }
    }
}

/// Makes exchanges fail on purpose. It is asked before interceptors, recorded sessions and backends.
public protocol FaultSource: Sendable {
    /// What is to be done to the answer. May take its time; throws what the client is told instead of an answer.
    func spoil(_ request: MessageRequest, _ exchange: Exchange) async throws(MessageError) -> [Damage]
}

/// An answer was ended on purpose: no failure of anybody's.
struct AnswerEnded: Error {}

/// Some bytes of an answer, and what to wait for behind them.
struct DamagedPiece {
    var bytes: [UInt8]
    var pauseMS = 0
    /// Nothing comes behind it any more; only the client's leaving ends the wait.
    var isLast = false

    /// Two pieces, with a pause that makes two segments of them, where a character of several bytes can be cut.
    func splitInCharacter() -> [DamagedPiece] {
        guard let at = bytes.firstIndex(where: { $0 >= 0xC0 }), at + 1 < bytes.count else { return [self] }
        return [
            DamagedPiece(bytes: Array(bytes[...at]), pauseMS: Self.segmentMS),
            DamagedPiece(bytes: Array(bytes[(at + 1)...]), pauseMS: pauseMS, isLast: isLast),
        ]
    }

    /// Long enough that the kernel sends what it has.
    private static let segmentMS = 10

    /// Pieces of a tenth of a second each.
    func dripped(_ bytesPerSecond: Int) -> [DamagedPiece] {
        let size = max(1, bytesPerSecond / 10)
        let wait = max(1, 1000 * size / bytesPerSecond)
        var out: [DamagedPiece] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            out.append(DamagedPiece(bytes: piece, pauseMS: wait))
        }
        guard let last = out.indices.last else { return [self] }
        out[last].pauseMS += pauseMS
        out[last].isLast = isLast
        return out
    }
}
