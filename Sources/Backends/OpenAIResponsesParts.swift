internal import Intercept

/// What the events of a Responses stream bring, item by item and part by part.
extension ResponsesStream {
    /// Events about an item or a part of one.
    mutating func takePart(_ type: String, _ data: JSON, _ emit: (MessageEvent) -> Void) {
        switch type {
        case "response.output_text.delta": takeText(data, data["delta"]?.text, emit)
        case "response.output_text.done": finishText(data, data["text"]?.text, emit)
        case "response.refusal.delta": takeText(data, data["delta"]?.text, isRefusal: true, emit)
        case "response.refusal.done": finishText(data, data["refusal"]?.text, isRefusal: true, emit)
        case "response.reasoning_summary_text.delta": takeReasoning(data, data["delta"]?.text, .summary, emit)
        case "response.reasoning_summary_text.done": finishReasoning(data, data["text"]?.text, .summary, emit)
        case "response.reasoning_text.delta": takeReasoning(data, data["delta"]?.text, .plain, emit)
        case "response.reasoning_text.done": finishReasoning(data, data["text"]?.text, .plain, emit)
        case "response.function_call_arguments.delta": takeArguments(data, emit)
        case "response.function_call_arguments.done": finishArguments(data, emit)
        case "response.output_item.added": _ = begin(data["item"] ?? data, key: data["output_index"]?.int, emit)
        case "response.output_item.done":
            let item = data["item"] ?? data
            let kind = ResponsesItem.kind(item["type"]?.string ?? "")
            finish(item, position(data, kind) ?? begin(item, key: data["output_index"]?.int, emit), emit)
        case "response.output_text.annotation.added": noteCitations()
        default: noteOther(type)
        }
    }

    /// Progress of tools that the service runs says nothing that its item will not say; the same goes for frames around
    /// parts.
    private mutating func noteOther(_ type: String) {
        let isKnown = [
            "response.content_part.", "response.reasoning_summary_part.", "response.custom_tool_call_input.",
            "response.web_search_call.", "response.file_search_call.", "response.code_interpreter_call",
            "response.image_generation_call.", "response.mcp_", "response.shell_call_", "response.apply_patch_call_",
            "response.compaction.",
        ].contains(where: type.hasPrefix)
        if !isKnown { answer.losses.add(.drop, "stream.\(type)", "an event that has no form here") }
    }

    private mutating func noteCitations() {
        answer.losses.add(.drop, "content.annotations", "citations of the service have no form here")
    }

    // MARK: Items

    /// The item that an event belongs to, by its place, or by its id, or the last one of its kind.
    private func position(_ event: JSON, _ kind: ResponsesItem.Kind) -> Int? {
        if let key = event["output_index"]?.int { return items.lastIndex { $0.key == key && $0.kind == kind } }
        if let id = event["item_id"]?.string ?? event["item"]?["id"]?.string,
            let at = items.lastIndex(where: { $0.id == id && $0.kind == kind })
        {
            return at
        }
        return items.lastIndex { $0.kind == kind && !$0.isDone }
    }

    /// The same, begun if nothing announced it.
    mutating func found(_ event: JSON, _ kind: ResponsesItem.Kind) -> Int {
        if let at = position(event, kind) { return at }
        let id = event["item_id"]?.string ?? ""
        items.append(ResponsesItem(key: event["output_index"]?.int ?? -1 - items.count, kind: kind, id: id))
        return items.count - 1
    }

    /// Begins an item; a call is announced at once.
    mutating func begin(_ item: JSON, key: Int?, _ emit: (MessageEvent) -> Void) -> Int {
        answer.start(emit)
        let kind = ResponsesItem.kind(item["type"]?.string ?? "")
        items.append(ResponsesItem(key: key ?? -1 - items.count, kind: kind, id: item["id"]?.string ?? ""))
        if kind == .call { announce(item, items.count - 1, emit) }
        return items.count - 1
    }

    /// All that an item holds, as far as it has not come before.
    mutating func finish(_ item: JSON, _ at: Int, _ emit: (MessageEvent) -> Void) {
        guard !items[at].isDone else { return }
        items[at].isDone = true
        switch items[at].kind {
        case .message: finishMessage(item, at, emit)
        case .reasoning: finishReasoning(item, at, emit)
        case .call: finishCall(item, at, emit)
        case .custom: finishCustom(item, at, emit)
        case .other:
            let type = item["type"]?.string ?? "item"
            answer.losses.add(.drop, "content.\(type)", "what the service did by itself has no form here")
        }
    }

    // MARK: Messages

    private mutating func takeText(
        _ event: JSON, _ text: JSONText?, isRefusal: Bool = false, _ emit: (MessageEvent) -> Void
    ) {
        guard let text, !text.isEmpty else { return }
        show(text, found(event, .message), event["content_index"]?.int ?? 0, isRefusal: isRefusal, emit)
    }

    private mutating func finishText(
        _ event: JSON, _ whole: JSONText?, isRefusal: Bool = false, _ emit: (MessageEvent) -> Void
    ) {
        let (at, part) = (found(event, .message), event["content_index"]?.int ?? 0)
        guard let whole, let rest = items[at].rest(of: whole, part: part) else { return }
        show(rest, at, part, isRefusal: isRefusal, emit)
    }

    private mutating func finishMessage(_ item: JSON, _ at: Int, _ emit: (MessageEvent) -> Void) {
        for (part, content) in (item["content"] ?? item).elements.enumerated() {
            let refusal = content["refusal"]?.text
            if !(content["annotations"]?.isEmpty ?? true) { noteCitations() }
            guard let whole = refusal ?? content["text"]?.text, let rest = items[at].rest(of: whole, part: part) else {
                continue
            }
            show(rest, at, part, isRefusal: refusal != nil, emit)
        }
    }

    /// Every part is a block of its own.
    private mutating func show(
        _ text: JSONText, _ at: Int, _ part: Int, isRefusal: Bool, _ emit: (MessageEvent) -> Void
    ) {
        items[at].note(text, part: part)
        if isRefusal { answer.noteRefusal(text) }
        if answer.isSilent { return }
        answer.start(emit)
        if let place = textPlace, place != (at, part) { answer.endBlock(.text, emit) }
        textPlace = (at, part)
        answer.takeText(text, emit)
    }
}
