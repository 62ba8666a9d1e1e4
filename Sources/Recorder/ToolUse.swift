/// What tool calls show when they are looked at together: how much each tool is used and fails, what follows what, what is
/// done twice. Computed from the calls alone, so that any filter can be applied to them before.
public struct ToolUse: Sendable {
    /// One tool.
    public struct Row: Sendable, Equatable {
        public let tool: String
        public internal(set) var calls = 0
        public internal(set) var failed = 0
        /// Calls without a result.
        public internal(set) var open = 0
        public internal(set) var inputBytes = 0
        public internal(set) var outputBytes = 0
        /// Milliseconds between the answer and the request with the result, in ascending order.
        public internal(set) var gaps: [Double] = []

        public var medianGap: Double? { Self.quantile(gaps, 0.5) }
        public var p95Gap: Double? { Self.quantile(gaps, 0.95) }

        /// Between the two nearest values, as DuckDB's and NumPy's continuous quantiles are.
        static func quantile(_ sorted: [Double], _ part: Double) -> Double? {
            guard let last = sorted.last else { return nil }
            let at = Double(sorted.count - 1) * part
            let low = Int(at)
            guard low + 1 < sorted.count else { return last }
            return sorted[low] + (sorted[low + 1] - sorted[low]) * (at - Double(low))
        }
    }

    /// Tools that were called one directly after the other in one conversation.
    public struct Sequence: Sendable, Equatable {
        public let tools: [String]
        public let count: Int
    }

    /// The same call, arguments and all, several times in one session.
    public struct Repetition: Sendable {
        public let first: RecordedCall
        public internal(set) var count: Int
        /// What all repetitions after the first brought into the conversation.
        public internal(set) var repeatedBytes: Int
    }

    /// What the model did directly after a failure of this tool.
    public struct AfterFailure: Sendable, Equatable {
        public let tool: String
        public internal(set) var sameCall = 0
        public internal(set) var otherInput = 0
        public internal(set) var otherTool = 0
        /// The conversation made no further call.
        public internal(set) var nothing = 0
    }

    /// A conversation that went in circles: the same one, two or three calls at least three times in a row.
    public struct Loop: Sendable {
        public let calls: [RecordedCall]
        public let rounds: Int
    }

    public private(set) var rows: [Row] = []
    public private(set) var pairs: [Sequence] = []
    public private(set) var triples: [Sequence] = []
    public private(set) var repetitions: [Repetition] = []
    public private(set) var afterFailures: [AfterFailure] = []
    public private(set) var loops: [Loop] = []
    /// Calls without a result, those that the service ran itself left out.
    public private(set) var openCalls: [RecordedCall] = []
    /// Answers with more than one call: how many calls, how many such answers.
    public private(set) var parallel: [Int: Int] = [:]

    public init(_ calls: [RecordedCall]) {
        countRows(calls)
        findRepetitions(calls)
        openCalls = calls.filter { $0.result == nil && !$0.isServerSide }
        countParallel(calls)
        var steps: [[String]: Int] = [:]
        for thread in Self.threads(calls) {
            Self.count(thread, in: &steps)
            noteFailures(thread)
            loops += Loops.find(thread)
        }
        let sequences = steps.map { Sequence(tools: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.tools.joined(separator: " ")) < ($0.count, $1.tools.joined(separator: " ")) }
        pairs = sequences.filter { $0.tools.count == 2 }
        triples = sequences.filter { $0.tools.count == 3 }
        afterFailures.sort { $0.tool < $1.tool }
    }

    private mutating func countRows(_ calls: [RecordedCall]) {
        var rows: [String: Row] = [:]
        for call in calls {
            var row = rows[call.tool] ?? Row(tool: call.tool)
            row.calls += 1
            row.inputBytes += call.inputBytes
            if let result = call.result {
                if result.isError { row.failed += 1 }
                row.outputBytes += result.bytes
                if let gap = result.gap { row.gaps.append(gap) }
            } else if !call.isServerSide {
                row.open += 1
            }
            rows[call.tool] = row
        }
        self.rows = rows.values.sorted { ($1.calls, $0.tool) < ($0.calls, $1.tool) }
        for index in self.rows.indices { self.rows[index].gaps.sort() }
    }

    private struct Same: Hashable {
        let session: String
        let tool: String
        let fingerprint: Int
    }

    private mutating func findRepetitions(_ calls: [RecordedCall]) {
        var found: [Same: Repetition] = [:]
        for call in calls {
            let same = Same(session: call.thread.session, tool: call.tool, fingerprint: call.fingerprint)
            if found[same] != nil {
                found[same]?.count += 1
                found[same]?.repeatedBytes += call.inputBytes + (call.result?.bytes ?? 0)
            } else {
                found[same] = Repetition(first: call, count: 1, repeatedBytes: 0)
            }
        }
        repetitions = found.values.filter { $0.count > 1 }
            .sorted { ($1.repeatedBytes, $0.first.time, $0.first.id) < ($0.repeatedBytes, $1.first.time, $1.first.id) }
    }

    private mutating func countParallel(_ calls: [RecordedCall]) {
        var answers: [String: Int] = [:]
        for call in calls { answers[call.exchange, default: 0] += 1 }
        for (_, width) in answers where width > 1 { parallel[width, default: 0] += 1 }
    }

    /// The calls of each conversation, in order.
    private static func threads(_ calls: [RecordedCall]) -> [[RecordedCall]] {
        var order: [RecordedCall.Thread] = []
        var threads: [RecordedCall.Thread: [RecordedCall]] = [:]
        for call in calls {
            if threads[call.thread] == nil { order.append(call.thread) }
            threads[call.thread, default: []].append(call)
        }
        return order.compactMap { threads[$0] }
    }

    private static func count(_ calls: [RecordedCall], in steps: inout [[String]: Int]) {
        for at in calls.indices.dropLast() {
            steps[[calls[at].tool, calls[at + 1].tool], default: 0] += 1
            if at + 2 < calls.count { steps[calls[at...(at + 2)].map(\.tool), default: 0] += 1 }
        }
    }

    private mutating func noteFailures(_ calls: [RecordedCall]) {
        for at in calls.indices where calls[at].result?.isError ?? false { noteFailure(calls, at) }
    }

    /// The next call that the model made after it had seen the failure: not one of the same answer.
    private mutating func noteFailure(_ calls: [RecordedCall], _ at: Int) {
        let failed = calls[at]
        var after = AfterFailure(tool: failed.tool)
        if let place = afterFailures.firstIndex(where: { $0.tool == failed.tool }) {
            after = afterFailures.remove(at: place)
        }
        let next = calls[(at + 1)...].first { $0.exchange != failed.exchange }
        if next == nil {
            after.nothing += 1
        } else if next?.tool != failed.tool {
            after.otherTool += 1
        } else if next?.fingerprint == failed.fingerprint {
            after.sameCall += 1
        } else {
            after.otherInput += 1
        }
        afterFailures.append(after)
    }
}

/// Finds circles among the calls of one conversation.
enum Loops {
    /// The shortest circle at each place; what lies in one is not looked at again.
    static func find(_ calls: [RecordedCall]) -> [ToolUse.Loop] {
        var loops: [ToolUse.Loop] = []
        var at = 0
        while at < calls.count {
            let found = (1...3).lazy.map { ($0, rounds(calls, at, $0)) }.first { $0.1 >= 3 }
            guard let (length, rounds) = found else {
                at += 1
                continue
            }
            loops.append(ToolUse.Loop(calls: Array(calls[at..<at + length]), rounds: rounds))
            at += length * rounds
        }
        return loops
    }

    private static func rounds(_ calls: [RecordedCall], _ at: Int, _ length: Int) -> Int {
        var end = at
        while end < calls.count, end < at + length || isSame(calls[end], calls[end - length]) { end += 1 }
        return (end - at) / length
    }

    private static func isSame(_ left: RecordedCall, _ right: RecordedCall) -> Bool {
        left.tool == right.tool && left.fingerprint == right.fingerprint
    }
}
