internal import Intercept

/// Minds what is said.
struct Minder3: Interceptor {
    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        note("\(request.model), \(request.body["tools"]?.count ?? 0) tools", exchange)
        if exchange.kind == .subagent { request.model = "claude-haiku-4-5" }
        if let most = request.maxTokens, most > 8000 { request.set("max_tokens") { $0.int(8000) } }
        return .pass
    }

    mutating func event(_ event: inout MessageEvent, _ exchange: Exchange) throws -> EventVerdict {
        if case .blockDelta(let index, .text(let text)) = event {
            event = .blockDelta(index: index, delta: .text(JSONText(text.string.replacing("—", with: "-"))))
        }
        return .pass
    }
}
