#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept
internal import Recorder

/// A proxy put together from its settings: backend, interceptors, recorder, live lines, server.
struct Proxy {
    let loop: EventLoop
    let choice: BackendChoice
    let lines: LiveLines
    /// Nil when nothing is recorded.
    let recorder: Recorder?
    let server: Server
    /// The way to other services, for the program's own questions too.
    let upstream: Upstream

    /// - Parameters:
    ///   - file: Which file of the log directory the trace goes to.
    ///   - token: What clients must show, or nil.
    ///   - rehearsal: A recorded session that answers.
    ///   - replayOf: The trace whose requests are sent again.
    ///   - observer: Is told of everything too.
    init(
        _ settings: Settings, _ environment: Environment, lines: LiveLines, file: RecorderConfiguration.File,
        token: AccessToken?, rehearsal: Rehearsal? = nil, replayOf: ReplayOrigin? = nil,
        observer: (any Observer)? = nil
    ) throws(Failure) {
        if let rehearsal { choice = rehearsal.choice } else { choice = try BackendChoice(settings, environment) }
        self.lines = lines
        var limits = settings.limits
        limits.maxConnections = min(limits.maxConnections, Descriptors.connections(Descriptors.limit))
        recorder = try Self.recorder(settings, environment, file, choice, rehearsal?.origin ?? replayOf)
        do {
            loop = try EventLoop()
            upstream = try Upstream(loop, limits: limits, environment: environment)
        } catch {
            throw Failure(.unavailable, "cannot start the event loop: \(error)")
        }
        let observers: [(any Observer)?] = [recorder, lines, rehearsal?.source, observer]
        let service = Service(
            backend: choice.backend, faults: Faults(settings.faults, seed: settings.seed, loop),
            interceptors: Interceptors.all(settings, choice.backend, loop),
            source: rehearsal?.source, observers: observers.compactMap { $0 }, version: Version.number,
            isStrict: settings.isStrict,
            health: { [recorder] in recorder.map { HealthReport.json($0.statistics) } },
            sessionStats: { [lines] in lines.stats(of: $0) })
        server = Server(
            loop: loop, listen: settings.listen, limits: limits, service: service, upstream: upstream,
            token: token, hosts: settings.hosts)
    }

    private static func recorder(
        _ settings: Settings, _ environment: Environment, _ file: RecorderConfiguration.File, _ choice: BackendChoice,
        _ replayOf: ReplayOrigin?
    ) throws(Failure) -> Recorder? {
        if settings.record == "off" { return nil }
        let directory = try LogDirectory.choose(
            settings.logDirectory, hasMarker: Files.exists(LogDirectory.marker), environment)
        let level = RedactionLevel(rawValue: settings.redact) ?? .strict
        var configuration = RecorderConfiguration(
            directory: directory, file: file, mode: settings.record == "full" ? .full : .delta, redact: level,
            redactKey: key(level, environment), program: "claudecodex", version: Version.number, backend: choice.name)
        configuration.prices = settings.prices
        configuration.settings = choice.translationSettings(environment)
        configuration.replayOf = replayOf
        do {
            return try Recorder(configuration: configuration) { Output.say("claudecodex: \($0)\n") }
        } catch {
            throw Failure(
                .cannotWrite, "traces cannot be written: \(error)", hints: ["to go without them: --record off"])
        }
    }

    /// The key under which secrets become digits.
    static func key(_ level: RedactionLevel, _ environment: Environment) -> [UInt8] {
        if level == .off { return [] }
        guard let directory = try? LogDirectory.state(environment) else {
            Output.say(
                "claudecodex: neither HOME nor XDG_STATE_HOME is set: redacted secrets of this trace cannot be compared "
                    + "with other traces'\n")
            return Identifier.random(RedactKey.length)
        }
        let made = RedactKey.load(directory, random: Identifier.random)
        if let note = made.note { Output.say("claudecodex: \(note)\n") }
        return made.key
    }

    /// Opens the listening socket.
    func listen() throws(Failure) -> ListenAddress {
        do { return try server.listen() } catch {
            recorder?.close()
            throw Failure(.unavailable, "\(error)")
        }
    }

    /// Live lines of a proxy that owns both stdout and stderr.
    static func lines(_ settings: Settings, _ environment: Environment) -> LiveLines {
        let isJSON = settings.format == .jsonl
        return lines(
            settings, environment, isSilent: settings.detail == .quiet && !isJSON,
            fd: isJSON ? STDOUT_FILENO : STDERR_FILENO)
    }

    /// Live lines for this process's stderr (or stdout).
    static func lines(_ settings: Settings, _ environment: Environment, isSilent: Bool, fd: Int32) -> LiveLines {
        let terminal = Terminal.current(fd, color: settings.color, environment)
        let line = LiveLine(
            terminal: terminal, detail: settings.detail, prices: settings.prices,
            clock: terminal.isTerminal ? WallClock.local : WallClock.utc)
        let isScreen = settings.format == .jsonl && ScreenText.isScreen(fd)
        return LiveLines(format: settings.format, line: line, isSilent: isSilent) { bytes in
            Output.offer(isScreen ? ScreenText.json.shown(bytes) : bytes, to: fd)
        }
    }
}

/// What the recorder says of itself in `/health`.
enum HealthReport {
    /// One JSON object.
    static func json(_ statistics: RecorderStatistics) -> String {
        var out = JSONWriter()
        out.beginObject()
        out.field("records", statistics.records)
        out.field("dropped_events", statistics.droppedEvents)
        out.field("dropped_bodies", statistics.droppedBodies)
        out.field("redaction_failures", statistics.redactionFailures)
        out.field("lost", statistics.lost)
        out.field("queue_bytes", statistics.queueBytes)
        out.field("last_error", ifPresent: statistics.lastError)
        out.endObject()
        return String(decoding: out.bytes, as: UTF8.self)
    }
}
