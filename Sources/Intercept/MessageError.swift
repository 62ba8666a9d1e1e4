/// An error in the Messages API's form: what the client gets, as a body or as an `error` event.
public struct MessageError: Error, Sendable, Equatable {
    /// HTTP status of the answer.
    public var status: Int
    /// `error.type`, for example `invalid_request_error`.
    public var type: String
    /// `error.message`: names the thing, the value seen and the next step.
    public var message: String
    /// `x-should-retry`: false where another try cannot help.
    public var shouldRetry: Bool?
    /// `retry-after` in the upstream's own words.
    public var retryAfter: String?

    public init(
        _ status: Int, _ type: String? = nil, _ message: String, shouldRetry: Bool? = nil, retryAfter: String? = nil
    ) {
        self.status = status
        self.type = type ?? Self.type(for: status)
        self.message = message
        self.shouldRetry = shouldRetry
        self.retryAfter = retryAfter
    }

    /// The client's mistake: 400.
    public static func invalidRequest(_ message: String) -> MessageError { MessageError(400, nil, message) }

    /// The Messages API's error type of an HTTP status.
    public static func type(for status: Int) -> String {
        switch status {
        case 401: "authentication_error"
        case 402: "billing_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 409: "conflict_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 504, 408: "timeout_error"
        case 529: "overloaded_error"
        case 500...: "api_error"
        default: "invalid_request_error"
        }
    }

    /// `{"type":"error","error":{…},"request_id":…}`
    public func body(requestID: String?) -> [UInt8] {
        var out = JSONWriter()
        write(into: &out, requestID: requestID)
        return out.bytes
    }

    func write(into out: inout JSONWriter, requestID: String?) {
        out.beginObject()
        out.field("type", "error")
        out.key("error")
        out.beginObject()
        out.field("type", type)
        out.field("message", message)
        out.endObject()
        out.field("request_id", ifPresent: requestID)
        out.endObject()
    }
}

/// A request that cannot be carried to this backend, or a reply that cannot be understood.
public struct TranslationError: Error, Sendable {
    /// What the client is told.
    public let error: MessageError

    public init(_ error: MessageError) { self.error = error }

    /// The service's fault: the client is told a 500.
    public init(_ message: String) { error = MessageError(500, nil, message) }
}

/// A variable or flag that is missing, contradictory or malformed. The program ends with exit code 78.
public struct ConfigError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, the value seen, and what to do.
    public let description: String

    public init(_ description: String) { self.description = description }
}
