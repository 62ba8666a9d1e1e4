internal import Intercept

/// Puts the sources of variables together: shell, `--env-file`, the user's file, `./.env`.
struct Configuration {
    let environment: Environment
    /// What the user should know but need not act on.
    let notes: [String]

    /// `read` gives a file's bytes, or why there are none.
    init(
        _ arguments: Arguments, shell: [String: String], read: (String) -> Result<[UInt8], Unreadable>
    ) throws(Failure) {
        var environment = Environment(shell, source: .shell)
        var notes: [String] = []
        let lookup = Lookup(arguments: arguments, environment: environment)
        for (setting, source) in [(try lookup(.envFile), Environment.Source.envFile), (try lookup(.config), .userFile)]
        {
            guard let setting else { continue }
            switch read(setting.text) {
            case .success(let bytes): Self.add(try Self.values(bytes, setting.text), source, to: &environment)
            case .failure(let problem): throw setting.failure("cannot be read: \(problem.reason)")
            }
        }
        let hasConfig = try lookup(.config) != nil
        if !hasConfig, let path = Self.userFile(environment), let bytes = try? read(path).get() {
            Self.add(try Self.values(bytes, path), .userFile, to: &environment)
        }
        if let bytes = try? read(".env").get() {
            let values = DotEnv(bytes).values
            Self.add(DotEnvRule.admitted(values), .dotEnv, to: &environment)
            notes += Self.unheard(values)
        }
        self.environment = environment
        self.notes = notes + Self.misspelt(environment)
    }

    private static func add(_ values: [String: String], _ source: Environment.Source, to environment: inout Environment)
    {
        for (name, value) in values { environment.set(name, value, source) }
    }

    /// A file that the user named must be well-formed.
    private static func values(_ bytes: [UInt8], _ path: String) throws(Failure) -> [String: String] {
        let file = DotEnv(bytes)
        if let problem = file.problems.first { throw .configuration("\(path), line \(problem.line): \(problem.text)") }
        return file.values
    }

    /// `$XDG_CONFIG_HOME/claudecodex/config.env`
    static func userFile(_ environment: Environment) -> String? {
        if let base = environment["XDG_CONFIG_HOME"], base.hasPrefix("/") { return "\(base)/claudecodex/config.env" }
        return environment["HOME"].map { "\($0)/.config/claudecodex/config.env" }
    }

    private static func unheard(_ values: [String: String]) -> [String] {
        values.keys.filter { $0.hasPrefix("CLAUDECODEX_") }.sorted().map {
            "./.env sets \($0), which it may not; use --env-file .env if the file is yours"
        }
    }

    private static func misspelt(_ environment: Environment) -> [String] {
        let known = Flags.all.compactMap(\.variable)
        let names = environment.entries.keys.filter { $0.hasPrefix("CLAUDECODEX_") && !known.contains($0) }.sorted()
        return names.map { "\($0) is no variable of this version" + Suggestion.phrase(for: $0, in: known) }
    }
}
