#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept
internal import Recorder
internal import Synchronization

/// `claudecodex doctor`: looks at everything a proxy depends on and says what it found. Only --online asks the network.
struct Doctor {
    private let arguments: Arguments
    private let environment: Environment
    private let notes: [String]
    /// Why the files of variables or the settings are not right; what depends on them is not checked then.
    private var failures: [Finding] = []
    private var settings: Settings?
    private var choice: BackendChoice?

    init(_ arguments: Arguments, shell: [String: String]) {
        self.arguments = arguments
        do throws(Failure) {
            let configuration = try Configuration(arguments, shell: shell, read: Files.read)
            (environment, notes) = (configuration.environment, configuration.notes)
        } catch {
            (environment, notes) = (Environment(shell), [])
            failures.append(.fail("configuration", error))
        }
        do throws(Failure) {
            let settings = try Settings(arguments, environment)
            self.settings = settings
            choice = try BackendChoice(settings, environment)
        } catch {
            failures.append(.fail(settings == nil ? "configuration" : "backend", error))
        }
    }

    /// Prints the report on stdout.
    func run() -> ExitCode {
        let report = DoctorReport(findings: findings())
        let color = (try? Lookup(arguments: arguments, environment: environment).choice(.color)) ?? "auto"
        let terminal = Terminal.current(STDOUT_FILENO, color: color, environment)
        Output.data(arguments.has(.json) ? report.json : report.text(terminal))
        return report.problems > 0 ? .negative : .success
    }

    private func findings() -> [Finding] {
        var found = [DoctorMachine.program(.current())]
        found += DoctorConfiguration.findings(environment, arguments.given, notes: notes)
        found += failures
        found += DoctorConfiguration.dotEnv(Files.read(".env"), exists: Files.exists(".env"))
        found += readable()
        let (port, online) = settings.map(asked) ?? ([], [])
        if let choice { found += backend(choice) }
        found += KeyShape.findings(environment, backend: choice?.name)
        guard let settings else { return found }
        if let choice { found += AddressShape.findings(settings, environment, backend: choice.name) }
        found += port
        found.append(DoctorMachine.logs(settings, environment))
        found += DoctorClient.findings(
            clientFiles(), environment, listen: settings.listen, needsCredentials: choice?.needsCredentials ?? false)
        found += DoctorMachine.network(environment, exists: Files.exists)
        return found + traces(settings) + online
    }

    private func backend(_ choice: BackendChoice) -> [Finding] {
        let summary = choice.backend.summary
        let words = summary.isEmpty ? "" : " (\(summary))"
        let text = Text.withoutCredentials("\(choice.name)\(words), because \(choice.because)")
        let others = choice.alsoPossible.map {
            Finding.note("backend", "also possible: \(Text.withoutCredentials($0))", todo: "choose with -b")
        }
        return [.ok("backend", text)] + others + choice.backend.remarks(at: .now()).map(Finding.init)
    }

    /// Files of keys that others may read.
    private func readable() -> [Finding] {
        let paths = [".env", Configuration.userFile(environment)].compactMap { $0 } + arguments.values(.envFile)
        return paths.compactMap { path in
            guard let facts = FileFacts(path), facts.isOpenToOthers, let bytes = try? Files.read(path).get(),
                DotEnv(bytes).values.contains(where: { KeyShape.isSecret($0.key) && !$0.value.isEmpty })
            else { return nil }
            let shown = Text.printable(path == ".env" ? "./.env" : LogDirectory.shown(path, environment))
            return .warn(
                "key", "\(shown) (\(facts.shownMode)) holds a key, and others may read it",
                todo: "chmod 600 \(Env.word(path))")
        }
    }

    private func clientFiles() -> [DoctorClient.SettingsFile] {
        var files: [DoctorClient.SettingsFile] = []
        var seen: Set<[UInt64]> = []
        for path in DoctorClient.paths(environment) {
            // In the home directory the project's file is the user's.
            guard let facts = FileFacts(path), seen.insert(facts.identity).inserted,
                let bytes = try? Files.read(path).get()
            else { continue }
            files.append(DoctorClient.SettingsFile(path: path, bytes: bytes))
        }
        return files
    }

    private func traces(_ settings: Settings) -> [Finding] {
        let directory = try? LogDirectory.choose(
            settings.logDirectory, hasMarker: Files.exists(LogDirectory.marker), environment)
        guard let directory, Files.exists(directory) else { return DoctorTrace.findings(nil, environment) }
        return DoctorTrace.findings(DoctorTrace.newest(in: directory), environment)
    }

    // MARK: Questions

    /// How long to wait for a program of this machine, and for a service.
    private static let (localMS, serviceMS) = (2000, 10_000)

    private static func limits(_ milliseconds: Int) -> Limits {
        var limits = Limits()
        limits.connectTimeoutMS = milliseconds
        limits.firstByteTimeoutMS = milliseconds
        limits.idleTimeoutMS = milliseconds
        return limits
    }

    /// What is learnt by connecting: the port, and with --online the service.
    private func asked(_ settings: Settings) -> (port: [Finding], online: [Finding]) {
        do {
            let loop = try EventLoop()
            let local = try Upstream(loop, limits: Self.limits(Self.localMS), environment: environment)
            let service = try Upstream(loop, limits: Self.limits(Self.serviceMS), environment: environment)
            let answers = Answers()
            let (listen, environment) = (settings.listen, environment)
            let backend = arguments.has(.online) ? choice?.backend : nil
            loop.spawn {
                answers.port = await DoctorPort(loop: loop, upstream: local).findings(listen)
                if let backend { answers.online = await DoctorOnline.findings(backend, service, environment) }
                loop.stop()
            }
            loop.run()
            return (answers.port, answers.online)
        } catch {
            return ([.fail("port", "cannot start the event loop: \(error)", todo: "raise the limit of open files")], [])
        }
    }
}

/// What the loop's task found, for the thread that waits for it.
private final class Answers: Sendable {
    private let found = Mutex((port: [Finding](), online: [Finding]()))

    var port: [Finding] {
        get { found.withLock { $0.port } }
        set { found.withLock { $0.port = newValue } }
    }

    var online: [Finding] {
        get { found.withLock { $0.online } }
        set { found.withLock { $0.online = newValue } }
    }
}
