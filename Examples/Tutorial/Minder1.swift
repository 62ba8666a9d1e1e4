internal import Intercept

/// Minds what is said.
struct Minder1: Interceptor {
    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        note("\(request.model), \(request.body["tools"]?.count ?? 0) tools", exchange)
        return .pass
    }
}
