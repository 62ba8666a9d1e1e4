internal import Intercept

/// Says so, in the answer and in the trace, when an answer was cut off at `max_tokens`.
struct CutNotice: Interceptor {
    private var next = 0  // the index of the next block

    mutating func event(_ event: inout MessageEvent, _ exchange: Exchange) throws -> EventVerdict {
        switch event {
        case .blockStop(let index): next = index + 1
        case .messageDelta(let delta) where delta.stopReason == .maxTokens:
            note("cut off after \(delta.usage.output) tokens", exchange)
            return .replace(MessageEvent.text("[This answer was cut off at max_tokens.]", at: next) + [event])
        default: break
        }
        return .pass
    }
}
