internal import Intercept
internal import Recorder

/// A recorded request on its way.
struct SendRequest: Sendable {
    let job: SendJob
    /// From 1.
    let attempt: Int
    /// Among the requests of one attempt, in the order in which they were recorded.
    let place: Int
    let path: String
    let headers: HTTPFields
    let body: [UInt8]

    /// Fields of the client's request that say what it wants; the others belong to its connection or its credentials.
    private static let kept = [
        "content-type", "accept", "user-agent", "anthropic-version", "anthropic-beta", "x-app",
        "x-claude-code-agent-id", "x-claude-code-parent-agent-id",
    ]

    fileprivate init(_ job: SendJob, attempt: Int, place: Int, _ record: TraceRecord, _ body: [UInt8]) {
        (self.job, self.attempt, self.place, self.body) = (job, attempt, place, body)
        path = record["path"]?.string ?? "/v1/messages"
        let fields = CheckedExchange.fields(record).fields
        headers = HTTPFields(fields.filter { Self.kept.contains($0.name.lowercased()) })
    }
}

/// Reads the requests of a plan from their trace, each when its turn comes: all once, then all again. So no more bodies
/// are in memory than are under way, beside those that later ones are the difference from.
struct SendRequests {
    private let jobs: [String: SendJob]
    private let choice: TraceChoice
    private let repeats: Int
    private var attempt = 1
    private var place = 0
    /// The next file, and the one that is being read.
    private var nextFile = 0
    private var open: (reader: TraceReader, bodies: TraceBodies)?
    /// Why the trace, which could be read a moment ago, cannot be read any more.
    private(set) var failure: String?

    init(_ plan: SendPlan, repeats: Int) {
        (jobs, choice, self.repeats) = (plan.jobs, plan.choice, repeats)
    }

    /// How many there are in all.
    var count: Int { jobs.count * repeats }

    /// The next one; nil when all are done, or the trace cannot be read further.
    mutating func next() -> SendRequest? {
        do throws(TraceError) {
            while let record = try nextRecord() {
                guard choice.session == nil || record.session == choice.session,
                    let body = try open?.bodies.body(of: record), let job = jobs[record.id ?? ""]
                else { continue }
                defer { place += 1 }
                return SendRequest(job, attempt: attempt, place: place, record, body)
            }
        } catch {
            failure = "\(error)"
            (open, attempt) = (nil, .max)
        }
        return nil
    }

    /// The next `request` record of the files, as often as they are wanted.
    private mutating func nextRecord() throws(TraceError) -> TraceRecord? {
        while attempt <= repeats {
            if let record = open?.reader.next() { return record }
            open = nil
            if nextFile < choice.files.count {
                try begin(choice.files[nextFile])
                nextFile += 1
            } else {
                (attempt, place, nextFile) = (attempt + 1, 0, 0)
            }
        }
        return nil
    }

    private mutating func begin(_ file: String) throws(TraceError) {
        let session = choice.session
        open = (
            try TraceReader(path: file, only: ["request"]) { session == nil || $0.session == session },
            try TraceBodies(path: file)
        )
    }
}
