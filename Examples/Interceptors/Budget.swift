internal import Intercept
internal import Synchronization

/// Refuses the requests of a session that has had its share of output tokens: `Budget(most: 200_000)`.
struct Budget: Interceptor {
    private let most: Int
    private let spent = Spent()  // a reference: the same for all exchanges
    private var output = 0  // of this exchange

    init(most: Int) { self.most = most }

    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        let used = spent.tokens.withLock { $0[exchange.session ?? ""] ?? 0 }
        if request.endpoint != .messages || used < most { return .pass }
        let message = "this session has used \(used) of \(most) output tokens; start another one, or raise the budget"
        return .refuse(MessageError(403, nil, message, shouldRetry: false))
    }

    mutating func event(_ event: inout MessageEvent, _ exchange: Exchange) throws -> EventVerdict {
        if case .messageDelta(let delta) = event { output = delta.usage.output }
        return .pass
    }

    mutating func finished(_ outcome: Outcome, _ exchange: Exchange) {
        spent.tokens.withLock { $0[exchange.session ?? "", default: 0] += output }
    }
}

/// What each session has used.
private final class Spent: Sendable {
    let tokens = Mutex<[String: Int]>([:])
}
