/// Speaks the language of one kind of model service. Pure: it never touches the network. A new service is one file with
/// a type that conforms to this, and one line in `Backends/Registry.swift`.
public protocol Backend: Sendable {
    associatedtype Reply: ReplyDecoder

    /// The name by which `--backend` and the trace know it.
    static var name: String { get }

    /// The service speaks the Messages API itself and judges requests for itself.
    static var speaksMessages: Bool { get }

    /// The variable that holds its base URL: what `--upstream` stands for.
    static var addressVariable: String? { get }

    /// The variables that decide how it translates, addresses, keys and models apart. The trace keeps their values, so that
    /// what was recorded can be translated again.
    static var translationVariables: [String] { get }

    /// Whether the environment shows that this backend is meant, and by what.
    static func detect(_ environment: Environment) -> Detection?

    /// Reads its variables. Throws when one is missing or contradicts another.
    init(_ environment: Environment) throws(ConfigError)

    /// A few words for the banner: the host, the region, the model map.
    var summary: String { get }

    /// The base URL, for warming the connection up; nil when it is not known before the first request.
    var origin: String? { get }

    /// Models to show in `GET /v1/models` beside what clients ask for.
    var models: [String] { get }

    /// The service counts tokens itself; otherwise our estimate answers.
    var countsTokens: Bool { get }

    /// Counts may have to be estimated, so it is worth learning what the service reports of its prompts.
    var mayEstimate: Bool { get }

    /// Whether the answer to a count says that the service has no such endpoint: then our estimate answers after all.
    func lacksCounting(_ head: UpstreamHead) -> Bool

    /// How the service counts a prompt's tokens, or nil where our estimate must do. For services that do not speak the
    /// Messages API.
    func counting(_ request: MessageRequest) -> TokenCounting?

    /// The upstream's request for a path of the client's that is no Messages request (a model list, a file), or nil where
    /// this service has no such thing.
    func forward(method: String, path: String, query: String?, headers: HTTPFields, body: [UInt8]) -> UpstreamRequest?

    /// Makes the upstream's request. What cannot be carried over goes into `losses`.
    func translate(_ request: MessageRequest, _ losses: inout Losses) throws(TranslationError) -> UpstreamRequest

    /// A cheap request that shows whether address and credentials are right, for `doctor --online`; nil where there is
    /// nobody to ask.
    var probe: UpstreamRequest? { get }

    /// A fresh decoder for one attempt at one request.
    func reply(to request: MessageRequest) -> Reply

    /// Looks at a failed attempt and says what to try instead, if anything: another field name, without a rejected
    /// field. Called at most three times for one exchange, never after the first byte of an answer.
    func retry(
        _ request: MessageRequest, after sent: UpstreamRequest, head: UpstreamHead, body: [UInt8],
        _ losses: inout Losses
    ) -> UpstreamRequest?

    /// How many milliseconds to wait before the same request is sent once more, where a failed attempt says that it will
    /// work by itself soon; nil where it does not. `count` is how often that was done for this exchange already.
    func pause(after head: UpstreamHead, body: [UInt8], count: Int) -> Int?

    /// What is to be said of the set-up: where credentials come from, whether they have ended. Looks at this machine only.
    func remarks(at time: Timestamp) -> [Remark]

    /// What the answer to ``probe`` shows, where this backend knows better than its status says.
    func judge(probe answer: UpstreamHead, body: [UInt8]) -> Remark?
}

extension Backend {
    public static var speaksMessages: Bool { false }
    public static var addressVariable: String? { nil }
    public static var translationVariables: [String] { [] }
    public var models: [String] { [] }
    public var origin: String? { nil }
    public var countsTokens: Bool { false }
    public var mayEstimate: Bool { true }
    public func lacksCounting(_ head: UpstreamHead) -> Bool { false }
    public var probe: UpstreamRequest? { nil }
    public func counting(_ request: MessageRequest) -> TokenCounting? { nil }

    public func forward(
        method: String, path: String, query: String?, headers: HTTPFields, body: [UInt8]
    ) -> UpstreamRequest? { nil }

    public func retry(
        _ request: MessageRequest, after sent: UpstreamRequest, head: UpstreamHead, body: [UInt8],
        _ losses: inout Losses
    ) -> UpstreamRequest? { nil }

    public func pause(after head: UpstreamHead, body: [UInt8], count: Int) -> Int? { nil }
    public func remarks(at time: Timestamp) -> [Remark] { [] }
    public func judge(probe answer: UpstreamHead, body: [UInt8]) -> Remark? { nil }
}

/// Why a backend was chosen: shown by the banner and by `doctor`.
public struct Detection: Sendable, Equatable {
    /// "AWS_PROFILE=dev": the thing seen and its value, secrets left out.
    public let because: String
    /// The higher rank wins.
    public let rank: Int

    public init(because: String, rank: Int) {
        self.because = because
        self.rank = rank
    }
}

/// What is sent to the model service.
public struct UpstreamRequest: Sendable {
    public var method: String
    public var url: String
    public var headers: HTTPFields
    public var body: [UInt8]
    /// The upstream's name of the model.
    public var model: String
    public var authorization: Authorization
    /// The body is the client's, byte for byte.
    public var isClientBody: Bool
    /// The answer itself, where the service lives in this process: nothing is sent then.
    public var scripted: ScriptedAnswer?

    public init(
        method: String = "POST", url: String, headers: HTTPFields, body: [UInt8], model: String,
        authorization: Authorization = .none, isClientBody: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.model = model
        self.authorization = authorization
        self.isClientBody = isClientBody
    }
}

extension UpstreamRequest {
    /// A POST of a JSON body.
    public init(url: String, json: [UInt8], model: String, authorization: Authorization = .none) {
        self.init(
            url: url, headers: HTTPFields([.init("Content-Type", "application/json")]), body: json, model: model,
            authorization: authorization)
    }
}

/// A request that makes the service count, and what its answer says.
public struct TokenCounting: Sendable {
    public let request: UpstreamRequest
    /// The count, or nil when the service has none for this model.
    public let read: @Sendable (UpstreamHead, [UInt8]) -> Int?

    public init(request: UpstreamRequest, read: @escaping @Sendable (UpstreamHead, [UInt8]) -> Int?) {
        self.request = request
        self.read = read
    }
}

/// How a request proves who sends it. Data, so that a retry can sign again.
public enum Authorization: Sendable {
    /// Whatever the headers hold already.
    case none
    case header(name: String, value: String)
    case signer(any Signer)
}

/// Adds headers that depend on the whole request and on the time.
public protocol Signer: Sendable {
    /// The header fields to send.
    ///
    /// - Throws: a ``MessageError`` for the client when there is nothing to sign with.
    func sign(_ request: UpstreamRequest, at time: Timestamp, _ errands: Errands) async throws -> HTTPFields
}

/// What a signer may ask for: keys can be kept elsewhere.
public struct Errands: Sendable {
    public typealias Answer = (head: UpstreamHead, body: [UInt8])

    /// Sends a request and waits for its whole answer, at most so many milliseconds.
    public let fetch: @Sendable (UpstreamRequest, Int) async throws -> Answer
    /// Begins work that nobody waits for.
    public let spawn: @Sendable (@escaping @Sendable () async -> Void) -> Void
    /// Waits so many milliseconds.
    public let pause: @Sendable (Int) async -> Void

    public init(
        fetch: @escaping @Sendable (UpstreamRequest, Int) async throws -> Answer,
        spawn: @escaping @Sendable (@escaping @Sendable () async -> Void) -> Void,
        pause: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.fetch = fetch
        self.spawn = spawn
        self.pause = pause
    }
}

/// Status line and header fields of an upstream's answer.
public struct UpstreamHead: Sendable {
    public var status: Int
    public var headers: HTTPFields

    public init(status: Int, headers: HTTPFields) {
        self.status = status
        self.headers = headers
    }

    /// The media type without parameters, in lower case: `text/event-stream`.
    public var mediaType: String {
        let type = headers["content-type"]?.utf8.prefix { $0 != UInt8(ascii: ";") }
        return String(decoding: (type ?? ""[...].utf8).filter { $0 > 0x20 }.map(HTTPFields.lower), as: UTF8.self)
    }
}

/// Turns the bytes of one upstream answer into Messages API events. A value, one for each attempt; it sees only answers
/// with a 2xx status through `head`, `feed`, `finish`, and all others through `failure`.
public protocol ReplyDecoder: Sendable {
    /// Status and fields are here. Does nothing unless a decoder wants them.
    mutating func head(_ head: UpstreamHead, emit: (MessageEvent) -> Void) throws(TranslationError)

    /// Takes the next bytes, wherever they are cut, and emits what they complete.
    mutating func feed(_ bytes: Span<UInt8>, emit: (MessageEvent) -> Void) throws(TranslationError)

    /// The answer is over; throws when something is missing.
    mutating func finish(emit: (MessageEvent) -> Void) throws(TranslationError)

    /// What the client is told about an answer without a 2xx status.
    func failure(_ head: UpstreamHead, body: [UInt8]) -> MessageError

    /// The bytes of this answer may go to the client as they are; the events are then only for the trace.
    func passesThrough(_ head: UpstreamHead) -> Bool

    /// A passed-through stream may lack what clients need; that is mended on the way.
    var mendsStream: Bool { get }

    /// What was lost in the reply, collected while it was decoded.
    var losses: Losses { get }
}

extension ReplyDecoder {
    public mutating func head(_ head: UpstreamHead, emit: (MessageEvent) -> Void) throws(TranslationError) {}
    public func passesThrough(_ head: UpstreamHead) -> Bool { false }
    public var mendsStream: Bool { false }
    public var losses: Losses { Losses() }
}
