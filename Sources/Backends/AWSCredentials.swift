internal import Intercept
internal import Synchronization

/// The keys that requests are signed with: where they come from, kept until they end, and the clock of AWS.
///
/// Keys that end soon are renewed beside the requests that still use them; only one request fetches at a time, the
/// others wait for it.
final class AWSCredentials: Sendable {
    private struct State {
        var settings: AWSSettings
        var source: AWSKeySource
        var keys: AWSKeys?
        /// Whether somebody fetches.
        var isFetching = false
        /// Those who wait for what is being fetched.
        var waiting: [UnsafeContinuation<Void, Never>] = []
        /// Not before this moment is the next try beside requests.
        var pause = Timestamp(nanoseconds: 0)
        var failure: AWSKeyError?
        /// What AWS's clock is ahead of ours, in nanoseconds.
        var skew: Int64 = 0
    }

    private enum Step {
        case use(AWSKeys, renews: Bool)
        case fetch
        case wait
    }

    private let state: Mutex<State>
    /// Keys are renewed when they have less than this left …
    private static let early: Int64 = 900_000_000_000
    /// … and not used any more when they have less than this.
    private static let late: Int64 = 30_000_000_000

    init(_ settings: AWSSettings) throws(ConfigError) {
        let chain = try AWSChain(settings)
        state = Mutex(State(settings: settings, source: chain.source))
    }

    /// Where the keys come from.
    var source: AWSKeySource { state.withLock { $0.source } }
    var settings: AWSSettings { state.withLock { $0.settings } }
    /// What the last fetch brought; nil when nobody has fetched.
    var fetched: Result<AWSKeys, AWSKeyError>? {
        state.withLock { state in
            if let failure = state.failure { return .failure(failure) }
            return state.keys.map { .success($0) }
        }
    }

    /// The keys, and the time by which to sign.
    func keys(at now: Timestamp, _ errands: Errands) async throws -> (keys: AWSKeys, time: Timestamp) {
        while true {
            switch state.withLock({ Self.step(&$0, now) }) {
            case .use(let keys, let renews):
                if renews { errands.spawn { await self.fetch(at: now, errands) } }
                return (keys, time(now))
            case .fetch: await fetch(at: now, errands)
            case .wait: await wait()
            }
            let (keys, failure) = state.withLock { ($0.keys, $0.failure) }
            if let failure { throw failure }
            // Also those that have ended already: AWS says it better than a guess.
            if let keys { return (keys, time(now)) }
        }
    }

    private func time(_ now: Timestamp) -> Timestamp {
        Timestamp(nanoseconds: now.nanoseconds + state.withLock { $0.skew })
    }

    private static func step(_ state: inout State, _ now: Timestamp) -> Step {
        if let keys = state.keys {
            let left = keys.expires.map { $0.nanoseconds - now.nanoseconds - state.skew } ?? .max
            if left > late {
                let renews = left < early && !state.isFetching && state.pause < now
                if renews { state.isFetching = true }
                return .use(keys, renews: renews)
            }
        }
        if state.isFetching { return .wait }
        state.isFetching = true
        return .fetch
    }

    private func wait() async {
        await withUnsafeContinuation { continuation in
            let isLate = state.withLock { state in
                if state.isFetching { state.waiting.append(continuation) }
                return !state.isFetching
            }
            if isLate { continuation.resume() }
        }
    }

    /// Fetches, and wakes those who wait.
    private func fetch(at now: Timestamp, _ errands: Errands) async {
        let (settings, source) = state.withLock { ($0.settings, $0.source) }
        let result: Result<AWSKeys, AWSKeyError>
        do {
            let time = time(now)
            result = .success(try await AWSKeyFetch(settings: settings, errands: errands).keys(of: source, at: time))
        } catch {
            result = .failure(error as? AWSKeyError ?? AWSKeyError("\(error)"))
        }
        let waiting = state.withLock { state in
            switch result {
            case .success(let keys):
                state.keys = keys
                state.failure = nil
            case .failure(let failure):
                state.failure = failure
                state.pause = Timestamp(nanoseconds: now.nanoseconds + 60_000_000_000)
            }
            state.isFetching = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.resume() }
    }

    // MARK: After a refusal

    /// AWS refused the keys: looks for others. False when there are none.
    func renew() -> Bool {
        state.withLock { state in
            guard let settings = try? state.settings.readAgain(), let chain = try? AWSChain(settings) else {
                return false
            }
            let isNew = chain.source != state.source
            state.settings = settings
            state.source = chain.source
            // Keys that are fetched are fetched again, once for each refusal.
            guard isNew || !chain.source.isFixed && state.keys != nil else { return false }
            state.keys = nil
            return true
        }
    }

    /// AWS says that our clock is wrong. False when that is not so, or known.
    func learn(_ server: Timestamp, now: Timestamp) -> Bool {
        state.withLock { state in
            let skew = server.nanoseconds - now.nanoseconds
            guard abs(skew - state.skew) > 60_000_000_000 else { return false }
            state.skew = skew
            return true
        }
    }
}

/// Signs each request anew with the keys of the moment.
struct AWSSigner: Signer {
    let credentials: AWSCredentials
    let scope: SigV4

    func sign(_ request: UpstreamRequest, at time: Timestamp, _ errands: Errands) async throws -> HTTPFields {
        do {
            let (keys, time) = try await credentials.keys(at: time, errands)
            return scope.headers(for: request, keys, at: time)
        } catch {
            throw MessageError(401, nil, "\(error)", shouldRetry: false)
        }
    }
}
