internal import Intercept

/// Sends sub-agents to a small model, and lets at most ten tool calls of one answer through.
struct Leash: Interceptor {
    var holdsToolCalls: Bool { true }  // a call reaches the client only when `toolCall` has let it pass
    private var calls = 0  // of this exchange: every exchange gets its own copy

    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        if exchange.kind == .subagent { request.model = "gpt-5-mini" }
        return .pass
    }

    mutating func toolCall(_ call: inout ToolCall, _ exchange: Exchange) async throws -> ToolVerdict {
        calls += 1
        return calls > 10 ? .deny("\(call.name) was not run: ten calls in one answer are enough.") : .pass
    }
}
