internal import Intercept

/// What a refused request teaches about its service: which part of it can be mended or left out.
///
/// Recognised are the wordings of Anthropic's API, of servers that check requests with Pydantic, Zod or serde, and those
/// reported for single vendors (see their sources in the table).
enum VendorRefusal: Equatable {
    case system
    case deferredTools
    case documents
    case cacheControl
    case betas
    case typedTools
    case field(String)

    /// - Parameters:
    ///   - body: The refusal.
    ///   - sent: The body that was refused.
    init?(_ body: [UInt8], sent: JSON, betas: String?) {
        let text = Self.words(body)
        guard let found = Self.parts(text, sent) ?? Self.field(text, sent) ?? Self.betas(text, betas) else {
            return nil
        }
        self = found
    }

    func apply(to quirks: inout Quirks) {
        switch self {
        case .system: quirks.foldsSystem = true
        case .deferredTools: quirks.hasNoDeferredTools = true
        case .documents: quirks.takesNoDocuments = true
        case .cacheControl: quirks.refusesCacheControl = true
        case .betas: quirks.refusesBetas = true
        case .typedTools: quirks.typedTools = []
        case .field(let name): quirks.refusedFields.insert(name)
        }
    }

    /// The refusal in small letters, without the parts of the request that some servers repeat.
    private static func words(_ body: [UInt8]) -> String {
        let message = (try? JSON.parse(body)).flatMap(Self.message)
        return (message ?? String(decoding: body.prefix(4096), as: UTF8.self)).lowercased()
    }

    /// The message of an error in one of its usual places; nil when the whole body must be read.
    static func message(_ json: JSON) -> String? {
        let error = json["error"] ?? json
        return error["message"]?.string ?? (error.isString ? error.string : nil)
    }

    private static func parts(_ text: String, _ sent: JSON) -> VendorRefusal? {
        let isAboutRole = text.contains("role") && (text.contains("system") || namesBothRoles(text))
        if isAboutRole || text.contains("system message must be"), sendsSystem(sent) { return .system }
        if text.contains("tool_reference") || text.contains("defer_loading") { return .deferredTools }
        if text.contains("cache_control"), isUnknown(text) { return .cacheControl }
        if text.contains("document"), isUnknown(text), sends("document", sent) { return .documents }
        let isAboutShape = text.contains("input_schema") || text.contains("parameters is empty")
        let isAboutType = text.contains("tool") && text.contains("type") && isUnknown(text)
        return (isAboutShape || isAboutType) && sendsTypedTools(sent) ? .typedTools : nil
    }

    /// Servers that name only what they expect.
    private static func namesBothRoles(_ text: String) -> Bool {
        ["'", "`", "\""].contains { text.contains("\($0)user\($0)") && text.contains("\($0)assistant\($0)") }
    }

    /// Top-level members that a request can do without.
    private static let optional = [
        "context_management", "output_config", "safeguards", "metadata", "service_tier", "speed", "tags", "container",
        "mcp_servers", "diagnostics", "fallbacks", "fallback_credit_token", "compaction", "thread", "inference_geo",
        "top_k", "top_p", "temperature", "thinking",
    ]

    private static func field(_ text: String, _ sent: JSON) -> VendorRefusal? {
        guard isUnknown(text) else { return nil }
        let name = optional.first { name in
            guard sent[name] != nil else { return false }
            // OpenRouter names it in words: "Anthropic's context management features".
            return text.contains(name) || text.contains(String(name.map { $0 == "_" ? " " : $0 }))
        }
        return name.map { .field($0) }
    }

    private static func betas(_ text: String, _ sent: String?) -> VendorRefusal? {
        guard let sent, isUnknown(text) || text.contains("unexpected value") else { return nil }
        let values = sent.split(separator: ",").map { HTTPFields.trim(String($0)).lowercased() }
        return text.contains("anthropic-beta") || values.contains { text.contains($0) } ? .betas : nil
    }

    /// Words for what a service does not know, as against what it finds wrong.
    private static let unknown = [
        "not permitted", "extra_forbidden", "not supported", "unsupported", "unknown", "unrecognized", "not allowed",
        "additional propert", "does not support", "unexpected key", "unexpected field", "unexpected prop",
        "no endpoints available", "support anthropic",
    ]

    private static func isUnknown(_ text: String) -> Bool { unknown.contains { text.contains($0) } }

    private static func sendsSystem(_ sent: JSON) -> Bool {
        sent["messages"]?.elements.contains { $0["role"]?.equals("system") ?? false } ?? false
    }

    private static func sendsTypedTools(_ sent: JSON) -> Bool {
        sent["tools"]?.elements.contains { VendorRequest.isTyped($0) } ?? false
    }

    private static func sends(_ type: String, _ sent: JSON) -> Bool {
        sent["messages"]?.elements.contains { message in
            message["content"]?.elements.contains { block in
                block["type"]?.equals(type) ?? false
                    || block["content"]?.elements.contains { $0["type"]?.equals(type) ?? false } ?? false
            } ?? false
        } ?? false
    }
}
