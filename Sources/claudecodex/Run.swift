#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept
internal import Recorder
internal import Synchronization

/// `claudecodex run`: a proxy of its own for one command.
struct Run {
    let command: [String]
    let settings: Settings
    let environment: Environment
    /// The environment as it was inherited: `NAME=value` entries.
    let entries: [[UInt8]]
    let inherited: Inherited
    /// A recorded session that answers.
    var rehearsal: Rehearsal?

    /// The command's exit code, as a shell would report it.
    func run(notes: [String]) throws(Failure) -> Int32 {
        let started = Monotonic.now()
        let isShown = settings.detail >= .inputs
        let lines = Proxy.lines(settings, environment, isSilent: !isShown, fd: STDERR_FILENO)
        let token = AccessToken.random()
        let proxy = try Proxy(
            settings, environment, lines: lines, file: .run(Identifier.uuid7()), token: token,
            rehearsal: rehearsal)
        let address = try proxy.listen()
        if isShown { announce(proxy, address, notes) }
        let ending = try attend(proxy, url: address.url(with: token))
        let trace = closeTrace(proxy)
        if settings.detail > .quiet { Output.say(summary(proxy, trace, Monotonic.now().milliseconds(since: started))) }
        return ending.code
    }

    /// Starts the command and runs the loop until it has ended and its exchanges are over.
    private func attend(_ proxy: Proxy, url: String) throws(Failure) -> Ending {
        let watch = ChildWatch(proxy)
        do { try watch.listen() } catch { throw Failure(.runFailed, "cannot handle signals: \(error)") }
        let shell = environment.entries.compactMapValues { $0.source == .shell ? $0.value : nil }
        let changes = ClientEnvironment.changes(
            url: url, needsCredentials: proxy.choice.needsCredentials, shell)
        do {
            watch.attend(
                try Child.start(command, environment: ClientEnvironment.apply(changes, to: entries), inherited))
        } catch {
            _ = closeTrace(proxy)
            throw error
        }
        proxy.loop.run()
        return watch.ending
    }

    private func announce(_ proxy: Proxy, _ address: ListenAddress, _ notes: [String]) {
        for note in notes { Output.say("claudecodex: \(note)\n") }
        let backend = proxy.choice.name
        let because = Text.printable(Text.withoutCredentials(proxy.choice.because))
        Output.say("claudecodex \(Version.number)  \(address.url)  \(backend), because \(because)\n")
    }

    /// Ends the recording and gives the trace's path; a trace in which nothing happened is removed.
    private func closeTrace(_ proxy: Proxy) -> String? {
        guard let recorder = proxy.recorder else { return nil }
        recorder.close()
        let path = recorder.path
        return proxy.lines.tally.isUntouched && LogDirectory.removeIfEmpty(path) ? nil : path
    }

    private func summary(_ proxy: Proxy, _ trace: String?, _ milliseconds: Double) -> String {
        let tally = proxy.lines.tally
        let columns = Terminal.current(STDERR_FILENO, color: settings.color, environment).columns
        let sums = Text.wrapped("claudecodex: \(tally.runLine(milliseconds: milliseconds))", columns)
        var text = sums.joined(separator: "\n  ") + "\n"
        if tally.isUntouched {
            let name = Text.printable(command[0])
            text += "claudecodex: \(name) made no request through the proxy; does it have a base URL of its own?\n"
        }
        if let rehearsal { text += "claudecodex: \(rehearsal.source.tally)\n" }
        if let trace { text += "claudecodex: trace \(LogDirectory.shown(trace, environment))\n" }
        return text
    }
}

/// Passes signals between the terminal, the command and the proxy.
final class ChildWatch: Sendable {
    private struct State {
        var child: Child?
        var ending = Ending.exited(0)
    }

    /// How long exchanges that outlive the command may take.
    private static let graceMS = 1000

    private let state = Mutex(State())
    private let loop: EventLoop
    private let server: Server

    init(_ proxy: Proxy) {
        loop = proxy.loop
        server = proxy.server
    }

    var ending: Ending { state.withLock { $0.ending } }

    /// Must come before the command starts, or its end could be missed. ^C and ^\ reach the command from the terminal.
    func listen() throws {
        try loop.onSignal(SIGCHLD) { self.reap() }
        for signal in [SIGTERM, SIGHUP] where !Signal.isIgnored(signal) {
            try loop.onSignal(signal) { self.state.withLock { $0.child }?.send(signal) }
        }
        for signal in [SIGINT, SIGQUIT] where !Signal.isIgnored(signal) { try loop.onSignal(signal) {} }
    }

    func attend(_ child: Child) { state.withLock { $0.child = child } }

    private func reap() {
        guard let child = state.withLock({ $0.child }), let ending = child.poll() else { return }
        if ending == .stopped {
            // The shell sees only this process: stop as well, and wake the command when the shell wakes us.
            kill(getpid(), SIGSTOP)
            child.send(SIGCONT)
            return
        }
        state.withLock { $0 = State(child: nil, ending: ending) }
        let timer = loop.after(milliseconds: Self.graceMS) { [server, loop] in
            server.drainNow()
            loop.stop()
        }
        server.drain { [loop] in
            loop.cancel(timer)
            loop.stop()
        }
    }
}
