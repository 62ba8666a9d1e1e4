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
            kind: kind ?? self.kind, session: headers["x-claude-code-session-id"] ?? sessionInMetadata,
            agent: headers["x-claude-code-agent-id"], parentAgent: headers["x-claude-code-parent-agent-id"],
            traceID: Self.traceID(headers["traceparent"]), observers: observers)
        exchange.record(
            .request(
                .init(
                    method: head.method, path: path, query: head.query, headers: headers, bytes: bytes, body: body)))
        return exchange
    }

    private var kind: Exchange.Kind {
        guard let body, body["messages"] != nil else { return .other }
        if head.headers["x-claude-code-agent-id"] != nil { return .subagent }
        if let tools = body["tools"], !tools.isEmpty,
            tools.elements.allSatisfy({ $0["type"]?.string?.hasPrefix("web_search") ?? false })
        {
            return .webSearch
        }
        return isCompaction(body) ? .compact : .main
    }

    /// Claude Code asks for a summary with these words in the last user message.
    private func isCompaction(_ body: JSON) -> Bool {
        var last: JSON?
        for message in (body["messages"] ?? body).elements where message["role"]?.equals("user") ?? false {
            last = message
        }
        guard let content = last?["content"] else { return false }
        var text: JSON? = content.isString ? content : nil
        for block in content.elements where block["text"] != nil { text = block["text"] }
        return text?.raw.dropFirst().starts(with: "CRITICAL: Respond with TEXT ONLY".utf8) ?? false
    }

    /// Claude Code's `metadata.user_id` is a JSON text with `session_id`, in older versions `user_…_session_UUID`.
    private var sessionInMetadata: String? {
        guard let user = body?["metadata"]?["user_id"]?.string?.utf8 else { return nil }
        if user.first == UInt8(ascii: "{") { return (try? JSON.parse(Array(user)))?["session_id"]?.string }
        let parts = user.split(separator: UInt8(ascii: "_"))
        guard let mark = parts.lastIndex(where: { $0.elementsEqual("session".utf8) }), mark + 1 < parts.count else {
            return nil
        }
        return String(Substring(parts[mark + 1]))
    }

    /// The trace id of a W3C `traceparent`.
    private static func traceID(_ header: String?) -> String? {
        let parts = header?.split(separator: "-") ?? []
        guard parts.count >= 4, parts[1].count == 32 else { return nil }
        return String(parts[1])
    }
}
