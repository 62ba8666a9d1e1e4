/// What `--strict` refuses: requests of which the service would get less than the client said.
///
/// What goes over in another form is kept (`move`, `rename`, `emulate`), and so is a limit that was lowered to what the
/// model can do (`clamp`). Of what is dropped only advice may be missing: what the service may follow or not without the
/// answer meaning something else. All of it is recorded, refused or not.
extension Losses {
    /// Why these losses are too many for a strict proxy; nil when they are not.
    public func refusal(by backend: String) -> MessageError? {
        let grave = all.filter(\.isGrave)
        guard !grave.isEmpty else { return nil }
        let shown = grave.prefix(5).map { "\($0.operation.rawValue) \($0.path) (\($0.why))" }
        let more = grave.count - shown.count
        let what = grave.count == 1 ? "1 part" : "\(grave.count) parts"
        return MessageError(
            400, nil,
            "claudecodex --strict: \(what) of the request cannot be carried to \(backend): "
                + shown.joined(separator: "; ") + (more > 0 ? "; and \(more) more" : ""),
            shouldRetry: false)
    }
}

extension Losses.Loss {
    /// Something that the client said does not reach the service at all.
    public var isGrave: Bool { operation == .drop && !Self.advice.contains(place) }

    /// Fields that say how, not what: effort, speed, cost and caching; and what only makes token counts exact.
    private static let advice: Set<String> = [
        "output_config.effort", "output_config.task_budget", "thinking", "thinking.budget_tokens", "speed",
        "service_tier", "context_management", "cache_control", "stream", "fallbacks", "tools[].cache_control",
        "tools[].input_examples", "system[].cache_control", "messages[].content[].cache_control",
    ]
}
