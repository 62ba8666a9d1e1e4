internal import Intercept
internal import Recorder

/// A recorded session read and ready to answer: what `replay` puts into a proxy.
struct Rehearsal {
    let source: ReplaySource
    /// Who answers what the trace does not; the trace itself where nobody is to be asked.
    let choice: BackendChoice
    let origin: ReplayOrigin
    /// What was read, and what of it cannot be replayed.
    private let sentences: [String]

    init(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure) {
        let policy = try ReplayPolicy(arguments)
        let trace = try Self.trace(arguments, settings, environment)
        let key = Self.key(environment)
        var loaded = ReplayLoading(key: key)
        try loaded.read(trace)
        guard !loaded.index.entries.isEmpty else {
            throw Failure(
                .noTrace, "replay: no requests in \(trace.files.joined(separator: ", "))",
                hints: ["claudecodex sessions lists what is recorded"])
        }
        choice =
            policy.asksBackend
            ? try BackendChoice(settings, environment)
            : BackendChoice(
                ReplayBackend(models: loaded.models, summary: loaded.summary), because: "nothing else is to be asked")
        origin = ReplayOrigin(files: trace.files.map(Files.name), session: trace.session, forkAfter: policy.forkAfter)
        // Beside a trace that costs nothing, a service that is asked must be named.
        let asked =
            policy.asksBackend ? ["what the trace does not answer goes to \(choice.name), \(choice.because)"] : []
        sentences = loaded.sentences + asked
        source = ReplaySource(loaded.index, policy)
    }

    func say() { for sentence in sentences { Output.say("claudecodex: \(Text.printable(sentence))\n") } }

    private static func trace(
        _ arguments: Arguments, _ settings: Settings, _ environment: Environment
    ) throws(Failure) -> TraceChoice {
        guard !arguments.operands.isEmpty else {
            throw .usage("replay: which trace?", Replay.usage, "claudecodex replay last")
        }
        let directory = try LogDirectory.choose(
            settings.logDirectory, hasMarker: Files.exists(LogDirectory.marker), environment)
        let choice = try TraceChoice(arguments.operands, directory: directory)
        if let word = choice.rest.first {
            throw .usage("replay: there is no trace or session \(word)", "claudecodex sessions lists what is recorded")
        }
        return choice
    }

    /// The installation's key, if it has one: what it has hidden can be told from the rest only by it.
    private static func key(_ environment: Environment) -> [UInt8] {
        guard let directory = try? LogDirectory.state(environment) else { return Identifier.random(RedactKey.length) }
        return RedactKey.load(directory, random: Identifier.random).key
    }
}

/// Reads a trace into an index.
struct ReplayLoading {
    private(set) var index = ReplayIndex()
    private(set) var models: [String] = []
    private let key: [UInt8]
    private var sessions: Set<String> = []
    private var files: [String] = []
    private var problems: [(what: String, count: Int)] = []
    private var damage: [String] = []

    init(key: [UInt8]) { self.key = key }

    mutating func read(_ trace: TraceChoice) throws(Failure) {
        var reader = ExchangeReader(
            session: trace.session,
            .init(types: ["head", "events", "response", "error", "intercept", "translation"], body: true))
        var level = RedactionLevel.tokens
        var found: [RecordedExchange] = []
        files = trace.files
        for file in trace.files {
            do {
                let file = try reader.read(
                    file,
                    meta: { level = $0["redact"]?.string.flatMap(RedactionLevel.init) ?? level },
                    take: { add($0, level) })
                note(file)
            } catch { throw Failure(.noTrace, "\(error)") }
        }
        reader.finish { found.append($0) }
        for exchange in found { add(exchange, level) }
        index.close()
    }

    private mutating func add(_ exchange: RecordedExchange, _ level: RedactionLevel) {
        let path = exchange.request["path"]?.string ?? ""
        guard path.hasPrefix("/v1/"), exchange.request["method"] != nil else { return }
        index.add(exchange, level, key: key)
        if let session = exchange.session { sessions.insert(session) }
        if let model = exchange.model, !models.contains(model) { models.append(model) }
        switch index.entries.last?.answer {
        case .failure(let error): count("cannot answer: \(error)")
        case .success(let answer): if let note = answer.note { count("answer in part: \(note)") }
        case nil: break
        }
        if !exchange.problems.isEmpty { count("are known by their bytes only: their bodies cannot be put together") }
    }

    private mutating func count(_ what: String) {
        if let place = problems.firstIndex(where: { $0.what == what }) {
            problems[place].count += 1
        } else {
            problems.append((what, 1))
        }
    }

    private mutating func note(_ reader: TraceReader) {
        if reader.skippedLines > 0 {
            damage.append("\(Text.count(reader.skippedLines, "line")) of the trace hold no record")
        }
        if reader.newerLines > 0 {
            damage.append("\(Text.count(reader.newerLines, "line")) of the trace are of a later version of the format")
        }
        if let failure = reader.failure { damage.append(failure) }
    }

    /// `12 requests of 1 session, from run-….jsonl`
    var summary: String {
        let names = files.count == 1 ? Files.name(files[0]) : Text.count(files.count, "file")
        return
            "\(Text.count(index.entries.count, "request")) of \(Text.count(sessions.count, "session")), from \(names)"
    }

    var sentences: [String] {
        [summary] + damage + problems.prefix(8).map { "\(Text.count($0.count, "exchange")) \($0.what)" }
            + (problems.count > 8 ? ["and \(problems.count - 8) more kinds of trouble"] : [])
    }
}

/// What `replay` does beside answering from the trace.
struct ReplayPolicy: Sendable {
    enum Miss: String, Sendable { case fail, nearest, forward, record }

    /// How many times as fast as recorded; nil: at once.
    var pace: Double?
    var onMiss = Miss.fail
    /// After so many requests of the main agent the backend is asked.
    var forkAfter: Int?

    var asksBackend: Bool { forkAfter != nil || onMiss == .forward || onMiss == .record }

    init() {}

    init(_ arguments: Arguments) throws(Failure) {
        if let text = arguments.values(.pace).last { pace = try Self.pace(text) }
        onMiss = arguments.values(.onMiss).last.flatMap(Miss.init) ?? .fail
        guard let text = arguments.values(.from).last else { return }
        guard let number = Int(text), number >= 0 else {
            throw .usage("--from \(text): expected how many requests the trace answers, for example 3")
        }
        forkAfter = number
    }

    private static func pace(_ text: String) throws(Failure) -> Double? {
        if text == "instant" { return nil }
        if text == "recorded" { return 1 }
        guard text.hasPrefix("x"), let factor = Double(text.dropFirst()), factor > 0, factor.isFinite else {
            throw .usage("--pace \(text): expected instant, recorded, or xN such as x10")
        }
        return factor
    }
}
