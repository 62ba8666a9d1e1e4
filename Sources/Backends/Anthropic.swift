public import Intercept

/// Anthropic's own API, or a service that speaks it: bodies, events, fields and query go through byte for byte. Changed
/// are only the address, the fields that belong to one connection, credentials where some are configured, and thinking
/// that other services left in the conversation. For other vendors what they do not take is mended (`Vendor`).
public struct Anthropic: Backend {
    public static let name = "anthropic"
    public static let speaksMessages = true
    public static let addressVariable: String? = "ANTHROPIC_UPSTREAM_URL"

    public static let translationVariables = ["ANTHROPIC_UPSTREAM_VENDOR"]

    private let base: String
    let vendor: Vendor
    /// What this upstream has taught us since the start.
    let memory = VendorMemory()
    let credentials: HTTPFields.Field?
    /// Marks our own requests, so that an address that leads back to us is noticed.
    private let hop: String?

    /// The pass-through is what is left when nothing else is configured.
    public static func detect(_ environment: Environment) -> Detection? {
        if let url = environment["ANTHROPIC_UPSTREAM_URL"] {
            return Detection(because: "ANTHROPIC_UPSTREAM_URL=\(withoutUser(url))", rank: 10)
        }
        return Detection(because: "nothing else is configured", rank: 0)
    }

    /// `ANTHROPIC_UPSTREAM_URL`, `ANTHROPIC_UPSTREAM_VENDOR` where the address does not show who answers, and
    /// `ANTHROPIC_UPSTREAM_API_KEY` (sent as `x-api-key`, or as a bearer token to a vendor that takes only these) or
    /// `ANTHROPIC_UPSTREAM_AUTH_TOKEN` (sent as a bearer token). Without the last two the client's own credentials are
    /// sent on.
    public init(_ environment: Environment) throws(ConfigError) {
        let url = environment["ANTHROPIC_UPSTREAM_URL"] ?? "https://api.anthropic.com"
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw ConfigError("ANTHROPIC_UPSTREAM_URL=\(url): expected an address that begins with https:// or http://")
        }
        vendor = try Self.vendor(environment, url)
        base = vendor.base(url)
        hop = Self.isLocal(base) ? "claudecodex-" + Identifier.hex(Identifier.random(8)) : nil
        let key = environment.entry("ANTHROPIC_UPSTREAM_API_KEY")
        let token = environment.entry("ANTHROPIC_UPSTREAM_AUTH_TOKEN")
        switch (key, token) {
        case (.some, .some):
            throw ConfigError(
                "both ANTHROPIC_UPSTREAM_API_KEY and ANTHROPIC_UPSTREAM_AUTH_TOKEN are set: unset the one you do not mean"
            )
        case (.some(let key), nil):
            credentials =
                vendor.wantsBearer ? .init("authorization", "Bearer \(key.value)") : .init("x-api-key", key.value)
        case (nil, .some(let token)): credentials = .init("authorization", "Bearer \(token.value)")
        case (nil, nil): credentials = nil
        }
    }

    private static func vendor(_ environment: Environment, _ url: String) throws(ConfigError) -> Vendor {
        guard let name = environment["ANTHROPIC_UPSTREAM_VENDOR"] else { return Vendor.at(url) }
        guard let vendor = Vendor.named(name) else {
            let known = (Vendor.all + [.other]).map(\.name).joined(separator: ", ")
            throw ConfigError("ANTHROPIC_UPSTREAM_VENDOR=\(name): no such vendor; known are \(known)")
        }
        return vendor
    }

    public var summary: String {
        let who = vendor.isAnthropic || !vendor.isKnown ? "" : ", known as \(vendor.title)"
        return Self.withoutUser(base) + who
            + (credentials == nil ? ", the client's own credentials" : ", configured credentials")
    }
    public var origin: String? { base }

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
        let quirks = quirks(request.model)
        let mended = VendorRequest.mend(request.body, quirks, model: request.model, &losses)
        var sent = try upstream(
            method: "POST", path: request.path, query: request.query, headers: request.headers,
            body: mended ?? request.body.document.bytes, model: request.model,
            isClientBody: mended == nil && !request.isChanged)
        limitBetas(quirks, request.model, &sent.headers, &losses)
        return sent
    }

    private func quirks(_ model: String) -> Quirks {
        memory.quirks(of: model).map { vendor.quirks.adding($0) } ?? vendor.quirks
    }

    /// Model lists, batches and files are relayed too.
    public func forward(
        method: String, path: String, query: String?, headers: HTTPFields, body: [UInt8]
    ) -> UpstreamRequest? {
        guard
            ["/v1/models", "/v1/messages/batches", "/v1/files"].contains(where: {
                path == $0 || path.hasPrefix($0 + "/")
            })
        else {
            return nil
        }
        return try? upstream(
            method: method, path: path, query: query, headers: headers, body: body, model: "", isClientBody: true)
    }

    public func reply(to request: MessageRequest) -> AnthropicReply {
        AnthropicReply(canMend: !vendor.isAnthropic, mendsStream: vendor.mendsStreams)
    }

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
        authorize(&fields)
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

    private static func isLocal(_ url: String) -> Bool {
        ["://127.", "://localhost", "://[::1]", "://0.0.0.0"].contains { url.contains($0) }
    }
}
