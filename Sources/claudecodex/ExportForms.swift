internal import Intercept
internal import Recorder

/// The forms of `claudecodex export`: each goes once through the trace and holds one exchange at a time.
extension Export {
    static func archive(_ reading: Reading, _ output: String?) throws(Failure) -> ExitCode {
        var writer = HARWriter(creator: "claudecodex", version: Version.number)
        var sink = LazySink(output, reading.choice.files, .json)
        let wants = ExchangeReader.Wants(
            types: ["events", "head", "upstream", "translation", "response", "error"], body: true)
        let damage = try each(reading, wants) { exchange in
            if sink.isUnused { sink.write(writer.begin()) }
            sink.write(writer.entry(exchange))
        }
        if !sink.isUnused { sink.write(writer.end()) }
        return try finish(sink, reading, damage)
    }

    static func transcript(_ reading: Reading, _ output: String?) throws(Failure) -> ExitCode {
        var transcript = Transcript()
        var writer = MarkdownWriter()
        var sink = LazySink(output, reading.choice.files)
        let wants = ExchangeReader.Wants(
            types: ["tool_call", "events", "translation", "response", "error"], body: true)
        let damage = try each(reading, wants) { exchange in
            guard let turn = transcript.turn(exchange) else { return }
            sink.write(Array(writer.turn(turn).utf8))
        }
        if !sink.isUnused { sink.write(Array(writer.end(transcript.others).utf8)) }
        return try finish(sink, reading, damage)
    }

    static func rows(_ reading: Reading, _ output: String?) throws(Failure) -> ExitCode {
        var writer = CSVWriter()
        var sink = LazySink(output, reading.choice.files)
        let damage = try each(reading, ExchangeReader.Wants(types: ExchangeRows.types)) { exchange in
            if sink.isUnused, writer.bytes.isEmpty { writer.names(ExchangeRows.names) }
            ExchangeRows.write(exchange, into: &writer)
            if writer.bytes.count > 1 << 16 { sink.write(writer.take()) }
        }
        sink.write(writer.take())
        return try finish(sink, reading, damage)
    }

    static func calls(_ reading: Reading, _ output: String?) throws(Failure) -> ExitCode {
        var reading = reading
        var calls = ToolCalls()
        let scan = TraceScan(choice: reading.choice, types: ToolCalls.types)
        let damage = try scan.run(&reading.progress) { calls.take($0) }
        var writer = CSVWriter()
        var sink = LazySink(output, reading.choice.files)
        for call in calls.calls where reading.filter.matches({ Tools.value(call, $0) }) {
            if writer.bytes.isEmpty { writer.names(CallRows.names) }
            CallRows.write(call, into: &writer)
        }
        sink.write(writer.take())
        return try finish(sink, reading, damage)
    }

    static func command(_ reading: Reading, _ output: String?) throws(Failure) -> ExitCode {
        var found: RecordedExchange?
        var count = 0
        let wants = ExchangeReader.Wants(types: ["tool_call", "response", "error"], body: true)
        let damage = try each(reading, wants) { exchange in
            count += 1
            found = exchange
        }
        var sink = LazySink(output, reading.choice.files)
        guard let found else { return try finish(sink, reading, damage) }
        if count > 1 {
            let last = found.number.map { "last#\($0)" } ?? String(found.id.prefix(18))
            throw .usage("export curl takes one request, \(count) fit", "the last of them: export curl \(last)")
        }
        switch CurlCommand.make(found) {
        case .failure(let problem): throw Failure(.negative, "\(problem)")
        case .success(let command):
            sink.write(command.text)
            for note in command.notes { reading.say(note) }
        }
        return try finish(sink, reading, damage)
    }

    static func fixtures(_ reading: Reading, _ output: String?) throws(Failure) -> ExitCode {
        guard let output else {
            throw .usage("export fixture needs -o DIR", "such as -o Tests/Fixtures in a checkout of claudecodex")
        }
        var (made, isInTheWay) = (0, false)
        var failure: Failure?
        var problems: [String] = []
        var settings: [String: String] = [:]
        let wants = ExchangeReader.Wants(body: true, upstreamBodies: true)
        let damage = try each(reading, wants, meta: { settings = RecordedVariables.settings($0) }) { exchange in
            guard failure == nil, exchange.isMessages else { return }
            switch FixtureFolder.make(exchange, settings: settings) {
            case .failure(let problem): problems.append("\(problem)")
            case .success(let folder):
                let target = FixtureTarget(folder, in: output)
                guard !target.exists else {
                    isInTheWay = true
                    return problems.append("\(target.path) is there already: remove it, or choose another -o DIR")
                }
                do throws(Failure) {
                    try target.write()
                    reading.say("\(target.path): " + folder.files.map(\.name).joined(separator: ", "))
                    for note in folder.notes { reading.say("  \(note)") }
                    made += 1
                } catch { failure = error }
            }
        }
        if let failure { throw failure }
        for problem in problems.prefix(5) { reading.say(problem) }
        if problems.count > 5 { reading.say("and \(problems.count - 5) more without a fixture") }
        reading.print([] as [UInt8], damage)
        if made == 0, problems.isEmpty { reading.say("no exchange fits") }
        return isInTheWay ? .cannotWrite : made > 0 ? .success : .negative
    }

    /// Goes through the exchanges that are meant.
    private static func each(
        _ reading: Reading, _ wants: ExchangeReader.Wants, meta: (TraceRecord) -> Void = { _ in },
        _ take: (RecordedExchange) -> Void
    ) throws(Failure) -> TraceScan.Damage {
        var progress = reading.progress
        var damage = TraceScan.Damage()
        let choice = reading.choice
        var reader = ExchangeReader(session: choice.session, wants)
        var count = 0
        func offer(_ exchange: RecordedExchange) {
            count += 1
            guard choice.number == nil || choice.number == exchange.number,
                choice.exchange == nil || choice.exchange == exchange.id,
                reading.filter.matches({ value(exchange, $0) })
            else { return }
            take(exchange)
        }
        for (place, file) in choice.files.enumerated() {
            do {
                let read = try reader.read(file, meta: meta) { exchange in
                    progress.show("file \(place + 1) of \(choice.files.count), \(count) exchanges")
                    offer(exchange)
                }
                damage.add(read)
            } catch { throw Failure(.noTrace, "\(error)") }
        }
        reader.finish(take: offer)
        progress.clear()
        return damage
    }

    private static func finish(
        _ sink: LazySink, _ reading: Reading, _ damage: TraceScan.Damage
    ) throws(Failure) -> ExitCode {
        try sink.finish()
        reading.print([] as [UInt8], damage)
        if sink.isUnused { reading.say("nothing fits") }
        return sink.isUnused ? .negative : .success
    }
}

/// A target that is opened with the first bytes: what finds nothing leaves no file behind.
struct LazySink {
    private let path: String?
    private let sources: [String]
    private let form: ScreenText
    private var target: ExportTarget?
    private var failure: Failure?

    init(_ path: String?, _ sources: [String], _ form: ScreenText = .lines) {
        self.form = form
        self.path = path
        self.sources = sources
    }

    var isUnused: Bool { target == nil && failure == nil }

    mutating func write(_ bytes: [UInt8]) {
        if bytes.isEmpty || failure != nil { return }
        do throws(Failure) {
            if target == nil { target = try ExportTarget(path, sources: sources, form) }
            target?.write(bytes)
        } catch { failure = error }
    }

    func finish() throws(Failure) {
        if let failure { throw failure }
        try target?.finish()
    }
}
