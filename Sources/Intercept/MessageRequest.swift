/// A request of the Messages API as the client sent it. The body stays the client's bytes until something changes it;
/// a change replaces the bytes of that one member and leaves all others alone.
public struct MessageRequest: Sendable {
    /// Which endpoint was called.
    public enum Endpoint: Sendable, Equatable {
        case messages
        case countTokens
    }

    public let endpoint: Endpoint
    /// Path as received, without the query: `/v1/messages`.
    public let path: String
    /// What stood behind `?`, if anything.
    public let query: String?
    /// The client's header fields.
    public var headers: HTTPFields
    /// The body, an object.
    public private(set) var body: JSON
    /// The model the client asked for; answers carry this name whatever the backend uses.
    public let requestedModel: String
    /// Whether the body is no longer what the client sent.
    public private(set) var isChanged = false

    public init(endpoint: Endpoint, path: String, query: String?, headers: HTTPFields, body: JSON) throws(MessageError)
    {
        self.endpoint = endpoint
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        requestedModel = body["model"]?.string ?? ""
        try Self.check(body, endpoint)
    }

    /// The model to use: the client's choice, or what an interceptor made of it.
    public var model: String {
        get { body["model"]?.string ?? "" }
        set {
            var out = JSONWriter(capacity: newValue.utf8.count + 2)
            out.string(newValue)
            set("model", out.bytes)
        }
    }

    /// Whether the client wants server-sent events.
    public var stream: Bool { body["stream"]?.bool ?? false }
    public var maxTokens: Int? { body["max_tokens"]?.int }
    /// Whether the model may think before it answers.
    public var wantsThinking: Bool { !(body["thinking"]?["type"]?.equals("disabled") ?? true) }
    /// The system prompt: a string, an array of text blocks, or nil.
    public var system: JSON? { body["system"] }
    public var messages: JSON.Elements { (body["messages"] ?? body).elements }
    public var tools: JSON.Elements? { body["tools"]?.elements }

    /// Replaces a top-level member, or adds it at the end. `json` is one JSON value; anything else is refused.
    public mutating func set(_ name: String, _ json: [UInt8]) {
        guard let value = try? JSON.parse(json) else { return assertionFailure("no JSON value for \(name)") }
        if let old = body[name] {
            return replace(old.range, with: value.raw)
        }
        var member = JSONWriter()
        if !body.isEmpty { member.verbatim(",") }
        member.string(name)
        member.verbatim(":")
        let end = body.range.upperBound - 1
        replace(end..<end, with: member.bytes + value.raw)
    }

    /// Removes a top-level member.
    public mutating func remove(_ name: String) {
        guard body[name] != nil else { return }
        var out = JSONWriter(capacity: body.raw.count)
        out.beginObject()
        for (key, value) in body.members where !key.equals(name) {
            out.value(key)
            out.verbatim(":")
            out.value(value)
        }
        out.endObject()
        if let parsed = try? JSON.parse(out.bytes) { adopt(parsed) }
    }

    /// Replaces the whole body. A part of another text is copied out of it.
    public mutating func replaceBody(_ body: JSON) throws(MessageError) {
        try Self.check(body, endpoint)
        adopt(body.index == 0 ? body : (try? JSON.parse(Array(body.raw))) ?? body)
    }

    private mutating func replace(_ range: Range<Int>, with json: some Collection<UInt8>) {
        var bytes = body.document.bytes
        bytes.replaceSubrange(range, with: json)
        if let parsed = try? JSON.parse(bytes) { adopt(parsed) }
    }

    private mutating func adopt(_ parsed: JSON) {
        body = parsed
        isChanged = true
    }

    /// The few rules without which nothing can be done; everything else is left to the backend.
    private static func check(_ body: JSON, _ endpoint: Endpoint) throws(MessageError) {
        guard body.isObject else { throw .invalidRequest("request body: expected a JSON object, got \(body.kind)") }
        try expect(body, "model", "a string") { $0.isString && !$0.isEmptyString }
        try expect(body, "messages", "an array") { $0.isArray }
        for (index, message) in (body["messages"] ?? body).elements.enumerated() {
            guard message.isObject else {
                throw .invalidRequest("messages.\(index): expected an object, got \(message.kind)")
            }
            try expect(message, "role", "a string", at: index) { $0.isString }
            try expect(message, "content", "a string or an array", at: index) { $0.isString || $0.isArray }
        }
        if let stream = body["stream"], stream.bool == nil, !stream.isNull {
            throw .invalidRequest("stream: expected true or false, got \(stream.kind)")
        }
        if let tools = body["tools"], !tools.isArray, !tools.isNull {
            throw .invalidRequest("tools: expected an array, got \(tools.kind)")
        }
        guard endpoint == .messages else { return }
        try expect(body, "max_tokens", "a whole number of 0 or more") { ($0.int ?? -1) >= 0 }
    }

    private static func expect(
        _ object: JSON, _ name: String, _ what: String, at message: Int? = nil, _ holds: (JSON) -> Bool
    ) throws(MessageError) {
        if let value = object[name], holds(value) { return }
        let path = message.map { "messages.\($0)." } ?? ""
        guard let value = object[name] else { throw .invalidRequest("\(path)\(name): Field required (\(what))") }
        let seen = String(decoding: value.raw.prefix(60), as: UTF8.self)
        throw .invalidRequest("\(path)\(name): expected \(what), got \(seen)")
    }
}
