/// The last request body of each conversation. The next request of the same conversation repeats most of it, so most of
/// its index need not be made again. Belongs to the loop's thread.
final class RecentBodies: @unchecked Sendable {
    private let mostBytes: Int
    private var bodies: [(conversation: String, body: JSON)] = []
    private var bytes = 0

    /// - Parameter mostBytes: of all bodies together; the ones not used for longest go first.
    init(mostBytes: Int = 16 << 20) { self.mostBytes = mostBytes }

    /// The body as JSON, indexed with the help of the conversation's last one, whose place it takes.
    func parse(_ text: [UInt8], of head: HTTPHead) throws(JSONError) -> JSON {
        let conversation = Self.conversation(head)
        let place = bodies.lastIndex { $0.conversation == conversation }
        let body = try JSON.parse(text, like: place.map { bodies[$0].body })
        if let place { forget(place) }
        remember(conversation, body)
        return body
    }

    /// Session and agent, as Claude Code names them; all clients that name neither share one place.
    private static func conversation(_ head: HTTPHead) -> String {
        let session = head.headers["x-claude-code-session-id"] ?? ""
        guard let agent = head.headers["x-claude-code-agent-id"] else { return session }
        return session + " " + agent
    }

    private func remember(_ conversation: String, _ body: JSON) {
        bodies.append((conversation, body))
        bytes += body.document.bytes.count
        while bytes > mostBytes, !bodies.isEmpty { forget(0) }
    }

    private func forget(_ place: Int) {
        bytes -= bodies.remove(at: place).body.document.bytes.count
    }
}
