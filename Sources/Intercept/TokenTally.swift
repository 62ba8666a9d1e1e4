/// Adds a request up, part by part: what is estimated in thousandths, what is known in whole tokens.
struct TokenTally {
    let generation: TokenCounter.Generation
    var thousandths = 0
    private(set) var whole = 0
    /// Deferred tools that the conversation has loaded.
    private var loaded: [String] = []

    init(_ generation: TokenCounter.Generation) { self.generation = generation }

    var total: Int { (thousandths * generation.factor + 99_999) / 100_000 + whole }

    var framing: TokenFraming { generation.framing }

    mutating func thinkingBudget() { thousandths += framing.thinkingBudget }

    mutating func messages(_ messages: JSON) {
        thousandths += framing.prompt
        for message in messages.elements {
            thousandths += framing.message
            if let content = message["content"] { blocks(content) }
        }
    }

    /// A string, or an array of content blocks.
    mutating func blocks(_ content: JSON) {
        if content.isString { return text(content) }
        for block in content.elements { self.block(block) }
    }

    mutating func block(_ block: JSON) {
        guard let type = block["type"] else { return }
        if type.equals("text") {
            if let words = block["text"] { text(words) }
        } else if type.equals("tool_use") {
            call(block)
        } else if type.equals("tool_result") {
            thousandths += framing.toolResult
            if let content = block["content"] { blocks(content) }
        } else if type.equals("tool_reference") {
            reference(block)
        } else if type.equals("tool_addition") {
            if let tool = block["tool"] { reference(tool) }
        } else if type.equals("image") {
            image(block["source"])
        } else if type.equals("document") {
            document(block["source"])
        } else if !type.equals("thinking"), !type.equals("redacted_thinking") {
            other(block)
        }
    }

    private mutating func call(_ block: JSON) {
        thousandths += framing.toolUse
        if let name = block["name"] { text(name) }
        guard let input = block["input"] else { return }
        guard framing.argument > 0, input.isObject else { return text(input) }
        for (key, value) in input.members {
            thousandths += framing.argument
            text(key)
            text(value)
        }
    }

    /// A deferred tool is shown to the model where it is loaded.
    private mutating func reference(_ block: JSON) {
        thousandths += framing.toolReference
        if let name = (block["tool_name"] ?? block["name"])?.string { loaded.append(name) }
    }

    /// A block of any other type: its strings, but nothing that looks like encoded data.
    private mutating func other(_ block: JSON) {
        for (key, value) in block.members where !key.equals("type") && !key.equals("cache_control") {
            if value.isArray { blocks(value) } else if !value.isString || value.range.count < 4096 { text(value) }
        }
    }

    mutating func text(_ value: JSON) {
        // The quotes around a string are no text.
        let range = value.isString ? value.range.lowerBound + 1..<value.range.upperBound - 1 : value.range
        thousandths += CharacterClasses.thousandths(value.document.bytes[range].span)
    }

    mutating func image(_ source: JSON?) {
        guard let data = source?["data"], let size = ImageSize(base64: data) else {
            whole += 1600
            return
        }
        whole += size.tokens(generation.imageLimits)
    }

    /// A document: its text, or a guess at its pages from its length.
    mutating func document(_ source: JSON?) {
        guard let source else { return }
        if let content = source["content"] { return blocks(content) }
        guard let data = source["data"] else {
            whole += 2500
            return
        }
        if source["type"]?.equals("text") ?? false { return text(data) }
        let bytes = data.range.count / 4 * 3
        whole += min(600, max(1, (bytes + 74_999) / 75_000)) * 2500
    }
}

// MARK: Tools

extension TokenTally {
    mutating func tools(_ tools: JSON, forced: Bool, model: String) {
        guard !tools.isEmpty else { return }
        thousandths += framing.tools
        whole += TokenCounter.ToolPrompt.tokens(model, generation, forced: forced)
        for tool in tools.elements where isShown(tool) { self.tool(tool) }
    }

    /// Claude sees a deferred tool only after it was loaded; other models are offered it like any tool.
    func isShown(_ tool: JSON) -> Bool {
        let name = tool["name"]?.string ?? ""
        if name == ClientMarks.placeholder { return false }
        guard generation.isClaude, tool["defer_loading"]?.bool ?? false else { return true }
        return loaded.contains(name)
    }

    mutating func tool(_ tool: JSON) {
        if let type = tool["type"]?.string, let known = TokenCounter.KnownTool.tokens(type, generation) {
            whole += known
            return
        }
        thousandths += framing.tool
        if let name = tool["name"] { text(name) }
        if let description = tool["description"] { text(description) }
        guard let schema = tool["input_schema"] else { return }
        if generation == .gpt { return declaration(schema, depth: 0) }
        text(schema)
        thousandths += CharacterClasses.spacing(schema.document.bytes[schema.range].span)
    }

    /// A schema as the type declaration that it becomes: names, descriptions and choices; nothing else is shown.
    private mutating func declaration(_ schema: JSON, depth: Int) {
        guard depth < 32 else { return }
        if let description = schema["description"] {
            thousandths += 1_000
            text(description)
        }
        if let choices = schema["enum"] {
            for choice in choices.elements { text(choice) }
        }
        if let properties = schema["properties"] {
            for (name, property) in properties.members {
                thousandths += 3_000
                text(name)
                declaration(property, depth: depth + 1)
            }
        }
        if let items = schema["items"] { declaration(items, depth: depth + 1) }
        for union in ["anyOf", "oneOf", "allOf"] {
            guard let choices = schema[union] else { continue }
            for choice in choices.elements { declaration(choice, depth: depth + 1) }
        }
    }
}
