#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import Intercept
internal import Recorder

/// `claudecodex cat`: records as they were written.
enum Cat {
    static let usage = "claudecodex cat [TRACE...|SESSION|last] [FILTER...] [--full]"
    static let doc = "Print records, with --full bodies put together again."
    static let detail = """
        Records as JSON Lines, each as it was recorded, of the traces named (files or directories), of a session (by the beginning
        of its id, or `last`), of one exchange (`last#3`, or its id), or of the whole directory of traces. Compressed files are read
        as well; lines that are no whole record are left out and counted on stderr. What is printed for a session is a trace again.

        --full writes out the bodies that are stored as differences: `delta` is dropped, `body` is the whole body, checked
        by its hash. An `upstream` without a body sent the client's. A body that cannot be put together stays as it is; that
        is said, and the exit code is 2. So `claudecodex cat --full last | jq 'select(.type=="request").body.messages|length'` works.

        \(Word.filters(fields.names)) `status` is that of a reply or an error; a word is looked for in the whole line.

        Exit code: 0; 1 when no record fits; 2 when a body could not be put together; 65 when there is no trace.
        """

    static let fields = Filter.Fields(
        names: [
            "type", "session", "agent", "id", "kind", "tool", "status", "model", "backend", "stage", "side", "outcome",
            "error", "try", "seq", "time", "line",
        ],
        searched: ["line"])

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        var reading = try Reading(arguments, settings, environment, fields: fields)
        var damage = TraceScan.Damage()
        var id = reading.choice.exchange
        if let number = reading.choice.number {
            guard let found = try reading.choice.exchange(&damage) else {
                Output.say("claudecodex: there is no exchange #\(number) here\n")
                return .negative
            }
            (id, damage) = (found.id, TraceScan.Damage())
        }
        var copy = Copying(filter: reading.filter, session: reading.choice.session, exchange: id)
        for (number, file) in reading.choice.files.enumerated() where !copy.isReaderGone {
            let words = "file \(number + 1) of \(reading.choice.files.count)"
            do {
                var whole = arguments.has(.full) ? try WholeRecords(path: file) : nil
                damage.add(try copy.copy(file, &whole, &reading.progress, words))
            } catch {
                throw Failure(.noTrace, "\(error)")
            }
        }
        return end(&copy, &reading, damage)
    }

    private static func end(
        _ copy: inout Copying, _ reading: inout Reading, _ damage: TraceScan.Damage
    ) -> ExitCode {
        reading.progress.clear()
        copy.flush()
        if copy.isReaderGone { BrokenPipe.end() }
        reading.print([UInt8](), damage)
        guard let first = copy.problems.first else { return copy.count == 0 ? .negative : .success }
        let more = copy.problems.count > 1 ? ", and \(copy.problems.count - 1) more" : ""
        Output.say("claudecodex: \(Text.printable(first))\(more)\n")
        return .trouble
    }
}

/// Copies the records that are wanted to stdout, a stretch at a time.
private struct Copying {
    let filter: Filter
    let session: String?
    let exchange: String?
    private(set) var count = 0
    /// Why bodies are not whole, a sentence each.
    private(set) var problems: [String] = []
    /// Whoever read our output has stopped.
    private(set) var isReaderGone = false
    private let isScreen = ScreenText.isStandardOutput
    private var out: [UInt8] = []
    private static let stretch = 1 << 16

    init(filter: Filter, session: String?, exchange: String?) {
        (self.filter, self.session, self.exchange) = (filter, session, exchange)
    }

    mutating func copy(
        _ file: String, _ whole: inout WholeRecords?, _ progress: inout Progress, _ place: String
    ) throws(TraceError) -> TraceReader {
        let reader = try TraceReader(path: file)
        var read = 0
        while !isReaderGone, let record = reader.next() {
            read += 1
            if read & 255 == 0 { progress.show("\(place), \(read) records") }
            // Bodies of one session are based on bodies of that session only.
            guard session == nil || record.session == session || record.type == "meta" else { continue }
            let line = whole?.line(of: record)
            guard fits(record) else { continue }
            count += 1
            if let line { out += line.bytes } else { out += record.json.raw }
            if let problem = line?.problem { problems.append(problem) }
            out.append(0x0A)
            if out.count >= Self.stretch { flush() }
        }
        return reader
    }

    mutating func flush() {
        if out.isEmpty || isReaderGone { return }
        if !Output.write(isScreen ? ScreenText.json.shown(out) : out, to: STDOUT_FILENO) { isReaderGone = true }
        out.removeAll(keepingCapacity: true)
    }

    private func fits(_ record: TraceRecord) -> Bool {
        if let exchange, record.id != exchange { return false }
        return filter.matches { Self.value(record, $0) }
    }

    private static func value(_ record: TraceRecord, _ field: String) -> Filter.Value? {
        switch field {
        case "type": .text(record.type)
        case "status", "try", "seq": record[field]?.double.map { .number($0) }
        case "error": .flag(record.type == "error" || record["is_error"]?.bool ?? false)
        case "time": (record["ts"]?.string).map { .text($0) }
        case "line": .text(String(decoding: record.json.raw, as: UTF8.self))
        default: (record[field]?.string).map { .text($0) }
        }
    }
}

/// The end of a program whose output nobody reads any more.
enum BrokenPipe {
    /// By the signal, as others end; silently.
    static func end() {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
    }
}
