internal import Intercept

/// The check `client`: whether Claude Code will talk to this proxy, by the shell's variables and by its own settings.
enum DoctorClient {
    /// A settings file of Claude Code that exists.
    struct SettingsFile {
        let path: String
        let bytes: [UInt8]
    }

    /// Where Claude Code looks, the strongest first.
    static func paths(_ environment: Environment) -> [String] {
        let home = environment["CLAUDE_CONFIG_DIR"] ?? environment["HOME"].map { $0 + "/.claude" }
        #if os(Linux)
            let managed = "/etc/claude-code/managed-settings.json"
        #else
            let managed = "/Library/Application Support/ClaudeCode/managed-settings.json"
        #endif
        return [managed, ".claude/settings.local.json", ".claude/settings.json"]
            + (home.map { [$0 + "/settings.json"] } ?? [])
    }

    /// - Parameter needsCredentials: the backend sends the client's own credentials on.
    static func findings(
        _ files: [SettingsFile], _ environment: Environment, listen: ListenAddress, needsCredentials: Bool
    ) -> [Finding] {
        let found = files.flatMap { file($0, environment, listen) } + shell(environment, listen, needsCredentials)
        if !found.isEmpty { return found }
        return [.ok("client", "nothing keeps Claude Code from using this proxy: claudecodex run -- claude")]
    }

    // MARK: Settings files

    private static func file(_ file: SettingsFile, _ environment: Environment, _ listen: ListenAddress) -> [Finding] {
        let place = Text.printable(LogDirectory.shown(file.path, environment))
        guard let json = try? JSON.parse(file.bytes), json.isObject else {
            return [.warn("client", "\(place) is no JSON object, so Claude Code will not read it")]
        }
        guard let variables = json["env"], variables.isObject else { return [] }
        var found: [Finding] = []
        if let url = variables["ANTHROPIC_BASE_URL"]?.string, !url.isEmpty {
            found.append(base(url, place, listen))
        }
        for (key, value) in variables.members {
            guard let name = key.string, name.hasPrefix("CLAUDE_CODE_USE_"), isOn(value.string) else { continue }
            found.append(
                .warn(
                    "client", "\(place) sets \(name): Claude Code then goes to that cloud and not to this proxy",
                    todo: "remove the line"))
        }
        for name in ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"] where !(variables[name]?.string ?? "").isEmpty {
            found.append(.note("client", "\(place) sets \(name), which wins over the shell's"))
        }
        return found
    }

    /// Settings win over the environment that `run` and `env` make.
    private static func base(_ url: String, _ place: String, _ listen: ListenAddress) -> Finding {
        let shown = DoctorConfiguration.shown(url)
        if BackendChoice.isOwn(url, listen) {
            return .note(
                "client",
                "\(place) sends every session to \(shown): `claudecodex run` has an address of its own and gets none")
        }
        return .warn(
            "client", "ANTHROPIC_BASE_URL in \(place) points elsewhere: \(shown)",
            todo: "remove the line, or set it to \(listen.url)")
    }

    private static func isOn(_ value: String?) -> Bool {
        guard let value else { return false }
        return !["", "0", "false", "no", "off"].contains(value.lowercased())
    }

    // MARK: The shell

    private static func shell(
        _ environment: Environment, _ listen: ListenAddress, _ needsCredentials: Bool
    ) -> [Finding] {
        var found: [Finding] = []
        let key = environment.entry("ANTHROPIC_API_KEY")
        let token = environment.entry("ANTHROPIC_AUTH_TOKEN")
        if key != nil, token != nil {
            found.append(
                .warn(
                    "client",
                    "both ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN are set: Claude Code sends both, and services may refuse that",
                    todo: "unset the one you do not mean"))
        }
        for (name, entry) in environment.entries.sorted(by: { $0.key < $1.key })
        where name.hasPrefix("CLAUDE_CODE_USE_") && isOn(entry.value) {
            found.append(
                .warn(
                    "client", "\(name) is set: Claude Code of this shell goes to that cloud and not to this proxy",
                    todo: "unset \(name), or claudecodex run -- claude"))
        }
        guard let url = environment.entry("ANTHROPIC_BASE_URL"), url.source == .shell else { return found }
        if !BackendChoice.isOwn(url.value, listen) {
            found.append(
                .note(
                    "client",
                    "ANTHROPIC_BASE_URL in this shell is \(DoctorConfiguration.shown(url.value)), not this proxy",
                    todo: "claudecodex run -- claude, or eval \"$(claudecodex env)\""))
        } else if needsCredentials, token?.value == ClientEnvironment.placeholder {
            found.append(
                .warn(
                    "client",
                    "ANTHROPIC_AUTH_TOKEN is the placeholder for backends that need none, and it would go to the service",
                    todo: "unset ANTHROPIC_AUTH_TOKEN"))
        } else {
            found.append(.ok("client", "Claude Code of this shell uses \(DoctorConfiguration.shown(url.value))"))
        }
        return found
    }
}
