internal import Intercept

/// Turns one answer of Converse or ConverseStream into events.
struct ConverseReply: Sendable {
    private enum Form { case unknown, stream, whole }

    private var form = Form.unknown
    private var frames = EventStreamParser()
    private var body: [UInt8] = []
    private var stream: ConverseStream
    /// What the last plain delta looked like.
    private var plain: ConversePattern?
    private let errors: BedrockErrors

    init(_ context: ConverseStream.Context, _ errors: BedrockErrors) {
        stream = ConverseStream(context)
        self.errors = errors
    }

    var losses: Losses { stream.losses }

    /// Begins the message of a stream at once, so that the client sees life while the model thinks.
    mutating func head(_ head: UpstreamHead, emit: (MessageEvent) -> Void) {
        if head.mediaType == "application/vnd.amazon.eventstream" { stream.start(emit) }
    }

    /// Takes bytes of the answer, however they are cut.
    mutating func feed(_ bytes: Span<UInt8>, emit: (MessageEvent) -> Void) throws(TranslationError) {
        guard !bytes.isEmpty else { return }
        // The first byte of a frame belongs to its length and is 0 or 1.
        if form == .unknown { form = bytes[0] < 0x09 ? .stream : .whole }
        if form == .whole { return try BedrockAnswer.collect(bytes, into: &body, host: errors.host) }
        // Nothing that comes behind the end can be shown any more, be it an exception or damage.
        if stream.isEnded { return }
        frames.feed(bytes)
        while !stream.isEnded, let frame = try BedrockAnswer.next(&frames, host: errors.host) {
            if let plain, let text = plain.text(of: frame) {
                stream.take(plain.kind, text, emit)
                continue
            }
            let type = try BedrockAnswer.event(frame, errors, stream.context.request)
            guard let payload = try? JSON.parse(frame.payload) else {
                stream.losses.add(.drop, "stream.\(type)", "an event that is no JSON")
                continue
            }
            try stream.take(type, payload, emit)
            if type == "contentBlockDelta" { plain = ConversePattern(frame, payload) ?? plain }
        }
    }

    /// The answer is over.
    mutating func finish(emit: (MessageEvent) -> Void) throws(TranslationError) {
        guard form == .whole else {
            if stream.isEnded { return }
            try BedrockAnswer.checkEnd(frames, host: errors.host)
            return try stream.finish(host: errors.host, emit)
        }
        guard let answer = try? JSON.parse(body), answer["output"] != nil else {
            throw TranslationError(
                MessageError(500, nil, "\(errors.host) sent no answer of Converse: \(UpstreamError.excerpt(body))"))
        }
        try stream.take(whole: answer, emit)
    }
}

/// What answers of both kinds have in common.
enum BedrockAnswer {
    /// A whole answer may be this long.
    private static let limit = 64 << 20

    static func collect(_ bytes: Span<UInt8>, into body: inout [UInt8], host: String) throws(TranslationError) {
        guard body.count + bytes.count <= limit else {
            throw TranslationError(MessageError(500, nil, "\(host) sent an answer of more than \(limit) bytes"))
        }
        bytes.withUnsafeBufferPointer { body.append(contentsOf: $0) }
    }

    static func next(_ frames: inout EventStreamParser, host: String) throws(TranslationError) -> EventStreamFrame? {
        do { return try frames.next() } catch {
            throw TranslationError(MessageError(500, nil, "the event stream of \(host) is damaged: \(error)"))
        }
    }

    static func checkEnd(_ frames: EventStreamParser, host: String) throws(TranslationError) {
        if frames.isInsideFrame {
            throw TranslationError(MessageError(500, nil, "the event stream of \(host) ended inside a message"))
        }
    }

    /// The name of an event; throws what an exception or an error says.
    static func event(
        _ frame: EventStreamFrame, _ errors: BedrockErrors, _ request: MessageRequest
    ) throws(TranslationError) -> String {
        let error: BedrockError
        switch frame[":message-type"] {
        case "exception":
            let json = try? JSON.parse(frame.payload)
            let message = json?["message"]?.string ?? json?["Message"]?.string ?? json?["originalMessage"]?.string
            let type = frame[":exception-type"] ?? "exception"
            error = BedrockError(type: type, message: message ?? "Bedrock broke the answer off with \(type)")
        case "error":
            let code = frame[":error-code"] ?? "error"
            error = BedrockError(
                type: code, message: frame[":error-message"] ?? "Bedrock broke the answer off with \(code)")
        default: return frame[":event-type"] ?? ""
        }
        throw TranslationError(
            errors.map(error, status: nil) { TokenCounter.count(request.body, model: errors.model) })
    }
}
