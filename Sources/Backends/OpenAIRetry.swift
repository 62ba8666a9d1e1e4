internal import Intercept

/// Learns from a refusal and tries once more: another name for a field, without a field, a lower limit, another role.
extension OpenAIService {
    /// Writes the request anew when the refusal taught something that changes it. What was learnt stays known, so that
    /// the next request is right at once.
    func retry(
        _ request: MessageRequest, _ api: OpenAIAPI, after sent: UpstreamRequest, head: UpstreamHead, body: [UInt8],
        _ losses: inout Losses
    ) -> UpstreamRequest? {
        guard head.status == 400 || head.status == 422 || head.status == 404 || head.status == 500 else { return nil }
        let error = UpstreamError(body, host: address.host, status: head.status)
        guard let asked = try? JSON.parse(sent.body), let lesson = RefusalLesson(error, asked) else { return nil }
        guard learn(sent.model, { lesson.apply(to: &$0) }) else { return nil }
        var more = Losses()
        guard let again = try? translate(request, api, &more), again.body != sent.body else { return nil }
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
    case without([String])
    case noImages
    case noFiles
    case items
    case keywords([String])
    case tools(Int)
    case nineLetterIDs
    case thinkingBack(ServiceProfile.ThinkingBack)
    case alternation
    case bridges
    case plainText
    case content
    case textResults
    /// The service cannot read these items (``ReasoningItem/key(_:)``).
    case reasoning(Set<UInt64>)

    /// - Parameter asked: the refused body.
    init?(_ error: UpstreamError, _ asked: JSON) {
        // "property 'store' is unsupported, did you mean 'stop'?" is not about `stop`.
        let found = Self.text(error.searchable, before: "did you mean")
        guard
            let lesson = Self.limit(error, found, asked) ?? Self.reasoning(error, found, asked)
                ?? Self.conversation(found, asked) ?? Self.role(error, found, asked) ?? Self.results(found, asked)
                ?? Self.media(found, asked) ?? Self.schema(error, found, asked) ?? Self.field(error, found, asked)
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
        case .without(let fields): facts.rejected.formUnion(fields)
        case .noImages: facts.takesNoImages = true
        case .noFiles: facts.takesNoFiles = true
        case .items: facts.wantsItems = true
        case .keywords(let words): facts.keywords += words.filter { !facts.keywords.contains($0) }
        case .tools(let most): facts.mostTools = most
        case .nineLetterIDs: facts.callIDs = .nine
        case .thinkingBack(let way): facts.thinkingBack = way
        case .alternation: facts.alternates = true
        case .bridges: facts.bridgesResults = true
        case .plainText: facts.wantsPlainText = true
        case .content: facts.wantsContent = true
        case .textResults: facts.takesTextResultsOnly = true
        case .reasoning(let keys):
            // Those of conversations long past are forgotten: at worst they are refused once more.
            if facts.refusedReasoning.count > 2000 { facts.refusedReasoning = [] }
            facts.refusedReasoning.formUnion(keys)
        }
    }

    private static let refusals = [
        "unsupported", "not support", "unrecognized", "unknown", "unexpected", "not permitted", "extra input",
        "extra_forbidden",
        "not allowed", "invalid argument", "not available", "additional propert", "only supported", "only the default",
        "cannot be used", "does not exist", "not recognized", "no endpoints found",
    ]

    static func isRefusal(_ found: String) -> Bool { refusals.contains(where: found.contains) }

    /// Messages, or items.
    private static func items(_ asked: JSON) -> [JSON] {
        (asked["messages"] ?? asked["input"])?.elements.map { $0 } ?? []
    }

    // MARK: Limits

    private static func limit(_ error: UpstreamError, _ found: String, _ asked: JSON) -> RefusalLesson? {
        if let value = asked["max_output_tokens"]?.int {
            let limit = found.contains("max_output_tokens") ? OutputLimit.read(error, sent: value) : nil
            return limit.flatMap { $0.most < value ? .maxOutput($0.most) : nil }
        }
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
        let roles = items(asked).map { $0["role"]?.string ?? "" }
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

    // MARK: Reasoning

    /// Items that were made for another key or another model, or that have lost what stood behind them.
    private static func reasoning(_ error: UpstreamError, _ found: String, _ asked: JSON) -> RefusalLesson? {
        let isUnreadable = found.contains("encrypted") && (found.contains("verif") || found.contains("decrypt"))
        let isAlone = found.contains("reasoning") && found.contains("required following item")
        let isUnknown = found.contains("'rs_") && found.contains("not found")
        guard isUnreadable || isAlone || isUnknown else { return nil }
        let sent = items(asked).filter { $0["type"]?.equals("reasoning") ?? false }
        let keys = sent.compactMap { ($0["encrypted_content"] ?? $0["id"]).map(ReasoningItem.key) }
        return keys.isEmpty ? nil : .reasoning(Set(keys))
    }

    // MARK: Media and schemas

    /// Services that read the `output` of a call as a string only.
    private static func results(_ found: String, _ asked: JSON) -> RefusalLesson? {
        guard found.contains("output"), found.contains("string") else { return nil }
        return items(asked).contains { $0["output"]?.isArray ?? false } ? .textResults : nil
    }

    private static func media(_ found: String, _ asked: JSON) -> RefusalLesson? {
        let parts = items(asked).flatMap { Array(($0["content"] ?? $0["output"])?.elements ?? $0.elements) }
        func sends(_ types: String...) -> Bool { parts.contains { types.contains($0["type"]?.string ?? "") } }
        let images = ["image_url", "input_image", "image input", "multimodal", "vision", "0 image"]
        let isRefused =
            isRefusal(found) || found.contains("expected `text`") || found.contains("at most 0")
            || found.contains("not a multimodal")
        guard isRefused else { return nil }
        if images.contains(where: found.contains), sends("image_url", "input_image") { return .noImages }
        let files = [
            "input_file", "'file'", "type file", "`file`", "\"file\"", "content type. file", "file_data",
            "part type: file",
        ]
        return files.contains(where: found.contains) && sends("file", "input_file") ? .noFiles : nil
    }

    private static func schema(_ error: UpstreamError, _ found: String, _ asked: JSON) -> RefusalLesson? {
        if found.contains("missing items") || found.contains("items: missing field") { return .items }
        if let tools = asked["tools"], error.param == "tools" || found.contains("tools"),
            let most = OutputLimit.number(after: "maximum length ", in: found), (1..<tools.count).contains(most)
        {
            return .tools(most)
        }
        let keywords = unknownNames(error.message).filter { $0.place.contains("parameters") }.map(\.name)
        return keywords.isEmpty ? nil : .keywords(keywords)
    }

    // MARK: Other fields

    /// Members of members that can go alone.
    private static let nestedFields = ["reasoning.summary", "reasoning.effort", "text.format"]

    /// Members that a request cannot do without, or that have lessons of their own.
    private static let needed: Set<String> = [
        "model", "messages", "input", "instructions", "tools", "stream", "store", "text", "max_tokens",
        "max_completion_tokens",
    ]

    private static func field(_ error: UpstreamError, _ found: String, _ asked: JSON) -> RefusalLesson? {
        guard isRefusal(found) else { return nil }
        if names("phase", found), items(asked).contains(where: { $0["phase"] != nil }) { return .without(["phase"]) }
        let optional =
            nestedFields.filter { isSent($0, asked) }
            + asked.members.compactMap { $0.key.string }.filter { !needed.contains($0) }
        let named = optional.first { name in
            error.param == name || error.param.hasPrefix(name + ".") || error.param.hasPrefix(name + "[")
        }
        // Validators name everything that is too much at once.
        let isList = ["extra input", "extra_forbidden", "unknown name", "arguments supplied"].contains(
            where: found.contains)
        let all = optional.filter { names($0, found) }
        if isList, all.count > 1 { return .without(all) }
        guard let field = named ?? all.first ?? nested(found, optional) else { return nil }
        if ["reasoning_effort", "reasoning.effort", "reasoning"].contains(field),
            let efforts = listedEfforts(error.message.lowercased())
        {
            return .efforts(efforts)
        }
        return .without([field])
    }

    /// Fields that a refusal means without their names.
    private static func nested(_ found: String, _ optional: [String]) -> String? {
        if names("strict", found), found.contains("tool") { return "strict" }
        if names("thinking", found) || names("reasoning", found) {
            return optional.first {
                $0 == "reasoning_effort" || $0 == "enable_thinking" || $0 == "chat_template_kwargs"
            }
        }
        return nil
    }

    private static func isSent(_ field: String, _ asked: JSON) -> Bool {
        var value: JSON? = asked
        for name in field.split(separator: ".") { value = value?[String(name)] }
        return value != nil
    }

    /// Whether the text has the field's name as a word of its own.
    static func names(_ field: String, _ text: String) -> Bool {
        if field.contains(".") { return text.contains(field) }
        return text.utf8.split { !ToolNames.isLegal($0) }.contains { $0.elementsEqual(field.utf8) }
    }

    /// The values after "supported values are".
    private static func listedEfforts(_ text: String) -> [String]? {
        guard let start = text.indices.first(where: { text[$0...].hasPrefix("supported values") }) else { return nil }
        let words = text[start...].split { !$0.isLetter }.map(String.init)
        let known = ChatModel.effortOrder.filter { words.contains($0) }
        return known.isEmpty ? nil : known
    }
}
