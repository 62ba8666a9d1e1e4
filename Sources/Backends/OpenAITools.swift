internal import Intercept

/// Tools and the choice among them.
extension OpenAIRequestWriter {
    /// Writes `tools` unless none is left. Gives whether there is one.
    ///
    /// - Parameter needed: names of tools that the request cannot do without, when not all can be offered.
    mutating func writeTools(_ tools: JSON, needed: Set<String> = []) -> Bool {
        var seen: Set<String> = []
        var count = 0
        var room = mostTools - needed.count
        for (index, element) in tools.elements.enumerated() {
            let tool = OfferedTool(element)
            guard let name = tool.name, name.isString, !name.isEmptyString else {
                losses.add(.drop, "tools[\(index)]", "a tool without a name cannot be called")
                continue
            }
            if name.equals(ClientMarks.placeholder) { continue }
            guard seen.insert(name.string ?? "").inserted else {
                losses.add(.drop, "tools[\(index)]", "a tool of this name stands in the list already")
                continue
            }
            let isNeeded = needed.contains(name.string ?? "")
            if !isNeeded, room <= 0 {
                losses.add(.drop, "tools[\(index)]", "the service takes \(mostTools) tools")
                continue
            }
            if writeTool(tool, name, index, isFirst: count == 0) {
                count += 1
                if !isNeeded { room -= 1 }
            }
        }
        if count > 0 { out.endArray() }
        return count > 0
    }

    /// Names of offered tools that the conversation has called or that are forced, if there are more tools than the
    /// service takes; they are offered before others.
    var neededTools: Set<String> {
        guard let tools = request.body["tools"], tools.count > mostTools else { return [] }
        var called: Set<String> = []
        if let forced = request.body["tool_choice"]?["name"]?.string { called.insert(forced) }
        for message in request.messages where message["role"]?.equals("assistant") ?? false {
            for block in message["content"]?.elements ?? message.elements {
                if let name = block["name"]?.string { called.insert(name) }
            }
        }
        let offered = tools.elements.compactMap { $0["name"]?.string }.filter { called.contains($0) }
        return Set(offered.prefix(mostTools))
    }

    private mutating func writeTool(_ tool: OfferedTool, _ name: JSON, _ index: Int, isFirst: Bool) -> Bool {
        var schema: StaticString?
        if !tool.isCustom {
            let type = tool.type?.string ?? ""
            schema = ClientTool.schema(type)
            guard schema != nil else {
                losses.add(.drop, "tools[\(index)]", "\(type) runs on Anthropic's own service only")
                return false
            }
            losses.add(.emulate, "tools[\(index)]", "\(type) is offered as a function with its documented schema")
        }
        if isFirst {
            out.key("tools")
            out.beginArray()
        }
        out.beginObject()
        beginTool()
        writeName(name)
        if let description = tool.description, description.isString, !JSONBlank.isBlank(description) {
            out.field("description", description)
        }
        out.key("parameters")
        if let schema { out.raw(schema) } else { writeSchema(tool, index) }
        endTool(isStrict: isStrict(tool, index))
        out.endObject()
        return true
    }

    private mutating func writeSchema(_ tool: OfferedTool, _ index: Int) {
        let rules = schemaRules
        for name in Schemas.write(tool.schema, into: &out, rules: rules) {
            if rules.lacks.contains(name) || name == "format" {
                losses.add(.drop, "tools[*].input_schema.\(name)", "not taken by the service")
            } else {
                let why = "not allowed at the top of a function's parameters"
                losses.add(.drop, "tools[\(index)].input_schema.\(name)", why)
            }
        }
        if let examples = tool.examples, !examples.isEmpty {
            losses.add(.drop, "tools[\(index)].input_examples", "\(Self.api) has no such field")
        }
    }

    private mutating func isStrict(_ tool: OfferedTool, _ index: Int) -> Bool {
        guard tool.isStrict else { return false }
        if !profile.takes(.strict) || isRejected("strict") {
            losses.add(.drop, "tools[\(index)].strict", "the service has no such field")
        } else if let schema = tool.schema, Schemas.isStrict(schema) {
            return true
        } else {
            losses.add(
                .drop, "tools[\(index)].strict", "the schema does not close every object and require every property")
        }
        return false
    }

    /// What the service takes of JSON Schema, as far as is known.
    var schemaRules: SchemaRules { profile.schemas.adding(facts) }

    var mostTools: Int { facts.mostTools ?? profile.mostTools }

    /// A tool's name as the service takes it.
    mutating func writeName(_ name: JSON) {
        // Directly behind a colon, so no comma may come.
        let rule = profile.namesBeginWithLetter
        if ToolNames.isLegal(name, beginsWithLetter: rule) { return out.verbatim(bytes: name.raw) }
        out.verbatim(bytes: quoted(ToolNames.alias(name.string ?? "", beginsWithLetter: rule)))
    }

    private func quoted(_ text: String) -> [UInt8] { [0x22] + JSONText(text).escaped + [0x22] }

    /// Writes `tool_choice` and `parallel_tool_calls`; both only beside tools.
    mutating func writeToolChoice(_ choice: JSON?) {
        guard let choice, let type = choice["type"]?.string else { return }
        guard hasTools else {
            if type == "any" || type == "tool" {
                losses.add(.drop, "tool_choice", "no tool is left to choose; the model answers in text")
            }
            return
        }
        writeChoice(choice, type)
        guard choice["disable_parallel_tool_use"]?.bool == true else { return }
        if model.takesParallelSwitch, profile.takes(.parallelToolCalls), !isRejected("parallel_tool_calls") {
            out.field("parallel_tool_calls", false)
        } else {
            losses.add(
                .drop, "tool_choice.disable_parallel_tool_use", "\(model.name) does not take parallel_tool_calls")
        }
    }

    private mutating func writeChoice(_ choice: JSON, _ type: String) {
        if isRejected("tool_choice") {
            if type != "auto" { losses.add(.drop, "tool_choice", "refused by the service") }
            return
        }
        let choices = profile.toolChoice
        if !choices.isCertain, type == "any" || type == "tool" {
            losses.add(.drop, "tool_choice", "older versions of \(profile.title) do not look at it")
        }
        switch type {
        case "auto": out.field("tool_choice", "auto")
        case "any": writeRequired("no tool can be forced with \(profile.title)")
        case "none" where !choices.none:
            losses.add(.drop, "tool_choice", "\(profile.title) cannot be told to call no tool")
        case "none": out.field("tool_choice", "none")
        case "tool" where !choices.named:
            if choices.required != nil {
                losses.add(.emulate, "tool_choice", "\(profile.title) takes no name: some tool is forced instead")
            }
            writeRequired("no tool can be forced with \(profile.title)")
        case "tool":
            guard let name = choice["name"], offers(name) else {
                losses.add(.drop, "tool_choice", "the tool it forces is not among those the service can offer")
                return
            }
            out.key("tool_choice")
            out.beginObject()
            writeForced(name)
            out.endObject()
        default: losses.add(.drop, "tool_choice", "unknown choice \(type)")
        }
    }

    private mutating func writeRequired(_ problem: String) {
        if profile.toolChoice.required == nil { losses.add(.drop, "tool_choice", problem) }
        out.field("tool_choice", profile.toolChoice.required ?? "auto")
    }

    /// Whether this tool was written to the list.
    private func offers(_ name: JSON) -> Bool {
        guard let wanted = name.string, wanted != ClientMarks.placeholder, let tools = request.tools else {
            return false
        }
        return tools.contains { tool in
            let type = tool["type"]?.string ?? "custom"
            return tool["name"]?.equals(wanted) ?? false && (type == "custom" || ClientTool.schema(type) != nil)
        }
    }

    func isRejected(_ field: String) -> Bool { facts.rejected.contains(field) }
}

/// The members of a tool that are read, found in one pass.
private struct OfferedTool {
    var type: JSON?
    var name: JSON?
    var description: JSON?
    var schema: JSON?
    var examples: JSON?
    var isStrict = false

    init(_ tool: JSON) {
        for (key, value) in tool.members {
            switch key.range.count - 2 {
            case 4 where key.equals("name"): name = value
            case 4 where key.equals("type"): type = value
            case 6 where key.equals("strict"): isStrict = value.bool ?? false
            case 11 where key.equals("description"): description = value
            case 12 where key.equals("input_schema"): schema = value
            case 14 where key.equals("input_examples"): examples = value
            default: continue
            }
        }
    }

    var isCustom: Bool { type?.isNull ?? true || type?.equals("custom") ?? true }
}

/// Tools that Anthropic defines and the client runs: what their input looks like, for services that do not know them.
enum ClientTool {
    static func schema(_ type: String) -> StaticString? {
        if type.hasPrefix("bash_20") { return bash }
        if type.hasPrefix("text_editor_") { return editor }
        return type.hasPrefix("memory_") ? memory : nil
    }

    private static let bash: StaticString = #"""
        {"type":"object","properties":{"command":{"type":"string","description":"The command to run"},\#
        "restart":{"type":"boolean","description":"Start the shell anew instead"}}}
        """#

    private static let editor: StaticString = #"""
        {"type":"object","properties":{"command":{"type":"string","enum":["view","create","str_replace","insert"]},\#
        "path":{"type":"string"},"file_text":{"type":"string"},"old_str":{"type":"string"},"new_str":{"type":"string"},\#
        "insert_line":{"type":"integer"},"insert_text":{"type":"string"},\#
        "view_range":{"type":"array","items":{"type":"integer"}}},"required":["command","path"]}
        """#

    private static let memory: StaticString = #"""
        {"type":"object","properties":{"command":{"type":"string",\#
        "enum":["view","create","str_replace","insert","delete","rename"]},"path":{"type":"string"},\#
        "view_range":{"type":"array","items":{"type":"integer"}},"file_text":{"type":"string"},\#
        "old_str":{"type":"string"},"new_str":{"type":"string"},"insert_line":{"type":"integer"},\#
        "insert_text":{"type":"string"},"old_path":{"type":"string"},"new_path":{"type":"string"}},\#
        "required":["command"]}
        """#
}

/// Whether a JSON string shows anything.
enum JSONBlank {
    /// Whether the string holds only blanks, escaped or not; true for anything but a string.
    static func isBlank(_ text: JSON) -> Bool {
        guard text.isString else { return true }
        let bytes = text.document.bytes
        let end = text.range.upperBound - 1
        var at = text.range.lowerBound + 1
        while at < end {
            switch bytes[at] {
            case 0x20: at += 1
            case 0x5C where isBlankLetter(bytes[at + 1]): at += 2
            default: return false
            }
        }
        return true
    }

    static func isBlankLetter(_ letter: UInt8) -> Bool {
        letter == UInt8(ascii: "n") || letter == UInt8(ascii: "t") || letter == UInt8(ascii: "r")
    }
}
