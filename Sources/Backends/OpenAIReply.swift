public import Intercept

/// What has come of an answer, read by the rules of one API.
protocol OpenAIStream: Sendable {
    var answer: Answer { get set }

    /// One event of a stream.
    mutating func take(_ event: SSEEvent, _ emit: (MessageEvent) -> Void) throws(TranslationError)
    /// No more bytes of a stream will come.
    mutating func finish(_ emit: (MessageEvent) -> Void) throws(TranslationError)
    /// The whole answer as one JSON object without an error in it.
    mutating func take(whole: JSON, _ emit: (MessageEvent) -> Void) throws(TranslationError)
}

extension SSEEvent {
    /// The word by which a stream of this kind says that it is over.
    var isDone: Bool { data.first == UInt8(ascii: "[") && data.starts(with: "[DONE]".utf8) }
}

/// Turns one answer of a service of OpenAI's kind into events. What the answer is, a stream or one JSON object, is seen
/// from its first byte: labels are wrong too often.
public struct OpenAIReply: ReplyDecoder {
    private enum Form { case unknown, stream, whole }

    private var form = Form.unknown
    private var parser = SSEParser()
    /// A whole answer so far, or the beginning of one of which the form is not known yet.
    private var body: [UInt8] = []
    /// How many bytes of `body` may begin either form.
    private var undecided = 0
    private var stream: any OpenAIStream
    private let isStreamWanted: Bool
    /// A whole answer may be this long.
    private static let limit = 64 << 20

    init(_ context: Answer.Context, _ api: OpenAIAPI) {
        isStreamWanted = context.request.stream
        switch api {
        case .chat: stream = ChatStream(context)
        case .responses: stream = ResponsesStream(context)
        }
    }

    /// What could not be carried over so far.
    public var losses: Losses { stream.answer.losses }

    /// Begins the message of a stream at once, so that the client sees life while the model thinks.
    public mutating func head(_ head: UpstreamHead, emit: (MessageEvent) -> Void) throws(TranslationError) {
        if isStreamWanted, head.mediaType == "text/event-stream" { stream.answer.start(emit) }
    }

    /// Takes bytes of the answer, however they are cut.
    public mutating func feed(_ bytes: Span<UInt8>, emit: (MessageEvent) -> Void) throws(TranslationError) {
        if form == .stream { return try feedStream(bytes, emit) }
        guard body.count + bytes.count <= Self.limit else {
            throw TranslationError(MessageError(500, nil, "the answer is longer than \(Self.limit) bytes"))
        }
        bytes.withUnsafeBufferPointer { body.append(contentsOf: $0) }
        if form == .unknown { decideForm() }
        guard form == .stream else { return }
        let beginning = body
        body = []
        try feedStream(beginning.span, emit)
    }

    /// The answer is over.
    public mutating func finish(emit: (MessageEvent) -> Void) throws(TranslationError) {
        guard form == .stream else { return try finishWhole(emit) }
        var parser = SSEParser()
        swap(&parser, &self.parser)
        try parser.finish { event throws(TranslationError) in try stream.take(event, emit) }
        try stream.finish(emit)
    }

    /// What the client is told about an answer without a 2xx status.
    public func failure(_ head: UpstreamHead, body: [UInt8]) -> MessageError {
        let context = stream.answer.context
        return ChatErrors.map(
            UpstreamError(body, host: context.service.host, status: head.status), status: head.status,
            headers: head.headers, model: context.upstreamModel, service: context.service,
            promptEstimate: { TokenCounter.count(context.request.body, model: context.upstreamModel) })
    }

    /// A JSON text and a page of HTML show themselves, behind a byte order mark and blanks; everything else is a stream.
    private mutating func decideForm() {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if undecided == 0 {
            guard body.count >= mark.count || !mark.starts(with: body) else { return }
            if body.starts(with: mark) { undecided = mark.count }
        }
        while undecided < body.count {
            switch body[undecided] {
            case 0x20, 0x09, 0x0A, 0x0D: undecided += 1
            case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "<"):
                form = .whole
                return
            default:
                form = .stream
                return
            }
        }
    }

    private mutating func feedStream(_ bytes: Span<UInt8>, _ emit: (MessageEvent) -> Void) throws(TranslationError) {
        var parser = SSEParser()
        swap(&parser, &self.parser)
        defer { swap(&parser, &self.parser) }
        try parser.feed(bytes) { event throws(TranslationError) in try stream.take(event, emit) }
    }

    private mutating func finishWhole(_ emit: (MessageEvent) -> Void) throws(TranslationError) {
        var text = body
        body = []
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text.removeFirst(3) }
        guard let answer = try? JSON.parse(text), answer.isObject, answer["error"]?.isNull ?? true else {
            throw stream.answer.broken(UpstreamError(text, host: stream.answer.context.service.host, status: 200))
        }
        stream.answer.becomeWhole()
        try stream.take(whole: answer, emit)
    }
}
