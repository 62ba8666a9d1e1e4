internal import Intercept

/// What one delta of a stream, or one whole message, brings.
extension ChatStream {
    /// A `delta` of a stream or the `message` of a whole answer: reasoning first, then text, then calls.
    mutating func take(message: JSON, _ choice: Int, _ emit: (MessageEvent) -> Void) {
        guard !answer.isSilent else { return }
        var reasoning: JSON?
        var details: JSON?
        var content: JSON?
        var refused: JSON?
        var toolCalls: JSON?
        var function: JSON?
        for (key, value) in message.members where !value.isNull && !value.isEmptyString {
            switch key.range.count {
            case 9 where key.equals("content"): content = value
            case 12 where key.equals("tool_calls"): toolCalls = value
            case 11 where key.equals("reasoning") && value.isString: reasoning = reasoning ?? value
            case 19 where key.equals("reasoning_content") && value.isString: reasoning = value
            case 19 where key.equals("reasoning_details"): details = value
            case 9 where key.equals("refusal"): refused = value
            case 15 where key.equals("function_call"): function = value
            case 13 where key.equals("annotations") && !value.isEmpty:
                answer.losses.add(.drop, "content.annotations", "citations of the service have no form here")
            default: continue
            }
        }
        if let details { take(details: details, isShown: reasoning != nil, emit) }
        if let reasoning { answer.takeThinking(reasoning.text, emit) }
        if let content { take(content: content, emit) }
        if let text = refused?.text {
            answer.noteRefusal(text)
            answer.takeText(text, emit)
        }
        if answer.isSilent { return }
        if let toolCalls, !toolCalls.isEmpty {
            answer.finishTags(emit)
            take(calls: toolCalls, choice, emit)
        } else if let function {
            takeFunction(function, emit)
        }
    }

    /// A chunk of the usual form. Gives false when it needs a closer look.
    mutating func take(plain bytes: [UInt8], _ emit: (MessageEvent) -> Void) -> Bool {
        if let text = plain?.text(of: bytes), let (kind, call) = plain.map({ ($0.kind, $0.call) }) {
            return take(kind, call, text, emit)
        }
        guard let chunk = PlainChunk(bytes) else { return false }
        guard let (kind, range) = chunk.piece else { return answer.isSilent || chunk.call == nil }
        guard let text = PlainChunk.text(range, of: bytes) else { return false }
        plain = PlainPattern(chunk, bytes)
        return take(kind, chunk.call, text, emit)
    }

    private mutating func take(
        _ kind: PlainChunk.Kind, _ call: Int?, _ text: JSONText, _ emit: (MessageEvent) -> Void
    ) -> Bool {
        if answer.isSilent { return true }
        if let call, !answer.isShowing(call) { return false }
        switch kind {
        case .text: answer.takeText(text, emit)
        case .reasoning: answer.takeThinking(text, emit)
        case .arguments: answer.takeShown(text, emit)
        }
        return true
    }

    /// OpenRouter's list: kept to go back, shown where the plain field is missing.
    private mutating func take(details list: JSON, isShown: Bool, _ emit: (MessageEvent) -> Void) {
        for detail in list.elements where detail.isObject {
            if answer.context.thinkingBack == .details { answer.details.add(detail) }
            if !isShown { answer.takeThinking((detail["text"] ?? detail["summary"])?.text, emit) }
        }
    }

    /// A text, or a list of parts.
    private mutating func take(content: JSON, _ emit: (MessageEvent) -> Void) {
        if let text = content.text { return answer.takeText(text, emit) }
        for part in content.elements {
            if let thinking = part["thinking"] {
                if let text = thinking.text { answer.takeThinking(text, emit) }
                for piece in thinking.elements { answer.takeThinking(piece["text"]?.text, emit) }
            } else if let text = part["text"]?.text {
                answer.takeText(text, emit)
            } else if let text = part["refusal"]?.text {
                answer.noteRefusal(text)
                answer.takeText(text, emit)
            }
        }
    }

    // MARK: Calls

    mutating func take(calls list: JSON, _ choice: Int, _ emit: (MessageEvent) -> Void) {
        for (place, call) in list.elements.enumerated() where call.isObject {
            let function = call["function"] ?? call["custom"]
            let index = call["index"]?.int ?? (answer.context.isWhole ? place : nil)
            answer.takeCall(
                key: index.map { $0 + choice << 20 }, id: call["id"]?.string ?? "",
                name: function?["name"]?.string ?? "",
                arguments: (function?["arguments"] ?? function?["input"]).flatMap(Answer.arguments),
                extra: answer.context.thinkingBack == .signatures ? call["extra_content"] : nil, emit)
        }
    }

    /// The older form: one call, without an id.
    mutating func takeFunction(_ function: JSON, _ emit: (MessageEvent) -> Void) {
        let name = function["name"]?.string ?? ""
        let arguments = function["arguments"]
        // Some services send it empty beside everything else.
        if name.isEmpty, arguments?.isEmptyString ?? true { return }
        answer.takeCall(key: -1, id: "", name: name, arguments: arguments.flatMap(Answer.arguments), emit)
    }
}
