internal import Intercept

/// From the chunks of a Chat Completions stream, or from one whole message, to the events of the Messages API: one block
/// open at a time, numbered from 0, however the service mixes reasoning, text and parallel calls.
struct ChatStream: Sendable {
    /// What is known of the exchange from the request.
    struct Context: Sendable {
        let request: MessageRequest
        let upstreamModel: String
        let service: ServiceIdentity
        /// What of the reasoning the service wants back.
        let thinkingBack: ServiceProfile.ThinkingBack
        let namesBeginWithLetter: Bool
        /// The answer is one JSON object, so arguments must be whole objects.
        var isWhole = false
    }

    enum Open: Equatable { case none, text, thinking, call }

    /// Text that came while a call was unfinished.
    enum Deferred { case text(JSONText), thinking(JSONText) }

    private(set) var context: Context
    var losses = Losses()
    var open = Open.none
    var nextIndex = 0
    private(set) var isStarted = false
    private(set) var isEnded = false
    /// Blanks that begin a text block; they wait for something visible.
    var blanks: JSONText?
    var calls = ChatCalls()
    var deferred: [Deferred] = []
    var stops: StopMatcher
    /// Looks for thinking in the text, as long as there may be some.
    var tags: ThinkTags?
    /// Reasoning that waits for its thinking block to end.
    var details = ReasoningDetails()
    /// Bytes of the thinking block that is open.
    var shownThinking = 0
    private var finishReason: String?
    private var upstreamStop: String?
    private var refusal: JSONText?
    private var usage: Usage?
    /// What the last plain chunk looked like.
    var plain: PlainPattern?
    /// Bytes that were emitted, for an estimate when no usage comes.
    var emitted = 0
    /// `max_tokens: 0` asks for no answer, only for a warm cache.
    let isMuted: Bool

    init(_ context: Context, hasThinkTags: Bool) {
        self.context = context
        tags = hasThinkTags ? ThinkTags() : nil
        stops = StopMatcher(context.request.body["stop_sequences"])
        isMuted = context.request.maxTokens == 0
    }

    /// The answer is one JSON object.
    mutating func becomeWhole() { context.isWhole = true }

    // MARK: The frame

    /// Begins the message, with an estimate of the input unless the usage is known.
    mutating func start(_ emit: (MessageEvent) -> Void) {
        guard !isStarted else { return }
        isStarted = true
        let known = usage.map { Usage(input: $0.input, cacheRead: $0.cacheRead, cacheCreation: $0.cacheCreation) }
        let id = "msg_" + Identifier.hex(Identifier.random(12))
        let start = MessageStart(id: id, model: context.request.requestedModel, usage: known ?? estimate)
        emit(.messageStart(start))
        emit(.ping)
    }

    private var estimate: Usage {
        Usage(input: TokenCounter.quick(context.request.body, model: context.upstreamModel), isEstimate: true)
    }

    /// One event of the stream.
    mutating func take(_ event: SSEEvent, _ emit: (MessageEvent) -> Void) throws(TranslationError) {
        guard !isEnded else { return }
        if event.isComment {
            if isStarted { emit(.ping) }
            return
        }
        if event.data.first == UInt8(ascii: "["), event.data.starts(with: "[DONE]".utf8) { return try done(emit) }
        if isStarted, take(plain: event.data, emit) { return }
        guard let chunk = try? JSON.parse(event.data), chunk.isObject else {
            if event.name == "error" {
                throw broken(UpstreamError(event.data, host: context.service.host, status: 500))
            }
            return losses.add(
                .drop, "stream", "a data line that is no JSON object", from: UpstreamError.excerpt(event.data))
        }
        try take(chunk: chunk, emit)
    }

    /// One chunk, or a whole completion.
    mutating func take(chunk: JSON, _ emit: (MessageEvent) -> Void) throws(TranslationError) {
        var choices: JSON?
        for (key, value) in chunk.members {
            switch key.range.count {
            case 9 where key.equals("choices"): choices = value
            case 7 where key.equals("error") && !value.isNull: throw broken(UpstreamError(chunk))
            case 7 where key.equals("usage"): usage = ChatUsage.read(value) ?? usage
            case 8 where key.equals("x_groq"): usage = usage ?? value["usage"].flatMap(ChatUsage.read)
            default: continue
            }
        }
        start(emit)
        guard let choices else { return }
        for (place, choice) in choices.elements.enumerated() { try take(choice: choice, place, emit) }
    }

    private mutating func take(
        choice: JSON, _ place: Int, _ emit: (MessageEvent) -> Void
    ) throws(TranslationError) {
        for (key, value) in choice.members {
            switch key.range.count {
            case 7 where key.equals("delta"), 9 where key.equals("message"): take(message: value, place, emit)
            case 15 where key.equals("finish_reason"):
                if let reason = value.string, !reason.isEmpty { finishReason = reason }
            case 13 where key.equals("stop_reason"): if let stop = value.string { upstreamStop = stop }
            case 7 where key.equals("error") && value.isObject: throw broken(UpstreamError(choice))
            default: continue
            }
        }
    }

    // MARK: The end

    /// The stream said that it is over.
    private mutating func done(_ emit: (MessageEvent) -> Void) throws(TranslationError) {
        if finishReason == nil {
            guard isStarted, nextIndex > 0 || !calls.isEmpty else { throw early }
            if calls.hasUnfinished { throw early }
            losses.add(.emulate, "stop_reason", "the service gave no finish_reason")
        }
        try end(emit)
    }

    /// No more bytes will come.
    mutating func finish(_ emit: (MessageEvent) -> Void) throws(TranslationError) {
        if isEnded { return }
        guard finishReason != nil else { throw early }
        try end(emit)
    }

    private var early: TranslationError {
        TranslationError(
            MessageError(500, nil, "the stream of \(context.service.host) ended before the answer was complete"))
    }

    func broken(_ error: UpstreamError) -> TranslationError {
        let status = ChatErrors.status(inside: error)
        return TranslationError(
            ChatErrors.map(
                error, status: status, headers: HTTPFields(), model: context.upstreamModel, service: context.service,
                promptEstimate: { TokenCounter.count(context.request.body, model: context.upstreamModel) }))
    }

    /// Closes what is open and says why the message ended.
    mutating func end(_ emit: (MessageEvent) -> Void) throws(TranslationError) {
        if ["error", "insufficient_system_resource", "abort"].contains(finishReason) {
            throw TranslationError(
                MessageError(
                    500, nil, "\(context.service.host) broke the answer off (finish_reason \(finishReason ?? ""))"))
        }
        isEnded = true
        start(emit)
        let reason = finishReason
        finishTags(emit)
        finishCalls(isCut: reason == "length", emit)
        for piece in deferred {
            switch piece {
            case .text(let text): addText(text, emit)
            case .thinking(let text): addThinking(text, emit)
            }
        }
        if !stops.isIdle { showText(stops.finish(), emit) }
        closeBlock(emit)
        showDetails(emit)
        let (stop, sequence) = stopReason(reason)
        let explanation = stop == .refusal ? refusal?.string : nil
        emit(
            .messageDelta(
                MessageDelta(stopReason: stop, stopSequence: sequence, refusal: explanation, usage: finalUsage())))
        emit(.messageStop)
    }

    private mutating func stopReason(_ reason: String?) -> (StopReason, String?) {
        if let matched = stops.matched { return (.stopSequence, matched) }
        if isMuted { return (.maxTokens, nil) }
        if refusal != nil || reason == "content_filter" { return (.refusal, nil) }
        let natural: StopReason = calls.hasShown ? .toolUse : .endTurn
        switch reason {
        case "length", "max_tokens": return (.maxTokens, nil)
        case "stop", "eos", "end_turn":
            if let upstreamStop, natural == .endTurn { return (.stopSequence, upstreamStop) }
            return (natural, nil)
        case "tool_calls", "function_call", "tool_use", nil: return (natural, nil)
        case "model_context_window_exceeded", "context_length_exceeded": return (.contextWindowExceeded, nil)
        case let other?:
            losses.add(.rename, "stop_reason", "unknown finish_reason", from: other, to: natural.rawValue)
            return (natural, nil)
        }
    }

    private mutating func finalUsage() -> Usage {
        if let usage { return usage }
        losses.add(.emulate, "usage", "the service reported none; the counts are estimates")
        var estimate = estimate
        estimate.output = (emitted + 3) / 4
        return estimate
    }

    /// Notes a refusal; its text is shown like any other.
    mutating func noteRefusal(_ text: JSONText) {
        if refusal == nil { refusal = text } else { refusal?.append(text) }
    }
}
