public import Intercept

/// Speaks to models on AWS Bedrock:
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html
public struct Bedrock: Backend {
    public static let name = "bedrock"
    public static let addressVariable: String? = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"

    public static let translationVariables = [
        "BEDROCK_API", "BEDROCK_GEOGRAPHY", "BEDROCK_GUARDRAIL_ID", "BEDROCK_GUARDRAIL_VERSION",
        "BEDROCK_GUARDRAIL_TRACE", "BEDROCK_SERVICE_TIER", "AWS_REGION", "AWS_DEFAULT_REGION",
    ]

    let endpoint: BedrockEndpoint
    let names: BedrockNames
    let options: BedrockOptions
    let access: BedrockAccess
    let api: BedrockAPI
    let profile: String
    /// What models have taught us since the start.
    let learnt = BedrockLessons()

    /// Whether variables name keys or a model of Bedrock, and which.
    public static func detect(_ environment: Environment) -> Detection? {
        let secrets = ["AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID"]
        let plain = [
            "BEDROCK_MODEL_ID", "BEDROCK_MODEL_ID_OPUS", "BEDROCK_MODEL_ID_SONNET", "BEDROCK_MODEL_ID_HAIKU",
            "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
        ]
        if environment[secrets[0]] != nil { return Detection(because: "\(secrets[0]) is set", rank: 30) }
        if let name = plain.first(where: { environment[$0] != nil }), let value = environment[name] {
            return Detection(because: "\(name)=\(value)", rank: 30)
        }
        return environment[secrets[1]] == nil ? nil : Detection(because: "\(secrets[1]) is set", rank: 30)
    }

    /// Reads region, address, keys and models, from variables and from `~/.aws`.
    ///
    /// - Throws: when there is no region or no key, for half a pair of keys, and for a profile that does not exist.
    public init(_ environment: Environment) throws(ConfigError) {
        try self.init(AWSSettings(environment))
    }

    init(_ settings: AWSSettings) throws(ConfigError) {
        endpoint = try BedrockEndpoint(settings)
        names = BedrockNames(settings.environment, region: endpoint.region)
        options = try BedrockOptions(settings.environment)
        access = try BedrockAccess(settings, endpoint)
        api = try BedrockAPI(settings.environment)
        profile = settings.profile
    }

    public var summary: String { "\(endpoint.region), \(access.source), \(names.summary)" }
    public var origin: String? { address }
    /// Where requests of our own region go.
    var address: String { api == .mantle ? endpoint.mantle : endpoint.address() }
    public var models: [String] { names.map.names }

    /// Writes the request for the model.
    public func translate(_ request: MessageRequest, _ losses: inout Losses) throws(TranslationError) -> UpstreamRequest
    {
        let (id, isLong) = names.id(for: request.model)
        guard !id.isEmpty, id != ".", id != ".." else {
            throw TranslationError(.invalidRequest("model: \(id) is no model id of Bedrock"))
        }
        if api == .mantle { return try mantle(request, &losses) }
        let model = BedrockModel(id)
        if invokes(model) {
            var writer = InvokeWriter(request, model, learnt[id], isLong: isLong)
            try writer.write()
            for loss in writer.losses.all { losses.add(loss) }
            return send(
                writer.out.bytes, to: id, request.stream ? "invoke-with-response-stream" : "invoke", options.fields)
        }
        var writer = ConverseWriter(request, model, learnt[id], options, isLong: isLong)
        try writer.write()
        for loss in writer.losses.all { losses.add(loss) }
        return send(writer.out.bytes, to: id, request.stream ? "converse-stream" : "converse", [])
    }

    /// The Anthropic body is for Claude; other vendors' models are reached by Converse.
    private func invokes(_ model: BedrockModel) -> Bool { api == .invoke && model.isClaude }

    /// A decoder that knows the names and the model of this request.
    public func reply(to request: MessageRequest) -> BedrockReply {
        let id = names.id(for: request.model).id
        if api == .mantle { return BedrockReply(request, errors(id)) }
        if invokes(BedrockModel(id)) {
            return BedrockReply(request, errors(id), invoke: InvokeReply(request, errors(id)))
        }
        let context = ConverseStream.Context(request: request, model: id, names: ToolNames(request))
        return BedrockReply(request, errors(id), converse: ConverseReply(context, errors(id)))
    }

    func send(
        _ body: [UInt8], to id: String, _ operation: String, _ more: [HTTPFields.Field]
    ) -> UpstreamRequest {
        let region = BedrockEndpoint.region(of: id) ?? endpoint.region
        let fields = HTTPFields(
            [.init("Content-Type", "application/json"), .init("Accept", "application/json")] + more)
        return UpstreamRequest(
            url: "\(endpoint.address(in: region))/model/\(SigV4.encode(id))/\(operation)", headers: fields, body: body,
            model: id, authorization: access.authorization(region: region))
    }

    func errors(_ id: String) -> BedrockErrors {
        BedrockErrors(
            host: String(address.split(separator: "/").dropFirst().first ?? "Bedrock"), model: id,
            profile: names.profile(of: id), remedy: access.remedy(profile: profile), actions: api.actions)
    }
}

/// How requests to Bedrock are authorized: a bearer token, or keys that sign.
enum BedrockAccess: Sendable {
    case bearer(String)
    case keys(AWSCredentials)

    /// The bearer token wins over keys.
    init(_ settings: AWSSettings, _ endpoint: BedrockEndpoint) throws(ConfigError) {
        guard let entry = settings.environment.entry("AWS_BEARER_TOKEN_BEDROCK") else {
            self = .keys(try AWSCredentials(settings))
            return
        }
        let token = HTTPFields.trim(entry.value)
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ConfigError(
                "AWS_BEARER_TOKEN_BEDROCK (\(entry.source)): the token holds blanks or letters outside ASCII; copy it again"
            )
        }
        let address = endpoint.address()
        guard address.hasPrefix("https://") || AWSEndpoints.isThisMachine(address) else {
            throw ConfigError("AWS_BEARER_TOKEN_BEDROCK is sent over https only, not to \(address)")
        }
        self = .bearer(token)
    }

    var source: String {
        switch self {
        case .bearer: "AWS_BEARER_TOKEN_BEDROCK"
        case .keys(let credentials): credentials.source.name
        }
    }

    func authorization(region: String, service: String = "bedrock") -> Authorization {
        switch self {
        case .bearer(let token): .header(name: "Authorization", value: "Bearer \(token)")
        case .keys(let credentials):
            .signer(AWSSigner(credentials: credentials, scope: SigV4(region: region, service: service)))
        }
    }

    /// What to do when AWS refuses.
    func remedy(profile: String) -> String {
        guard case .keys(let credentials) = self else {
            return "make a new API key for Bedrock and set AWS_BEARER_TOKEN_BEDROCK"
        }
        switch credentials.source {
        case .fixed(_, "AWS_ACCESS_KEY_ID"):
            return "set new values of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
        case .fixed: return "write new keys into the profile \(profile), for example with your login tool"
        case .sso(let sso): return "run \(sso.session.advice)"
        case .login: return "run aws login"
        case .process: return "check what the credential_process of profile \(profile) prints"
        case .role(let role, _): return "check the trust policy of \(BedrockErrors.withoutAccount(role.arn))"
        case .webIdentity, .container, .instance: return "check the role of this machine"
        }
    }
}

/// Which operations are called.
enum BedrockAPI: String, Sendable {
    /// Converse and ConverseStream: the same for models of all vendors.
    case converse
    /// InvokeModel with the Anthropic body: all that Claude can do.
    case invoke
    /// The Messages API that Bedrock offers for newer Claude models.
    case mantle

    /// What an IAM policy must allow.
    var actions: String {
        self == .mantle
            ? "bedrock-mantle:CreateInference" : "bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream"
    }

    init(_ environment: Environment) throws(ConfigError) {
        let word = try BedrockOptions.word("BEDROCK_API", ["converse", "invoke", "mantle"], environment)
        self = word.flatMap(BedrockAPI.init(rawValue:)) ?? .converse
    }
}

/// One answer of Bedrock's, whatever the operation.
public struct BedrockReply: ReplyDecoder {
    private let request: MessageRequest
    private let errors: BedrockErrors
    /// One of the two, or neither: then the answer is the Messages API's own.
    private var converse: ConverseReply?
    private var invoke: InvokeReply?

    init(_ request: MessageRequest, _ errors: BedrockErrors, converse: ConverseReply) {
        self.request = request
        self.errors = errors
        self.converse = converse
    }

    init(_ request: MessageRequest, _ errors: BedrockErrors, invoke: InvokeReply) {
        self.request = request
        self.errors = errors
        self.invoke = invoke
    }

    /// For an answer that goes to the client as it is.
    init(_ request: MessageRequest, _ errors: BedrockErrors) {
        self.request = request
        self.errors = errors
    }

    /// Answers of the Messages API do, unless AWS refuses the keys: then others are tried first.
    public func passesThrough(_ head: UpstreamHead) -> Bool {
        converse == nil && invoke == nil && head.status != 401 && head.status != 403
    }

    /// What could not be carried over so far.
    public var losses: Losses { converse?.losses ?? invoke?.losses ?? Losses() }

    /// Begins the message of a stream where that is ours to do.
    public mutating func head(_ head: UpstreamHead, emit: (MessageEvent) -> Void) throws(TranslationError) {
        converse?.head(head, emit: emit)
    }

    /// Takes bytes of the answer, however they are cut.
    public mutating func feed(_ bytes: Span<UInt8>, emit: (MessageEvent) -> Void) throws(TranslationError) {
        try converse?.feed(bytes, emit: emit)
        try invoke?.feed(bytes, emit: emit)
    }

    /// The answer is over.
    public mutating func finish(emit: (MessageEvent) -> Void) throws(TranslationError) {
        try converse?.finish(emit: emit)
        try invoke?.finish(emit: emit)
    }

    /// What the client is told about an answer without a 2xx status.
    public func failure(_ head: UpstreamHead, body: [UInt8]) -> MessageError {
        errors.map(BedrockError(body, head, host: errors.host), status: head.status, headers: head.headers) {
            TokenCounter.count(request.body, model: errors.model)
        }
    }
}
