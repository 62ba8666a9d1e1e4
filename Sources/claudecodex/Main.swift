#if canImport(Glibc)
    @preconcurrency import Glibc
#else
    @preconcurrency import Darwin
#endif
internal import Intercept

/// The program: reads what it was started with, runs the command, turns failures into exit codes.
@main
struct ClaudeCodex {
    static func main() {
        let ignoredPipe = Signal.isIgnored(SIGPIPE)
        signal(SIGPIPE, SIG_IGN)
        let inherited = Inherited(mask: umask(0o077), ignoredPipe: ignoredPipe)
        var arguments: Arguments?
        do throws(Failure) {
            let parsed = try Arguments(Array(CommandLine.arguments.dropFirst()))
            arguments = parsed
            let code = try run(parsed, CStrings.environment(), inherited)
            if let problem = Output.problem {
                throw Failure(.cannotWrite, "the answer could not be written: \(String(cString: strerror(problem)))")
            }
            exit(code)
        } catch {
            Output.say(error.text)
            exit(code(of: error, arguments?.word).rawValue)
        }
    }

    private static func run(_ arguments: Arguments, _ entries: [[UInt8]], _ inherited: Inherited) throws(Failure)
        -> Int32
    {
        if arguments.word == .version {
            Output.data(Version.text)
            return 0
        }
        if arguments.help != nil || arguments.word == .help {
            Output.data(try Help.answer(arguments, shell: values(entries)))
            return 0
        }
        if arguments.word == .demo {
            try Demo(arguments, shell: values(entries)).run()
            return 0
        }
        if arguments.word == .statusline { return StatusLine.run(values(entries)).rawValue }
        if arguments.word == .doctor { return Doctor(arguments, shell: values(entries)).run().rawValue }
        let configuration = try Configuration(arguments, shell: values(entries), read: Files.read)
        let settings = try Settings(arguments, configuration.environment)
        switch arguments.word {
        case .env: return try printEnvironment(arguments, settings, configuration.environment)
        case .run:
            let run = Run(
                command: arguments.operands, settings: settings, environment: configuration.environment,
                entries: entries,
                inherited: inherited)
            return try run.run(notes: configuration.notes + settings.faultNotes)
        case .sessions: return try Sessions.run(arguments, settings, configuration.environment).rawValue
        case .tools: return try Tools.run(arguments, settings, configuration.environment).rawValue
        case .replay:
            if !arguments.command.isEmpty {
                let run = try Replay.command(arguments, settings, configuration.environment, entries, inherited)
                return try run.run(notes: configuration.notes)
            }
            return try Replay.run(arguments, settings, configuration.environment).rawValue
        case .show: return try Show.run(arguments, settings, configuration.environment).rawValue
        case .cache: return try Cache.run(arguments, settings, configuration.environment).rawValue
        case .context: return try Context.run(arguments, settings, configuration.environment).rawValue
        case .cost: return try Cost.run(arguments, settings, configuration.environment).rawValue
        case .diff: return try DiffCommand.run(arguments, settings, configuration.environment).rawValue
        case .cat: return try Cat.run(arguments, settings, configuration.environment).rawValue
        case .export: return try Export.run(arguments, settings, configuration.environment).rawValue
        case .import: return try Import.run(arguments, settings, configuration.environment).rawValue
        case .completions: return try Completions.run(arguments, settings, configuration.environment).rawValue
        case .man: return try ManPage.run(arguments, settings, configuration.environment).rawValue
        case .serve, .demo, .doctor, .statusline, .help, .version:
            return try Serve.run(
                arguments, settings, configuration.environment, notes: configuration.notes + settings.faultNotes
            )
            .rawValue
        }
    }

    private static func printEnvironment(
        _ arguments: Arguments, _ settings: Settings, _ environment: Environment
    ) throws(Failure) -> Int32 {
        guard case .tcp(_, let port) = settings.listen, port > 0 else {
            throw .usage("env: \(settings.listen) has no port that could be printed", "name one with --port")
        }
        var token: AccessToken?
        switch settings.token {
        case .given(let given): token = given
        case .made:
            throw .usage(
                "env: a token that a proxy made for itself is not known here", "copy the banner's `use it` line")
        case nil: break
        }
        let choice = try BackendChoice(settings, environment)
        let shell = environment.entries.compactMapValues { $0.source == .shell ? $0.value : nil }
        let changes = ClientEnvironment.changes(
            url: settings.listen.url(with: token), needsCredentials: choice.needsCredentials, shell)
        let kind = Env.Shell(arguments.values(.shell).last, login: environment["SHELL"])
        Output.data(Env.text(changes, kind))
        return 0
    }

    /// What fails before the command runs is the proxy's failure, not the command's; only mistakes on the command line
    /// keep their own code.
    private static func code(of failure: Failure, _ word: Word?) -> ExitCode {
        let own: [ExitCode] = [.usage, .notFound, .notExecutable]
        return word == .run && !own.contains(failure.code) ? .runFailed : failure.code
    }

    private static func values(_ entries: [[UInt8]]) -> [String: String] {
        var values: [String: String] = [:]
        for entry in entries {
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(decoding: entry[..<equals], as: UTF8.self)
            if values[name] == nil { values[name] = String(decoding: entry[(equals + 1)...], as: UTF8.self) }
        }
        return values
    }
}
