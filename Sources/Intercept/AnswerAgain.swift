/// An answer made again from the bytes of an upstream, without a client: what `Relay` and `Delivery` would send, signs of
/// life and interceptors apart.
public struct AnswerAgain: Sendable {
    /// What a client that asked for a stream gets, an `error` event included.
    public private(set) var events: [MessageEvent] = []
    /// What ended it; without events before it the client gets this as a status.
    public private(set) var failure: MessageError?
    private var assembly = Assembly()
    private let isStream: Bool

    /// - Parameters:
    ///   - bytes: The answer's body, unpacked.
    ///   - isComplete: It ended; otherwise it broke off.
    public init(
        _ decoder: any ReplyDecoder, _ request: MessageRequest, _ head: UpstreamHead, _ bytes: [UInt8],
        isComplete: Bool
    ) {
        isStream = request.stream
        var decoder = decoder
        var decoded: [MessageEvent] = []
        var problem: MessageError?
        let all = bytes[...]
        do throws(TranslationError) {
            try decoder.head(head) { decoded.append($0) }
            try decoder.feed(all.span) { decoded.append($0) }
            if isComplete { try decoder.finish { decoded.append($0) } }
        } catch {
            problem = error.error
        }
        for event in decoded where failure == nil { take(event) }
        if failure == nil, let problem { fail(problem) }
    }

    private mutating func take(_ event: MessageEvent) {
        if case .error(let error) = event, !isStream || events.isEmpty { return fail(error) }
        events.append(event)
        assembly.add(event)
    }

    private mutating func fail(_ error: MessageError) {
        failure = error
        if isStream, !events.isEmpty { events.append(.error(error)) }
    }

    /// Whether the client gets the failure as a status.
    public var isRefused: Bool { failure != nil && (!isStream || events.isEmpty) }

    /// The whole message, for a client that asked for no stream.
    public var message: [UInt8] { assembly.message() }
}
