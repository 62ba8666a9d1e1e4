/// What the writer keeps of an exchange while it goes on.
internal import Intercept

final class ExchangeNotes {
    let exchange: Exchange
    let session: Session
    /// The common fields behind `ts`: the same bytes in every record of the exchange.
    let common: [UInt8]
    var model: String?
    /// The name by which the service was asked last.
    var upstreamModel: String?
    var requestHash: String?
    /// The calls this exchange's answer makes.
    var calls: [String] = []
    /// Records and bodies of this exchange that are not in the trace.
    var dropped = 0
    var hasFailed = false
    /// An interceptor changed something: the client's side says nothing about the upstream's.
    var isAltered = false
    var stream = HeldStream()

    init(_ exchange: Exchange, session: Session) {
        self.exchange = exchange
        self.session = session
        var out = JSONWriter(capacity: 200)
        out.beginObject()
        out.field("id", exchange.id)
        if let session = exchange.session {
            out.field("session", session)
            out.field("agent", exchange.agent ?? "main")
        } else {
            out.field("agent", ifPresent: exchange.agent)
        }
        out.field("parent_agent", ifPresent: exchange.parentAgent)
        out.field("kind", exchange.kind.rawValue)
        out.field("trace_id", ifPresent: exchange.traceID)
        common = Array(out.bytes.dropFirst())
    }

    /// Which conversation of the session this is part of.
    var thread: String { "\(exchange.kind.rawValue) \(exchange.agent ?? "")" }
}
