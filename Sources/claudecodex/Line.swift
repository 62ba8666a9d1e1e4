/// A line of several colours that is cut where the terminal ends.
struct Line {
    private var parts: [(text: String, color: Terminal.Color?)] = []

    init(_ text: String = "", _ color: Terminal.Color? = nil) { add(text, color) }

    /// Control characters become visible.
    mutating func add(_ text: String, _ color: Terminal.Color? = nil) {
        if !text.isEmpty { parts.append((Text.printable(text), color)) }
    }

    func adding(_ text: String, _ color: Terminal.Color? = nil) -> Line {
        var line = self
        line.add(text, color)
        return line
    }

    func text(_ terminal: Terminal) -> String {
        var room = terminal.columns ?? .max
        var out = ""
        for (index, part) in parts.enumerated() where room > 0 {
            let width = Text.width(part.text)
            let isLast = index == parts.count - 1
            let more = !isLast && width >= room ? "…" : ""
            let shown = Text.cut(part.text + more, room)
            out += part.color.map { terminal.paint(shown, $0) } ?? shown
            room -= min(room, Text.width(shown))
        }
        return out
    }
}

extension Text {
    /// In one line: stretches of white space become one blank.
    static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}

extension Amounts {
    /// `44 B`, `6.0 kB`, `1.2 MB`; steps of 1000.
    static func bytes(_ count: Int) -> String {
        switch count {
        case ..<1000: "\(count) B"
        case ..<999_950: "\(tenths(count, 1000)) kB"
        default: "\(tenths(count, 1_000_000)) MB"
        }
    }
}
