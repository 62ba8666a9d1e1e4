internal import Intercept
internal import Recorder

/// `claudecodex serve`: listens until it is told to stop.
enum Serve {
    static func run(
        _ arguments: Arguments, _ settings: Settings, _ environment: Environment, notes: [String]
    ) throws(Failure) -> ExitCode {
        let isQuiet = settings.detail == .quiet
        let lines = Proxy.lines(settings, environment)
        Descriptors.raise(for: settings.limits.maxConnections)
        let token = settings.token?.token()
        let proxy = try Proxy(settings, environment, lines: lines, file: .daily, token: token)
        let address = try proxy.listen()
        if !isQuiet {
            for note in notes { Output.say("claudecodex: \(note)\n") }
            var banner = Banner(proxy, settings, environment, address, made: token)
            banner.alsoPossible = proxy.choice.alsoPossible
            banner.flags = arguments.flagsForEnv
            Output.say(banner.text)
        }
        let code = try Shutdown.run(proxy, isQuiet: isQuiet)
        proxy.recorder?.close()
        if !isQuiet { Output.say(lines.tally.serveLine() + "\n") }
        return code
    }
}
