internal import Intercept

/// Mends a request for what its service does not take. What needs no mending keeps its bytes.
struct VendorRequest {
    private let body: JSON
    private let quirks: Quirks
    private let model: String
    private var edits: [Edit] = []
    private(set) var losses = Losses()

    /// What stands in the place of a part of the body.
    typealias Edit = (range: Range<Int>, with: [UInt8])

    /// The mended body; nil when the client's bytes can go as they are.
    static func mend(_ body: JSON, _ quirks: Quirks, model: String, _ losses: inout Losses) -> [UInt8]? {
        var request = VendorRequest(body, quirks, model)
        request.mend()
        for loss in request.losses.all { losses.add(loss) }
        return request.edits.isEmpty ? nil : request.bytes
    }

    private init(_ body: JSON, _ quirks: Quirks, _ model: String) {
        (self.body, self.quirks, self.model) = (body, quirks, model)
    }

    private var bytes: [UInt8] {
        var bytes = body.document.bytes
        for edit in edits.sorted(by: { $0.range.lowerBound > $1.range.lowerBound }) {
            bytes.replaceSubrange(edit.range, with: edit.with)
        }
        return bytes
    }

    private mutating func mend() {
        if let messages = body["messages"] {
            var mend = MessagesMend(quirks)
            edits += mend.edits(messages)
            for loss in mend.losses.all { losses.add(loss) }
        }
        if let edit = LostThinking.edit(body, quirks) {
            edits.append(edit)
            losses.add(
                .drop, "thinking", "the answer whose calls are answered must begin with thinking, and its own had to go"
            )
        }
        var removed = fields()
        if let tools = body["tools"] { removed += self.tools(tools) }
        if quirks.refusesCacheControl, let system = body["system"] { uncached(system, "system") }
        remove(removed)
    }

    private mutating func fields() -> [String] {
        if quirks.refusedFields.isEmpty, quirks.claudeFields.isEmpty { return [] }
        var names: [String] = []
        for (key, _) in body.members {
            guard let name = key.string, !quirks.takes(field: name, model: model) else { continue }
            losses.add(.drop, name, "the service does not take it")
            names.append(name)
        }
        return names
    }

    /// Cuts whole members out, with the comma in front or behind.
    private mutating func remove(_ names: [String]) {
        guard !names.isEmpty else { return }
        let members = Array(body.members)
        let kept = members.indices.filter { !names.contains(members[$0].key.string ?? "") }
        for index in members.indices where !kept.contains(index) {
            let isBehindKept = kept.first.map { $0 < index } ?? false
            let start = isBehindKept ? members[index - 1].value.range.upperBound : members[index].key.range.lowerBound
            let end =
                isBehindKept || index + 1 == members.count
                ? members[index].value.range.upperBound : members[index + 1].key.range.lowerBound
            edits.removeAll { $0.range.lowerBound >= start && $0.range.upperBound <= end }
            edits.append((start..<end, []))
        }
    }
}

// MARK: Tools

extension VendorRequest {
    /// A tool that its type describes, and no schema.
    static func isTyped(_ tool: JSON) -> Bool {
        guard let type = tool["type"], !type.equals("custom") else { return false }
        return tool["input_schema"] == nil
    }

    /// Edits the tools; gives the members that go with the last of them.
    private mutating func tools(_ tools: JSON) -> [String] {
        guard quirks.typedTools != nil || quirks.hasNoDeferredTools || quirks.refusesCacheControl else { return [] }
        var kept: [JSON] = []
        var gone: [String] = []
        for (index, tool) in tools.elements.enumerated() {
            guard let why = refusal(of: tool) else {
                kept.append(tool)
                continue
            }
            losses.add(.drop, "tools[\(index)]", why, from: tool["name"]?.string)
            gone.append(tool["name"]?.string ?? "")
        }
        if gone.isEmpty {
            if quirks.refusesCacheControl { uncached(tools, "tools") }
            return []
        }
        guard !kept.isEmpty else { return ["tools", "tool_choice"] }
        edits.append(
            (tools.range, Self.array(kept.map { quirks.refusesCacheControl ? Self.uncached($0) : Array($0.raw) })))
        let chosen = body["tool_choice"]?["name"]?.string
        return chosen.map { gone.contains($0) } ?? false ? ["tool_choice"] : []
    }

    private func refusal(of tool: JSON) -> String? {
        if Self.isTyped(tool), let type = tool["type"]?.string, !quirks.takes(typedTool: type) {
            return "the service knows no tool of the type \(type)"
        }
        guard quirks.hasNoDeferredTools, tool["name"]?.equals(ClientMarks.placeholder) ?? false else { return nil }
        return "the service knows no deferred tools"
    }

    private mutating func uncached(_ list: JSON, _ path: String) {
        guard list.elements.contains(where: { $0["cache_control"] != nil }) else { return }
        losses.add(.drop, "\(path)[].cache_control", "the service does not take it")
        edits.append((list.range, Self.array(list.elements.map(Self.uncached))))
    }

    static func array(_ elements: [[UInt8]]) -> [UInt8] {
        var out = JSONWriter(capacity: elements.reduce(2) { $0 + $1.count + 1 })
        out.beginArray()
        for element in elements { out.raw(element) }
        out.endArray()
        return out.bytes
    }

    /// The object without its cache mark.
    static func uncached(_ object: JSON) -> [UInt8] {
        guard object["cache_control"] != nil else { return Array(object.raw) }
        var out = JSONWriter(capacity: object.range.count)
        out.beginObject()
        for (key, value) in object.members where !key.equals("cache_control") {
            out.value(key)
            out.verbatim(":")
            out.value(value)
        }
        out.endObject()
        return out.bytes
    }
}
