internal import Intercept

/// Minds what is said.
struct Minder5: Interceptor {
    var holdsToolCalls: Bool { true }
    var isRequired: Bool { true }
    private var passed = 0

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

    mutating func toolCall(_ call: inout ToolCall, _ exchange: Exchange) async throws -> ToolVerdict {
        guard call.name == "Bash" else { return .pass }
        guard let command = call.arguments?["command"]?.string else { return .deny("Bash was not run: no command.") }
        if command.contains("git push") { return .deny("Bash was not run: pushing is left to people.") }
        call.set("timeout") { $0.int(60_000) }
        passed += 1
        return .pass
    }

    mutating func finished(_ outcome: Outcome, _ exchange: Exchange) {
        note("\(outcome.rawValue), \(passed) commands", exchange)
    }
}
