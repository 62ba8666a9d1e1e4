internal import Intercept

/// From the events of ConverseStream, or from one whole answer, to the events of the Messages API: blocks are numbered
/// from 0 without holes, opened by their first delta, and the message ends when its usage has come.
struct ConverseStream: Sendable {
    /// What is known of the exchange from the request.
    struct Context: Sendable {
        let request: MessageRequest
        /// The id that was called.
        let model: String
        let names: ToolNames
    }

    /// The block that is being read.
    enum Block {
        /// Between blocks, or in one of which nothing has come.
        case none
        /// Text so far was blank; it waits for something visible.
        case blank(JSONText)
        case text
        case thinking(isSigned: Bool)
        /// Base64 of encrypted thinking, as far as it has come.
        case redacted([UInt8])
        case call
        /// A block that has no form here.
        case skipped
    }

    let context: Context
    var losses = Losses()
    var block = Block.none
    var nextIndex = 0
    private(set) var isStarted = false
    var isEnded = false
    var hasCall = false
    var hasText = false
    var stop: (reason: String, sequence: String?)?
    var usage: Usage?
    /// Bytes that were emitted, for an estimate when no usage comes.
    var emitted = 0
    /// `max_tokens: 0` asks for no answer, only for a warm cache.
    let isMuted: Bool

    init(_ context: Context) {
        self.context = context
        isMuted = context.request.maxTokens == 0
    }

    // MARK: The frame

    /// Begins the message, with an estimate of the input unless the usage is known.
    mutating func start(_ emit: (MessageEvent) -> Void) {
        guard !isStarted else { return }
        isStarted = true
        var known = usage ?? estimate
        known.output = 0
        let id = "msg_" + Identifier.hex(Identifier.random(12))
        emit(.messageStart(MessageStart(id: id, model: context.request.requestedModel, usage: known)))
        emit(.ping)
    }

    var estimate: Usage {
        Usage(input: TokenCounter.quick(context.request.body, model: context.model), isEstimate: true)
    }

    /// One event of the stream.
    mutating func take(_ type: String, _ payload: JSON, _ emit: (MessageEvent) -> Void) throws(TranslationError) {
        guard !isEnded else { return }
        start(emit)
        switch type {
        case "contentBlockDelta": if let delta = payload["delta"] { take(delta: delta, emit) }
        case "contentBlockStart": if let start = payload["start"] { take(start: start, emit) }
        case "contentBlockStop": close(emit)
        case "messageStart": break
        case "messageStop":
            close(emit)
            stop = (payload["stopReason"]?.string ?? "end_turn", Self.stopSequence(payload))
            if usage != nil { try end(emit) }
        case "metadata":
            usage = Usage(converse: payload["usage"]) ?? usage
            if stop != nil { try end(emit) }
        default: losses.add(.drop, "stream.\(type)", "an event that is not known here")
        }
    }

    /// A piece of a plain delta.
    mutating func take(_ kind: ConversePattern.Kind, _ text: JSONText, _ emit: (MessageEvent) -> Void) {
        guard !isEnded, !isMuted, !text.isEmpty else { return }
        switch kind {
        case .text: take(text: text, emit)
        case .thinking: take(thinking: text, emit)
        case .input: if case .call = block { show(.inputJSON(text), text.count, emit) }
        }
    }

    /// A whole answer of Converse.
    mutating func take(whole answer: JSON, _ emit: (MessageEvent) -> Void) throws(TranslationError) {
        usage = Usage(converse: answer["usage"])
        start(emit)
        for content in answer["output"]?["message"]?["content"]?.elements ?? answer.elements {
            take(content: content, emit)
        }
        stop = (answer["stopReason"]?.string ?? "end_turn", Self.stopSequence(answer))
        try end(emit)
    }

    private static func stopSequence(_ json: JSON) -> String? {
        json["additionalModelResponseFields"]?["stop_sequence"]?.string
    }

    /// No more bytes will come.
    mutating func finish(host: String, _ emit: (MessageEvent) -> Void) throws(TranslationError) {
        if isEnded { return }
        guard stop != nil else {
            throw TranslationError(MessageError(500, nil, "the stream of \(host) ended before the answer was complete"))
        }
        try end(emit)
    }

    // MARK: Blocks

    private mutating func take(start: JSON, _ emit: (MessageEvent) -> Void) {
        close(emit)
        if let call = start["toolUse"] { return begin(call: call, emit) }
        for (key, _) in start.members { skip(key.string ?? "") }
    }

    private mutating func begin(call: JSON, _ emit: (MessageEvent) -> Void) {
        guard !isMuted else { return }
        if call["type"]?.equals("server_tool_use") ?? false { return skip("toolUse") }
        let name = context.names.original(call["name"]?.string ?? "")
        let id = call["toolUseId"]?.string.map(ToolCallID.shown) ?? ToolCallID.made()
        open(.call, .toolUse(id: id, name: name), emit)
        hasCall = true
    }

    private mutating func take(delta: JSON, _ emit: (MessageEvent) -> Void) {
        guard !isMuted else { return }
        for (key, value) in delta.members {
            switch key.string ?? "" {
            case "text": if let text = value.text { take(text: text, emit) }
            case "toolUse": if let input = value["input"] { take(input: input, emit) }
            case "reasoningContent": take(reasoning: value, emit)
            case "citation": take(citation: value, emit)
            case let other: skip(other)
            }
        }
    }

    private mutating func take(text: JSONText, _ emit: (MessageEvent) -> Void) {
        guard !text.isEmpty else { return }
        var text = text
        switch block {
        case .text: break
        case .blank(var blanks):
            blanks.append(text)
            text = blanks
            fallthrough
        case .none, .thinking, .redacted, .call:
            // A text of blanks alone would be refused when the client sends it back.
            guard !JSONBlank.isBlank(text) else { return hold(text) }
            close(emit)
            open(.text, .text, emit)
            hasText = true
        case .skipped: return
        }
        show(.text(text), text.count, emit)
    }

    /// A block of text is open afterwards, with the blanks that waited for one; unless the block has no form here.
    mutating func openText(_ emit: (MessageEvent) -> Void) {
        switch block {
        case .text, .skipped: return
        case .blank(let blanks):
            open(.text, .text, emit)
            show(.text(blanks), blanks.count, emit)
        case .none, .thinking, .redacted, .call:
            close(emit)
            open(.text, .text, emit)
        }
    }

    private mutating func take(input: JSON, _ emit: (MessageEvent) -> Void) {
        guard case .call = block else {
            return losses.add(.drop, "content.input", "arguments without a call")
        }
        let text = input.text ?? JSONText(utf8: Array(input.raw))
        if !text.isEmpty { show(.inputJSON(text), text.count, emit) }
    }

    private mutating func take(reasoning: JSON, _ emit: (MessageEvent) -> Void) {
        if let data = reasoning["redactedContent"]?.text {
            if case .redacted(let before) = block {
                block = .redacted(before + data.utf8Bytes)
            } else {
                close(emit)
                block = .redacted(data.utf8Bytes)
            }
        }
        if let text = reasoning["text"]?.text, !text.isEmpty { take(thinking: text, emit) }
        if let signature = reasoning["signature"]?.text, !signature.isEmpty {
            openThinking(emit)
            guard case .thinking(isSigned: false) = block else { return }
            block = .thinking(isSigned: true)
            show(.signature(signature), 0, emit)
        }
    }

    private mutating func take(thinking text: JSONText, _ emit: (MessageEvent) -> Void) {
        openThinking(emit)
        if case .thinking = block { show(.thinking(text), text.count, emit) }
    }

    private mutating func openThinking(_ emit: (MessageEvent) -> Void) {
        switch block {
        case .thinking, .skipped: return
        case .none, .blank, .text, .redacted, .call:
            close(emit)
            open(.thinking(isSigned: false), .thinking, emit)
        }
    }

    /// Keeps blanks until something visible follows; between blocks of other kinds they mean nothing.
    private mutating func hold(_ blanks: JSONText) {
        switch block {
        case .none, .blank: block = .blank(blanks)
        case .text, .thinking, .redacted, .call, .skipped: return
        }
    }

    private mutating func show(_ delta: BlockDelta, _ bytes: Int, _ emit: (MessageEvent) -> Void) {
        emitted += bytes
        emit(.blockDelta(index: nextIndex - 1, delta: delta))
    }

    private mutating func skip(_ what: String) {
        losses.add(.drop, "content.\(what)", "a block that has no form here")
        // A block that is open goes on: only this piece of it is left out.
        if case .none = block { block = .skipped }
    }

    private mutating func open(_ next: Block, _ content: ContentBlock, _ emit: (MessageEvent) -> Void) {
        emit(.blockStart(index: nextIndex, block: content))
        nextIndex += 1
        block = next
    }

    /// Ends the block that is being read.
    mutating func close(_ emit: (MessageEvent) -> Void) {
        switch block {
        case .none, .blank, .skipped: break
        case .redacted(let data):
            let text = Base64.decode(data).map { JSONText(utf8: $0) } ?? JSONText(utf8: data)
            open(.none, .redactedThinking(data: text), emit)
            emit(.blockStop(index: nextIndex - 1))
        case .thinking(isSigned: false):
            let seal = ThinkingEnvelope.seal(backend: Bedrock.name, model: context.model, kind: .content)
            show(.signature(seal), 0, emit)
            emit(.blockStop(index: nextIndex - 1))
        case .text, .thinking, .call: emit(.blockStop(index: nextIndex - 1))
        }
        block = .none
    }

    /// A block of a whole answer.
    private mutating func take(content: JSON, _ emit: (MessageEvent) -> Void) {
        guard !isMuted else { return }
        for (key, value) in content.members {
            switch key.string ?? "" {
            case "text": if let text = value.text { take(text: text, emit) }
            case "toolUse":
                begin(call: value, emit)
                take(input: value["input"] ?? value, emit)
            case "reasoningContent":
                if let text = value["reasoningText"] { take(reasoning: text, emit) }
                take(reasoning: value, emit)
            case "citationsContent": take(cited: value, emit)
            case let other: skip(other)
            }
        }
        close(emit)
    }
}
