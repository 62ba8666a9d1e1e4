import Foundation

@testable import Backends
@testable import Intercept

/// What the tests of this backend share: requests from JSON text, decoding in pieces, the grammar of a stream.
enum Chat {
    static func backend(_ variables: [String: String] = [:]) throws -> OpenAICompatible {
        let defaults = [
            "OPENAI_API_KEY": "key-of-the-test-1234567890", "OPENAI_MODEL": "gpt-4o", "OPENAI_API": "chat",
        ]
        return try OpenAICompatible(Environment(defaults.merging(variables) { $1 }))
    }

    static func request(body json: String, headers: HTTPFields = HTTPFields()) throws -> MessageRequest {
        try request(body: Array(json.utf8), headers: headers)
    }

    static func request(body json: [UInt8], headers: HTTPFields = HTTPFields()) throws -> MessageRequest {
        try MessageRequest(
            endpoint: .messages, path: "/v1/messages", query: nil, headers: headers, body: JSON.parse(json))
    }

    /// A request with these members besides model, limit and one user message; they may replace those.
    static func request(
        model: String = "claude-opus-5-5", messages: String = #"[{"role":"user","content":"hi"}]"#,
        maxTokens: Int = 1000, _ members: String = ""
    ) throws -> MessageRequest {
        let more = members.isEmpty ? "" : "," + members
        return try request(body: #"{"model":"\#(model)","max_tokens":\#(maxTokens),"messages":\#(messages)\#(more)}"#)
    }

    /// The translated body, parsed, and what was lost.
    static func translate(_ request: MessageRequest, _ variables: [String: String] = [:]) throws -> (
        body: JSON, losses: [Losses.Loss]
    ) {
        var losses = Losses()
        let sent = try backend(variables).translate(request, &losses)
        return (try JSON.parse(sent.body), losses.all)
    }

    /// The messages of the translated body as compact JSON text.
    static func messages(_ messages: String, _ members: String = "", _ variables: [String: String] = [:]) throws
        -> String
    {
        let (body, _) = try translate(request(messages: messages, members), variables)
        return String(decoding: body["messages"]?.raw ?? [], as: UTF8.self)
    }

    // MARK: Replies

    /// Decodes an answer that comes in pieces of this size.
    static func decode(
        _ bytes: [UInt8], for request: MessageRequest, type: String = "text/event-stream", pieces: Int = .max,
        _ variables: [String: String] = [:]
    ) throws -> (events: [MessageEvent], losses: [Losses.Loss]) {
        var reply = try backend(variables).reply(to: request)
        var events: [MessageEvent] = []
        try reply.head(UpstreamHead(status: 200, headers: HTTPFields([.init("content-type", type)]))) {
            events.append($0)
        }
        var from = 0
        while from < bytes.count {
            let end = min(bytes.count, from + min(pieces, bytes.count))
            let piece = bytes[from..<end]
            try reply.feed(piece.span) { events.append($0) }
            from = end
        }
        try reply.finish { events.append($0) }
        return (events, reply.losses.all)
    }

    /// Decodes chunks, each one JSON text, as a stream with its end.
    static func stream(
        _ chunks: [String], done: Bool = true, for request: MessageRequest? = nil, _ variables: [String: String] = [:]
    ) throws -> (events: [MessageEvent], losses: [Losses.Loss]) {
        let text = chunks.map { "data: \($0)\n\n" }.joined() + (done ? "data: [DONE]\n\n" : "")
        return try decode(Array(text.utf8), for: request ?? Self.request(#""stream":true"#), variables)
    }

    /// One chunk with this delta.
    static func chunk(_ delta: String, finish: String? = nil) -> String {
        let reason = finish.map { "\"\($0)\"" } ?? "null"
        return
            #"{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(reason)}]}"#
    }

    /// The error that decoding ends with.
    static func error(_ work: () throws -> Void) -> MessageError? {
        do {
            try work()
        } catch let error as TranslationError {
            return error.error
        } catch {}
        return nil
    }

    // MARK: What events say

    /// Blocks in order: "text:…", "thinking:…", "tool NAME ID:…".
    static func blocks(_ events: [MessageEvent]) -> [String] {
        var blocks: [String] = []
        for event in events {
            switch event {
            case .blockStart(_, .text): blocks.append("text:")
            case .blockStart(_, .thinking): blocks.append("thinking:")
            case .blockStart(_, .toolUse(let id, let name)): blocks.append("tool \(name) \(id):")
            case .blockDelta(_, .text(let text)), .blockDelta(_, .thinking(let text)),
                .blockDelta(_, .inputJSON(let text)):
                blocks[blocks.count - 1] += text.string
            default: continue
            }
        }
        return blocks
    }

    static func end(_ events: [MessageEvent]) -> MessageDelta? {
        for case .messageDelta(let delta) in events { return delta }
        return nil
    }

    /// The events as the client gets them, ids and estimates that change from run to run made equal.
    static func wire(_ events: [MessageEvent]) -> String {
        var out = JSONWriter()
        for event in events {
            switch event {
            case .messageStart(var start):
                start.id = "msg_fixture"
                start.usage = steady(start.usage)
                MessageEvent.messageStart(start).write(into: &out)
            case .messageDelta(var delta):
                delta.usage = steady(delta.usage)
                MessageEvent.messageDelta(delta).write(into: &out)
            default: event.write(into: &out)
            }
        }
        return String(decoding: out.bytes, as: UTF8.self)
    }

    private static func steady(_ usage: Usage) -> Usage { usage.isEstimate ? Usage() : usage }

    /// The first rule of the Messages API's streams that the events break, or nil.
    static func fault(_ events: [MessageEvent]) -> String? {
        var open: Int?
        var next = 0
        var delta = false
        for (place, event) in events.enumerated() {
            if case .messageStart = event { if place != 0 { return "message_start at \(place)" } else { continue } }
            if place == 0 { return "\(event.name) before message_start" }
            switch event {
            case .blockStart(let index, _):
                if open != nil || index != next || delta {
                    return "block \(index) starts, open \(String(describing: open))"
                }
                (open, next) = (index, next + 1)
            case .blockDelta(let index, _): if open != index { return "delta for block \(index)" }
            case .blockStop(let index):
                if open != index { return "stop of block \(index)" }
                open = nil
            case .messageDelta:
                if open != nil || delta { return "message_delta in the wrong place" }
                delta = true
            case .messageStop: if !delta || place != events.count - 1 { return "message_stop in the wrong place" }
            default: continue
            }
        }
        return events.last == .messageStop ? nil : "no message_stop at the end"
    }

    // MARK: Files

    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures")

    static func bytes(_ url: URL) throws -> [UInt8] { Array(try Data(contentsOf: url)) }
}

extension JSON {
    var firstElement: JSON? { elements.first { _ in true } }
}
