/// Takes a request body apart into the pieces of its prompt.
internal import Intercept

struct PromptReader {
    private(set) var outline: PromptOutline
    /// The client's note of its version is part of the prompt: only Anthropic takes it out, and translation leaves it out.
    private let keepsAttribution: Bool

    /// - Parameters:
    ///   - body: What was sent to the service.
    ///   - url: Where to; nil where the trace does not say it.
    static func outline(_ body: JSON, url: String?) -> PromptOutline {
        let shape = PromptOutline.Shape(url: url)
        var reader = PromptReader(shape, keepsAttribution: !removesAttribution(url, shape))
        switch shape {
        case .messages: reader.readMessages(body)
        case .converse: reader.readConverse(body)
        case .chat: reader.readChat(body)
        case .responses: reader.readResponses(body)
        }
        return reader.outline
    }

    private init(_ shape: PromptOutline.Shape, keepsAttribution: Bool) {
        outline = PromptOutline(shape: shape)
        self.keepsAttribution = keepsAttribution
    }

    private static func removesAttribution(_ url: String?, _ shape: PromptOutline.Shape) -> Bool {
        guard shape == .messages, let url else { return shape == .messages }
        return url.contains("anthropic.com/") || url.contains(".amazonaws.com/")
    }

    // MARK: The Messages API, and Bedrock's InvokeModel

    private mutating func readMessages(_ body: JSON) {
        // A deferred tool is no part of the prefix: it is shown where the conversation loads it.
        for (index, tool) in list(body["tools"]) where !(tool["defer_loading"]?.bool ?? false) {
            add(tool: tool, name: tool["name"] ?? tool["type"], "tools", index)
        }
        readSystem(body["system"])
        readHistory(body["messages"])
        if let mark = body["cache_control"] { self.mark(mark) }
        set(body, ["thinking", "tool_choice", "speed"])
    }

    // MARK: Converse

    private mutating func readConverse(_ body: JSON) {
        for (index, tool) in list(body["toolConfig"]?["tools"]) {
            if let point = tool["cachePoint"] {
                mark(point)
            } else {
                add(tool: tool, name: tool["toolSpec"]?["name"], "toolConfig.tools", index)
            }
        }
        readSystem(body["system"])
        readHistory(body["messages"])
        if let choice = body["toolConfig"]?["toolChoice"] { set("toolChoice", choice) }
        if let more = body["additionalModelRequestFields"] { set(more, ["thinking", "reasoning_config"]) }
    }

    private mutating func readSystem(_ system: JSON?) {
        guard let system else { return }
        if system.isString { return add(text: system, .system, nil, "system", -1, "") }
        for (index, block) in list(system) { add(block: block, .system, nil, "system", index, "") }
    }

    private mutating func readHistory(_ messages: JSON?) {
        for (index, message) in list(messages) {
            outline.messages = index + 1
            guard let content = message["content"] else { continue }
            add(content: content, .messages, message["role"], "messages", index)
        }
    }
}

// MARK: Pieces

extension PromptReader {
    func list(_ json: JSON?) -> [(offset: Int, element: JSON)] {
        guard let json, json.isArray else { return [] }
        return Array(json.elements.enumerated())
    }

    mutating func noteMessage(_ index: Int) { outline.messages = index + 1 }

    mutating func note(cacheKey: JSON) {
        var hash = PieceHash()
        hash.raw(cacheKey)
        outline.cacheKey = hash.value
    }

    mutating func set(_ body: JSON, _ names: [String]) {
        for name in names { if let value = body[name] { set(name, value) } }
    }

    mutating func set(_ name: String, _ value: JSON) {
        var hash = PieceHash()
        hash.raw(value)
        outline.settings.append((name, hash.value))
    }

    mutating func add(tool: JSON, name: JSON?, _ root: StaticString, _ index: Int) {
        var hash = PieceHash()
        hash.block(tool)
        add(.tools, .tool, hash, root, index, "", name: name?.string ?? "?")
        markIfAsked(tool)
    }

    /// A string, or a list of blocks.
    mutating func add(
        content: JSON, _ section: PromptOutline.Section, _ role: JSON?, _ root: StaticString, _ index: Int
    ) {
        if content.isString { return add(text: content, section, role, root, index, ".content") }
        for (block, element) in list(content) {
            add(block: element, section, role, root, index, ".content[\(block)]")
        }
    }

    mutating func add(
        text: JSON, _ section: PromptOutline.Section, _ role: JSON?, _ root: StaticString, _ index: Int, _ part: String
    ) {
        guard !ClientMarks.isAttribution(text) || keepsAttribution else { return }
        var hash = PieceHash(role)
        hash.text(text)
        let name = section == .system ? Self.beginning(text) : ""
        add(section, Self.kind(ofText: text), hash, root, index, part, name: name)
    }

    mutating func add(
        block: JSON, _ section: PromptOutline.Section, _ role: JSON?, _ root: StaticString, _ index: Int, _ part: String
    ) {
        if let point = block["cachePoint"] { return mark(point) }
        let text = block["text"].flatMap { $0.isString ? $0 : nil }
        if let text, ClientMarks.isAttribution(text), !keepsAttribution { return }
        var hash = PieceHash(role)
        hash.block(block)
        let name = section == .system ? text.map(Self.beginning) : Self.id(of: block)
        add(section, text.map(Self.kind(ofText:)) ?? Self.kind(of: block), hash, root, index, part, name: name ?? "")
        markIfAsked(block)
    }

    mutating func add(
        _ section: PromptOutline.Section, _ kind: PromptOutline.Kind, _ hash: PieceHash, _ root: StaticString,
        _ index: Int, _ part: String, name: String = ""
    ) {
        outline.pieces.append(
            PromptOutline.Piece(
                section: section, kind: kind, hash: hash.value, bytes: hash.bytes, root: root, item: index, part: part,
                name: name))
    }

    private static func beginning(_ text: JSON) -> String {
        String(String(decoding: text.raw.dropFirst().dropLast().prefix(160), as: UTF8.self).prefix(40))
    }

    static func kind(ofText text: JSON) -> PromptOutline.Kind {
        let words = text.raw.dropFirst()
        if words.starts(with: "<system-reminder".utf8) { return .reminder }
        if words.starts(with: "This session is being continued from a previous".utf8) { return .compaction }
        return ClientMarks.isAttribution(text) ? .attribution : .text
    }

    private static func id(of block: JSON) -> String? {
        (block["id"] ?? block["tool_use_id"] ?? block["toolUse"]?["toolUseId"] ?? block["toolResult"]?["toolUseId"])?
            .string
    }

    static func kind(of block: JSON) -> PromptOutline.Kind {
        // Converse names a block by its only member.
        guard let type = block["type"]?.string ?? block.members.first(where: { _ in true })?.key.string else {
            return .other
        }
        switch type {
        case "thinking", "redacted_thinking", "reasoningContent", "reasoning": return .thinking
        case "tool_use", "server_tool_use", "mcp_tool_use", "toolUse", "function_call": return .toolCall
        case "tool_result", "toolResult", "function_call_output": return .toolResult
        case "image", "image_url", "input_image", "video": return .image
        case "document", "file", "input_file": return .document
        case "compaction": return .compaction
        default: return type.hasSuffix("_tool_result") ? .toolResult : .other
        }
    }
}

// MARK: Marks

extension PromptReader {
    private static let minute = 60_000.0

    /// A mark on a block, or on the last block within it.
    private mutating func markIfAsked(_ block: JSON) {
        if let mark = block["cache_control"], !mark.isNull { return self.mark(mark) }
        if let mark = block["prompt_cache_breakpoint"] { return self.mark(mark, life: 30 * Self.minute) }
        guard let content = block["content"], content.isArray else { return }
        for inner in content.elements { if let mark = inner["cache_control"] { self.mark(mark) } }
    }

    private mutating func mark(_ mark: JSON, life: Double = 5 * Self.minute) {
        guard !mark.isNull else { return }
        outline.marks.append(
            .init(count: outline.pieces.count, life: mark["ttl"]?.string.flatMap(Self.life) ?? life))
    }

    /// `5m`, `1h`
    private static func life(_ text: String) -> Double? {
        guard let number = Double(text.dropLast()) else { return nil }
        return switch text.last {
        case "s": number * 1000
        case "m": number * minute
        case "h": number * 60 * minute
        default: nil
        }
    }
}
