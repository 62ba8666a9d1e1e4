internal import Intercept

/// An error of Bedrock's, from the body of an answer or from an exception in a stream.
struct BedrockError: Sendable, Equatable {
    /// `ThrottlingException`, in whatever spelling; empty when nothing names it.
    let type: String
    let message: String

    init(type: String, message: String) {
        self.type = type
        self.message = message
    }

    /// Reads `{"message":…}`; the type stands in a header field or in the body.
    init(_ body: [UInt8], _ head: UpstreamHead, host: String) {
        let json = try? JSON.parse(body)
        let named = head.headers["x-amzn-errortype"] ?? json?["__type"]?.string ?? json?["code"]?.string ?? ""
        let text = json?["message"]?.string ?? json?["Message"]?.string ?? json?["error"]?["message"]?.string
        let excerpt = UpstreamError.excerpt(body)
        self.init(
            type: Self.bare(named),
            message: text ?? "\(host) answered \(head.status)"
                + (excerpt.isEmpty ? " with an empty body" : ": \(excerpt)"))
    }

    /// `com.amazonaws#ValidationException:http://…` without what stands around the name.
    private static func bare(_ type: String) -> String {
        let behind = type.split(separator: "#").last ?? ""
        return String(behind.split(separator: ":").first ?? "")
    }

    /// `throttling` for `ThrottlingException` and `throttlingException`.
    var kind: String {
        let lowered = type.lowercased()
        return lowered.hasSuffix("exception") ? String(lowered.dropLast("exception".count)) : lowered
    }

    /// What the model's vendor said, without Bedrock's words in front of it.
    var unwrapped: String {
        let front = "The model returned the following errors: "
        return message.hasPrefix(front) ? String(message.dropFirst(front.count)) : message
    }

    /// AWS does not take the keys, or not any more.
    var isAboutKeys: Bool {
        [
            "unrecognizedclient", "invalidsignature", "expiredtoken", "missingauthenticationtoken",
            "invalidclienttokenid",
            "incompletesignature", "signaturedoesnotmatch",
        ].contains(kind) || kind.isEmpty && message.contains("security token included in the request")
    }
}

/// From Bedrock's errors to those that the client understands.
struct BedrockErrors: Sendable {
    let host: String
    /// The id that was called.
    let model: String
    /// An id to try instead where this one needs a profile.
    let profile: String?
    /// How the user signs in again: "aws sso login --profile dev".
    let remedy: String
    /// What keys must be allowed to do.
    let actions: String

    /// - Parameters:
    ///   - status: of the answer; nil for an exception in a stream.
    ///   - promptEstimate: asked only when a message leaves the prompt's length out.
    func map(
        _ error: BedrockError, status: Int?, headers: HTTPFields = HTTPFields(), promptEstimate: () -> Int
    ) -> MessageError {
        let text = Self.withoutAccount(error.unwrapped)
        let wait = ChatErrors.retryAfter(headers)
        if error.isAboutKeys { return keys(error, text) }
        switch error.kind {
        case "validation": return validation(error, text, promptEstimate)
        case "accessdenied": return denied(text)
        case "resourcenotfound": return missing(text)
        case "throttling", "toomanyrequests", "servicequotaexceeded", "requestlimitexceeded":
            return MessageError(429, nil, text, retryAfter: wait)
        case "modelnotready", "serviceunavailable": return MessageError(529, nil, text, retryAfter: wait)
        case "modeltimeout": return MessageError(504, nil, text)
        case "modelerror", "modelstreamerror", "internalserver": return MessageError(500, nil, text, retryAfter: wait)
        default: return unnamed(error, text, status ?? 500, wait, promptEstimate)
        }
    }

    private func unnamed(
        _ error: BedrockError, _ text: String, _ status: Int, _ wait: String?, _ promptEstimate: () -> Int
    ) -> MessageError {
        switch status {
        case 400, 413, 422: validation(error, text, promptEstimate)
        case 401: keys(error, text)
        case 403: denied(text)
        case 404: missing(text)
        case 408, 504: MessageError(504, nil, text)
        case 424: MessageError(500, nil, text)
        case 429: MessageError(429, nil, text, retryAfter: wait)
        case 503, 529: MessageError(529, nil, text, retryAfter: wait)
        case 300..<400:
            MessageError(
                502, nil, "\(host) answered with a redirect (\(status)); check AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
                shouldRetry: false)
        default: MessageError(status, nil, text, retryAfter: wait)
        }
    }

    private func keys(_ error: BedrockError, _ text: String) -> MessageError {
        let name = error.type.isEmpty ? "" : " (\(error.type))"
        return MessageError(401, nil, "AWS refused the credentials\(name): \(text); \(remedy)", shouldRetry: false)
    }

    private func denied(_ text: String) -> MessageError {
        MessageError(
            403, nil,
            "\(text) (\(model); the keys need \(actions), and the account needs access to the model)",
            shouldRetry: false)
    }

    private func missing(_ text: String) -> MessageError {
        MessageError(404, nil, "model: \(Self.withoutAccount(model)): \(text)", shouldRetry: false)
    }

    private func validation(_ error: BedrockError, _ text: String, _ promptEstimate: () -> Int) -> MessageError {
        let found = text.lowercased()
        if found.contains("on-demand throughput") {
            let hint = profile.map { "set BEDROCK_MODEL_ID=\($0)" } ?? "set BEDROCK_MODEL_ID to an inference profile"
            return MessageError(
                404, nil, "model: \(model) is called through an inference profile only; \(hint)", shouldRetry: false)
        }
        if found.contains("model identifier is invalid") || found.contains("end of its life") {
            return MessageError(
                404, nil,
                "model: \(Self.withoutAccount(model)): \(text) Set BEDROCK_MODEL_ID to a model of this region.",
                shouldRetry: false)
        }
        let plain = UpstreamError(message: text)
        if let overflow = ContextOverflow.rewrite(plain, model: model, promptEstimate: promptEstimate) {
            return MessageError(400, nil, overflow)
        }
        return MessageError(400, nil, text)
    }

    /// A tool that only Anthropic's own service runs, where it is all that the request is about.
    static func noServerTool(named name: String, type: String) -> TranslationError {
        TranslationError(
            MessageError(
                400, nil, "\(name): tools of type \(type) run on Anthropic's own service; Bedrock does not have them",
                shouldRetry: false))
    }

    /// ARNs and account numbers are nobody's business but the account's.
    static func withoutAccount(_ text: String) -> String {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map { word -> String in
            guard let start = word.indices.first(where: { word[$0...].hasPrefix("arn:aws") }) else {
                return withoutNumber(word)
            }
            let arn = word[start...].prefix { !",;\"'()".contains($0) }
            let name = arn.split(separator: "/").last ?? ""
            return word[..<start] + "arn:…/\(name)" + word[start...].dropFirst(arn.count)
        }
        return words.joined(separator: " ")
    }

    private static func withoutNumber(_ word: Substring) -> String {
        let digits = word.utf8.split(whereSeparator: { !(0x30...0x39).contains($0) })
        guard let account = digits.first(where: { $0.count == 12 }) else { return String(word) }
        return String(word[..<account.startIndex]) + "[account]" + String(word[account.endIndex...])
    }
}
