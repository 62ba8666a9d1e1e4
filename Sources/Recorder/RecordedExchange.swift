/// One exchange as a trace holds it: all its records, and the bodies put together.
internal import Intercept

public struct RecordedExchange: Sendable {
    /// Counts the Messages requests of a session from 1; nil for other requests.
    public let number: Int?
    /// The file that holds it.
    public let file: String
    public let request: TraceRecord
    /// The client's body as it was recorded, if it was asked for and could be put together.
    public internal(set) var body: [UInt8]?
    /// Everything behind the request, in the order of the file, `tool_result` records included.
    public internal(set) var records: [TraceRecord] = []
    /// The body of each attempt, by its number; absent where the request's own was sent.
    public internal(set) var upstreamBodies: [Int: [UInt8]] = [:]
    /// Why a body is missing, in sentences.
    public internal(set) var problems: [String] = []

    public var id: String { request.id ?? "" }
    public var session: String? { request.session }
    /// `main` where a session is known and nobody else is named.
    public var agent: String { request["agent"]?.string ?? "" }
    public var kind: String { request["kind"]?.string ?? "" }
    /// RFC 3339.
    public var time: String { request["ts"]?.string ?? "" }
    public var model: String? { request["model"]?.string }
    public var isMessages: Bool { request["path"]?.equals("/v1/messages") ?? false }

    /// All records of one type.
    public func records(_ type: String) -> [TraceRecord] { records.filter { $0.type == type } }

    /// The last record of a type: there may be one for each attempt.
    public func last(_ type: String) -> TraceRecord? { records.last { $0.type == type } }

    public var response: TraceRecord? { last("response") }
    /// `ok`, `client_gone`, `upstream_error`, `refused`; nil when the trace ends before the exchange does.
    public var outcome: String? { last("end")?["outcome"]?.string }
}
