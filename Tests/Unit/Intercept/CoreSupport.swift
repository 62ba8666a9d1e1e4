@testable import Intercept

/// What the tests of the core share: bytes of a text, pieces of bytes, requests, and an observer that keeps moments.
enum Core {
    /// The bytes of a text, cut into pieces of `size`.
    static func pieces(_ bytes: [UInt8], of size: Int) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
    }

    static func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

    static func json(_ text: String) throws -> JSON { try JSON.parse(Array(text.utf8)) }

    /// A Messages request with this body.
    static func request(
        _ body: String, endpoint: MessageRequest.Endpoint = .messages, headers: HTTPFields = HTTPFields()
    ) throws -> MessageRequest {
        try MessageRequest(
            endpoint: endpoint, path: "/v1/messages", query: nil, headers: headers, body: json(body))
    }

    /// The least body that is accepted, with more members behind it.
    static func body(_ more: String = "") -> String {
        #"{"model":"claude-opus-5-5","max_tokens":10,"messages":[{"role":"user","content":"hi"}]"#
            + (more.isEmpty ? "" : "," + more) + "}"
    }

    /// One event as server-sent bytes.
    static func written(_ events: [MessageEvent]) -> String {
        var out = JSONWriter()
        for event in events { event.write(into: &out) }
        return text(out.bytes)
    }

    /// Events of a whole stream.
    static func events(_ bytes: [UInt8]) throws -> [MessageEvent] {
        var parser = SSEParser()
        let first = try parser.take(bytes)
        return try (first + parser.end()).map(MessageEvent.init)
    }
}

/// Keeps what it is told. Used by one task at a time.
final class Notebook: Observer, @unchecked Sendable {
    private(set) var moments: [Moment] = []

    func observe(_ moment: Moment) { moments.append(moment) }

    var intercepts: [Moment.Intercept] {
        moments.compactMap { if case .intercept(let intercept) = $0.event { intercept } else { nil } }
    }
}

extension SSEParser {
    /// The events that these bytes complete.
    mutating func take(_ bytes: [UInt8]) throws(TranslationError) -> [SSEEvent] {
        var events: [SSEEvent] = []
        let all = bytes[...]
        try feed(all.span) { events.append($0) }
        return events
    }

    /// The events that the end completes.
    mutating func end() throws(TranslationError) -> [SSEEvent] {
        var events: [SSEEvent] = []
        try finish { events.append($0) }
        return events
    }
}
