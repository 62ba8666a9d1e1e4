internal import Intercept

/// Reasoning, text and refusals of one delta or message, as blocks.
extension ChatStream {
    /// A `delta` of a stream or the `message` of a whole answer: reasoning first, then text, then calls.
    mutating func take(message: JSON, _ choice: Int, _ emit: (MessageEvent) -> Void) {
        guard !isMuted, stops.matched == nil else { return }
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
                losses.add(.drop, "content.annotations", "citations of the service have no form here")
            default: continue
            }
        }
        if let details { take(details: details, isShown: reasoning != nil, emit) }
        if let reasoning { takeThinking(reasoning.text, emit) }
        if let content { take(content: content, emit) }
        if let text = refused?.text {
            noteRefusal(text)
            takeText(text, emit)
        }
        if stops.matched != nil { return }
        if let toolCalls, !toolCalls.isEmpty {
            finishTags(emit)
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
        guard let (kind, range) = chunk.piece else { return isMuted || stops.matched != nil || chunk.call == nil }
        guard let text = PlainChunk.text(range, of: bytes) else { return false }
        plain = PlainPattern(chunk, bytes)
        return take(kind, chunk.call, text, emit)
    }

    private mutating func take(
        _ kind: PlainChunk.Kind, _ call: Int?, _ text: JSONText, _ emit: (MessageEvent) -> Void
    ) -> Bool {
        if isMuted || stops.matched != nil { return true }
        if let call, !isShowing(call) { return false }
        switch kind {
        case .text: takeText(text, emit)
        case .reasoning: takeThinking(text, emit)
        case .arguments: takeShown(text, emit)
        }
        return true
    }

    /// OpenRouter's list: kept to go back, shown where the plain field is missing.
    private mutating func take(details list: JSON, isShown: Bool, _ emit: (MessageEvent) -> Void) {
        for detail in list.elements where detail.isObject {
            if context.thinkingBack == .details { details.add(detail) }
            if !isShown { takeThinking((detail["text"] ?? detail["summary"])?.text, emit) }
        }
    }

    /// A text, or a list of parts.
    private mutating func take(content: JSON, _ emit: (MessageEvent) -> Void) {
        if let text = content.text { return takeText(text, emit) }
        for part in content.elements {
            if let thinking = part["thinking"] {
                if let text = thinking.text { takeThinking(text, emit) }
                for piece in thinking.elements { takeThinking(piece["text"]?.text, emit) }
            } else if let text = part["text"]?.text {
                takeText(text, emit)
            } else if let text = part["refusal"]?.text {
                noteRefusal(text)
                takeText(text, emit)
            }
        }
    }

    // MARK: Blocks

    private mutating func takeThinking(_ text: JSONText?, _ emit: (MessageEvent) -> Void) {
        guard let text, !text.isEmpty else { return }
        finishTags(emit)
        if !clearCalls(emit) { return deferred.append(.thinking(text)) }
        addThinking(text, emit)
    }

    mutating func addThinking(_ text: JSONText, _ emit: (MessageEvent) -> Void) {
        if open != .thinking { openBlock(.thinking, .thinking, emit) }
        emitted += text.count
        shownThinking += text.count
        emit(.blockDelta(index: nextIndex - 1, delta: .thinking(text)))
    }

    private mutating func takeText(_ text: JSONText, _ emit: (MessageEvent) -> Void) {
        guard tags != nil, let found = tags?.feed(text) else { return takeVisible(text, emit) }
        show(found, emit)
        if tags?.isDone ?? false { tags = nil }
    }

    /// No tag can come any more.
    mutating func finishTags(_ emit: (MessageEvent) -> Void) {
        guard var tags else { return }
        self.tags = nil
        show(tags.finish(), emit)
    }

    private mutating func show(_ found: (thinking: JSONText?, text: JSONText?), _ emit: (MessageEvent) -> Void) {
        if let thinking = found.thinking { addThinking(thinking, emit) }
        if let text = found.text { takeVisible(text, emit) }
    }

    private mutating func takeVisible(_ text: JSONText, _ emit: (MessageEvent) -> Void) {
        if text.isEmpty { return }
        if open == .call || !calls.isEmpty, !Self.isBlank(text), !clearCalls(emit) {
            return deferred.append(.text(text))
        }
        addText(text, emit)
    }

    mutating func addText(_ text: JSONText, _ emit: (MessageEvent) -> Void) {
        showText(stops.isIdle ? text : stops.feed(text), emit)
    }

    /// Text that no stop sequence touches. Blanks do not open a block: models that replay them would be refused.
    mutating func showText(_ text: JSONText, _ emit: (MessageEvent) -> Void) {
        if text.isEmpty { return }
        var text = text
        if open != .text {
            if Self.isBlank(text) {
                if blanks == nil { blanks = text } else { blanks?.append(text) }
                return
            }
            if var start = blanks {
                start.append(text)
                text = start
            }
            openBlock(.text, .text, emit)
        }
        emitted += text.count
        emit(.blockDelta(index: nextIndex - 1, delta: .text(text)))
    }

    /// Closes what is open and begins the next block.
    mutating func openBlock(_ kind: Open, _ block: ContentBlock, _ emit: (MessageEvent) -> Void) {
        closeBlock(emit)
        if kind != .thinking { showDetails(emit) }
        blanks = nil
        emit(.blockStart(index: nextIndex, block: block))
        nextIndex += 1
        open = kind
    }

    mutating func closeBlock(_ emit: (MessageEvent) -> Void) {
        if open == .none { return }
        if open == .thinking { emit(.blockDelta(index: nextIndex - 1, delta: .signature(seal()))) }
        emit(.blockStop(index: nextIndex - 1))
        open = .none
    }

    /// The signature of the thinking block that ends, with all that has to go back with it.
    private mutating func seal() -> JSONText {
        defer {
            details = ReasoningDetails()
            shownThinking = 0
        }
        let model = context.upstreamModel
        if details.isEmpty { return ThinkingEnvelope.seal(backend: OpenAIChat.name, model: model, kind: .content) }
        return ThinkingEnvelope.seal(
            backend: OpenAIChat.name, model: model, kind: .details,
            more: ("details", details.json(shown: shownThinking)))
    }

    /// Reasoning that nobody can read travels in a thinking block without a text.
    mutating func showDetails(_ emit: (MessageEvent) -> Void) {
        if details.isEmpty { return }
        showSealed(seal(), emit)
    }

    /// A thinking block that is nothing but its signature.
    mutating func showSealed(_ seal: JSONText, _ emit: (MessageEvent) -> Void) {
        emit(.blockStart(index: nextIndex, block: .thinking))
        emit(.blockDelta(index: nextIndex, delta: .signature(seal)))
        emit(.blockStop(index: nextIndex))
        nextIndex += 1
    }

    /// Whether text and reasoning may be shown now: no call is unfinished. Closes a call that is complete.
    private mutating func clearCalls(_ emit: (MessageEvent) -> Void) -> Bool {
        if calls.isEmpty { return true }
        guard calls.allComplete else { return false }
        finishCalls(isCut: false, emit)
        return true
    }

    private static func isBlank(_ text: JSONText) -> Bool {
        let bytes = text.escaped
        var at = 0
        while at < bytes.count {
            if bytes[at] == 0x20 {
                at += 1
            } else if bytes[at] == 0x5C, at + 1 < bytes.count, JSONBlank.isBlankLetter(bytes[at + 1]) {
                at += 2
            } else {
                return false
            }
        }
        return true
    }
}
