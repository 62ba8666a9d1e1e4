#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept
internal import Synchronization

/// How `serve` ends. First ^C or SIGTERM: no new connections, open exchanges finish. Second ^C: at once, exit code 130.
final class Shutdown: Sendable {
    private struct State {
        var isDraining = false
        var code = ExitCode.success
    }

    /// How long ended exchanges may take to be recorded.
    private static let lastWordsMS = 250

    private let state = Mutex(State())
    private let loop: EventLoop
    private let server: Server
    private let isQuiet: Bool

    private init(_ proxy: Proxy, isQuiet: Bool) {
        loop = proxy.loop
        server = proxy.server
        self.isQuiet = isQuiet
    }

    /// Runs a proxy that listens until it is told to stop; gives the exit code.
    static func run(_ proxy: Proxy, isQuiet: Bool) throws(Failure) -> ExitCode {
        let shutdown = Shutdown(proxy, isQuiet: isQuiet)
        do { try shutdown.listen() } catch { throw Failure(.unavailable, "cannot handle signals: \(error)") }
        proxy.loop.run()
        return shutdown.code
    }

    private var code: ExitCode { state.withLock { $0.code } }

    private func listen() throws {
        for signal in [SIGINT, SIGTERM, SIGHUP] where !Signal.isIgnored(signal) {
            try loop.onSignal(signal) { signal == SIGINT ? self.interrupt() : self.drain() }
        }
    }

    private func interrupt() {
        guard state.withLock({ $0.isDraining }) else { return drain() }
        state.withLock { $0.code = .interrupted }
        // The exchanges that this ends are still recorded; `drain` stops the loop behind the last of them.
        server.drainNow()
        loop.after(milliseconds: Self.lastWordsMS) { [loop] in loop.stop() }
    }

    private func drain() {
        let isFirst = state.withLock { state in
            defer { state.isDraining = true }
            return !state.isDraining
        }
        guard isFirst else { return }
        let open = server.openExchanges
        if open > 0, !isQuiet { Output.say(Self.notice(open)) }
        server.drain { [loop] in loop.stop() }
    }

    /// Stands behind the `^C` that the terminal shows.
    static func notice(_ open: Int) -> String {
        "  draining \(open) exchange\(open == 1 ? "" : "s") (^C again to stop now)\n"
    }
}

/// What this process was told to do with a signal before it started.
enum Signal {
    /// `nohup` and shells in the background ask programs to ignore some; that wish is kept.
    static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        sigaction(signal, nil, &action)
        #if os(Linux)
            let handler = action.__sigaction_handler.sa_handler
        #else
            let handler = action.__sigaction_u.__sa_handler
        #endif
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
