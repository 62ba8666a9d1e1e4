/// What is tried after refusals, and how often: one rule for the exchange that asks and for the check of a recorded one.
public struct NextTry: Sendable {
    /// No exchange is mended more often than this; pauses are counted by the backend.
    private static let mostMends = 3

    private var mends = 0
    private var pauses = 0
    /// How long to wait before the next try goes out, in milliseconds.
    public private(set) var pauseMS = 0

    public init() {}

    /// The request to send after `last` was refused: another one, or the same after a pause; nil when there is nothing
    /// more to try.
    public mutating func after<B: Backend>(
        _ last: UpstreamRequest, _ backend: B, _ request: MessageRequest, _ head: UpstreamHead, _ body: [UInt8],
        _ losses: inout Losses
    ) -> UpstreamRequest? {
        pauseMS = 0
        if mends < Self.mostMends,
            let other = backend.retry(request, after: last, head: head, body: body, &losses)
        {
            mends += 1
            return other
        }
        guard let pause = backend.pause(after: head, body: body, count: pauses) else { return nil }
        pauses += 1
        pauseMS = pause
        return last
    }
}
