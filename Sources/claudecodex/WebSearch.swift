internal import Intercept

/// Answers Claude Code's web searches where the model service has no search of its own: with what the command of
/// `--web-search` finds, or, without one, with an error that the client understands. A service that only sees the request
/// would make results up.
struct WebSearch: Interceptor {
    private let command: WebSearchCommand?
    private let limits: Limits
    private let loop: EventLoop
    var seesEvents: Bool { false }

    /// Nil when searches are the service's affair.
    ///
    /// - Parameter isServiceAble: The service may have a search of its own.
    init?(_ command: WebSearchCommand?, isServiceAble: Bool, _ limits: Limits, _ loop: EventLoop) {
        if command == nil, isServiceAble { return nil }
        self.command = command
        self.limits = limits
        self.loop = loop
    }

    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        guard let search = WebSearchRequest(request) else { return .pass }
        let finding = await finding(search, exchange)
        let answer = WebSearchAnswer(query: search.query, finding: finding)
        switch finding {
        case .found(let results): return .reply(answer.events(to: request), note: "\(results.count) results")
        case .failed(let failing):
            return .reply(answer.events(to: request), note: "\(failing.code.rawValue): \(failing.why)")
        }
    }

    private func finding(_ search: WebSearchRequest, _ exchange: Exchange) async -> WebSearchAnswer.Finding {
        if let failing = Self.refusal(search) { return .failed(failing) }
        guard let command else {
            return .failed(
                .init(
                    code: .unavailable,
                    why:
                        "the model service behind this proxy has no web search, and claudecodex was started without --web-search."
                ))
        }
        return await command.ask(search, limits, for: exchange, on: loop)
    }

    /// Why a search is not even tried.
    static func refusal(_ search: WebSearchRequest) -> WebSearchAnswer.Failing? {
        if let most = search.maxUses, most < 1 { return .init(code: .maxUses, why: "max_uses is \(most).") }
        if search.query.isEmpty { return .init(code: .invalidInput, why: "the query is empty.") }
        let length = search.query.utf8.count
        guard length > WebSearchCommand.longestQuery else { return nil }
        return .init(
            code: .queryTooLong,
            why: "the query has \(length) bytes; \(WebSearchCommand.longestQuery) are the limit.")
    }
}
