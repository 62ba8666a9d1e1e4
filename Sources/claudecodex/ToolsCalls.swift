internal import Intercept
internal import Recorder

/// The answer of `claudecodex tools --calls`: a line for each call.
struct ToolsCalls {
    let calls: [RecordedCall]

    func lines(_ terminal: Terminal) -> [String] {
        let waterfall = Waterfall(
            calls, width: terminal.columns ?? .max < 100 ? 11 : 20, isPlain: !terminal.isTerminal)
        var columns: [Table.Column] = [
            .init(title: "time"), .init(title: "agent"), .init(title: "tool"), .init(title: "gap", isRight: true),
            .init(title: "in", isRight: true), .init(title: "out", isRight: true), .init(title: ""),
        ]
        if !waterfall.isEmpty { columns.append(.init(title: "in parallel")) }
        var table = Table(columns + [.init(title: "input", isFlexible: true)])
        for (index, call) in calls.enumerated() {
            table.add(
                [
                    String(call.time.prefix(19)), String(call.thread.agent.prefix(8)), call.tool,
                    call.result?.gap.map(Amounts.time) ?? "", Amounts.tokens(TokenEstimate.tokens(call.inputBytes)),
                    call.result.map { Amounts.tokens(TokenEstimate.tokens($0.bytes)) } ?? "", Self.outcome(call),
                ] + (waterfall.isEmpty ? [] : [waterfall.bars[index] ?? ""]) + [call.input])
        }
        let note =
            "in parallel: from when the model had written the call to the request with its result, "
            + "one scale for each answer; when the tool ran in between is not on the wire"
        return table.lines(terminal)
            + (waterfall.isEmpty ? [] : Text.wrapped(note, terminal.columns).map { terminal.paint($0, .dim) })
    }

    private static func outcome(_ call: RecordedCall) -> String {
        if !call.isValid { return "no JSON" }
        guard let result = call.result else { return call.isServerSide ? "server" : "open" }
        return result.isError ? "failed" : ""
    }

    /// One call a line of JSON; names are those of the trace.
    var json: [UInt8] {
        var out = JSONWriter()
        for call in calls {
            Self.write(call, &out)
            out.newline()
        }
        return out.bytes
    }

    private static func write(_ call: RecordedCall, _ out: inout JSONWriter) {
        out.beginObject()
        out.field("ts", call.time)
        out.field("id", call.exchange)
        out.field("session", call.thread.session)
        out.field("agent", call.thread.agent)
        out.field("tool_id", call.id)
        out.field("tool", call.tool)
        out.field("model", call.model)
        out.field("input", call.input)
        out.field("input_bytes", call.inputBytes)
        out.field("valid", call.isValid)
        out.field("server_side", call.isServerSide)
        if let result = call.result {
            out.field("result_id", result.exchange)
            out.field("result_ts", result.time)
            out.field("is_error", result.isError)
            out.field("content_bytes", result.bytes)
            out.field("preview", result.preview)
            if let gap = result.gap { out.field("gap_ms", gap) }
        }
        out.endObject()
    }
}

/// The calls of each answer that made several, as bars on one time line: what the wire shows of their running side by side.
struct Waterfall {
    /// By the index of the call.
    private(set) var bars: [Int: String] = [:]

    private let width: Int

    init(_ calls: [RecordedCall], width: Int = 20, isPlain: Bool) {
        self.width = width
        var answers: [String: [Int]] = [:]
        for (index, call) in calls.enumerated() { answers[call.exchange, default: []].append(index) }
        for indexes in answers.values where indexes.count > 1 { draw(indexes, calls, isPlain) }
    }

    var isEmpty: Bool { bars.isEmpty }

    private mutating func draw(_ indexes: [Int], _ calls: [RecordedCall], _ isPlain: Bool) {
        let spans = indexes.compactMap { index -> (index: Int, from: Timestamp, to: Timestamp)? in
            guard let from = Timestamp(rfc3339: calls[index].time),
                let to = calls[index].result.flatMap({ Timestamp(rfc3339: $0.time) })
            else { return nil }
            return (index, from, to)
        }
        guard spans.count > 1, let start = spans.map(\.from).min(), let end = spans.map(\.to).max(), start < end
        else { return }
        let (whole, width) = (end.milliseconds(since: start), width)
        for span in spans {
            let scale = { (time: Timestamp) in Int(time.milliseconds(since: start) / whole * Double(width)) }
            let from = min(scale(span.from), width - 1)
            let length = max(1, scale(span.to) - from)
            bars[span.index] =
                String(repeating: isPlain ? "." : "·", count: from)
                + String(repeating: isPlain ? "#" : "█", count: length)
        }
    }
}
