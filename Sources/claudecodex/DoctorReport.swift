internal import Intercept

/// One thing that `doctor` has looked at.
struct Finding: Equatable {
    enum Level: String { case ok, note, warn, fail }

    let level: Level
    /// The check's name, the same in every version.
    let check: String
    /// What was found, in one sentence.
    let text: String
    var details: [String] = []
    /// What to type or to change.
    var todo: [String] = []

    init(level: Level, check: String, text: String, details: [String] = [], todo: [String] = []) {
        (self.level, self.check, self.text, self.details, self.todo) = (level, check, text, details, todo)
    }

    static func ok(_ check: String, _ text: String, details: [String] = []) -> Finding {
        Finding(level: .ok, check: check, text: text, details: details)
    }

    static func note(_ check: String, _ text: String, details: [String] = [], todo: String...) -> Finding {
        Finding(level: .note, check: check, text: text, details: details, todo: todo)
    }

    static func warn(_ check: String, _ text: String, details: [String] = [], todo: String...) -> Finding {
        Finding(level: .warn, check: check, text: text, details: details, todo: todo)
    }

    static func fail(_ check: String, _ text: String, details: [String] = [], todo: String...) -> Finding {
        Finding(level: .fail, check: check, text: text, details: details, todo: todo)
    }

    /// What a backend says itself; its words may hold what the user wrote.
    init(_ remark: Remark) {
        let level = Level(rawValue: remark.level.rawValue) ?? .note
        func shown(_ lines: [String]) -> [String] { lines.map { Text.printable(Text.withoutCredentials($0)) } }
        self.init(
            level: level, check: remark.topic, text: Text.printable(Text.withoutCredentials(remark.text)),
            details: shown(remark.details), todo: shown(remark.todo))
    }

    /// What stopped the program says itself what to do: in its hints, or behind the last semicolon.
    static func fail(_ check: String, _ failure: Failure) -> Finding {
        let parts = failure.message.parts(around: "; ")
        guard failure.hints.isEmpty, parts.count > 1, let todo = parts.last else {
            return Finding(level: .fail, check: check, text: failure.message, todo: failure.hints)
        }
        return Finding(level: .fail, check: check, text: parts.dropLast().joined(separator: "; "), todo: [todo])
    }
}

/// All findings, for people and for programs.
struct DoctorReport {
    let findings: [Finding]

    var problems: Int { findings.count { $0.level == .fail } }
    var warnings: Int { findings.count { $0.level == .warn } }

    /// One line for each finding, wrapped where there is a width; below it what was seen and, behind `->`, what to do.
    func text(_ terminal: Terminal) -> String {
        findings.map { text($0, terminal) }.joined() + "\n" + sum(terminal) + "\n"
    }

    private static let indent = String(repeating: " ", count: 6)

    private func text(_ finding: Finding, _ terminal: Terminal) -> String {
        let (word, color): (String, Terminal.Color) =
            switch finding.level {
            case .ok: ("ok", .green)
            case .note: ("note", .dim)
            case .warn: ("warn", .yellow)
            case .fail: ("FAIL", .red)
            }
        var out = terminal.paint(word, color) + String(repeating: " ", count: 6 - word.count)
        out += lines("\(finding.check): \(finding.text)", terminal).joined(separator: "\n" + Self.indent) + "\n"
        for detail in finding.details {
            for line in lines(detail, terminal, less: 2) {
                out += Self.indent + "  " + terminal.paint(line, .dim) + "\n"
            }
        }
        for todo in finding.todo {
            let wrapped = lines(todo, terminal, less: 3)
            for (index, line) in wrapped.enumerated() {
                out += Self.indent + (index == 0 ? "-> " : "   ") + line + "\n"
            }
        }
        return out
    }

    private func lines(_ text: String, _ terminal: Terminal, less: Int = 0) -> [String] {
        let safe = Text.printable(text)
        guard let columns = terminal.columns else { return [safe] }
        return Text.wrap(safe, max(20, columns - 1 - Self.indent.count - less)).split(separator: "\n").map(String.init)
    }

    private func sum(_ terminal: Terminal) -> String {
        let parts = [
            problems > 0 ? terminal.paint(Text.count(problems, "problem"), .red) : nil,
            warnings > 0 ? terminal.paint(Text.count(warnings, "warning"), .yellow) : nil,
        ].compactMap { $0 }
        return parts.isEmpty ? terminal.paint("no problems", .green) : parts.joined(separator: ", ")
    }

    /// One object with a line end; its shape is described by `claudecodex help doctor`.
    var json: String {
        var out = JSONWriter()
        out.beginObject()
        out.field("version", Version.number)
        out.field("problems", problems)
        out.field("warnings", warnings)
        out.key("findings")
        out.beginArray()
        for finding in findings {
            out.beginObject()
            out.field("level", finding.level.rawValue)
            out.field("check", finding.check)
            out.field("text", finding.text)
            write("details", finding.details, &out)
            write("todo", finding.todo, &out)
            out.endObject()
        }
        out.endArray()
        out.endObject()
        out.newline()
        return String(decoding: out.bytes, as: UTF8.self)
    }

    private func write(_ name: StaticString, _ lines: [String], _ out: inout JSONWriter) {
        if lines.isEmpty { return }
        out.key(name)
        out.beginArray()
        for line in lines { out.string(line) }
        out.endArray()
    }
}
