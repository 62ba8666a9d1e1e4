/// Counts the Messages requests of each session from 1, in the order of the trace: the `3` of `last#3`.
internal import Intercept

struct RequestNumbers: Sendable {
    private var counts: [String: Int] = [:]

    /// The number of a `request` record; nil for other requests than Messages.
    mutating func next(_ request: TraceRecord) -> Int? {
        guard request["path"]?.equals("/v1/messages") ?? false else { return nil }
        let session = request.session ?? ""
        counts[session, default: 0] += 1
        return counts[session]
    }
}
