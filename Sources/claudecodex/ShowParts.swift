internal import Intercept
internal import Recorder

/// Parts of one exchange: in a pipe as they were recorded, on a terminal so that one can read them.
struct ShowParts {
    enum Part: CaseIterable {
        case request, upstream, reply, headers, events, losses

        var flag: Flag.Name {
            switch self {
            case .request: .requestPart
            case .upstream: .upstreamPart
            case .reply: .replyPart
            case .headers: .headersPart
            case .events: .eventsPart
            case .losses: .lossesPart
            }
        }

        /// Bodies: needed whole.
        var isBody: Bool { self == .request || self == .upstream }
    }

    let exchange: RecordedExchange
    let terminal: Terminal
    let isJSON: Bool

    /// Nil when the exchange has no such part.
    func bytes(_ part: Part) -> [UInt8]? {
        switch part {
        case .request: exchange.body.map(body)
        case .upstream: exchange.lastUpstreamBody.map(body)
        case .reply: reply.map(body)
        case .headers:
            list(headers, Self.line) {
                $1.field("message", $0.message); Self.write($0.field, &$1)
            }
        case .events: list(events, eventLine, Self.write)
        case .losses: list(exchange.losses, { Line(LossLine.whole($0)) }, Self.write)
        }
    }

    /// Why there is none.
    static func absence(_ part: Part, _ exchange: RecordedExchange) -> String {
        switch part {
        case .request: "the client's body is not in the trace"
        case .upstream:
            exchange.last("upstream") == nil ? "nothing was sent upstream" : "the upstream body is not in the trace"
        case .reply: "there is no answer in the trace"
        case .headers: "there are no headers in the trace"
        case .events: "there are no events in the trace"
        case .losses: "nothing was lost in translation"
        }
    }

    // MARK: Bodies

    private func body(_ bytes: [UInt8]) -> [UInt8] {
        let isScreen = ScreenText.isStandardOutput
        guard isScreen || terminal.isTerminal else { return bytes + [0x0A] }
        guard let json = try? JSON.parse(bytes) else {
            return Array((Text.printableLines(String(decoding: bytes, as: UTF8.self)) + "\n").utf8)
        }
        return Array((PrettyJSON.text(json) + "\n").utf8)
    }

    /// The message, or the body of an answer that is none.
    private var reply: [UInt8]? {
        guard let response = exchange.response else { return nil }
        if let message = response["message"] { return Array(message.raw) }
        guard let body = response["body"] else { return nil }
        if response["body_encoding"]?.equals("base64") ?? false {
            return (body.text?.utf8Bytes).flatMap(Base64.decodeExactly)
        }
        return body.isString ? body.text?.utf8Bytes : Array(body.raw)
    }

    // MARK: Lists

    private func list<T>(_ all: [T], _ line: (T) -> Line, _ write: (T, inout JSONWriter) -> Void) -> [UInt8]? {
        guard !all.isEmpty else { return nil }
        guard isJSON else { return Array((all.map { line($0).text(terminal) }.joined(separator: "\n") + "\n").utf8) }
        var out = JSONWriter()
        for one in all {
            out.beginObject()
            write(one, &out)
            out.endObject()
            out.newline()
        }
        return out.bytes
    }

    private struct Header {
        let message: String
        let field: JSON
    }

    private var headers: [Header] {
        func fields(_ message: String, _ record: TraceRecord) -> [Header] {
            record["headers"]?.elements.map { Header(message: message, field: $0) } ?? []
        }
        return fields("request", exchange.request)
            + exchange.records.flatMap { record -> [Header] in
                let attempt = record["try"]?.int.map { $0 == 1 ? "" : " \($0)" } ?? ""
                switch record.type {
                case "upstream": return fields("upstream\(attempt)", record)
                case "head": return fields("reply\(attempt)", record)
                default: return []
                }
            }
    }

    private static func line(_ header: Header) -> Line {
        Line(Text.left(header.message, 11), .dim).adding(header.field["name"]?.string ?? "", .cyan)
            .adding(": " + (header.field["value"]?.string ?? ""))
    }

    private static func write(_ field: JSON, _ out: inout JSONWriter) {
        out.field("name", ifPresent: field["name"])
        out.field("value", ifPresent: field["value"])
    }

    private struct Event {
        let side: String
        let event: [JSON]
        var milliseconds: Double { event.first?.double ?? 0 }
    }

    /// Both sides by time; equal times as they were recorded.
    private var events: [Event] {
        let all = exchange.records("events").flatMap { record in
            record["events"]?.elements.map { Event(side: record["side"]?.string ?? "", event: Array($0.elements)) }
                ?? []
        }
        return all.enumerated().sorted { ($0.element.milliseconds, $0.offset) < ($1.element.milliseconds, $1.offset) }
            .map(\.element)
    }

    private func eventLine(_ event: Event) -> Line {
        let name = event.event.dropFirst().first?.string ?? ""
        let data = event.event.dropFirst(2).first
        let shown = data.map { $0.string ?? String(decoding: $0.raw, as: UTF8.self) } ?? ""
        let time = Text.right("\(event.milliseconds)", 9)
        return Line("\(time)  \(Text.left(event.side, 9))", .dim).adding(name, .cyan).adding("  " + shown)
    }

    private static func write(_ event: Event, _ out: inout JSONWriter) {
        out.field("side", event.side)
        out.field("t_ms", event.milliseconds)
        out.field("name", ifPresent: event.event.dropFirst().first)
        out.field("data", ifPresent: event.event.dropFirst(2).first)
        out.field("exact", ifPresent: event.event.dropFirst(3).first)
    }

    private static func write(_ loss: RecordedLoss, _ out: inout JSONWriter) {
        out.field("op", loss.operation)
        out.field("path", loss.path)
        out.field("why", loss.why)
        out.field("from", ifPresent: loss.from)
        out.field("as", ifPresent: loss.to)
    }
}

extension LossLine {
    /// `clamp max_tokens 64000 -> 16384: outside the limits of gpt-4o`
    static func whole(_ loss: RecordedLoss) -> String {
        "\(loss.operation) \(loss.path)\(change(loss.from, loss.to)): \(loss.why)"
    }
}

extension Text {
    /// Like `printable`, with line ends and tabs left as they are.
    static func printableLines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map {
                $0.split(separator: "\t", omittingEmptySubsequences: false).map { printable(String($0)) }.joined(
                    separator: "\t")
            }
            .joined(separator: "\n")
    }
}
