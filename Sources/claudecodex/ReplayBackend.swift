internal import Intercept

/// What stands for the model service where a trace answers and nobody else is to be asked.
struct ReplayBackend: Backend {
    static let name = Moment.Replay.backend
    static let speaksMessages = true

    let models: [String]
    let summary: String

    static func detect(_ environment: Environment) -> Detection? { nil }

    init(_ environment: Environment) throws(ConfigError) { self.init(models: [], summary: "") }

    init(models: [String], summary: String) {
        self.models = models
        self.summary = summary
    }

    func translate(_ request: MessageRequest, _ losses: inout Losses) throws(TranslationError) -> UpstreamRequest {
        throw TranslationError(MessageError(404, nil, "claudecodex replay: nobody is to be asked", shouldRetry: false))
    }

    func reply(to request: MessageRequest) -> NoReply { NoReply() }

    /// There is never anything to read.
    struct NoReply: ReplyDecoder {
        mutating func feed(_ bytes: Span<UInt8>, emit: (MessageEvent) -> Void) throws(TranslationError) {}
        mutating func finish(emit: (MessageEvent) -> Void) throws(TranslationError) {}
        func failure(_ head: UpstreamHead, body: [UInt8]) -> MessageError { MessageError(head.status, nil, "replay") }
    }
}
