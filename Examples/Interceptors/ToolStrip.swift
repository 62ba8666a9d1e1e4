internal import Intercept

/// Takes tools out of every request, so that the model does not know of them: `ToolStrip(names: ["WebFetch"])`.
struct ToolStrip: Interceptor {
    let names: [String]
    var seesEvents: Bool { false }

    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        let all = Array(request.body["tools"]?.blocks ?? [])
        let kept = all.filter { !isStripped($0) }
        if kept.count == all.count { return .pass }
        if kept.isEmpty {
            request.remove("tools")
        } else {
            request.set("tools") { out in out.array { out in kept.forEach { out.value($0) } } }
        }
        if kept.isEmpty || request.body["tool_choice"].map(isStripped) ?? false { request.remove("tool_choice") }
        return .pass
    }

    private func isStripped(_ tool: JSON) -> Bool { names.contains(tool["name"]?.string ?? "") }
}
