internal import Intercept
internal import Recorder

/// The requests of a trace that can be sent again, and what is to be said of the others.
struct SendPlan {
    /// By the ids of their exchanges.
    private(set) var jobs: [String: SendJob] = [:]
    let choice: TraceChoice
    private(set) var notes: [String] = []
    private(set) var damage = TraceScan.Damage()
    private var costs: RequestCosts
    private var isStrict = false
    private var unanswered = 0
    private var redacted = 0

    /// Reads all of the trace. Bodies are looked at and dropped: `SendRequests` reads them again when their turn comes.
    init(_ choice: TraceChoice, _ prices: PriceList) throws(Failure) {
        self.choice = choice
        costs = RequestCosts(prices)
        var reader = ExchangeReader(session: choice.session, .init(types: RequestCosts.types, body: true))
        for file in choice.files {
            do throws(TraceError) {
                damage.add(
                    try reader.read(file) { meta in
                        isStrict = isStrict || meta["redact"]?.equals("strict") ?? false
                    } take: {
                        add($0)
                    })
            } catch {
                throw Failure(.noTrace, "\(error)")
            }
        }
        reader.finish { add($0) }
        try finish()
    }

    private mutating func finish() throws(Failure) {
        if isStrict {
            throw Failure(
                .noTrace, "the trace was recorded with --redact strict: its requests hold no texts to send",
                hints: ["record again with --redact tokens"])
        }
        if jobs.isEmpty { throw Failure(.negative, "no request of this trace has a whole answer to compare with") }
        if unanswered > 0 {
            notes.append("\(Text.count(unanswered, "request")) without a whole recorded answer left out")
        }
        if redacted > 0 {
            notes.append("\(Text.count(redacted, "request")) with placeholders where secrets were redacted")
        }
    }

    private mutating func add(_ exchange: RecordedExchange) {
        guard exchange.isMessages, choice.number == nil || exchange.number == choice.number,
            choice.exchange == nil || exchange.id == choice.exchange
        else { return }
        guard let job = SendJob(exchange, &costs) else {
            unanswered += 1
            return
        }
        if exchange.request["redacted"]?.int ?? 0 > 0 { redacted += 1 }
        jobs[job.id] = job
    }
}
