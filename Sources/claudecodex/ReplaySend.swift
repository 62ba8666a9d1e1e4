#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Backends
internal import Intercept
internal import Recorder

/// `claudecodex replay TRACE --send`: the recorded requests once more to a backend, through a proxy of this process, and
/// the answers beside the recorded ones.
struct ReplaySend {
    private let settings: Settings
    private let environment: Environment
    private let reading: Reading
    private let repeats: Int
    private let parallel: Int
    private let expectsSameTools: Bool

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        try ReplaySend(arguments, settings, environment).run()
    }

    private init(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure) {
        guard !arguments.operands.isEmpty else {
            throw .usage("replay --send: which trace?", "claudecodex replay last --send")
        }
        reading = try Reading(arguments, settings, environment, fields: Filter.Fields(names: [], searched: []))
        if let word = reading.choice.rest.first {
            throw .usage("replay: '\(word)' is no trace and no session")
        }
        repeats = try Self.number(arguments, .repeat, 1...1000)
        parallel = try Self.number(arguments, .parallel, 1...256)
        expectsSameTools = arguments.has(.expect)
        var settings = settings
        settings.listen = .tcp(host: "127.0.0.1", port: 0)
        self.settings = settings
        self.environment = environment
    }

    private static func number(
        _ arguments: Arguments, _ flag: Flag.Name, _ range: ClosedRange<Int>
    ) throws(Failure) -> Int {
        guard let text = arguments.values(flag).last else { return 1 }
        guard let number = Int(text), range.contains(number) else {
            throw .usage(
                "--\(flag.rawValue) \(text): expected a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private func run() throws(Failure) -> ExitCode {
        let plan = try SendPlan(reading.choice, settings.prices)
        let notes = SendNotes()
        let lines = Proxy.lines(settings, environment, isSilent: true, fd: STDERR_FILENO)
        let token = AccessToken.random()
        let proxy = try Proxy(
            settings, environment, lines: lines, file: .run("send-" + Self.compact(Timestamp.now().rfc3339)),
            token: token,
            replayOf: ReplayOrigin(files: reading.choice.files.map(Files.name), session: reading.choice.session),
            observer: notes)
        let credentials = try credentials(proxy)
        let address = try proxy.listen()
        announce(plan, proxy)
        let client = SendClient(
            upstream: proxy.upstream, url: address.url(with: token), session: Identifier.uuid7(),
            credentials: credentials)
        let work = SendWork(plan, repeats: repeats, client, isShown: reading.showsProgress)
        do { try work.run(proxy, parallel: parallel) } catch {
            throw Failure(.unavailable, "cannot handle signals: \(error)")
        }
        proxy.recorder?.close()
        let outcomes = work.outcomes.map { $0.priced(notes, settings.prices) }
        return report(plan, work, outcomes, proxy)
    }

    /// `20261121T120903.980Z`
    private static func compact(_ time: String) -> String { String(time.filter { $0 != "-" && $0 != ":" }) }

    /// A pass-through sends the client's credentials on; here there is no client, and the trace holds no keys.
    private func credentials(_ proxy: Proxy) throws(Failure) -> HTTPFields.Field? {
        guard proxy.choice.needsCredentials else { return nil }
        if let token = environment["ANTHROPIC_AUTH_TOKEN"] { return .init("authorization", "Bearer \(token)") }
        if let key = environment["ANTHROPIC_API_KEY"] { return .init("x-api-key", key) }
        throw .configuration(
            "replay --send: the trace holds no keys, and neither ANTHROPIC_API_KEY nor ANTHROPIC_AUTH_TOKEN is set",
            "set one, or choose another backend with -b")
    }

    /// What is going to happen, before it costs anything.
    private func announce(_ plan: SendPlan, _ proxy: Proxy) {
        let count = plan.jobs.count * repeats
        let tokens = plan.jobs.values.compactMap(\.recorded.promptTokens).reduce(0, +) * repeats
        let times = repeats > 1 ? ", each \(repeats) times" : ""
        let size = tokens > 0 ? ", about \(Amounts.tokens(tokens)) tokens of input as recorded" : ""
        let summary = Text.printable(Text.withoutCredentials(proxy.choice.backend.summary))
        Output.say(
            "claudecodex: sends \(Text.count(count, "request"))\(times) to \(proxy.choice.name) (\(summary))\(size)\n")
        for note in plan.notes { Output.say("claudecodex: \(note)\n") }
    }

    private func report(
        _ plan: SendPlan, _ work: SendWork, _ outcomes: [SendOutcome], _ proxy: Proxy
    ) -> ExitCode {
        let trace = (proxy.recorder?.path).map { LogDirectory.shown($0, environment) }
        let report = SendReport(
            outcomes: outcomes, wanted: work.count, showsAttempts: repeats > 1, backend: proxy.choice.name,
            trace: trace, notes: plan.notes + (work.failure.map { ["not all were sent: \($0)"] } ?? []),
            lists: settings.prices.sources)
        if let failure = work.failure { Output.say("claudecodex: not all were sent: \(Text.printable(failure))\n") }
        if reading.isJSON {
            reading.print(report.json(plan.damage), plan.damage)
        } else {
            reading.print(report.lines(reading.terminal), plan.damage)
        }
        if work.wasStopped { return .interrupted }
        if !outcomes.contains(where: { $0.answer != nil }) { return .trouble }
        return expectsSameTools && !report.isSameTools ? .negative : .success
    }
}
