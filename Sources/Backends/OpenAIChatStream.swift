internal import Intercept

/// Reads a Chat Completions answer: the chunks of a stream, or one whole completion.
struct ChatStream: OpenAIStream {
    var answer: Answer
    private var finishReason: String?
    private var upstreamStop: String?
    /// What the last plain chunk looked like.
    var plain: PlainPattern?

    init(_ context: Answer.Context) { answer = Answer(context) }

    /// One event of the stream.
    mutating func take(_ event: SSEEvent, _ emit: (MessageEvent) -> Void) throws(TranslationError) {
        guard !answer.isEnded else { return }
        if answer.takeComment(event, emit) { return }
        if event.isDone { return try done(emit) }
        if answer.isStarted, take(plain: event.data, emit) { return }
        if let chunk = try answer.object(of: event) { try take(chunk: chunk, emit) }
    }

    /// One chunk, or a whole completion.
    mutating func take(chunk: JSON, _ emit: (MessageEvent) -> Void) throws(TranslationError) {
        var choices: JSON?
        for (key, value) in chunk.members {
            switch key.range.count {
            case 9 where key.equals("choices"): choices = value
            case 7 where key.equals("error") && !value.isNull: throw answer.broken(UpstreamError(chunk))
            case 7 where key.equals("usage"): answer.usage = ChatUsage.read(value) ?? answer.usage
            case 8 where key.equals("x_groq"): answer.usage = answer.usage ?? value["usage"].flatMap(ChatUsage.read)
            default: continue
            }
        }
        answer.start(emit)
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
            case 7 where key.equals("error") && value.isObject: throw answer.broken(UpstreamError(choice))
            default: continue
            }
        }
    }

    // MARK: The end

    /// The stream said that it is over.
    private mutating func done(_ emit: (MessageEvent) -> Void) throws(TranslationError) {
        if finishReason == nil {
            guard answer.hasContent, !answer.calls.hasUnfinished else { throw answer.early }
            answer.losses.add(.emulate, "stop_reason", "the service gave no finish_reason")
        }
        try end(emit)
    }

    /// One whole completion.
    mutating func take(whole: JSON, _ emit: (MessageEvent) -> Void) throws(TranslationError) {
        guard let choices = whole["choices"], !choices.isEmpty else { throw answer.strange(whole, without: "choices") }
        try take(chunk: whole, emit)
        try end(emit)
    }

    /// No more bytes will come.
    mutating func finish(_ emit: (MessageEvent) -> Void) throws(TranslationError) {
        if answer.isEnded { return }
        guard finishReason != nil else { throw answer.early }
        try end(emit)
    }

    private mutating func end(_ emit: (MessageEvent) -> Void) throws(TranslationError) {
        if let reason = finishReason, ["error", "insufficient_system_resource", "abort"].contains(reason) {
            throw answer.brokenOff("finish_reason \(reason)")
        }
        answer.end(finishReason, stop: upstreamStop, emit)
    }
}
