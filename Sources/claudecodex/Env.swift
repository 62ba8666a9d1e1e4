/// `claudecodex env`: the client's variables in the syntax of a shell.
enum Env {
    enum Shell: String {
        case sh, fish, ps1

        /// From `--shell`, else from the name of the user's shell.
        init(_ wanted: String?, login: String?) {
            if let wanted, let known = Shell(rawValue: wanted) {
                self = known
                return
            }
            switch login?.split(separator: "/").last {
            case "fish": self = .fish
            case "pwsh": self = .ps1
            default: self = .sh
            }
        }
    }

    static func text(_ changes: [ClientEnvironment.Change], _ shell: Shell) -> String {
        changes.map { line($0, shell) + "\n" }.joined()
    }

    private static func line(_ change: ClientEnvironment.Change, _ shell: Shell) -> String {
        switch (change, shell) {
        case (.set(let name, let value), .sh): "export \(name)=\(quoted(value, escape: "'\\''"))"
        case (.set(let name, let value), .fish): "set -gx \(name) \(quoted(backslashed(value), escape: "\\'"))"
        case (.set(let name, let value), .ps1): "$Env:\(name) = \(quoted(value, escape: "''"))"
        case (.remove(let name), .sh): "unset \(name)"
        case (.remove(let name), .fish): "set -e \(name)"
        case (.remove(let name), .ps1): "Remove-Item Env:\(name) -ErrorAction SilentlyContinue"
        }
    }

    /// One argument as `sh` must be given it: in quotes only where they are needed.
    static func word(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./:=@%+,".contains($0)) }
        return isPlain && !text.isEmpty ? text : quoted(text, escape: "'\\''")
    }

    /// Single quotes take everything as it is but themselves.
    private static func quoted(_ value: String, escape: String) -> String {
        "'" + value.map { $0 == "'" ? escape : String($0) }.joined() + "'"
    }

    /// fish reads a backslash in single quotes.
    private static func backslashed(_ value: String) -> String {
        value.map { $0 == "\\" ? "\\\\" : String($0) }.joined()
    }
}
