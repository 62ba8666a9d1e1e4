internal import Intercept

/// Reasoning and calls of a Responses answer.
extension ResponsesStream {
    // MARK: Reasoning

    mutating func takeReasoning(
        _ event: JSON, _ text: JSONText?, _ form: ResponsesItem.Form, _ emit: (MessageEvent) -> Void
    ) {
        guard let text, !text.isEmpty else { return }
        show(text, found(event, .reasoning), Self.part(event), form, emit)
    }

    mutating func finishReasoning(
        _ event: JSON, _ whole: JSONText?, _ form: ResponsesItem.Form, _ emit: (MessageEvent) -> Void
    ) {
        let (at, part) = (found(event, .reasoning), Self.part(event))
        guard let whole, items[at].form ?? form == form, let rest = items[at].rest(of: whole, part: part) else {
            return
        }
        show(rest, at, part, form, emit)
    }

    private static func part(_ event: JSON) -> Int { event["summary_index"]?.int ?? event["content_index"]?.int ?? 0 }

    /// The rest of the text, and the signature: the encrypted reasoning is complete only now.
    mutating func finishReasoning(_ item: JSON, _ at: Int, _ emit: (MessageEvent) -> Void) {
        finishTexts(item["summary"], at, .summary, emit)
        finishTexts(item["content"], at, .plain, emit)
        let isEncrypted = item["encrypted_content"].map { $0.isString && !$0.isEmptyString } ?? false
        guard showsThinking, !answer.isSilent, isOpen(at) || isEncrypted else { return }
        answer.takeSignature(seal(item, at), emit)
    }

    /// Whether the thinking of this item can still be signed. Some services end an item after the next has begun.
    private func isOpen(_ at: Int) -> Bool {
        thinkingItem == at && (answer.open == .thinking || !answer.deferred.isEmpty)
    }

    /// The signature of an item's thinking: what the service wants back beside its text.
    private func seal(_ item: JSON?, _ at: Int) -> JSONText {
        var kept = ReasoningItem(host: answer.context.service.host)
        kept.id = item?["id"]?.text ?? (items[at].id.isEmpty ? nil : JSONText(items[at].id))
        if let encrypted = item?["encrypted_content"]?.text, !encrypted.isEmpty { kept.encrypted = encrypted }
        kept.isPlain = items[at].form == .plain
        return ThinkingEnvelope.seal(
            backend: OpenAIResponses.name, model: answer.context.upstreamModel, kind: .responses, item: kept)
    }

    private mutating func finishTexts(
        _ list: JSON?, _ at: Int, _ form: ResponsesItem.Form, _ emit: (MessageEvent) -> Void
    ) {
        guard let list, items[at].form ?? form == form else { return }
        for (part, piece) in list.elements.enumerated() {
            guard let whole = piece["text"]?.text, let rest = items[at].rest(of: whole, part: part) else { continue }
            show(rest, at, part, form, emit)
        }
    }

    /// Parts are set apart by an empty line.
    private mutating func show(
        _ text: JSONText, _ at: Int, _ part: Int, _ form: ResponsesItem.Form, _ emit: (MessageEvent) -> Void
    ) {
        if items[at].form == nil { items[at].form = form }
        guard items[at].form == form else {
            return answer.losses.add(.drop, "content.thinking", "the same reasoning came in two forms")
        }
        let isNext = items[at].part.map { $0 != part } ?? false
        items[at].note(text, part: part)
        guard showsThinking else {
            return answer.losses.add(.drop, "content.thinking", "the client asked for no thinking")
        }
        if answer.isSilent { return }
        answer.start(emit)
        if thinkingItem != at { answer.endBlock(.thinking, emit) }
        if isNext { answer.takeThinking("\n\n", emit) }
        answer.takeThinking(text, emit)
        thinkingItem = at
        if answer.open == .thinking, answer.seal == nil { answer.seal = seal(nil, at) }
    }

    // MARK: Calls

    /// Shows that a call begins, as soon as its name is known.
    mutating func announce(_ item: JSON, _ at: Int, _ emit: (MessageEvent) -> Void) {
        guard !items[at].isNamed, let name = item["name"]?.string, !name.isEmpty else { return }
        items[at].isNamed = true
        takeCall(at, id: (item["call_id"] ?? item["id"])?.string ?? "", name: name, nil, emit)
    }

    mutating func takeArguments(_ event: JSON, _ emit: (MessageEvent) -> Void) {
        guard let delta = event["delta"].flatMap(Answer.arguments), !delta.isEmpty else { return }
        show(delta, found(event, .call), emit)
    }

    mutating func finishArguments(_ event: JSON, _ emit: (MessageEvent) -> Void) {
        showRest(event["arguments"], found(event, .call), emit)
    }

    mutating func finishCall(_ item: JSON, _ at: Int, _ emit: (MessageEvent) -> Void) {
        announce(item, at, emit)
        showRest(item["arguments"], at, emit)
        endCall(item, at, emit)
    }

    /// A call whose input is free text: it becomes an object with this text.
    mutating func finishCustom(_ item: JSON, _ at: Int, _ emit: (MessageEvent) -> Void) {
        answer.losses.add(.emulate, "content.custom_tool_call", "free text became the member `input` of an object")
        announce(item, at, emit)
        var input = JSONWriter()
        input.beginObject()
        input.field("input", item["input"]?.text ?? "")
        input.endObject()
        show(JSONText(utf8: input.bytes), at, emit)
        endCall(item, at, emit)
    }

    private mutating func endCall(_ item: JSON, _ at: Int, _ emit: (MessageEvent) -> Void) {
        let isCut = item["status"]?.equals("incomplete") ?? false
        answer.endCall(key: items[at].key, isCut: isCut, emit)
    }

    private mutating func showRest(_ whole: JSON?, _ at: Int, _ emit: (MessageEvent) -> Void) {
        guard let whole = whole.flatMap(Answer.arguments), let rest = items[at].rest(of: whole, part: 0) else { return }
        show(rest, at, emit)
    }

    private mutating func show(_ arguments: JSONText, _ at: Int, _ emit: (MessageEvent) -> Void) {
        items[at].note(arguments, part: 0)
        takeCall(at, id: "", name: "", arguments, emit)
    }

    private mutating func takeCall(
        _ at: Int, id: String, name: String, _ arguments: JSONText?, _ emit: (MessageEvent) -> Void
    ) {
        if answer.isSilent { return }
        answer.start(emit)
        answer.takeCall(key: items[at].key, id: id, name: name, arguments: arguments, emit)
    }
}
