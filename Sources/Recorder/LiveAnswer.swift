/// What a backend answers while a replay goes on, collected so that the next request like it is answered without it.
public import Intercept

public struct LiveAnswer: Sendable {
    private var sides: [Moment.Events.Side: (bytes: [UInt8], marks: [Moment.Events.Mark])] = [:]
    private var head: UpstreamHead?
    private var response: Moment.Response?
    private var isStream: Bool
    private let requestID: String

    public init(_ request: Moment.Request, _ exchange: Exchange) {
        isStream = request.body?["stream"]?.bool ?? false
        requestID = exchange.requestID
    }

    /// Takes what happens in the exchange.
    public mutating func take(_ event: Moment.Event) {
        switch event {
        case .head(let moment): head = moment.head
        case .response(let response): self.response = response
        case .events(let events):
            var side = sides[events.side] ?? ([], [])
            let offset = side.bytes.count
            side.marks += events.marks.map { .init(offset: $0.offset + offset, milliseconds: $0.milliseconds) }
            side.bytes += events.bytes
            sides[events.side] = side
        default: break
        }
    }

    /// What the client got; nil when it got no whole answer, or a refusal, which the next try may not get.
    public var answer: RecordedAnswer? {
        guard let response, response.status < 400 else { return nil }
        if response.message != nil, response.stopReason == nil { return nil }
        let client = sides[.client]
        guard let side = client ?? sides[.upstream] ?? response.body.map({ ($0, []) }) else { return nil }
        return RecordedAnswer(
            status: response.status, headers: fields(isOwn: client != nil || head == nil),
            headMS: side.marks.first?.milliseconds ?? 0, bytes: side.bytes, marks: side.marks,
            isEventStream: isStream && response.message != nil)
    }

    private func fields(isOwn: Bool) -> HTTPFields {
        guard isOwn, let head else {
            var fields = HTTPFields.endToEnd(head?.headers ?? HTTPFields([.init("Content-Type", "application/json")]))
            fields["content-encoding"] = nil
            if fields["request-id"] == nil { fields["request-id"] = requestID }
            return fields
        }
        return .own(json: !isStream, requestID: requestID, of: head.headers)
    }
}
