/// Is told what happens, as it happens. Must return at once: the recorder hands everything to a thread of its own.
public protocol Observer: Sendable {
    func observe(_ moment: Moment)
}

/// One thing that happened in an exchange. The payloads are shared with the live exchange (arrays are copied only when
/// one side writes), and a moment is a reference, so making and passing one on is cheap.
public final class Moment: Sendable {
    public let exchange: Exchange
    public let time: Timestamp
    public let event: Event

    public init(exchange: Exchange, time: Timestamp, event: Event) {
        self.exchange = exchange
        self.time = time
        self.event = event
    }

    /// What happened. The cases are the record types of the trace (`docs/trace-format.md`).
    public enum Event: Sendable {
        case request(Request)
        case translation(Translation)
        case upstream(Upstream)
        case head(Head)
        case events(Events)
        case toolCall(ToolCallMade)
        case response(Response)
        case intercept(Intercept)
        case replay(Replay)
        case check(rule: String, message: String)
        case error(Failure)
        case end(End)
    }

    /// The client's request, complete.
    public struct Request: Sendable {
        public var method: String
        public var path: String
        public var query: String?
        public var headers: HTTPFields
        public var bytes: [UInt8]
        /// The parsed body; nil when there is none or it is no JSON.
        public var body: JSON?

        public init(
            method: String, path: String, query: String? = nil, headers: HTTPFields, bytes: [UInt8],
            body: JSON? = nil
        ) {
            self.method = method
            self.path = path
            self.query = query
            self.headers = headers
            self.bytes = bytes
            self.body = body
        }
    }

    public struct Translation: Sendable {
        public var backend: String
        public var upstreamModel: String
        public var microseconds: Double
        public var losses: Losses

        public init(
            backend: String, upstreamModel: String, microseconds: Double, losses: Losses
        ) {
            self.backend = backend
            self.upstreamModel = upstreamModel
            self.microseconds = microseconds
            self.losses = losses
        }
    }

    /// What is about to be sent. `body` is nil when it is the client's own.
    public struct Upstream: Sendable {
        public var attempt: Int
        public var method: String
        public var url: String
        public var headers: HTTPFields
        public var model: String
        public var body: [UInt8]?
        public var bodyBytes: Int

        public init(
            attempt: Int, method: String, url: String, headers: HTTPFields, model: String, body: [UInt8]? = nil,
            bodyBytes: Int
        ) {
            self.attempt = attempt
            self.method = method
            self.url = url
            self.headers = headers
            self.model = model
            self.body = body
            self.bodyBytes = bodyBytes
        }
    }

    public struct Head: Sendable {
        public var attempt: Int
        public var head: UpstreamHead
        public var connectMS: Double?
        public var tlsMS: Double?
        public var reused: Bool
        public var firstByteMS: Double

        public init(
            attempt: Int, head: UpstreamHead, connectMS: Double? = nil, tlsMS: Double? = nil, reused: Bool,
            firstByteMS: Double
        ) {
            self.attempt = attempt
            self.head = head
            self.connectMS = connectMS
            self.tlsMS = tlsMS
            self.reused = reused
            self.firstByteMS = firstByteMS
        }
    }

    /// A stretch of an answer's bytes as they were received or sent, with the times at which they came. The recorder makes
    /// the trace's event lists from them.
    public struct Events: Sendable {
        /// Which connection the bytes were seen on.
        public enum Side: String, Sendable { case upstream, client }

        /// When the bytes from `offset` on were seen.
        public struct Mark: Sendable, Equatable {
            public let offset: Int
            public let milliseconds: Double

            public init(offset: Int, milliseconds: Double) {
                self.offset = offset
                self.milliseconds = milliseconds
            }
        }

        public var side: Side
        /// Counts the stretches of one side from 0. A stretch ends at an event's end.
        public var part: Int
        public var bytes: [UInt8]
        public var marks: [Mark]
        /// Server-sent events; otherwise one body.
        public var isEventStream: Bool

        public init(side: Side, part: Int, bytes: [UInt8], marks: [Mark], isEventStream: Bool) {
            self.side = side
            self.part = part
            self.bytes = bytes
            self.marks = marks
            self.isEventStream = isEventStream
        }
    }

    public struct ToolCallMade: Sendable {
        public var call: ToolCall
        public var upstreamID: String?
        public var milliseconds: Double
        public var isServerSide: Bool

        public init(
            call: ToolCall, upstreamID: String? = nil, milliseconds: Double, isServerSide: Bool
        ) {
            self.call = call
            self.upstreamID = upstreamID
            self.milliseconds = milliseconds
            self.isServerSide = isServerSide
        }
    }

    public struct Response: Sendable {
        public var status: Int
        public var model: String
        public var backend: String
        public var stopReason: String?
        public var usage: Usage?
        public var firstTokenMS: Double?
        public var durationMS: Double
        public var translateMicroseconds: Double?
        public var largestGapMS: Double?
        /// The message as one JSON object (`role`, `content`), or nil when there is none.
        public var message: [UInt8]?
        /// A body that is not a message: an error, a token count.
        public var body: [UInt8]?
        public var pings: Int
        /// What a refusal of ours told the client in `x-should-retry`; nil when it said nothing.
        public var shouldRetry: Bool?
        /// What it told the client in `retry-after`.
        public var retryAfter: String?

        public init(
            status: Int, model: String, backend: String, stopReason: String? = nil, usage: Usage? = nil,
            firstTokenMS: Double? = nil, durationMS: Double, translateMicroseconds: Double? = nil,
            largestGapMS: Double? = nil, message: [UInt8]? = nil, body: [UInt8]? = nil, pings: Int,
            shouldRetry: Bool? = nil, retryAfter: String? = nil
        ) {
            self.status = status
            self.model = model
            self.backend = backend
            self.stopReason = stopReason
            self.usage = usage
            self.firstTokenMS = firstTokenMS
            self.durationMS = durationMS
            self.translateMicroseconds = translateMicroseconds
            self.largestGapMS = largestGapMS
            self.message = message
            self.body = body
            self.pings = pings
            self.shouldRetry = shouldRetry
            self.retryAfter = retryAfter
        }
    }

    public struct Intercept: Sendable {
        public var by: String
        public var hook: String
        public var action: String
        public var path: String?
        public var before: String?
        public var after: String?
        public var error: String?

        public init(
            by: String, hook: String, action: String, path: String? = nil, before: String? = nil,
            after: String? = nil, error: String? = nil
        ) {
            self.by = by
            self.hook = hook
            self.action = action
            self.path = path
            self.before = before
            self.after = after
            self.error = error
        }
    }

    /// How a recorded session answered a request, or why it did not.
    public struct Replay: Sendable, Equatable {
        /// What became of the request.
        public enum Action: String, Sendable { case answer, refuse, forward }

        public var action: Action
        /// What the request and the recorded one have in common: a rung of the ladder.
        public var rung: String
        /// The recorded exchange: the one that answers, the closest one, or the one from which a fork goes on.
        public var of: String?
        /// Its place among its session's Messages requests, from 1.
        public var number: Int?
        /// It has answered this client before.
        public var isReused: Bool
        /// What the answer is not exact about, or where the requests differ first.
        public var note: String?

        public init(
            action: Action, rung: String, of: String? = nil, number: Int? = nil, isReused: Bool = false,
            note: String? = nil
        ) {
            self.action = action
            self.rung = rung
            self.of = of
            self.number = number
            self.isReused = isReused
            self.note = note
        }
    }

    public struct Failure: Sendable {
        /// `client gate replay hook translate connect upstream decode write record`
        public var stage: String
        /// The Messages API's error type, or a word of ours for what the client never saw.
        public var kind: String
        public var message: String
        public var status: Int?
        public var isRetried: Bool
        /// What a service said that refused, where nothing else holds it.
        public var body: [UInt8]?

        public init(
            stage: String, kind: String, message: String, status: Int? = nil, isRetried: Bool, body: [UInt8]? = nil
        ) {
            self.stage = stage
            self.kind = kind
            self.message = message
            self.status = status
            self.isRetried = isRetried
            self.body = body
        }
    }

    public struct End: Sendable {
        public var outcome: Outcome
        public var bytesIn: Int
        public var bytesOut: Int

        public init(
            outcome: Outcome, bytesIn: Int, bytesOut: Int
        ) {
            self.outcome = outcome
            self.bytesIn = bytesIn
            self.bytesOut = bytesOut
        }
    }
}
