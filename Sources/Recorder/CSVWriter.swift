/// Comma-separated values (RFC 4180): a row for each exchange, or for each tool call.
internal import Intercept

public struct CSVWriter: Sendable {
    /// One field of a row.
    public enum Cell: Sendable {
        /// Always in quotes. One that a spreadsheet would take for a formula gets an apostrophe in front.
        case text(String?)
        case int(Int?)
        case double(Double?)
        case bool(Bool?)
    }

    public private(set) var bytes: [UInt8] = []

    public init() {}

    /// The line of names.
    public mutating func names(_ names: [String]) {
        bytes += Array(names.joined(separator: ",").utf8) + [0x0D, 0x0A]
    }

    public mutating func row(_ cells: [Cell]) {
        for (place, cell) in cells.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            switch cell {
            case .text(let text): if let text { quote(text) }
            case .int(let value): if let value { bytes += Array(String(value).utf8) }
            case .double(let value): if let value { bytes += Array("\(value)".utf8) }
            case .bool(let value): if let value { bytes += Array((value ? "true" : "false").utf8) }
            }
        }
        bytes += [0x0D, 0x0A]
    }

    /// Hands over what was written so far.
    public mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        if let first = text.utf8.first, Self.formula.contains(first) { bytes.append(UInt8(ascii: "'")) }
        for byte in text.utf8 where byte != 0 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// With what spreadsheets begin formulas; tab and line ends are skipped by some.
    private static let formula = Array("=+-@\t\r\n".utf8)
}

/// The columns of exchanges.
public enum ExchangeRows {
    public static let names = [
        "time", "session", "agent", "kind", "id", "number", "path", "model", "upstream_model", "backend", "status",
        "outcome", "stop_reason", "stream", "input_tokens", "cache_read_tokens", "cache_creation_tokens",
        "output_tokens", "usage_estimated", "cost_usd", "ttft_ms", "duration_ms", "max_gap_ms", "attempts", "messages",
        "tools_offered", "tool_calls", "tools_called", "body_bytes", "bytes_out", "retry_of", "error_type", "error",
    ]

    /// The record types it looks at.
    public static let types = ["translation", "upstream", "tool_call", "response", "error", "end"]

    public static func write(_ exchange: RecordedExchange, into out: inout CSVWriter) {
        let (request, response) = (exchange.request, exchange.response)
        let (usage, timing, failure) = (response?["usage"], response?["timing"], exchange.last("error"))
        let tools = exchange.records("tool_call").map { $0["tool"]?.string ?? "" }
        out.row([
            .text(exchange.time), .text(exchange.session), .text(request["agent"]?.string),
            .text(request["kind"]?.string), .text(exchange.id), .int(exchange.number), .text(request["path"]?.string),
            .text(exchange.model), .text(exchange.last("translation")?["upstream_model"]?.string),
            .text(response?["backend"]?.string), .int(response?["status"]?.int ?? failure?["status"]?.int),
            .text(exchange.outcome), .text(response?["stop_reason"]?.string), .bool(request["stream"]?.bool),
            .int(usage?["input_tokens"]?.int), .int(usage?["cache_read_input_tokens"]?.int),
            .int(usage?["cache_creation_input_tokens"]?.int), .int(usage?["output_tokens"]?.int),
            .bool(usage == nil ? nil : response?["usage_estimated"]?.bool ?? false),
            .double(response?["cost_usd"]?.double), .double(timing?["ttft_ms"]?.double),
            .double(timing?["duration_ms"]?.double), .double(timing?["max_gap_ms"]?.double),
            .int(exchange.records("upstream").count), .int(request["messages"]?.int), .int(request["tools"]?.int),
            .int(tools.count), .text(tools.isEmpty ? nil : tools.joined(separator: " ")),
            .int(request["body_bytes"]?.int), .int(exchange.last("end")?["bytes_out"]?.int),
            .text(request["retry_of"]?.string), .text(failure?["error_type"]?.string),
            .text(failure?["message"]?.string),
        ])
    }
}

/// The columns of tool calls.
public enum CallRows {
    public static let names = [
        "time", "session", "agent", "id", "tool_id", "tool", "model", "input", "input_bytes", "valid", "server_side",
        "result_id", "is_error", "content_bytes", "preview", "gap_ms",
    ]

    public static func write(_ call: RecordedCall, into out: inout CSVWriter) {
        let result = call.result
        out.row([
            .text(call.time), .text(call.thread.session), .text(call.thread.agent), .text(call.exchange),
            .text(call.id), .text(call.tool), .text(call.model), .text(call.input), .int(call.inputBytes),
            .bool(call.isValid), .bool(call.isServerSide), .text(result?.exchange), .bool(result?.isError),
            .int(result?.bytes), .text(result?.preview), .double(result?.gap),
        ])
    }
}
