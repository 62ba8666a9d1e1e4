internal import Intercept

/// Reasoning and text as blocks.
extension Answer {
    /// More reasoning.
    mutating func takeThinking(_ text: JSONText?, _ emit: (MessageEvent) -> Void) {
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

    /// Ends a piece of reasoning with what the service wants back of it.
    mutating func takeSignature(_ seal: JSONText, _ emit: (MessageEvent) -> Void) {
        if !clearCalls(emit) { return deferred.append(.signature(seal)) }
        addSignature(seal, emit)
    }

    mutating func addSignature(_ seal: JSONText, _ emit: (MessageEvent) -> Void) {
        if open != .thinking { openBlock(.thinking, .thinking, emit) }
        emit(.blockDelta(index: nextIndex - 1, delta: .signature(seal)))
        stopBlock(emit)
    }

    /// Ends the open block if it is one of this kind: what follows is another one.
    mutating func endBlock(_ kind: Open, _ emit: (MessageEvent) -> Void) {
        if open == kind { closeBlock(emit) }
    }

    /// More text of the answer.
    mutating func takeText(_ text: JSONText, _ emit: (MessageEvent) -> Void) {
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
        if open == .thinking {
            let signature: JSONText
            if let seal { signature = seal } else { signature = usualSeal() }
            emit(.blockDelta(index: nextIndex - 1, delta: .signature(signature)))
        }
        stopBlock(emit)
    }

    /// The signature of the thinking block that ends, with all that has to go back with it.
    private mutating func usualSeal() -> JSONText {
        defer {
            details = ReasoningDetails()
            shownThinking = 0
        }
        let (name, model) = (OpenAICompatible.name, context.upstreamModel)
        if details.isEmpty { return ThinkingEnvelope.seal(backend: name, model: model, kind: .content) }
        return ThinkingEnvelope.seal(
            backend: name, model: model, kind: .details, more: ("details", details.json(shown: shownThinking)))
    }

    /// Reasoning that nobody can read travels in a thinking block without a text.
    mutating func showDetails(_ emit: (MessageEvent) -> Void) {
        if details.isEmpty { return }
        showSealed(usualSeal(), emit)
    }

    /// A thinking block that is nothing but its signature.
    mutating func showSealed(_ seal: JSONText, _ emit: (MessageEvent) -> Void) {
        emit(.blockStart(index: nextIndex, block: .thinking))
        emit(.blockDelta(index: nextIndex, delta: .signature(seal)))
        emit(.blockStop(index: nextIndex))
        nextIndex += 1
    }

    private mutating func stopBlock(_ emit: (MessageEvent) -> Void) {
        emit(.blockStop(index: nextIndex - 1))
        open = .none
        seal = nil
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
