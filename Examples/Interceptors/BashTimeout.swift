internal import Intercept

/// Gives shell commands at most so many milliseconds: `BashTimeout(most: 60_000)`.
struct BashTimeout: Interceptor {
    let most: Int
    var holdsToolCalls: Bool { true }
    var seesEvents: Bool { false }

    mutating func toolCall(_ call: inout ToolCall, _ exchange: Exchange) async throws -> ToolVerdict {
        guard call.name == "Bash" else { return .pass }
        let asked = call.arguments?["timeout"]?.int ?? .max
        if asked > most { call.set("timeout") { $0.int(most) } }
        return .pass
    }
}
