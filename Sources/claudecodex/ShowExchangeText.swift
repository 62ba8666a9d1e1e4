internal import Intercept
internal import Recorder

/// One exchange, readable: where it went and how, the new messages, the answer.
struct ShowExchangeText {
    let exchange: RecordedExchange
    let turn: SessionTurn

    init(exchange: RecordedExchange) {
        self.exchange = exchange
        turn = SessionTurn(exchange)
    }

    func bytes(_ terminal: Terminal) -> [UInt8] {
        let head = self.head.map { title, text in Line(Text.left(title, 11), .dim).adding(text).text(terminal) }
        let messages = newMessages.flatMap { MessageText.lines($0["role"]?.string ?? "", $0["content"], terminal) }
        let answer = exchange.response?["message"].map { MessageText.lines("assistant", $0["content"], terminal) } ?? []
        let kept = kept > 0 ? [terminal.paint("… \(Text.count(kept, "message")) before", .dim)] : []
        return Array(((head + kept + messages + answer).joined(separator: "\n") + "\n").utf8)
    }

    private var head: [(String, String)] {
        let number = exchange.number.map { "#\($0) " } ?? ""
        return [
            ("exchange", "\(number)\(turn.id)"),
            (
                "session",
                [exchange.session ?? "none", who].filter { !$0.isEmpty }.joined(separator: "  ")
            ),
            ("time", times), ("asked", asked), ("sent", sent), ("outcome", outcome), ("tokens", tokens),
            ("losses", turn.losses > 0 ? "\(exchange.losses.count), see --losses" : ""),
            (
                "missing",
                turn.dropped > 0 ? "\(Text.count(turn.dropped, "record")) of this exchange could not be recorded" : ""
            ),
        ].filter { !$0.1.isEmpty } + turn.errors.map { ("error", $0) }
            + problems.map { ("problem", $0) }
    }

    private var problems: [String] { exchange.problems + exchange.lostStretches }

    /// `main`; `agent a1b2, subagent`: the agent where it is another word than the kind.
    private var who: String {
        if turn.agent == turn.kind || turn.agent.isEmpty { return turn.kind }
        return ["agent \(turn.agent)", turn.kind].filter { !$0.isEmpty }.joined(separator: ", ")
    }

    private var times: String {
        let first = turn.firstToken.map { ", first token after \(Amounts.time($0))" } ?? ""
        let whole = turn.duration.map { ", complete after \(Amounts.time($0))" } ?? ""
        return turn.time + first + whole
    }

    private var asked: String {
        let request = exchange.request
        let bytes = request["body_bytes"]?.int.map { Amounts.bytes($0) }
        let counts = [
            ("message", request["messages"]?.int), ("tool", request["tools"]?.int), ("image", request["images"]?.int),
        ]
        .compactMap { noun, count in count.flatMap { $0 > 0 ? Text.count($0, noun) : nil } }
        let path = "\(request["method"]?.string ?? "") \(request["path"]?.string ?? "")"
        return ([path, turn.model] + [bytes].compactMap(\.self) + counts).filter { !$0.isEmpty }.joined(separator: "  ")
    }

    private var sent: String {
        guard let upstream = exchange.last("upstream") else { return "" }
        let own = upstream["body"] != nil || upstream["delta"] != nil
        let bytes = upstream["body_bytes"]?.int.map { Amounts.bytes($0) } ?? ""
        let model = upstream["model"]?.string ?? turn.upstreamModel
        return [
            turn.backend.isEmpty ? "" : "backend \(turn.backend)", model.isEmpty ? "" : "model \(model)", bytes,
            own ? "" : "the client's body", turn.attempts > 1 ? "\(turn.attempts) attempts" : "",
            (upstream["url"]?.string).map { "to \($0)" } ?? "",
        ].filter { !$0.isEmpty }.joined(separator: "  ")
    }

    private var outcome: String {
        let status = turn.status.map { "\($0)" } ?? "no answer"
        return [status, turn.outcome ?? "not ended in this trace", turn.stopReason].filter { !$0.isEmpty }
            .joined(separator: "  ")
    }

    private var tokens: String {
        guard let usage = exchange.response?["usage"], turn.prompt != nil else { return "" }
        let parts = [
            ("input_tokens", "new"), ("cache_read_input_tokens", "from the cache"),
            ("cache_creation_input_tokens", "written to the cache"), ("output_tokens", "out"),
        ].compactMap { name, words in usage[name]?.int.map { "\($0) \(words)" } }
        let estimate = exchange.response?["usage_estimated"]?.bool ?? false ? " (estimated)" : ""
        return parts.joined(separator: ", ") + estimate
    }

    /// Behind the last answer of the model; all messages where the record holds no answer.
    private var newMessages: [JSON] {
        let messages = exchange.request["body"]?["messages"]?.elements.map { $0 } ?? []
        let answer = messages.lastIndex { $0["role"]?.equals("assistant") ?? false }
        return Array(messages[(answer.map { $0 + 1 } ?? 0)...])
    }

    private var kept: Int { max(0, (exchange.request["messages"]?.int ?? 0) - newMessages.count) }

    /// The object of `--json`.
    func json(_ damage: TraceScan.Damage) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.field("session", ifPresent: exchange.session)
        ShowJSON.write(turn, &out) { _ in [] }
        out.field("usage", ifPresent: exchange.response?["usage"])
        out.key("new_messages")
        out.beginArray()
        for message in newMessages { out.value(message) }
        out.endArray()
        out.field("message", ifPresent: exchange.response?["message"])
        out.field("body", ifPresent: exchange.response?["body"])
        ShowJSON.strings("problems", problems, &out)
        damage.write(&out)
        out.endObject()
        out.newline()
        return out.bytes
    }
}

/// A message block by block.
enum MessageText {
    /// Texts in full, everything else in one line.
    static func lines(_ role: String, _ content: JSON?, _ terminal: Terminal) -> [String] {
        let blocks = content?.elements.map { $0 } ?? []
        let title = ["", terminal.paint(role, .cyan)]
        if let text = content?.string { return title + self.text(text) }
        return title + blocks.flatMap { block(_: $0, terminal) }
    }

    private static func block(_ block: JSON, _ terminal: Terminal) -> [String] {
        let type = block["type"]?.string ?? "?"
        switch type {
        case "text": return text(block["text"]?.string ?? "")
        case "thinking":
            let words = block["thinking"]?.string ?? ""
            return [terminal.paint("thinking", .dim)] + (words.isEmpty ? [] : text(words))
        case "tool_use", "server_tool_use":
            let input = block["input"].map { String(decoding: $0.raw, as: UTF8.self) } ?? ""
            return [Line("\(type) ").adding(block["name"]?.string ?? "", .cyan).adding("  \(input)").text(terminal)]
        case "tool_result":
            let isError = block["is_error"]?.bool ?? false
            let size = Amounts.bytes(block["content"]?.range.count ?? 0)
            let head = Line("\(type) ").adding(isError ? "failed" : "ok", isError ? .red : .green).adding("  \(size)")
            return [head.text(terminal)] + result(block["content"], terminal)
        default: return [Line(type).adding("  \(Amounts.bytes(block.range.count))", .dim).text(terminal)]
        }
    }

    private static func result(_ content: JSON?, _ terminal: Terminal) -> [String] {
        if let text = content?.string { return self.text(text) }
        return content?.elements.flatMap { block($0, terminal) } ?? []
    }

    private static func text(_ text: String) -> [String] {
        Text.printableLines(text).split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
    }
}
