internal import Intercept

/// The answer as the client gets it, put together from what a service sends: one block open at a time, numbered from 0,
/// however the service mixes reasoning, text and parallel calls. Begins the message, and says at its end why it ended.
struct Answer: Sendable {
    /// What is known of the exchange from the request.
    struct Context: Sendable {
        let request: MessageRequest
        let upstreamModel: String
        let service: ServiceIdentity
        /// What of the reasoning the service wants back beside its text.
        var thinkingBack = ServiceProfile.ThinkingBack.dropped
        var namesBeginWithLetter = false
        /// Thinking may stand in the text, between tags.
        var hasThinkTags = false
        /// The answer is one JSON object, so arguments must be whole objects.
        var isWhole = false
    }

    enum Open: Equatable { case none, text, thinking, call }

    /// What came while a call was unfinished.
    enum Deferred { case text(JSONText), thinking(JSONText), signature(JSONText) }

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
    private var refusal: JSONText?
    var usage: Usage?
    /// The signature of the open thinking, where it is more than a mark of its origin.
    var seal: JSONText?
    /// Bytes that were emitted, for an estimate when no usage comes.
    var emitted = 0
    /// `max_tokens: 0` asks for no answer, only for a warm cache.
    let isMuted: Bool

    init(_ context: Context) {
        self.context = context
        tags = context.hasThinkTags ? ThinkTags() : nil
        stops = StopMatcher(context.request.body["stop_sequences"])
        isMuted = context.request.maxTokens == 0
    }

    /// The answer is one JSON object.
    mutating func becomeWhole() { context.isWhole = true }

    /// Whether nothing more of the answer is shown: it was cut at a stop sequence, or none was asked for.
    var isSilent: Bool { isMuted || stops.matched != nil }

    /// Whether anything of the answer has come.
    var hasContent: Bool { isStarted && (nextIndex > 0 || !calls.isEmpty) }

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

    // MARK: Events

    /// Whether the event is a comment: those keep the connection alive, on the client's side too.
    func takeComment(_ event: SSEEvent, _ emit: (MessageEvent) -> Void) -> Bool {
        if event.isComment, isStarted { emit(.ping) }
        return event.isComment
    }

    /// The JSON object of an event; nil when it has none.
    mutating func object(of event: SSEEvent) throws(TranslationError) -> JSON? {
        if let object = try? JSON.parse(event.data), object.isObject { return object }
        if event.name == "error" {
            throw broken(UpstreamError(event.data, host: context.service.host, status: 500))
        }
        losses.add(.drop, "stream", "a data line that is no JSON object", from: UpstreamError.excerpt(event.data))
        return nil
    }

    // MARK: What is no answer

    /// The stream stopped before the answer was complete.
    var early: TranslationError {
        TranslationError(
            MessageError(500, nil, "the stream of \(context.service.host) ended before the answer was complete"))
    }

    /// The service gave up, in these words.
    func brokenOff(_ words: String) -> TranslationError {
        TranslationError(MessageError(500, nil, "\(context.service.host) broke the answer off (\(words))"))
    }

    /// An error of the service inside an answer with status 200.
    func broken(_ error: UpstreamError) -> TranslationError {
        let status = ChatErrors.status(inside: error)
        return TranslationError(
            ChatErrors.map(
                error, status: status, headers: HTTPFields(), model: context.upstreamModel, service: context.service,
                promptEstimate: { TokenCounter.count(context.request.body, model: context.upstreamModel) }))
    }

    /// A whole answer that is no answer of this API.
    func strange(_ whole: JSON, without what: String) -> TranslationError {
        let seen = UpstreamError(whole).message
        let excerpt = seen.isEmpty ? UpstreamError.excerpt(Array(whole.raw)) : seen
        return TranslationError(
            MessageError(500, nil, "\(context.service.host) answered without \(what): \(excerpt)"))
    }

    // MARK: The end

    /// Closes what is open and says why the message ended.
    ///
    /// - Parameters:
    ///   - reason: in the words of Chat Completions; nil when the service gave none.
    ///   - stop: the stop sequence at which the service says it stopped.
    mutating func end(_ reason: String?, stop: String? = nil, _ emit: (MessageEvent) -> Void) {
        isEnded = true
        start(emit)
        finishTags(emit)
        finishCalls(isCut: reason == "length", emit)
        for piece in deferred {
            switch piece {
            case .text(let text): addText(text, emit)
            case .thinking(let text): addThinking(text, emit)
            case .signature(let seal): addSignature(seal, emit)
            }
        }
        if !stops.isIdle { showText(stops.finish(), emit) }
        closeBlock(emit)
        showDetails(emit)
        let (stop, sequence) = stopReason(reason, stop)
        let explanation = stop == .refusal ? refusal?.string : nil
        emit(
            .messageDelta(
                MessageDelta(stopReason: stop, stopSequence: sequence, refusal: explanation, usage: finalUsage())))
        emit(.messageStop)
    }

    private mutating func stopReason(_ reason: String?, _ upstreamStop: String?) -> (StopReason, String?) {
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
