/// Puts error answers of the service into the Messages API's words.
internal import Intercept

/// What error messages may say about the service.
struct ServiceIdentity: Sendable, Equatable {
    let host: String
    let key: APIKey?
    /// Whether a variable names the model.
    let namesModel: Bool
    /// The API by which it was asked.
    var api = OpenAIAPI.chat

    /// The text without the key, however the service repeats it.
    func redacted(_ text: String) -> String {
        var text = text
        if let key { text = Self.replacing(key.value, in: text) }
        return text.contains("sk-") ? Self.maskKeys(text) : text
    }

    private static func replacing(_ secret: String, in text: String) -> String {
        let wanted = Array(secret.utf8)
        let bytes = Array(text.utf8)
        guard !wanted.isEmpty, bytes.count >= wanted.count else { return text }
        var out: [UInt8] = []
        var at = 0
        while at < bytes.count {
            if bytes[at] == wanted[0], bytes[at...].starts(with: wanted) {
                out.append(contentsOf: "[key]".utf8)
                at += wanted.count
            } else {
                out.append(bytes[at])
                at += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Words that begin like a key of this kind of service.
    private static func maskKeys(_ text: String) -> String {
        text.split(separator: " ", omittingEmptySubsequences: false).map { word in
            guard let start = word.range(ofKeyMark: "sk-"), word[start...].utf8.count > 8 else { return String(word) }
            return word[..<start] + "[key]"
        }.joined(separator: " ")
    }
}

extension Substring {
    fileprivate func range(ofKeyMark mark: String) -> Index? {
        indices.first { self[$0...].hasPrefix(mark) }
    }
}

/// An error in one of the forms in which services write it.
struct UpstreamError: Sendable, Equatable {
    var message = ""
    var type = ""
    var code = ""
    var param = ""
    /// A status that stands in the body.
    var status: Int?
    /// Numbers that llama.cpp gives for an overflow.
    var promptTokens: Int?
    var contextWindow: Int?

    /// An error of which nothing is known but its text.
    init(message: String) { self.message = message }

    /// Reads a body: `{"error":{…}}`, `{"error":"text"}`, the same in an array, `{"detail":…}`, `{"message":…}`, or no JSON.
    init(_ body: [UInt8], host: String, status: Int) {
        guard let json = try? JSON.parse(body) else {
            let text = Self.excerpt(body)
            self.init(message: "\(host) answered \(status)" + (text.isEmpty ? " with an empty body" : ": \(text)"))
            return
        }
        self.init(json)
        if message.isEmpty { message = "\(host) answered \(status): \(Self.excerpt(body))" }
    }

    init(_ json: JSON) {
        let object = json.isArray ? json.elements.first { $0.isObject } ?? json : json
        let error = object["error"] ?? object
        if let text = error.string {
            message = text
        } else {
            read(error)
        }
        if message.isEmpty, let detail = object["detail"] { message = Self.detail(detail) }
        if message.isEmpty, let text = object["message"]?.string { message = text }
    }

    private mutating func read(_ error: JSON) {
        message = error["message"]?.string ?? ""
        if message.isEmpty, let list = error["message"], !list.isNull { message = Self.detail(list) }
        type = error["type"]?.string ?? error["status"]?.string ?? ""
        code = error["code"]?.string ?? ""
        param = error["param"]?.string ?? ""
        status = [error["status_code"], error["code"], error["status"]].lazy.compactMap { $0?.int }
            .first { (400...599).contains($0) }
        promptTokens = error["n_prompt_tokens"]?.int
        contextWindow = error["n_ctx"]?.int
        if let raw = error["metadata"]?["raw"]?.string, !raw.isEmpty { message += ": " + raw }
    }

    /// FastAPI: a text, or a list of problems with their places.
    private static func detail(_ detail: JSON) -> String {
        if let text = detail.string { return text }
        let list = detail["detail"] ?? detail
        let problems = list.elements.compactMap { problem -> String? in
            guard let text = problem["msg"]?.string ?? problem["message"]?.string else { return problem.string }
            let place = problem["loc"]?.elements.compactMap { $0.string ?? $0.int.map(String.init) } ?? []
            return place.isEmpty ? text : "\(place.joined(separator: ".")): \(text)"
        }
        return problems.isEmpty
            ? String(decoding: detail.raw.prefix(300), as: UTF8.self) : problems.joined(separator: "; ")
    }

    /// The readable beginning of a body that is no JSON: tags out, blanks joined.
    static func excerpt(_ body: [UInt8]) -> String {
        var words: [UInt8] = []
        var isInTag = false
        for byte in body.prefix(16_384) where words.count < 240 {
            switch byte {
            case UInt8(ascii: "<"): isInTag = true
            case UInt8(ascii: ">"):
                isInTag = false
                if words.last != 0x20, !words.isEmpty { words.append(0x20) }
            case _ where isInTag: continue
            case ...0x20: if words.last != 0x20, !words.isEmpty { words.append(0x20) }
            default: words.append(byte)
            }
        }
        return HTTPFields.trim(String(decoding: words, as: UTF8.self))
    }

    /// The message in lower case, with code, type and parameter: what rules look at.
    var searchable: String { "\(message) \(code) \(type) \(param)".lowercased() }
}

/// From the service's errors to those that the client understands.
enum ChatErrors {
    /// - Parameters:
    ///   - status: of the answer; for an error inside a 200 what its body says, or 500.
    ///   - promptEstimate: asked only when a message leaves the prompt's length out.
    static func map(
        _ error: UpstreamError, status: Int, headers: HTTPFields, model: String, service: ServiceIdentity,
        promptEstimate: () -> Int
    ) -> MessageError {
        let text = service.redacted(error.message)
        let found = error.searchable
        if (400...422).contains(status) || status == 500, status != 429,
            let overflow = ContextOverflow.rewrite(error, model: model, promptEstimate: promptEstimate)
        {
            return MessageError(400, nil, service.redacted(overflow))
        }
        switch status {
        case 401: return MessageError(401, nil, keyMessage(text, service), shouldRetry: false)
        case 402: return MessageError(402, nil, text, shouldRetry: false)
        case 404: return notFound(found, text, model, service)
        case 403, 409, 413: return MessageError(status, nil, text)
        case 405: return wrongPath(text, service)
        case 408, 504: return MessageError(504, nil, text)
        case 429: return rateLimit(found, text, headers)
        case 498, 503, 529: return MessageError(529, nil, text, retryAfter: retryAfter(headers))
        case 500...: return MessageError(500, nil, text, retryAfter: retryAfter(headers))
        case 300..<400:
            return MessageError(
                502, nil, "\(service.host) answered with a redirect (\(status)); check OPENAI_BASE_URL",
                shouldRetry: false)
        default: return badRequest(error, found, text, model)
        }
    }

    /// The status for an error that came inside a 200.
    static func status(inside error: UpstreamError) -> Int {
        if let status = error.status { return status }
        let found = "\(error.type) \(error.code)".lowercased()
        let words = [
            ("insufficient_quota", 429), ("rate_limit", 429), ("overloaded", 529), ("unavailable", 503),
            ("authentication", 401), ("permission", 403), ("not_found", 404), ("invalid_request", 400),
            ("context_length", 400), ("timeout", 504), ("invalid_prompt", 400), ("image", 400),
        ]
        return words.first { found.contains($0.0) }?.1 ?? 500
    }

    private static func keyMessage(_ text: String, _ service: ServiceIdentity) -> String {
        service.key == nil
            ? "\(service.host) wants a key: set OPENAI_API_KEY (\(text))"
            : "\(service.host) refused the key in OPENAI_API_KEY: \(text)"
    }

    private static func notFound(
        _ found: String, _ text: String, _ model: String, _ service: ServiceIdentity
    ) -> MessageError {
        guard found.contains("model") else { return wrongPath(text, service) }
        let hint = service.namesModel ? "" : ", unknown to \(service.host); set OPENAI_MODEL to a model it has"
        return MessageError(404, nil, "model: \(model)\(hint)", shouldRetry: false)
    }

    /// A 404 would make the client say that the model is wrong.
    private static func wrongPath(_ text: String, _ service: ServiceIdentity) -> MessageError {
        MessageError(
            502, nil,
            "\(service.host) does not serve \(service.api.title) at this address; check OPENAI_BASE_URL: \(text)",
            shouldRetry: false)
    }

    private static func rateLimit(_ found: String, _ text: String, _ headers: HTTPFields) -> MessageError {
        let isFinal =
            found.contains("insufficient_quota") || found.contains("billing") || found.contains("request too large")
        return MessageError(429, nil, text, shouldRetry: isFinal ? false : nil, retryAfter: retryAfter(headers))
    }

    private static func badRequest(
        _ error: UpstreamError, _ found: String, _ text: String, _ model: String
    ) -> MessageError {
        if found.contains("content_filter") || found.contains("content management policy") {
            return MessageError(400, nil, text, shouldRetry: false)
        }
        if let limit = OutputLimit.read(error), let asked = limit.asked {
            return MessageError(
                400, nil,
                "max_tokens: \(asked) > \(limit.most), which is the maximum allowed number of output tokens for \(model)"
            )
        }
        // The Responses API has a code for each way in which an image can be wrong; the client knows one sentence.
        if error.code.contains("image") { return MessageError(400, nil, "Could not process image: \(text)") }
        return MessageError(400, nil, text)
    }

    /// Seconds to wait, in the service's words; milliseconds are rounded up.
    static func retryAfter(_ headers: HTTPFields) -> String? {
        if let after = headers["retry-after"] { return after }
        return headers["retry-after-ms"].flatMap(Double.init).map { String(Int(($0 / 1000).rounded(.up))) }
    }
}
