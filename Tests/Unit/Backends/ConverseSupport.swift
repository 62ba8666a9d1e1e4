import Foundation

@testable import Backends
@testable import Intercept

/// What the tests of Bedrock share: a backend from variables and files, translated bodies, decoded streams.
enum Converse {
    static let keys = ["AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI"]

    /// For signers that need nothing from elsewhere.
    static let errands = Errands(fetch: { _, _ in throw AWSKeyError("nothing to fetch") }, spawn: { _ in })

    static func settings(
        _ variables: [String: String], files: [String: String] = [:]
    ) throws(ConfigError) -> AWSSettings {
        try AWSSettings(
            Environment(variables.merging(["HOME": "/users/me"]) { left, _ in left }),
            AWSFiles { path in files[path].map { Array($0.utf8) } })
    }

    static func backend(_ variables: [String: String] = [:], files: [String: String] = [:]) throws(ConfigError)
        -> Bedrock
    {
        let defaults = keys.merging(["AWS_REGION": "eu-central-1"]) { $1 }
        return try Bedrock(settings(defaults.merging(variables) { $1 }, files: files))
    }

    static func send(
        _ request: MessageRequest, _ variables: [String: String] = [:]
    ) throws -> (sent: UpstreamRequest, losses: [Losses.Loss]) {
        var losses = Losses()
        let sent = try backend(variables).translate(request, &losses)
        _ = try JSON.parse(sent.body)
        return (sent, losses.all)
    }

    /// The translated body as JSON text.
    static func body(_ request: MessageRequest, _ variables: [String: String] = [:]) throws -> String {
        String(decoding: try send(request, variables).sent.body, as: UTF8.self)
    }

    /// One member of the translated body as JSON text; empty when it is not there.
    static func member(
        _ name: String, of request: MessageRequest, _ variables: [String: String] = [:]
    ) throws -> String {
        let body = try JSON.parse(try send(request, variables).sent.body)
        return body[name].map { String(decoding: $0.raw, as: UTF8.self) } ?? ""
    }

    static func messages(
        _ messages: String, model: String = "claude-opus-4-6", _ variables: [String: String] = [:]
    ) throws -> String { try member("messages", of: Chat.request(model: model, messages: messages), variables) }

    /// `op path` of what was lost.
    static func losses(_ request: MessageRequest, _ variables: [String: String] = [:]) throws -> [String] {
        try send(request, variables).losses.map { "\($0.operation.rawValue) \($0.path)" }
    }

    // MARK: Replies

    static func decode(
        _ bytes: [UInt8], for request: MessageRequest? = nil, pieces: Int = .max, _ variables: [String: String] = [:]
    ) throws -> (events: [MessageEvent], losses: [Losses.Loss]) {
        var reply = try backend(variables).reply(to: request ?? Chat.request(#""stream":true"#))
        var events: [MessageEvent] = []
        let isStream = bytes.first.map { $0 < 9 } ?? true
        let type = isStream ? "application/vnd.amazon.eventstream" : "application/json"
        try reply.head(UpstreamHead(status: 200, headers: HTTPFields([.init("Content-Type", type)]))) {
            events.append($0)
        }
        for from in stride(from: 0, to: bytes.count, by: min(pieces, max(bytes.count, 1))) {
            let piece = bytes[from..<min(bytes.count, from + min(pieces, bytes.count))]
            try reply.feed(piece.span) { events.append($0) }
        }
        try reply.finish { events.append($0) }
        return (events, reply.losses.all)
    }

    /// A stream of these events, each a name and its payload, with start and end around them.
    static func stream(
        _ events: [(String, String)], stop: String = "end_turn", for request: MessageRequest? = nil
    ) throws -> (events: [MessageEvent], losses: [Losses.Loss]) {
        let all =
            [("messageStart", #"{"role":"assistant"}"#)] + events + [
                ("messageStop", #"{"stopReason":"\#(stop)"}"#),
                (
                    "metadata",
                    #"{"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5},"metrics":{"latencyMs":1}}"#
                ),
            ]
        return try decode(all.flatMap { Frames.event($0.0, $0.1) }, for: request)
    }

    static func delta(_ index: Int, _ delta: String) -> (String, String) {
        ("contentBlockDelta", #"{"contentBlockIndex":\#(index),"delta":\#(delta),"p":"abc"}"#)
    }

    static func stop(_ index: Int) -> (String, String) { ("contentBlockStop", #"{"contentBlockIndex":\#(index)}"#) }

    static func call(_ index: Int, _ id: String, _ name: String) -> (String, String) {
        (
            "contentBlockStart",
            #"{"contentBlockIndex":\#(index),"start":{"toolUse":{"toolUseId":"\#(id)","name":"\#(name)"}}}"#
        )
    }

    static func failure(
        _ status: Int, _ type: String, _ message: String, model: String = "claude-opus-4-6"
    ) throws -> MessageError {
        let head = UpstreamHead(
            status: status, headers: HTTPFields([.init("x-amzn-ErrorType", "\(type):http://internal/")]))
        var out = JSONWriter()
        out.beginObject()
        out.field("message", message)
        out.endObject()
        return try backend().reply(to: Chat.request(model: model)).failure(head, body: out.bytes)
    }
}
