internal import Intercept

/// Turns one answer of InvokeModel or InvokeModelWithResponseStream into events: they are Anthropic's own, each in a
/// frame of its own and in base64. Bedrock's measurements are left out, the client's name of the model is put in.
struct InvokeReply: Sendable {
    private enum Form { case unknown, stream, whole }

    private let request: MessageRequest
    private let errors: BedrockErrors
    private var form = Form.unknown
    private var frames = EventStreamParser()
    private var body: [UInt8] = []
    /// What `message_start` counted: later events leave it out.
    private var counted: Usage?
    private var isEnded = false
    private(set) var losses = Losses()

    init(_ request: MessageRequest, _ errors: BedrockErrors) {
        self.request = request
        self.errors = errors
    }

    mutating func feed(_ bytes: Span<UInt8>, emit: (MessageEvent) -> Void) throws(TranslationError) {
        guard !bytes.isEmpty else { return }
        if form == .unknown { form = bytes[0] < 0x09 ? .stream : .whole }
        if form == .whole { return try BedrockAnswer.collect(bytes, into: &body, host: errors.host) }
        // Nothing that comes behind the end can be shown any more, be it an exception or damage.
        if isEnded { return }
        frames.feed(bytes)
        while !isEnded, let frame = try BedrockAnswer.next(&frames, host: errors.host) {
            let type = try BedrockAnswer.event(frame, errors, request)
            guard type == "chunk", let text = (try? JSON.parse(frame.payload))?["bytes"]?.text,
                let data = Base64.decode(text.utf8Bytes)
            else {
                losses.add(.drop, "stream.\(type)", "an event that is not known here")
                continue
            }
            take(MessageEvent(SSEEvent(name: "", data: data)), data, emit)
        }
    }

    private mutating func take(_ event: MessageEvent, _ data: [UInt8], _ emit: (MessageEvent) -> Void) {
        switch event {
        case .messageStart(var start):
            start.model = request.requestedModel
            start.usage.cacheCreationHour = Self.hour(try? JSON.parse(data))
            counted = start.usage
            emit(.messageStart(start))
            emit(.ping)
        case .messageDelta(var delta):
            if let counted, delta.usage.prompt == 0 {
                (delta.usage.input, delta.usage.cacheRead) = (counted.input, counted.cacheRead)
                (delta.usage.cacheCreation, delta.usage.cacheCreationHour) = (
                    counted.cacheCreation, counted.cacheCreationHour
                )
            }
            emit(.messageDelta(delta))
        case .messageStop:
            isEnded = true
            emit(.messageStop)
        case .other(let name, _): losses.add(.drop, "stream.\(name)", "an event that is not known here")
        default: emit(event)
        }
    }

    private static func hour(_ start: JSON?) -> Int? {
        let hour = start?["message"]?["usage"]?["cache_creation"]?["ephemeral_1h_input_tokens"]?.int
        return hour == 0 ? nil : hour
    }

    mutating func finish(emit: (MessageEvent) -> Void) throws(TranslationError) {
        guard form == .whole else {
            if isEnded { return }
            try BedrockAnswer.checkEnd(frames, host: errors.host)
            throw TranslationError(
                MessageError(500, nil, "the stream of \(errors.host) ended before the answer was complete"))
        }
        guard let answer = try? JSON.parse(body), answer["content"] != nil else {
            throw TranslationError(
                MessageError(500, nil, "\(errors.host) sent no message: \(UpstreamError.excerpt(body))"))
        }
        for event in MessageEvent.all(of: answer) {
            if case .messageStart(var start) = event {
                start.model = request.requestedModel
                emit(.messageStart(start))
            } else {
                emit(event)
            }
        }
    }
}
