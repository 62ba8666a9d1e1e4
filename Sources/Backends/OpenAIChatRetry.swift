public import Intercept

/// Learns from a refusal and tries once more: another name for a field, without a field, a lower limit, another role.
extension OpenAIChat {
    /// Writes the request anew when the refusal taught something that changes it. What was learnt stays known, so that
    /// the next request is right at once.
    public func retry(
        _ request: MessageRequest, after sent: UpstreamRequest, head: UpstreamHead, body: [UInt8],
        _ losses: inout Losses
    ) -> UpstreamRequest? {
        guard head.status == 400 || head.status == 422 || head.status == 404 || head.status == 500 else { return nil }
        let error = UpstreamError(body, host: address.host, status: head.status)
        guard let asked = try? JSON.parse(sent.body), let lesson = RefusalLesson(error, asked, address) else {
            return nil
        }
        guard learnt.learn(sent.model, { lesson.apply(to: &$0) }) else { return nil }
        var more = Losses()
        guard let again = try? translate(request, &more), again.body != sent.body else { return nil }
        for loss in more.all { losses.add(loss.operation, loss.path, loss.why, from: loss.from, to: loss.to) }
        return again
    }
}

/// What one refusal says about a model.
enum RefusalLesson: Equatable {
    case maxField(ServiceProfile.MaxField)
    case maxOutput(Int)
    case window(Int)
    case role(ModelFacts.SystemRole)
    case efforts([String])
    case without(String)
    case noImages
    case noFiles
    case items

    /// - Parameter asked: the refused body.
    init?(_ error: UpstreamError, _ asked: JSON, _ address: ServiceAddress) {
        let found = error.searchable
        guard
            let lesson = Self.limit(error, found, asked) ?? Self.role(error, found, asked) ?? Self.media(found, asked)
                ?? Self.schema(found) ?? Self.field(error, found, asked)
        else { return nil }
        self = lesson
    }

    func apply(to facts: inout ModelFacts) {
        switch self {
        case .maxField(let field):
            // Refused under both names: without.
            if let old = facts.maxField, old != field { facts.rejected.insert(field.rawValue) }
            facts.maxField = field
        case .maxOutput(let most): facts.maxOutput = most
        case .window(let window): facts.contextWindow = window
        case .role(let role): facts.systemRole = role
        case .efforts(let efforts): facts.efforts = efforts
        case .without(let field): facts.rejected.insert(field)
        case .noImages: facts.takesNoImages = true
        case .noFiles: facts.takesNoFiles = true
        case .items: facts.wantsItems = true
        }
    }

    private static let refusals = [
        "unsupported", "not support", "unrecognized", "unknown", "unexpected", "not permitted", "extra input",
        "extra_forbidden",
        "not allowed", "invalid argument", "not available", "additional propert", "only supported", "only the default",
        "cannot be used", "does not exist", "not recognized", "no endpoints found",
    ]

    static func isRefusal(_ found: String) -> Bool { refusals.contains(where: found.contains) }

    // MARK: Limits

    private static func limit(_ error: UpstreamError, _ found: String, _ asked: JSON) -> RefusalLesson? {
        let both: [ServiceProfile.MaxField] = [.completion, .plain]
        guard let sent = both.first(where: { asked[$0.rawValue] != nil }), let value = asked[sent.rawValue]?.int,
            found.contains("max_tokens") || found.contains("max_completion_tokens")
                || found.contains("maximum context length")
        else { return nil }
        if isRefusal(found), found.contains(sent.rawValue), !found.contains("too large") || found.contains("instead") {
            return .maxField(sent.other)
        }
        if let window = OutputLimit.number(after: "maximum context length is ", in: found) {
            let split = ContextOverflow.Numbers(error.message).split
            let prompt = split?.prompt ?? OutputLimit.number(after: "your request has ", in: found)
            return prompt.map { $0 < window } ?? false ? .window(window) : nil
        }
        return OutputLimit.read(error, sent: value).flatMap { $0.most < value ? .maxOutput($0.most) : nil }
    }

    // MARK: Roles

    private static func role(_ error: UpstreamError, _ found: String, _ asked: JSON) -> RefusalLesson? {
        let roles = asked["messages"]?.elements.map { $0["role"]?.string ?? "" } ?? []
        let instructions = roles.enumerated().filter { $0.element == "system" || $0.element == "developer" }
        guard let first = instructions.first, found.contains("role") || found.contains("system message"),
            found.contains("system") || found.contains("developer")
        else { return nil }
        let isAboutPlace = [
            "beginning", "must be first", "at the start", "alternate", "only one system", "must precede",
        ]
        .contains(where: found.contains)
        if instructions.contains(where: { $0.offset > 0 }), isAboutPlace { return .role(.systemFirst) }
        guard isAboutPlace || isRefusal(found) || found.contains("invalid") || found.contains("expected") else {
            return nil
        }
        if first.element == "developer" { return .role(.system) }
        return .role(instructions.contains { $0.offset > 0 } && first.offset == 0 ? .systemFirst : .none)
    }

    // MARK: Media and schemas

    private static func media(_ found: String, _ asked: JSON) -> RefusalLesson? {
        let parts = asked["messages"]?.elements.flatMap { Array($0["content"]?.elements ?? $0.elements) } ?? []
        func sends(_ type: String) -> Bool { parts.contains { $0["type"]?.equals(type) ?? false } }
        let images = ["image_url", "image input", "multimodal", "vision", "0 image"]
        let isRefused =
            isRefusal(found) || found.contains("expected `text`") || found.contains("at most 0")
            || found.contains("not a multimodal")
        guard isRefused else { return nil }
        if images.contains(where: found.contains), sends("image_url") { return .noImages }
        let files = ["'file'", "type file", "`file`", "\"file\"", "content type. file", "file_data", "part type: file"]
        return files.contains(where: found.contains) && sends("file") ? .noFiles : nil
    }

    private static func schema(_ found: String) -> RefusalLesson? {
        found.contains("array schema missing items") || found.contains("missing items") ? .items : nil
    }

    // MARK: Other fields

    /// Fields that a request can do without.
    private static let optional = [
        "stream_options", "parallel_tool_calls", "reasoning_effort", "temperature", "top_p", "response_format",
        "prompt_cache_key", "service_tier", "tool_choice", "stop",
    ]

    private static func field(_ error: UpstreamError, _ found: String, _ asked: JSON) -> RefusalLesson? {
        guard isRefusal(found) else { return nil }
        let named = optional.first { asked[$0] != nil && (error.param == $0 || error.param.hasPrefix($0 + ".")) }
        guard let field = named ?? optional.first(where: { asked[$0] != nil && names($0, found) }) else { return nil }
        if field == "reasoning_effort", let efforts = listedEfforts(error.message.lowercased()) {
            return .efforts(efforts)
        }
        return .without(field)
    }

    /// Whether the text has the field's name as a word of its own.
    private static func names(_ field: String, _ text: String) -> Bool {
        text.utf8.split { !ToolNames.isLegal($0) }.contains { $0.elementsEqual(field.utf8) }
    }

    /// The values after "supported values are".
    private static func listedEfforts(_ text: String) -> [String]? {
        guard let start = text.indices.first(where: { text[$0...].hasPrefix("supported values") }) else { return nil }
        let words = text[start...].split { !$0.isLetter }.map(String.init)
        let known = ChatModel.effortOrder.filter { words.contains($0) }
        return known.isEmpty ? nil : known
    }
}
