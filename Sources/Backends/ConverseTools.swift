internal import Intercept

/// A tool of the request, sorted by how Converse takes it.
struct ConverseTool {
    enum Form {
        /// Described by a schema: the client's, or a documented one.
        case spec(schema: JSON?, documented: StaticString?)
        /// Anthropic's own definition, which Claude models know.
        case native(JSON)
        /// Only there because the conversation holds calls of it.
        case stub
    }

    let form: Form
    /// The client's name.
    let name: String
    var description: JSON?
    var isStrict = false
    var cache: CacheMark?
    /// `tools[3]`
    let path: String

    var isNative: Bool { if case .native = form { true } else { false } }
}

/// Tools and the choice among them.
extension ConverseWriter {
    /// The tools to send, in order.
    mutating func toolList(_ fields: Fields, called: [JSON]) throws(TranslationError) -> [ConverseTool] {
        var tools: [ConverseTool] = []
        var refused: [(name: String, type: String)] = []
        for (index, tool) in (fields.tools?.elements.map { $0 } ?? []).enumerated() {
            let path = "tools[\(index)]"
            if tool["type"]?.equals("mcp_toolset") ?? false {
                losses.add(.drop, path, "Anthropic's own service connects to MCP servers, Bedrock does not")
                continue
            }
            guard let name = tool["name"]?.string, !name.isEmpty else {
                losses.add(.drop, path, "a tool without a name cannot be called")
                continue
            }
            if name == ClientMarks.placeholder { continue }
            guard !tools.contains(where: { $0.name == name }) else {
                losses.add(.drop, path, "a tool of this name stands in the list already")
                continue
            }
            if let known = self.tool(tool, name, path) {
                tools.append(known)
            } else {
                refused.append((name, tool["type"]?.string ?? ""))
            }
        }
        try refuse(refused, left: tools, fields.toolChoice)
        return completed(tools, called)
    }

    private mutating func tool(_ tool: JSON, _ name: String, _ path: String) -> ConverseTool? {
        let type = tool["type"]?.string ?? "custom"
        let cache = CacheMark(tool["cache_control"])
        if tool["defer_loading"]?.bool ?? false {
            losses.add(.emulate, "tools.defer_loading", "Converse loads no tools later: all are sent at once")
        }
        if type == "custom" {
            if let examples = tool["input_examples"], !examples.isEmpty {
                losses.add(.drop, "\(path).input_examples", "Converse has no such field")
            }
            return ConverseTool(
                form: .spec(schema: tool["input_schema"], documented: nil), name: name,
                description: tool["description"], isStrict: tool["strict"]?.bool ?? false, cache: cache, path: path)
        }
        if model.isClaude, type.hasPrefix("computer_20") {
            return ConverseTool(form: .native(tool), name: name, cache: cache, path: path)
        }
        if let schema = ClientTool.schema(type) {
            guard !model.isClaude else {
                return ConverseTool(form: .native(tool), name: name, cache: cache, path: path)
            }
            losses.add(.emulate, path, "\(type) is offered with its documented schema")
            return ConverseTool(form: .spec(schema: nil, documented: schema), name: name, cache: cache, path: path)
        }
        losses.add(.drop, path, "\(type) runs on Anthropic's own service only")
        return nil
    }

    /// A tool of Anthropic's service that is all the request is about cannot be left out silently.
    private func refuse(
        _ refused: [(name: String, type: String)], left: [ConverseTool], _ choice: JSON?
    ) throws(TranslationError) {
        let forced = choice?["type"]?.equals("tool") ?? false ? choice?["name"]?.string : nil
        guard let one = refused.first(where: { $0.name == forced }) ?? (left.isEmpty ? refused.first : nil) else {
            return
        }
        throw BedrockErrors.noServerTool(named: one.name, type: one.type)
    }

    /// Converse wants a list of tools wherever the conversation holds calls or results.
    private mutating func completed(_ tools: [ConverseTool], _ called: [JSON]) -> [ConverseTool] {
        if tools.contains(where: { !$0.isNative }) { return tools }
        guard tools.isEmpty else { return tools.map(documented) }
        var names: [String] = []
        for name in called.compactMap(\.string) where !names.contains(name) { names.append(name) }
        if !names.isEmpty { losses.add(.emulate, "tools", "the conversation holds calls: their tools are named again") }
        return names.map { ConverseTool(form: .stub, name: $0, path: "tools") }
    }

    /// Alone, a tool of Anthropic's is written with its schema: the list of Converse must not be empty.
    private func documented(_ tool: ConverseTool) -> ConverseTool {
        guard case .native(let json) = tool.form, let schema = ClientTool.schema(json["type"]?.string ?? "") else {
            return tool
        }
        return ConverseTool(
            form: .spec(schema: nil, documented: schema), name: tool.name, cache: tool.cache, path: tool.path)
    }

    // MARK: Writing

    mutating func writeTools(_ tools: [ConverseTool], _ fields: Fields) {
        let specs = tools.filter { !$0.isNative }
        guard !specs.isEmpty else { return }
        out.key("toolConfig")
        out.beginObject()
        out.key("tools")
        out.beginArray()
        for tool in specs {
            write(tool)
            writeCachePoint(tool.cache, tool.path)
        }
        out.endArray()
        writeChoice(fields, specs)
        out.endObject()
    }

    private mutating func write(_ tool: ConverseTool) {
        out.beginObject()
        out.key("toolSpec")
        out.beginObject()
        out.field("name", ToolNames.alias(tool.name))
        if let description = tool.description, description.isString, !JSONBlank.isBlank(description) {
            out.field("description", description)
        }
        if case .stub = tool.form { out.field("description", "Not available any more.") }
        out.verbatim(#","inputSchema":{"json":"#)
        writeSchema(tool)
        out.endObject()
        if tool.isStrict { writeStrict(tool) }
        out.verbatim("}}")
    }

    private mutating func writeSchema(_ tool: ConverseTool) {
        switch tool.form {
        case .spec(_, let schema?): out.raw(schema)
        case .spec(let schema, nil):
            for name in Schemas.write(schema, into: &out) {
                losses.add(.drop, "\(tool.path).input_schema.\(name)", "not allowed at the top of a tool's schema")
            }
        case .native, .stub: out.raw(#"{"type":"object","properties":{}}"#)
        }
    }

    private mutating func writeStrict(_ tool: ConverseTool) {
        if model.takesStrictTools, !facts.rejected.contains(.strict) {
            out.field("strict", true)
        } else {
            losses.add(.drop, "\(tool.path).strict", "\(model.id) has no strict tools")
        }
    }

    private mutating func writeChoice(_ fields: Fields, _ tools: [ConverseTool]) {
        guard let choice = fields.toolChoice, let type = choice["type"]?.string else { return }
        if isSerial(choice) {
            // The native field says both; two choices would contradict each other.
            if model.isClaude { return }
            losses.add(.drop, "tool_choice.disable_parallel_tool_use", "Converse has no such field")
        }
        guard type == "any" || type == "tool" || type == "none" else { return }
        if type == "none" {
            return losses.add(.drop, "tool_choice", "Converse cannot forbid tools that it must name")
        }
        if facts.rejected.contains(.toolChoice) { return losses.add(.drop, "tool_choice", "refused by \(model.id)") }
        if isThinking(fields.thinking) {
            return losses.add(.drop, "tool_choice", "a model that thinks cannot be made to use a tool")
        }
        if type == "any" { return out.verbatim(#","toolChoice":{"any":{}}"#) }
        guard let name = choice["name"]?.string, tools.contains(where: { $0.name == name }) else {
            return losses.add(.drop, "tool_choice", "the tool it forces is not among those that are offered")
        }
        out.verbatim(#","toolChoice":{"tool":{"name":"#)
        out.string(ToolNames.alias(name))
        out.verbatim("}}")
    }

    private func isSerial(_ choice: JSON) -> Bool { choice["disable_parallel_tool_use"]?.bool ?? false }

    /// The choice in Anthropic's own form, where only that can say it.
    func serialChoice(_ fields: Fields) -> (type: String, name: String?)? {
        guard model.isClaude, let choice = fields.toolChoice, isSerial(choice) else { return nil }
        let type = choice["type"]?.string ?? "auto"
        if type == "none" { return nil }
        if type != "auto", isThinking(fields.thinking) { return ("auto", nil) }
        return (type, choice["name"]?.string.map { ToolNames.alias($0) })
    }

    func isThinking(_ thinking: JSON?) -> Bool {
        guard let type = thinking?["type"]?.string else { return false }
        return model.isClaude && type != "disabled"
    }
}
