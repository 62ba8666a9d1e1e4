internal import Intercept

/// Reads a Responses answer: the events of a stream, or one whole response. Whatever a `delta` left out is taken from the
/// `done` behind it, and what no event brought from the response at the end.
struct ResponsesStream: OpenAIStream {
    var answer: Answer
    /// In the order in which they began.
    var items: [ResponsesItem] = []
    /// The message part that is shown.
    var textPlace: (item: Int, part: Int)?
    /// The reasoning that was shown last.
    var thinkingItem: Int?
    let showsThinking: Bool

    init(_ context: Answer.Context) {
        answer = Answer(context)
        showsThinking = context.request.takesThinking
    }

    // MARK: Frame

    mutating func take(_ event: SSEEvent, _ emit: (MessageEvent) -> Void) throws(TranslationError) {
        guard !answer.isEnded else { return }
        if answer.takeComment(event, emit) { return }
        if event.isDone { return try done(emit) }
        guard let data = try answer.object(of: event) else { return }
        let type = data["type"]?.string ?? event.name
        if try !takeFrame(type, data, emit) { takePart(type, data, emit) }
    }

    /// Events about the whole response. Gives false for all others.
    private mutating func takeFrame(
        _ type: String, _ data: JSON, _ emit: (MessageEvent) -> Void
    ) throws(TranslationError) -> Bool {
        switch type {
        case "response.created", "response.in_progress", "response.queued": answer.start(emit)
        case "response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.done":
            try end(data["response"] ?? data, type, emit)
        case "error": throw answer.broken(UpstreamError(data))
        case "keepalive", "ping": if answer.isStarted { emit(.ping) }
        case "" where !(data["error"]?.isNull ?? true): throw answer.broken(UpstreamError(data))
        default: return false
        }
        return true
    }

    mutating func take(whole: JSON, _ emit: (MessageEvent) -> Void) throws(TranslationError) {
        guard whole["output"]?.isArray ?? false else { throw answer.strange(whole, without: "output") }
        try end(whole, "", emit)
    }

    /// The stream said that it is over, without the response that should have come before.
    private mutating func done(_ emit: (MessageEvent) -> Void) throws(TranslationError) {
        guard answer.hasContent, items.allSatisfy(\.isDone) else { throw answer.early }
        answer.losses.add(.emulate, "stop_reason", "the service did not say how the answer ended")
        answer.end(nil, emit)
    }

    mutating func finish(_ emit: (MessageEvent) -> Void) throws(TranslationError) {
        if !answer.isEnded { throw answer.early }
    }

    // MARK: The end

    private mutating func end(
        _ response: JSON, _ event: String, _ emit: (MessageEvent) -> Void
    ) throws(TranslationError) {
        let status = response["status"]?.string ?? String(event.dropFirst("response.".count))
        if let error = response["error"], !error.isNull { throw answer.broken(UpstreamError(response)) }
        if let usage = response["usage"].flatMap(ChatUsage.read) { answer.usage = usage }
        switch status {
        case "failed", "cancelled", "queued", "in_progress": throw answer.brokenOff("status \(status)")
        default: break
        }
        answer.start(emit)
        if let output = response["output"] { takeMissing(output, emit) }
        answer.end(Self.reason(status, response), emit)
    }

    /// The reason in the words of Chat Completions, which `Answer` knows.
    private static func reason(_ status: String, _ response: JSON) -> String? {
        guard status == "incomplete" else { return "stop" }
        let reason = response["incomplete_details"]?["reason"]?.string
        return reason == "max_output_tokens" ? "length" : reason ?? "incomplete"
    }

    /// Items of the final response that did not come before, or not to their end.
    private mutating func takeMissing(_ output: JSON, _ emit: (MessageEvent) -> Void) {
        let streamed = Set(items.map(\.kind))
        for (key, item) in output.elements.enumerated() {
            let kind = ResponsesItem.kind(item["type"]?.string ?? "")
            if let at = items.firstIndex(where: { $0.key == key && $0.kind == kind }) {
                finish(item, at, emit)
            } else if !streamed.contains(kind) {
                finish(item, begin(item, key: key, emit), emit)
            }
        }
    }
}
