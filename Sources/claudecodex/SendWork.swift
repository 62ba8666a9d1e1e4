#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept
internal import Recorder
internal import Synchronization

/// The requests under way: who takes the next, what came of those that are done.
final class SendWork: Sendable {
    private struct State {
        var requests: SendRequests
        var working = 0
        var outcomes: [SendOutcome] = []
        var isStopping = false
    }

    /// How many there are to send.
    let count: Int
    private let client: SendClient
    private let isShown: Bool
    private let state: Mutex<State>

    init(_ plan: SendPlan, repeats: Int, _ client: SendClient, isShown: Bool) {
        let requests = SendRequests(plan, repeats: repeats)
        count = requests.count
        (self.client, self.isShown) = (client, isShown)
        state = Mutex(State(requests: requests))
    }

    /// In the order of the trace.
    var outcomes: [SendOutcome] {
        state.withLock { $0.outcomes }.sorted { ($0.place, $0.attempt) < ($1.place, $1.attempt) }
    }

    /// Why not all could be read.
    var failure: String? { state.withLock { $0.requests.failure } }

    var wasStopped: Bool { state.withLock { $0.isStopping } }

    /// Runs the loop until all is done. The first ^C lets those under way finish, the second ends them.
    func run(_ proxy: Proxy, parallel: Int) throws {
        let (loop, server) = (proxy.loop, proxy.server)
        for signal in [SIGINT, SIGTERM] where !Signal.isIgnored(signal) {
            try loop.onSignal(signal) { self.stop(server, loop) }
        }
        for _ in 0..<min(parallel, count) {
            state.withLock { $0.working += 1 }
            loop.spawn { await self.work(server, loop) }
        }
        loop.run()
        if isShown { Output.say("\r\u{1B}[K") }
    }

    private func stop(_ server: Server, _ loop: EventLoop) {
        let isFirst = state.withLock { state in
            defer { state.isStopping = true }
            return !state.isStopping
        }
        guard isFirst else {
            server.drainNow()
            loop.after(milliseconds: 250) { loop.stop() }
            return
        }
        Output.say("  no more requests are sent; those under way finish (^C again to stop now)\n")
    }

    private func work(_ server: Server, _ loop: EventLoop) async {
        while let request = take() {
            let outcome = await client.send(request)
            let done = state.withLock { state in
                state.outcomes.append(outcome)
                return state.outcomes.count
            }
            if isShown { Output.say("\r\u{1B}[K\(done) of \(count) answered") }
        }
        let isLast = state.withLock { state in
            state.working -= 1
            return state.working == 0
        }
        if isLast { server.drain { loop.stop() } }
    }

    private func take() -> SendRequest? {
        state.withLock { state in state.isStopping ? nil : state.requests.next() }
    }
}
