internal import Intercept

/// Lets no answer grow longer than so many tokens: `TokenCap(most: 8192)`. Thinking with a budget of its own gets half.
struct TokenCap: Interceptor {
    let most: Int
    var seesEvents: Bool { false }

    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        guard let asked = request.maxTokens, asked > most else { return .pass }
        request.set("max_tokens") { $0.int(most) }
        if let budget = request.body["thinking"]?["budget_tokens"]?.int, budget >= most {
            request.set("thinking") { out in
                out.object { out in
                    out.field("type", "enabled")
                    out.field("budget_tokens", max(1024, most / 2))  // less than 1024 is refused
                }
            }
        }
        return .pass
    }
}
