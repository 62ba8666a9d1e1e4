#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept
internal import Recorder

/// `claudecodex serve`: listens until it is told to stop.
enum Serve {
    static func run(
        _ arguments: Arguments, _ settings: Settings, _ environment: Environment, notes: [String]
    ) throws(Failure) -> ExitCode {
        let isQuiet = settings.detail == .quiet
        let fd = settings.format == .jsonl ? STDOUT_FILENO : STDERR_FILENO
        let lines = Proxy.lines(settings, environment, isSilent: isQuiet && settings.format == .text, fd: fd)
        Descriptors.raise(for: settings.limits.maxConnections)
        let token = settings.token?.token()
        let proxy = try Proxy(settings, environment, lines: lines, file: .daily, token: token)
        let address = try proxy.listen()
        if !isQuiet {
            for note in notes { Output.say("claudecodex: \(note)\n") }
            var banner = banner(proxy, arguments, settings, environment, address)
            if settings.token == .made { banner.token = token }
            Output.say(banner.text)
        }
        let shutdown = Shutdown(proxy, isQuiet: isQuiet)
        do { try shutdown.listen() } catch { throw Failure(.unavailable, "cannot handle signals: \(error)") }
        proxy.loop.run()
        proxy.recorder?.close()
        if !isQuiet { Output.say(lines.tally.serveLine() + "\n") }
        return shutdown.code
    }

    private static func banner(
        _ proxy: Proxy, _ arguments: Arguments, _ settings: Settings, _ environment: Environment,
        _ address: ListenAddress
    ) -> Banner {
        Banner(
            address: address, backend: proxy.choice.name, summary: proxy.choice.backend.summary,
            because: proxy.choice.because, alsoPossible: proxy.choice.alsoPossible,
            needsCredentials: proxy.choice.needsCredentials,
            models: settings.models.map { "\($0.from.pattern) -> \($0.to)" }, denied: settings.denied.map(\.text),
            trace: proxy.recorder.map { LogDirectory.shown($0.path, environment) }, redact: settings.redact,
            flags: arguments.flagsForEnv, hasToken: settings.token != nil)
    }
}
