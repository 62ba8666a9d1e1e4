#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept
internal import Recorder
internal import Synchronization

/// `claudecodex demo`: an agent's conversation with the scripted model through a real proxy, then what was recorded.
struct Demo {
    private let settings: Settings
    private let environment: Environment

    /// The variables that count. The user's backends and rules do not: the demo shows the same everywhere.
    private static let heard = [
        "HOME", "XDG_STATE_HOME", "TERM", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLAUDECODEX_LOG_DIR",
        "CLAUDECODEX_COLOR", "CLAUDECODEX_VERBOSE",
    ]
    /// The whole takes a second; nobody waits longer than this.
    private static let patienceMS = 20_000

    init(_ arguments: Arguments, shell: [String: String]) throws(Failure) {
        environment = Environment(shell.filter { Self.heard.contains($0.key) })
        var settings = try Settings(arguments, environment)
        settings.listen = .tcp(host: "127.0.0.1", port: 0)
        settings.backend = Setting(text: "demo", origin: .flag("backend"))
        self.settings = settings
    }

    func run() throws(Failure) {
        let lines = Proxy.lines(settings, environment, isSilent: false, fd: STDERR_FILENO)
        let token = AccessToken.random()
        let file = RecorderConfiguration.File.run("demo-" + Self.compact(Timestamp.now().rfc3339))
        let proxy = try Proxy(settings, environment, lines: lines, file: file, token: token)
        let address = try proxy.listen()
        Output.say(
            "claudecodex \(Version.number)  a script plays the model; nothing leaves this machine\n\n")
        let problem = converse(proxy, url: address.url(with: token))
        proxy.recorder?.close()
        if let problem { throw problem }
        guard let path = proxy.recorder?.path else { throw Failure(.trouble, "demo: nothing was recorded") }
        let terminal = Terminal.current(STDOUT_FILENO, color: settings.color, environment)
        Output.say("\n")
        Output.data(DemoReport(terminal: terminal, trace: LogDirectory.shown(path, environment)).text(try read(path)))
    }

    /// `20261121T120903.980Z`
    private static func compact(_ time: String) -> String { String(time.filter { $0 != "-" && $0 != ":" }) }

    /// Runs the loop until the conversation is over and all of it is recorded. Gives what went wrong.
    private func converse(_ proxy: Proxy, url: String) -> Failure? {
        let talk = Talk()
        let (loop, server, upstream) = (proxy.loop, proxy.server, proxy.upstream)
        loop.after(milliseconds: Self.patienceMS) { loop.stop() }
        loop.spawn {
            talk.note(await DemoAgent.converse(upstream, url: url))
            server.drain { loop.stop() }
        }
        loop.run()
        return talk.outcome
    }

    private func read(_ path: String) throws(Failure) -> TraceSummary {
        var summary = TraceSummary()
        do throws(TraceError) {
            for record in try TraceReader(path: path) { summary.take(record) }
        } catch {
            throw Failure(.trouble, "demo: \(error)")
        }
        return summary
    }
}

/// How the conversation went, between the loop's task and who waits for it.
private final class Talk: Sendable {
    private let problem = Mutex<Failure?>(Failure(.trouble, "demo: the conversation did not come to its end"))

    func note(_ outcome: Failure?) { problem.withLock { $0 = outcome } }

    var outcome: Failure? { problem.withLock { $0 } }
}
