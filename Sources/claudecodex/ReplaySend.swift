#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Backends
internal import Intercept
internal import Recorder
internal import Synchronization

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
        let recorded = try SendPlan(reading.choice)
        let lines = Proxy.lines(settings, environment, isSilent: true, fd: STDERR_FILENO)
        let token = AccessToken.random()
        let proxy = try Proxy(
            settings, environment, lines: lines, file: .run("send-" + Self.compact(Timestamp.now().rfc3339)),
            token: token,
            replayOf: ReplayOrigin(files: reading.choice.files.map(Files.name), session: reading.choice.session))
        let credentials = try credentials(proxy)
        let address = try proxy.listen()
        announce(recorded, proxy)
        let client = SendClient(
            upstream: proxy.upstream, url: address.url(with: token), session: Identifier.uuid7(),
            credentials: credentials)
        let work = SendWork(recorded.jobs, repeats: repeats, client, isShown: reading.showsProgress)
        do { try work.run(proxy, parallel: parallel) } catch {
            throw Failure(.unavailable, "cannot handle signals: \(error)")
        }
        proxy.recorder?.close()
        return report(recorded, work, proxy)
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
        let tokens = plan.jobs.compactMap(\.recorded.promptTokens).reduce(0, +) * repeats
        let times = repeats > 1 ? ", each \(repeats) times" : ""
        let size = tokens > 0 ? ", about \(Amounts.tokens(tokens)) tokens of input as recorded" : ""
        let summary = Text.printable(Text.withoutCredentials(proxy.choice.backend.summary))
        Output.say(
            "claudecodex: sends \(Text.count(count, "request"))\(times) to \(proxy.choice.name) (\(summary))\(size)\n")
        for note in plan.notes { Output.say("claudecodex: \(note)\n") }
    }

    private func report(_ plan: SendPlan, _ work: SendWork, _ proxy: Proxy) -> ExitCode {
        let outcomes = work.outcomes
        let trace = (proxy.recorder?.path).map { LogDirectory.shown($0, environment) }
        let report = SendReport(
            outcomes: outcomes, wanted: plan.jobs.count * repeats, showsAttempts: repeats > 1,
            backend: proxy.choice.name, trace: trace, notes: plan.notes)
        if reading.isJSON {
            reading.print(report.json(), plan.damage)
        } else {
            reading.print(report.lines(reading.terminal), plan.damage)
        }
        if work.wasStopped { return .interrupted }
        if !outcomes.contains(where: { $0.answer != nil }) { return .trouble }
        return expectsSameTools && !report.isSameTools ? .negative : .success
    }
}

/// The requests of a trace that can be sent again, and what is to be said of the others.
struct SendPlan {
    private(set) var jobs: [SendJob] = []
    private(set) var notes: [String] = []
    private(set) var damage = TraceScan.Damage()
    private var isStrict = false
    private var unanswered = 0
    private var redacted = 0

    init(_ choice: TraceChoice) throws(Failure) {
        var reader = ExchangeReader(session: choice.session, .init(types: ["response"], body: true))
        for file in choice.files {
            do throws(TraceError) {
                damage.add(
                    try reader.read(file) { meta in
                        isStrict = isStrict || meta["redact"]?.equals("strict") ?? false
                    } take: {
                        add($0, choice)
                    })
            } catch {
                throw Failure(.noTrace, "\(error)")
            }
        }
        reader.finish { add($0, choice) }
        if isStrict {
            throw Failure(
                .noTrace, "the trace was recorded with --redact strict: its requests hold no texts to send",
                hints: ["record again with --redact tokens"])
        }
        if jobs.isEmpty { throw Failure(.negative, "no request of this trace has a whole answer to compare with") }
        if unanswered > 0 {
            notes.append("\(Text.count(unanswered, "request")) without a whole recorded answer left out")
        }
        if redacted > 0 {
            notes.append("\(Text.count(redacted, "request")) with placeholders where secrets were redacted")
        }
    }

    private mutating func add(_ exchange: RecordedExchange, _ choice: TraceChoice) {
        guard exchange.isMessages, choice.number == nil || exchange.number == choice.number,
            choice.exchange == nil || exchange.id == choice.exchange
        else { return }
        guard let job = SendJob(exchange) else {
            unanswered += 1
            return
        }
        if exchange.request["redacted"]?.int ?? 0 > 0 { redacted += 1 }
        jobs.append(job)
    }
}

/// The jobs under way: who takes the next, what came of those that are done.
final class SendWork: Sendable {
    private struct State {
        var next = 0
        var working = 0
        var outcomes: [SendOutcome] = []
        var isStopping = false
    }

    private let jobs: [SendJob]
    private let repeats: Int
    private let client: SendClient
    private let isShown: Bool
    private let state = Mutex(State())

    init(_ jobs: [SendJob], repeats: Int, _ client: SendClient, isShown: Bool) {
        (self.jobs, self.repeats, self.client, self.isShown) = (jobs, repeats, client, isShown)
    }

    /// In the order of the trace.
    var outcomes: [SendOutcome] {
        let places = Dictionary(uniqueKeysWithValues: jobs.enumerated().map { ($1.id, $0) })
        return state.withLock { $0.outcomes }.sorted {
            (places[$0.job.id] ?? 0, $0.attempt) < (places[$1.job.id] ?? 0, $1.attempt)
        }
    }

    var wasStopped: Bool { state.withLock { $0.isStopping } }

    /// Runs the loop until all is done. The first ^C lets those under way finish, the second ends them.
    func run(_ proxy: Proxy, parallel: Int) throws {
        let (loop, server) = (proxy.loop, proxy.server)
        for signal in [SIGINT, SIGTERM] where !Signal.isIgnored(signal) {
            try loop.onSignal(signal) { self.stop(server, loop) }
        }
        for _ in 0..<min(parallel, jobs.count * repeats) {
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
        while let (job, attempt) = take() {
            let outcome = await client.send(job, attempt: attempt)
            let done = state.withLock { state in
                state.outcomes.append(outcome)
                return state.outcomes.count
            }
            if isShown { Output.say("\r\u{1B}[K\(done) of \(jobs.count * repeats) answered") }
        }
        let isLast = state.withLock { state in
            state.working -= 1
            return state.working == 0
        }
        if isLast { server.drain { loop.stop() } }
    }

    /// Each job once, then each once more: a service's mood changes slowly.
    private func take() -> (SendJob, Int)? {
        state.withLock { state in
            guard !state.isStopping, state.next < jobs.count * repeats else { return nil }
            defer { state.next += 1 }
            return (jobs[state.next % jobs.count], state.next / jobs.count + 1)
        }
    }
}
