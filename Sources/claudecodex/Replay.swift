internal import Intercept
internal import Recorder

/// `claudecodex replay`: a proxy in which a recorded session answers instead of a model.
enum Replay {
    static let usage = "claudecodex replay TRACE [flags] [-- CMD [ARG...]]"
    static let doc = "Answer from a trace instead of a model."
    static let detail = """
        TRACE is a file, a directory, `last`, or the beginning of a session's or a run's id. Listens like serve, or, with -- CMD, for one
        command like run. Each request is answered by the recorded exchange that fits it, byte for byte as the client got it then; the
        live line says which one and why: exact (the same bytes), normalised (the same apart from ids, dates, times, paths, cache marks
        and what the client says of itself), place (the same agent, as many answers so far, the same tools), last_turn (the same last
        user's text and tool results). Each exchange answers a session once, in order, and `again` only where nothing else fits. Where
        the client works in another directory, paths in the answers follow it.

        --on-miss: fail answers 404 with the closest request and the first difference; nearest answers with the closest; forward asks the
        backend; record does so and keeps the answer for the same request. --from N: after N requests of the main agent the backend
        (-b) answers: a fork. With fail and nearest, and without --from, no backend is needed and nothing leaves this machine. The
        replayed session is recorded in a trace of its own, whose `meta` says `replay_of`. Exit code: the command's, or that of
        serve, but 1 when a request got no answer; 65 when there is no trace. More: docs/replay.md.

        --check translates the recorded requests again and decodes the recorded answers again, by backends made from the record, and
        names what is not as it was: number, place, recorded and now. Exit code: 1 when something differs. --send sends the recorded
        requests once more to the backend that -b and the environment name, records the answers in a trace of their own, and lays them
        beside the recorded ones: stop reason, tool calls, text, tokens, time, cost. --expect same-tools ends with 1 when tools, their order or
        the meaning of their arguments differ. Both take --json: docs/replay-check.md.
        """

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        if arguments.has(.check) { return try ReplayCheck.run(arguments, settings, environment) }
        if arguments.has(.send) { return try ReplaySend.run(arguments, settings, environment) }
        return try serve(arguments, settings, environment)
    }

    /// The command behind `--`, in front of the recorded session.
    static func command(
        _ arguments: Arguments, _ settings: Settings, _ environment: Environment, _ entries: [[UInt8]],
        _ inherited: Inherited
    ) throws(Failure) -> Run {
        for flag in [Flag.Name.check, .send] where arguments.has(flag) {
            throw .usage("replay: --\(flag.rawValue) runs no command", "leave out -- and what stands behind it")
        }
        let rehearsal = try Rehearsal(arguments, settings, environment)
        if settings.detail > .quiet { rehearsal.say() }
        return Run(
            command: arguments.command, settings: settings, environment: environment, entries: entries,
            inherited: inherited, rehearsal: rehearsal)
    }

    private static func serve(
        _ arguments: Arguments, _ settings: Settings, _ environment: Environment
    ) throws(Failure) -> ExitCode {
        let isQuiet = settings.detail == .quiet
        let lines = Proxy.lines(settings, environment)
        let rehearsal = try Rehearsal(arguments, settings, environment)
        Descriptors.raise(for: settings.limits.maxConnections)
        let token = settings.token?.token()
        let proxy = try Proxy(
            settings, environment, lines: lines, file: .run(Identifier.uuid7()), token: token, rehearsal: rehearsal)
        let address = try proxy.listen()
        if !isQuiet {
            for note in settings.faultNotes { Output.say("claudecodex: \(note)\n") }
            rehearsal.say()
            var banner = Banner(proxy, settings, environment, address, made: token)
            banner.isKnownToEnv = false
            Output.say(banner.text)
        }
        let code = try Shutdown.run(proxy, isQuiet: isQuiet)
        if let recorder = proxy.recorder {
            recorder.close()
            if lines.tally.isUntouched { _ = LogDirectory.removeIfEmpty(recorder.path) }
        }
        if !isQuiet { Output.say(lines.tally.serveLine() + "\n" + rehearsal.source.tally + "\n") }
        return code == .success && rehearsal.source.misses > 0 ? .negative : code
    }
}
