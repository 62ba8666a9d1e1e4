internal import Intercept

/// Adds a paragraph to the system prompt of every request: `SystemReminder(text: "Answer in French.")`. It goes last, so
/// that what stands in front of it stays in the prompt cache.
struct SystemReminder: Interceptor {
    let text: String
    var seesEvents: Bool { false }

    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        let before = request.system?.blocks ?? []
        request.set("system") { out in
            out.array { out in
                for block in before { out.value(block) }
                out.object { out in
                    out.field("type", "text")
                    out.field("text", text)
                }
            }
        }
        return .pass
    }
}
