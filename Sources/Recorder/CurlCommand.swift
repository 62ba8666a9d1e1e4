/// A recorded request as a command that sends it again.
internal import Intercept

public struct CurlCommand: Sendable {
    /// For `sh`, with its line end.
    public let text: [UInt8]
    /// In which way it is not the request that was sent, in sentences.
    public let notes: [String]

    /// Nil when the trace does not hold the body, or a shell cannot carry it; `problem` says why.
    public static func make(_ exchange: RecordedExchange) -> Result<CurlCommand, TraceError> {
        let request = exchange.request
        let isEmpty = request["body_bytes"]?.int ?? 0 == 0
        guard exchange.body != nil || isEmpty else {
            let reason = exchange.problems.first ?? request["body_dropped"]?.string.map { "it was dropped (\($0))" }
            return .failure(
                TraceError("the body of \(exchange.id) is not in the trace: \(reason ?? "it was not kept")"))
        }
        let body = exchange.body ?? []
        guard !body.contains(0) else {
            return .failure(TraceError("the body of \(exchange.id) holds a NUL byte, which no shell can pass on"))
        }
        return .success(CurlCommand(request, body))
    }

    private init(_ request: TraceRecord, _ body: [UInt8]) {
        var notes: [String] = []
        if let count = request["redacted"]?.int, count > 0 {
            notes.append("\(count) secrets of the body are placeholders: the service gets those instead")
        }
        var lines: [[UInt8]] = []
        let query = request["query"]?.string.map { "?\($0)" } ?? ""
        // A path that did not begin so would become a part of the host's name, and get the key.
        let path = request["path"]?.string ?? "/"
        let target = Self.quoted(Array(((path.hasPrefix("/") ? path : "/" + path) + query).utf8))
        if query.contains("[redacted ") { notes.append("a value of the query is a placeholder") }
        let method = Self.quoted(Array((request["method"]?.string ?? "POST").utf8))
        let base = Array(" \"${ANTHROPIC_BASE_URL:-https://api.anthropic.com}\"".utf8)
        lines.append(Array("curl --no-buffer --globoff --request ".utf8) + method + base + target)
        for header in request.headers where Self.isKept(header.name) {
            if header.value.contains("[redacted ") || header.value.contains("[text ") {
                notes.append("the header \(header.name) is left out: its value was redacted")
            } else {
                lines.append(Self.header(header.name, header.value))
            }
        }
        if !body.isEmpty {
            for (name, value) in Self.needed where request.header(name) == nil {
                lines.append(Self.header(name, value))
                notes.append("the header \(name) was not recorded; \(value) is added")
            }
        }
        lines.append(Array("-H \"x-api-key: $ANTHROPIC_API_KEY\"".utf8))
        if !body.isEmpty { lines.append(Array("-H 'Expect:' --data-binary @-".utf8)) }
        var text: [UInt8] = []
        // printf is a part of the shell: its argument may be longer than a program's.
        if !body.isEmpty { text += Array("printf %s ".utf8) + Self.quoted(body) + Array(" |\n".utf8) }
        text += lines.joined(separator: Array(" \\\n  ".utf8))
        self.text = text + [0x0A]
        self.notes = notes
    }

    /// Without these no service takes a request.
    private static let needed = [("content-type", "application/json"), ("anthropic-version", "2023-06-01")]

    private static func header(_ name: String, _ value: String) -> [UInt8] {
        Array("-H ".utf8) + quoted(Array("\(name): \(value)".utf8))
    }

    /// Single quotes take every byte as it is but themselves.
    private static func quoted(_ bytes: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "'")
        var out = [quote]
        out.reserveCapacity(bytes.count + 64)
        for byte in bytes {
            if byte == quote { out += #"'\'"#.utf8 }
            out.append(byte)
        }
        return out + [quote]
    }

    /// Not what curl writes itself, what belongs to one connection, or who was asking. A name must be one: curl takes
    /// `@FILE` for a file of fields.
    private static func isKept(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.allSatisfy({ ByteClass.token.holds($0) }) else { return false }
        let left = [
            "host", "content-length", "connection", "keep-alive", "transfer-encoding", "accept-encoding", "expect",
            "te", "trailer", "upgrade", "proxy-authorization", "authorization", "x-api-key", "x-claudecodex-token",
            "cookie",
        ]
        return !left.contains { HTTPFields.same($0, name) }
    }
}
