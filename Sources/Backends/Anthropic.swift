public import Intercept

/// Anthropic's own API, or a service that speaks it: bodies, events, fields and query go through byte for byte. Changed
/// are only the address, the fields that belong to one connection, credentials where some are configured, and thinking
/// that other services left in the conversation.
public struct Anthropic: Backend {
    public static let name = "anthropic"
    public static let speaksMessages = true
    public static let addressVariable: String? = "ANTHROPIC_UPSTREAM_URL"

    private let base: String
    private let credentials: HTTPFields.Field?
    /// Marks our own requests, so that an address that leads back to us is noticed.
    private let hop: String?

    /// The pass-through is what is left when nothing else is configured.
    public static func detect(_ environment: Environment) -> Detection? {
        if let url = environment["ANTHROPIC_UPSTREAM_URL"] {
            return Detection(because: "ANTHROPIC_UPSTREAM_URL=\(withoutUser(url))", rank: 10)
        }
        return Detection(because: "nothing else is configured", rank: 0)
    }

    /// `ANTHROPIC_UPSTREAM_URL`, `ANTHROPIC_UPSTREAM_API_KEY` (sent as `x-api-key`) or `ANTHROPIC_UPSTREAM_AUTH_TOKEN`
    /// (sent as a bearer token). Without the last two the client's own credentials are sent on.
    public init(_ environment: Environment) throws(ConfigError) {
        let url = environment["ANTHROPIC_UPSTREAM_URL"] ?? "https://api.anthropic.com"
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw ConfigError("ANTHROPIC_UPSTREAM_URL=\(url): expected an address that begins with https:// or http://")
        }
        base = Self.trimmed(url)
        hop = Self.isLocal(base) ? "claudecodex-" + Identifier.hex(Identifier.random(8)) : nil
        let key = environment.entry("ANTHROPIC_UPSTREAM_API_KEY")
        let token = environment.entry("ANTHROPIC_UPSTREAM_AUTH_TOKEN")
        switch (key, token) {
        case (.some, .some):
            throw ConfigError(
                "both ANTHROPIC_UPSTREAM_API_KEY and ANTHROPIC_UPSTREAM_AUTH_TOKEN are set: unset the one you do not mean"
            )
        case (.some(let key), nil): credentials = .init("x-api-key", key.value)
        case (nil, .some(let token)): credentials = .init("authorization", "Bearer \(token.value)")
        case (nil, nil): credentials = nil
        }
    }

    public var summary: String {
        Self.withoutUser(base) + (credentials == nil ? ", the client's own credentials" : ", configured credentials")
    }
    public var origin: String? { base }
    public var countsTokens: Bool { true }

    /// The model list; without credentials of its own it is refused, but reached.
    public var probe: UpstreamRequest? {
        UpstreamRequest(
            method: "GET", url: url("/v1/models", nil), headers: HTTPFields([.init("anthropic-version", "2023-06-01")]),
            body: [], model: "",
            authorization: credentials.map { .header(name: $0.name, value: $0.value) } ?? .none)
    }

    public func translate(
        _ request: MessageRequest, _ losses: inout Losses
    ) throws(TranslationError) -> UpstreamRequest {
        let stripped = ForeignThinking.strip(request.body, &losses)
        return try upstream(
            method: "POST", path: request.path, query: request.query, headers: request.headers,
            body: stripped ?? request.body.document.bytes, model: request.model,
            isClientBody: stripped == nil && !request.isChanged)
    }

    /// Model lists, batches and files are relayed too.
    public func forward(
        method: String, path: String, query: String?, headers: HTTPFields, body: [UInt8]
    ) -> UpstreamRequest? {
        guard ["/v1/models", "/v1/messages/batches", "/v1/files"].contains(where: { path.hasPrefix($0) }) else {
            return nil
        }
        return try? upstream(
            method: method, path: path, query: query, headers: headers, body: body, model: "", isClientBody: true)
    }

    public func reply(to request: MessageRequest) -> AnthropicReply { AnthropicReply() }

    private func upstream(
        method: String, path: String, query: String?, headers: HTTPFields, body: [UInt8], model: String,
        isClientBody: Bool
    ) throws(TranslationError) -> UpstreamRequest {
        var fields = HTTPFields.endToEnd(headers)
        if let hop {
            guard !headers.lists("via", "1.1 \(hop)") else { throw TranslationError(loop) }
            fields.append("via", "1.1 \(hop)")
        }
        fields["accept-encoding"] = Self.understood(headers)
        fields["content-encoding"] = nil
        if let credentials {
            fields["x-api-key"] = nil
            fields["authorization"] = nil
            fields.fields.append(credentials)
        }
        return UpstreamRequest(
            method: method, url: url(path, query), headers: fields, body: body, model: model, isClientBody: isClientBody
        )
    }

    private var loop: MessageError {
        .init(
            400, nil,
            "claudecodex: ANTHROPIC_UPSTREAM_URL=\(Self.withoutUser(base)) leads back to this proxy; set it to the real service",
            shouldRetry: false)
    }

    private func url(_ path: String, _ query: String?) -> String {
        let isDoubled = base.hasSuffix("/v1") && path.hasPrefix("/v1/")
        let joined = base + (isDoubled ? String(path.dropFirst(3)) : path)
        return query.map { "\(joined)?\($0)" } ?? joined
    }

    /// Of the client's codings those that the trace can read.
    private static func understood(_ headers: HTTPFields) -> String {
        let known = ["gzip", "deflate"].filter { headers.lists("accept-encoding", $0) }
        return known.isEmpty ? "identity" : known.joined(separator: ", ")
    }

    /// An address may carry `user:password@`, which nobody should see.
    private static func withoutUser(_ url: String) -> String {
        guard let at = url.lastIndex(of: "@"), let scheme = url.firstIndex(of: "/") else { return url }
        return url[...scheme] + "/" + url[url.index(after: at)...]
    }

    private static func trimmed(_ url: String) -> String {
        var url = url
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    private static func isLocal(_ url: String) -> Bool {
        ["://127.", "://localhost", "://[::1]", "://0.0.0.0"].contains { url.contains($0) }
    }
}

/// Nothing to decode: the pipeline relays the bytes and reads them on the side.
public struct AnthropicReply: ReplyDecoder {
    public var passesThrough: Bool { true }

    public mutating func feed(_ bytes: Span<UInt8>, emit: (MessageEvent) -> Void) throws(TranslationError) {}
    public mutating func finish(emit: (MessageEvent) -> Void) throws(TranslationError) {}

    public func failure(_ head: UpstreamHead, body: [UInt8]) -> MessageError {
        MessageError(head.status, nil, String(decoding: body.prefix(500), as: UTF8.self))
    }
}
