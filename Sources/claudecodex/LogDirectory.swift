internal import Intercept

/// Where traces go.
enum LogDirectory {
    /// The file that marks a `logs` directory as ours.
    static let marker = "logs/.claudecodex"

    /// `--log-dir` or its variable, else `./logs` if it is marked, else the state directory.
    static func choose(_ setting: Setting?, hasMarker: Bool, _ environment: Environment) throws(Failure) -> String {
        if let setting { return expand(setting.text, environment) }
        if hasMarker { return "logs" }
        return try state(environment) + "/logs"
    }

    /// `$XDG_STATE_HOME/claudecodex`. A relative XDG_STATE_HOME does not count, as its specification says.
    static func state(_ environment: Environment) throws(Failure) -> String {
        if let base = environment["XDG_STATE_HOME"], base.hasPrefix("/") { return base + "/claudecodex" }
        guard let home = environment["HOME"] else {
            throw .configuration(
                "neither HOME nor XDG_STATE_HOME is set, so there is no place for traces",
                "use --log-dir DIR")
        }
        return home + "/.local/state/claudecodex"
    }

    /// A `~` that no shell has expanded, as in a file of variables or in `--log-dir=~/x`.
    private static func expand(_ path: String, _ environment: Environment) -> String {
        guard path == "~" || path.hasPrefix("~/"), let home = environment["HOME"] else { return path }
        return home + path.dropFirst()
    }

    /// Whether a trace says no more than that it was begun.
    static func isEmpty(_ trace: [UInt8]) -> Bool {
        let lines = trace.split(separator: UInt8(ascii: "\n"))
        guard let first = lines.first else { return true }
        return lines.count == 1 && (try? JSON.parse(Array(first)))?["type"]?.string == "meta"
    }

    /// Removes a trace that says no more than that it was begun. False when it stays.
    static func removeIfEmpty(_ path: String) -> Bool {
        guard let trace = try? Files.read(path).get(), isEmpty(trace) else { return false }
        return Files.remove(path)
    }

    /// The path as a person reads it: the home directory is `~`.
    static func shown(_ path: String, _ environment: Environment) -> String {
        guard let home = environment["HOME"], path.hasPrefix(home + "/") else { return path }
        return "~" + path.dropFirst(home.count)
    }
}
