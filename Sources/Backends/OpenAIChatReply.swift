public import Intercept

/// Turns one answer of a Chat Completions service into events. What the answer is, a stream or one JSON object, is seen
/// from its first byte: labels are wrong too often.
public struct OpenAIChatReply: ReplyDecoder {
    private enum Form { case unknown, stream, whole }

    private var form = Form.unknown
    private var parser = SSEParser()
    /// A whole answer so far, or the beginning of one of which the form is not known yet.
    private var body: [UInt8] = []
    /// How many bytes of `body` may begin either form.
    private var undecided = 0
    private var stream: ChatStream
    private let isStreamWanted: Bool
    /// A whole answer may be this long.
    private static let limit = 64 << 20

    init(_ request: MessageRequest, upstreamModel: String, service: ServiceIdentity, known: KnownModel) {
        stream = ChatStream(
            .init(
                request: request, upstreamModel: upstreamModel, service: service,
                thinkingBack: known.facts.thinkingBack ?? known.profile.thinkingBack,
                namesBeginWithLetter: known.profile.namesBeginWithLetter),
            hasThinkTags: known.profile.hasThinkTags)
        isStreamWanted = request.stream
    }

    /// What could not be carried over so far.
    public var losses: Losses { stream.losses }

    /// Begins the message of a stream at once, so that the client sees life while the model thinks.
    public mutating func head(_ head: UpstreamHead, emit: (MessageEvent) -> Void) throws(TranslationError) {
        if isStreamWanted, head.mediaType == "text/event-stream" { stream.start(emit) }
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
        let context = stream.context
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
            throw stream.broken(UpstreamError(text, host: stream.context.service.host, status: 200))
        }
        guard let choices = answer["choices"], !choices.isEmpty else {
            let seen = UpstreamError(answer).message
            let excerpt = seen.isEmpty ? UpstreamError.excerpt(text) : seen
            throw TranslationError(
                MessageError(500, nil, "\(stream.context.service.host) answered without choices: \(excerpt)"))
        }
        stream.becomeWhole()
        try stream.take(chunk: answer, emit)
        try stream.end(emit)
    }
}
