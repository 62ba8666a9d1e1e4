internal import Backends
internal import Intercept
internal import Recorder

/// Translates what a trace holds again: every recorded request, every recorded answer of a service. A recorded trace is a
/// regression test of the translators. Pure but for reading the files; nothing is sent.
struct TraceCheck {
    /// One place where what this version makes is not what was recorded.
    struct Difference: Sendable, Equatable {
        /// Which text: `request`, `request, try 2`, `answer`, `error`.
        let text: String
        /// `tools[3].input_schema.additionalProperties`; empty for the whole.
        let path: String
        /// JSON, or words; nil where there is nothing.
        let recorded: String?
        let now: String?
    }

    /// Why something was not compared.
    enum Reason: String, Sendable, CaseIterable {
        case counts, ownAnswer, passedThrough, changedRequest, changedAnswer, strict, maybeRedacted, dropped, damaged
        case clientGone, noAnswer, unknownRefusal, unknownBackend

        /// Behind a number.
        var words: String {
            switch self {
            case .counts: "token counts"
            case .ownAnswer: "answered without a service"
            case .passedThrough: "answers that passed through as they were"
            case .changedRequest: "requests that an interceptor changed"
            case .changedAnswer: "answers that an interceptor or a fault changed"
            case .strict: "recorded with --redact strict"
            case .maybeRedacted: "that differ where the trace is redacted"
            case .dropped: "not wholly recorded"
            case .damaged: "damaged"
            case .clientGone: "whose client left"
            case .noAnswer: "without an answer in the trace"
            case .unknownRefusal: "behind a refusal of which the trace does not hold the words"
            case .unknownBackend: "of a backend that cannot be made again"
            }
        }
    }

    /// What came of one exchange.
    struct Result: Sendable {
        let id: String
        let session: String?
        /// Among the Messages requests of its session, from 1.
        let number: Int?
        var isRequestChecked = false
        var isAnswerChecked = false
        var differences: [Difference] = []
        var reasons: [Reason] = []
        /// More about them, a sentence each.
        var details: [String] = []

        var isChecked: Bool { isRequestChecked || isAnswerChecked }
    }

    private(set) var results: [Result] = []
    private var backends = RecordedBackends()
    private var open = OpenExchanges<CheckedExchange>()
    private var numbers: [String: Int] = [:]
    private var surroundings = CheckedExchange.Surroundings()

    /// Reads one file. All of it is looked at, since a service's refusals teach what later requests depend on.
    ///
    /// - Parameter isWanted: whether an exchange is one to report: session, number, id.
    mutating func read(
        _ file: String, isWanted: (Result) -> Bool, progress: (Int) -> Void = { _ in }
    ) throws(TraceError) -> TraceReader {
        var bodies = try TraceBodies(path: file)
        let reader = try TraceReader(path: file)
        var records = 0
        while let record = reader.next() {
            records += 1
            if records & 255 == 0 { progress(records) }
            if record.type == "meta" {
                surroundings = .init(record)
            } else {
                take(record, &bodies, isWanted)
            }
        }
        return reader
    }

    /// Behind the last file: exchanges without an end.
    mutating func finish(isWanted: (Result) -> Bool) {
        for exchange in open.removeAll() { add(exchange.finished(isEnded: false), isWanted) }
        results.sort { ($0.number ?? .max, $0.id) < ($1.number ?? .max, $1.id) }
    }

    private mutating func take(_ record: TraceRecord, _ bodies: inout TraceBodies, _ isWanted: (Result) -> Bool) {
        guard let id = record.id else { return }
        if record.type == "request" { return begin(record, id, &bodies, isWanted) }
        guard var entry = open.remove(id) else {
            // Its body may still be the base of another's.
            _ = try? bodies.body(of: record)
            return
        }
        entry.exchange.take(record, &bodies, &backends)
        if record.type != "end" { return open.putBack(id, entry) }
        add(entry.exchange.finished(isEnded: true), isWanted)
    }

    private mutating func begin(
        _ record: TraceRecord, _ id: String, _ bodies: inout TraceBodies, _ isWanted: (Result) -> Bool
    ) {
        let path = record["path"]?.string ?? ""
        guard path.hasPrefix("/v1/messages") else {
            _ = try? bodies.body(of: record)
            return
        }
        var number: Int?
        if path == "/v1/messages" {
            numbers[record.session ?? "", default: 0] += 1
            number = numbers[record.session ?? ""]
        }
        let result = Result(id: id, session: record.session, number: number)
        let unfinished = open.begin(id, CheckedExchange(record, result, surroundings, &bodies))
        if let unfinished { add(unfinished.finished(isEnded: false), isWanted) }
    }

    private mutating func add(_ result: Result, _ isWanted: (Result) -> Bool) {
        if isWanted(result) { results.append(result) }
    }
}
