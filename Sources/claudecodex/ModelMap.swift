internal import Intercept

/// Sends another model than the client asked for: the first rule whose glob fits the client's name.
struct ModelMap: Interceptor {
    /// `FROM=TO`
    struct Rule: Sendable, Equatable {
        let from: Glob
        let to: String

        static func parse(_ text: String) -> Result<Rule, RuleProblem> {
            let parts = text.split(separator: "=", maxSplits: 1).map(Text.trim)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                return .failure(RuleProblem(text: "expected FROM=TO, for example '*haiku*=qwen3:8b'"))
            }
            return .success(Rule(from: Glob(parts[0]), to: parts[1]))
        }
    }

    private let rules: [Rule]
    var seesEvents: Bool { false }

    /// Nil when there is nothing to map.
    init?(_ rules: [Rule]) {
        if rules.isEmpty { return nil }
        self.rules = rules
    }

    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        if let model = model(for: request.model) { request.model = model }
        return .pass
    }

    /// The model to use instead, if a rule fits. A `[1m]` behind the name says how much context the client wants, not
    /// which model.
    func model(for name: String) -> String? {
        let suffix = "[1m]"
        let short = name.lowercased().hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
        return rules.first { $0.from.matches(name) || $0.from.matches(short) }?.to
    }
}
