/// A request as it arrived, before anybody understood it.
struct Received {
    let head: HTTPHead
    /// The path behind our own prefix.
    let path: String
    let bytes: [UInt8]
    /// The body as JSON, or why it is none.
    let json: Result<JSON, JSONError>

    /// - Parameter recent: bodies that this one probably continues.
    init(_ head: HTTPHead, path: String, _ bytes: [UInt8], _ recent: RecentBodies? = nil) {
        self.head = head
        self.path = path
        self.bytes = bytes
        do throws(JSONError) {
            if let recent {
                json = .success(try recent.parse(bytes, of: head))
            } else {
                json = .success(try JSON.parse(bytes))
            }
        } catch { json = .failure(error) }
    }

    private var body: JSON? { try? json.get() }

    /// The request as one of the Messages API.
    func message(_ endpoint: MessageRequest.Endpoint) throws(MessageError) -> MessageRequest {
        switch json {
        case .failure(let error): throw .invalidRequest("request body is not valid JSON: \(error)")
        case .success(let body):
            return try MessageRequest(
                endpoint: endpoint, path: path, query: head.query, headers: head.headers, body: body)
        }
    }

    /// The exchange that this begins, and its first record.
    func exchange(_ kind: Exchange.Kind?, _ observers: [any Observer]) -> Exchange {
        let headers = head.headers
        let exchange = Exchange(
            kind: kind ?? RequestOrigin.kind(headers, body), session: RequestOrigin.session(headers, body),
            agent: headers["x-claude-code-agent-id"], parentAgent: headers["x-claude-code-parent-agent-id"],
            traceID: Self.traceID(headers["traceparent"]), observers: observers)
        exchange.record(
            .request(
                .init(
                    method: head.method, path: path, query: head.query, headers: headers, bytes: bytes, body: body)))
        return exchange
    }

    /// The trace id of a W3C `traceparent`.
    private static func traceID(_ header: String?) -> String? {
        let parts = header?.split(separator: "-") ?? []
        guard parts.count >= 4, parts[1].count == 32 else { return nil }
        return String(parts[1])
    }
}
