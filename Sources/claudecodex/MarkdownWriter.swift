internal import Intercept
internal import Recorder

/// A session as Markdown for an issue. What models, tools and users wrote stands in fences that it cannot close, so nothing
/// of it is markup, an image or a mention.
struct MarkdownWriter {
    /// Characters of one text that are shown.
    static let longest = 2000

    private var session: String?
    private var isFirst = true
    private var tokens = (prompt: 0, cached: 0, output: 0)
    private var turns = 0

    mutating func turn(_ turn: Transcript.Turn) -> String {
        let exchange = turn.exchange
        var out = isFirst || session != exchange.session ? title(exchange) : ""
        (isFirst, session) = (false, exchange.session)
        turns += 1
        out += "## \(turn.place). \(heading(exchange))\n\n"
        if turn.isBeginning { out += beginning(turn) }
        for message in turn.fresh { out += self.message(message) }
        if exchange.body == nil { out += "*The request's body is not in the trace.*\n\n" }
        out += answer(exchange)
        for gap in exchange.lostStretches { out += "*Of the recorded stream: \(gap).*\n\n" }
        return out
    }

    /// The sums, and what was left out.
    func end(_ others: [String: Int]) -> String {
        var out = "---\n\n\(Text.count(turns, "turn")), \(tokens.prompt) tokens in, \(tokens.cached) of them cached, "
        out += "\(tokens.output) out.\n"
        if !others.isEmpty {
            let kinds = others.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            out += "\nNot shown: requests that are no part of the conversation (\(kinds.joined(separator: ", "))).\n"
        }
        return out
    }

    private func title(_ exchange: RecordedExchange) -> String {
        let name = exchange.session.map { "Session " + Markdown.code($0) } ?? "Requests without a session"
        return "# \(name)\n\nRecorded by claudecodex, redacted as the trace is.\n\n"
    }

    /// As it is recorded, where it is a time.
    private func time(_ text: String) -> String {
        let isTime = text.utf8.allSatisfy { "0123456789-:.TZ".utf8.contains($0) }
        return text.isEmpty ? "" : isTime ? String(text.prefix(19)) + "Z" : Markdown.code(text)
    }

    private func heading(_ exchange: RecordedExchange) -> String {
        var parts = [time(exchange.time)]
        if !exchange.agent.isEmpty { parts.append(Markdown.code(exchange.agent)) }
        if exchange.kind != "main", !exchange.kind.isEmpty { parts.append(Markdown.code(exchange.kind)) }
        let upstream = exchange.last("translation")?["upstream_model"]?.string
        if let model = exchange.model { parts.append(Markdown.code(model)) }
        if let upstream, upstream != exchange.model, !upstream.isEmpty { parts.append("→ " + Markdown.code(upstream)) }
        return parts.filter { !$0.isEmpty }.joined(separator: " ")
    }

    private func beginning(_ turn: Transcript.Turn) -> String {
        var parts: [String] = []
        if turn.systemBytes > 0 { parts.append("system prompt of \(turn.systemBytes) bytes") }
        if !turn.tools.isEmpty {
            let names = turn.tools.prefix(20).map(Markdown.code).joined(separator: ", ")
            let more = turn.tools.count > 20 ? " and \(turn.tools.count - 20) more" : ""
            parts.append("\(Text.count(turn.tools.count, "tool")) on offer: \(names)\(more)")
        }
        return parts.isEmpty ? "" : "*Conversation begins:* \(parts.joined(separator: "; ")).\n\n"
    }

    private func message(_ message: JSON) -> String {
        let role = message["role"]?.string ?? "?"
        guard let content = message["content"] else { return "" }
        if let text = content.string { return "**\(Markdown.word(role))**\n\n" + Markdown.fence(text) }
        let blocks = content.elements.map { block($0) }.joined()
        return blocks.isEmpty ? "" : "**\(Markdown.word(role))**\n\n" + blocks
    }

    private mutating func answer(_ exchange: RecordedExchange) -> String {
        var out = ""
        let response = exchange.response
        if let content = response?["message"]?["content"], !content.isEmpty {
            out += "**assistant**\n\n" + content.elements.map { block($0) }.joined()
        }
        if let failure = exchange.last("error"), exchange.outcome != "ok" || response?["message"] == nil {
            let status = (response?["status"] ?? failure["status"])?.int.map { "\($0) " } ?? ""
            out += "**error** \(status)\(Markdown.code(failure["error_type"]?.string ?? "error"))\n\n"
            out += Markdown.fence(failure["message"]?.string ?? "")
        } else if response == nil {
            out += "*No answer is recorded.*\n\n"
        }
        return out + sums(response)
    }

    private mutating func sums(_ response: TraceRecord?) -> String {
        guard let response else { return "" }
        var parts: [String] = []
        if let stop = response["stop_reason"]?.string { parts.append("stop " + Markdown.code(stop)) }
        if let json = response["usage"] {
            let usage = Usage(json)
            tokens.prompt += usage.prompt
            tokens.cached += usage.cacheRead
            tokens.output += usage.output
            let about = response["usage_estimated"]?.bool ?? false ? "about " : ""
            parts.append("\(about)\(usage.prompt) tokens in (\(usage.cacheRead) cached), \(usage.output) out")
        }
        if let time = response["timing"]?["duration_ms"]?.double { parts.append(Amounts.time(time)) }
        return parts.isEmpty ? "" : parts.joined(separator: ", ") + "\n\n"
    }

    private func block(_ block: JSON) -> String {
        switch block["type"]?.string {
        case "text": return Markdown.fence(block["text"]?.string ?? "")
        case "thinking":
            let text = block["thinking"]?.string ?? ""
            return text.isEmpty
                ? "*Thinking without its text.*\n\n"
                : Markdown.folded("thinking, \(text.unicodeScalars.count) characters", Markdown.fence(text))
        case "redacted_thinking": return "*Thinking, encrypted.*\n\n"
        case "tool_use", "server_tool_use": return call(block)
        case "tool_result": return result(block)
        case "image", "document": return media(block)
        case let type:
            return "Block " + Markdown.code(type ?? "without a type") + "\n\n"
                + Markdown.fence(String(decoding: block.raw, as: UTF8.self), "json")
        }
    }

    private func call(_ block: JSON) -> String {
        let input = block["input"].map { String(decoding: $0.raw, as: UTF8.self) } ?? ""
        return
            "Tool call \(Markdown.code(block["name"]?.string ?? "?")) \(Markdown.code(block["id"]?.string ?? "?"))\n\n"
            + Markdown.fence(input, "json")
    }

    private func result(_ block: JSON) -> String {
        let failed = block["is_error"]?.bool ?? false ? " (failed)" : ""
        let title = "Result of \(Markdown.code(block["tool_use_id"]?.string ?? "?"))\(failed)\n\n"
        guard let content = block["content"] else { return title + "*Empty.*\n\n" }
        if let text = content.string { return title + Markdown.fence(text) }
        return title + content.elements.map { self.block($0) }.joined()
    }

    private func media(_ block: JSON) -> String {
        let source = block["source"]
        let type = source?["media_type"]?.string ?? source?["type"]?.string ?? "?"
        let size = source?["data"].map { ", \(max(0, $0.range.count - 2)) characters of base64" } ?? ""
        return "*\(block["type"]?.equals("image") ?? false ? "Image" : "Document")* \(Markdown.code(type))\(size)\n\n"
    }
}

/// Foreign text inside Markdown.
enum Markdown {
    /// A block of text that ends where we end it: its fence is longer than any run of backticks in it. Cut after
    /// `MarkdownWriter.longest` characters, which is said behind it.
    static func fence(_ text: String, _ language: String = "text") -> String {
        let all = text.unicodeScalars
        var kept = String.UnicodeScalarView()
        kept.append(contentsOf: all.prefix(MarkdownWriter.longest))
        let shown = printable(String(kept))
        let mark = String(repeating: "`", count: max(3, longestRun(shown) + 1))
        let rest = all.count - kept.count
        let note = rest > 0 ? "*Cut: \(rest) more characters.*\n\n" : ""
        return "\(mark)\(language)\n\(shown)\(shown.hasSuffix("\n") || shown.isEmpty ? "" : "\n")\(mark)\n\n\(note)"
    }

    /// Text within a line.
    static func code(_ text: String) -> String {
        let shown = Text.printable(text)
        let mark = String(repeating: "`", count: longestRun(shown) + 1)
        let isBare = !shown.hasPrefix("`") && !shown.hasSuffix("`") && !shown.isEmpty
        return isBare ? mark + shown + mark : "\(mark) \(shown) \(mark)"
    }

    /// A word of the API: letters only, else in code.
    static func word(_ text: String) -> String {
        text.utf8.allSatisfy { (0x61...0x7A).contains($0) } && !text.isEmpty ? text : code(text)
    }

    static func folded(_ summary: String, _ body: String) -> String {
        "<details><summary>\(summary)</summary>\n\n\(body)</details>\n\n"
    }

    /// Control characters become visible, but for line ends and tabs.
    private static func printable(_ text: String) -> String {
        var out = ""
        var run = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            guard scalar == "\n" || scalar == "\t" else {
                run.append(scalar)
                continue
            }
            if scalar == "\n", run.last == "\r" { run.removeLast() }
            out += Text.printable(String(run))
            run.removeAll()
            out.unicodeScalars.append(scalar)
        }
        return out + Text.printable(String(run))
    }

    private static func longestRun(_ text: String) -> Int {
        var (longest, run) = (0, 0)
        for byte in text.utf8 {
            run = byte == UInt8(ascii: "`") ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }
}
