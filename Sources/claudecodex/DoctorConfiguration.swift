internal import Intercept

/// Checks of what was configured, and where: `configuration` and `dotenv`.
enum DoctorConfiguration {
    /// Variables that say nothing about the proxy.
    private static let silentGroup = "Terminal and files"

    /// The variables and flags that count, each with its source, and what is misspelt.
    static func findings(_ environment: Environment, _ given: [Arguments.Given], notes: [String]) -> [Finding] {
        let flags = given.filter { Flags.row($0.name).map { !$0.isAction } ?? false }
        let named = Set(Flags.all.flatMap(\.variables)).union(
            Variable.all.filter { $0.group != silentGroup }.map(\.name))
        let names = environment.entries.keys.filter { named.contains($0) && environment[$0] != nil }.sorted()
        let details =
            flags.map { "--\($0.name.rawValue)\($0.value.isEmpty ? "" : " " + shown($0.value))" }
            + names.compactMap { name in environment.entry(name).map { line(name, $0) } }
        let count = details.count
        let text = count == 0 ? "nothing is set; the defaults count" : Text.count(count, "setting")
        return [.ok("configuration", text, details: details)] + notes.map { .warn("configuration", $0) }
    }

    private static func line(_ name: String, _ entry: Environment.Entry) -> String {
        let value = KeyShape.isSecret(name) ? KeyShape.shown(entry.value) : shown(entry.value)
        let other = Variable.named(name).flatMap { spelling($0.doc) }.map { "; \($0)" } ?? ""
        return "\(name)=\(value) (\(entry.source)\(other))"
    }

    /// `the same as OPENAI_BASE_URL`, where the table says that a variable is another spelling.
    private static func spelling(_ doc: String) -> String? {
        let mark = "Another spelling of "
        return doc.hasPrefix(mark) ? "the same as " + doc.dropFirst(mark.count).prefix { $0 != "." } : nil
    }

    /// Without passwords, not too long.
    static func shown(_ value: String) -> String { Text.cut(Text.printable(Text.withoutCredentials(value)), 80) }

    /// What `./.env` brings: the names that count, and those that do not. Nothing when there is no such file.
    static func dotEnv(_ file: Result<[UInt8], Unreadable>, exists: Bool) -> [Finding] {
        guard exists else { return [] }
        let bytes: [UInt8]
        switch file {
        case .success(let read): bytes = read
        case .failure(let problem): return [.warn("dotenv", "./.env cannot be read: \(problem.reason)")]
        }
        let values = DotEnv(bytes).values
        let heard = DotEnvRule.admitted(values).keys.sorted()
        let ours = values.keys.filter { !heard.contains($0) && isOurs($0) }.sorted()
        let text = "./.env sets \(Text.count(values.count, "variable")), of which \(heard.count) may count"
        let details = heard.isEmpty ? [] : ["may count: " + heard.joined(separator: ", ")]
        if ours.isEmpty { return [.ok("dotenv", text, details: details)] }
        return [
            .warn(
                "dotenv", text, details: details + ["may not: " + ours.joined(separator: ", ")],
                todo: "if the file is yours: --env-file .env")
        ]
    }

    /// A variable of this program or of its client, which its user will expect to count.
    private static func isOurs(_ name: String) -> Bool {
        name.hasPrefix("CLAUDECODEX_") || name.hasPrefix("ANTHROPIC_") || Variable.named(name) != nil
            || Flags.all.contains { $0.variables.contains(name) }
    }
}
