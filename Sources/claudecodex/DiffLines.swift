internal import Intercept
internal import Recorder

/// The difference of two requests, for people.
struct DiffLines {
    let difference: RequestDifference
    let terminal: Terminal

    /// Of one kind of thing, how many are listed.
    private static let shown = 20

    var lines: [String] {
        let all = summary + listed(parameters) + listed(tools) + listed(system) + listed(messages) + [hidden, prefix]
        return all.compactMap { $0?.text(terminal) }
    }

    private func listed(_ all: [Line]) -> [Line?] {
        Array(all.prefix(Self.shown))
            + (all.count > Self.shown ? [Line("  and \(all.count - Self.shown) more", .dim)] : [])
    }

    /// `model, max_tokens: same   tools: +1 (mcp__gh__issue)   messages: 5 same, +2`; a line each where one is too short.
    private var summary: [Line?] {
        let same = difference.sameParameters + (difference.system.isEmpty ? ["system"] : [])
        let groups = [same.isEmpty ? "" : same.joined(separator: ", ") + ": same", toolCounts, messageCounts]
        let whole = groups.filter { !$0.isEmpty }.joined(separator: "   ")
        return Text.width(whole) <= terminal.columns ?? .max ? [Line(whole)] : groups.map { Line($0) }
    }

    private var toolCounts: String {
        let (added, removed) = (difference.addedTools, difference.removedTools)
        var parts: [String] = []
        if !added.isEmpty { parts.append("+\(added.count) (\(names(added)))") }
        if !removed.isEmpty { parts.append("-\(removed.count) (\(names(removed)))") }
        if !difference.alteredTools.isEmpty { parts.append("\(difference.alteredTools.count) changed") }
        if difference.hasReorderedTools { parts.append("in another order") }
        return "tools: " + (parts.isEmpty ? "\(difference.tools) same" : parts.joined(separator: ", "))
    }

    private func names(_ all: [String]) -> String {
        all.prefix(5).joined(separator: ", ") + (all.count > 5 ? ", and \(all.count - 5) more" : "")
    }

    private var messageCounts: String {
        var (added, removed, altered) = (0, 0, 0)
        for step in difference.messages {
            switch step {
            case .added: added += 1
            case .removed: removed += 1
            case .altered: altered += 1
            }
        }
        let parts = [
            "\(difference.sameMessages) same", added > 0 ? "+\(added)" : "", removed > 0 ? "-\(removed)" : "",
            altered > 0 ? "\(altered) changed" : "",
        ]
        return "messages: " + parts.filter { !$0.isEmpty }.joined(separator: ", ")
    }

    private var parameters: [Line] { difference.parameters.map { Self.line($0) } }
    private var system: [Line] { difference.system.map { Self.line($0) } }

    private var tools: [Line] {
        difference.alteredTools.map { tool in Line("! \(tool.name)  ", .yellow).adding(Self.change(tool.change)) }
    }

    private var messages: [Line] {
        difference.messages.flatMap { step -> [Line] in
            switch step {
            case .added(_, let message): MessageBrief.lines("+", message, .green)
            case .removed(_, let message): MessageBrief.lines("-", message, .red)
            case .altered(_, let change): [Self.line(change)]
            }
        }
    }

    static func line(_ change: JSONDifference.Change) -> Line {
        switch change.kind {
        case .added: Line("+ ", .green).adding(Self.change(change))
        case .removed: Line("- ", .red).adding(Self.change(change))
        case .changed: Line("! ", .yellow).adding(Self.change(change))
        }
    }

    /// `tools[3].description  "old…" -> "new…"`
    private static func change(_ change: JSONDifference.Change) -> String {
        let values = ValueCut(change.old, change.new)
        switch change.kind {
        case .added: return "\(change.place)  \(values.new)"
        case .removed: return "\(change.place)  \(values.old)"
        case .changed: return "\(change.place)  \(values.old) -> \(values.new)"
        }
    }

    private var hidden: Line? {
        var parts: [String] = []
        if difference.movedMarks > 0 { parts.append(Text.count(difference.movedMarks, "cache mark") + " moved") }
        if difference.reshaped > 0 {
            parts.append(Text.count(difference.reshaped, "text") + " changed between a string and a block")
        }
        return parts.isEmpty ? nil : Line("not shown: " + parts.joined(separator: ", "), .dim)
    }

    private var prefix: Line? {
        switch difference.prefix.fate {
        case .breaks(let place): return Line("cached prefix breaks at \(place)", .yellow)
        case .holds(let place): return Line("cached prefix holds, up to \(place)", .green)
        case .unmarked:
            let first = difference.prefix.firstDifference
            let where_ = first.map { "the requests part at \($0)" } ?? "B begins with all of A"
            return Line("A has no cache mark; " + where_, .dim)
        }
    }
}

/// Two values, each cut so that what differs can be seen.
struct ValueCut {
    let old: String
    let new: String

    private static let room = 60

    init(_ old: JSON?, _ new: JSON?) {
        let (before, after) = (Self.text(old), Self.text(new))
        let common = old != nil && new != nil ? zip(before, after).prefix { $0 == $1 }.count : 0
        // Some of what both share, so that one sees where it is.
        let from = common > 20 ? common - 12 : 0
        self.old = Self.cut(before, from)
        self.new = Self.cut(after, from)
    }

    private static func text(_ json: JSON?) -> String {
        Text.oneLine(json.map { String(decoding: $0.raw, as: UTF8.self) } ?? "")
    }

    private static func cut(_ text: String, _ from: Int) -> String {
        Text.cut((from > 0 ? "…" : "") + text.dropFirst(from), room)
    }
}

/// A message in a line for each block.
enum MessageBrief {
    static func lines(_ sign: String, _ message: JSON, _ color: Terminal.Color) -> [Line] {
        let role = message["role"]?.string ?? "?"
        let content = message["content"]
        if content?.isString ?? false { return [line(sign, role, quoted(content), color)] }
        return content?.elements.map { line(sign, role, block($0), color) } ?? [line(sign, role, "", color)]
    }

    private static func line(_ sign: String, _ role: String, _ words: String, _ color: Terminal.Color) -> Line {
        Line("\(sign) ", color).adding(Text.left(role, 10) + " " + words)
    }

    private static func block(_ block: JSON) -> String {
        let type = block["type"]?.string ?? "?"
        switch type {
        case "text": return quoted(block["text"])
        case "tool_use", "server_tool_use":
            let input = block["input"].map { String(decoding: $0.raw.prefix(400), as: UTF8.self) } ?? ""
            return "\(type) \(block["name"]?.string ?? "") \(Text.oneLine(input))"
        case "tool_result":
            let content = block["content"]
            let text = content?.isString ?? false ? content : content?.elements.first { _ in true }?["text"]
            let failed = block["is_error"]?.bool ?? false ? " failed" : ""
            return "tool_result\(failed) \(Amounts.bytes(content?.range.count ?? 0))  \(quoted(text))"
        case "thinking": return "thinking \(quoted(block["thinking"]))"
        default: return "\(type) \(Amounts.bytes(block.range.count))"
        }
    }

    private static func quoted(_ text: JSON?) -> String {
        text?.string.map { "\"" + Text.oneLine(String($0.prefix(400))) + "\"" } ?? ""
    }
}
