internal import Intercept

/// Answers one prompt itself, without any model: `CannedAnswer(prompt: "ping", answer: "pong")`.
struct CannedAnswer: Interceptor {
    let prompt: String
    let answer: String
    var seesEvents: Bool { false }

    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        guard request.endpoint == .messages, let last = Array(request.messages).last else { return .pass }
        // The client puts its reminders in front of what the user typed.
        let typed = last["content"]?.blocks.last?["text"]?.string
        return typed == prompt ? .answer(answer) : .pass
    }
}
