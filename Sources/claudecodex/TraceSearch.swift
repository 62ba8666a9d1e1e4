internal import Intercept
internal import Recorder

/// Finds sessions, runs and exchanges in trace files by what people call them.
struct TraceSearch {
    /// In the order in which they begin.
    let files: [String]

    /// What a name means.
    struct Found {
        var files: [String]
        /// Only this session; nil for all that the files hold.
        var session: String?
        var exchange: String?
    }

    /// Whether a word looks like an id or the beginning of one: `5f0c`, `01a2283a-`.
    static func isID(_ word: String) -> Bool {
        word.count >= 4 && word.allSatisfy { ($0.isASCII && $0.isHexDigit) || $0 == "-" }
    }

    /// What `last`, the beginning of a session's id, of a run's or an exchange's means; nil when the word is none of these
    /// and does not look like one.
    func find(_ name: String) throws(Failure) -> Found? {
        if name == "last" { return try last() }
        guard name.count >= 4, !name.contains(where: { "=~<>! ".contains($0) }) else { return nil }
        if name.hasPrefix("run-"), let run = run(String(name.dropFirst(4))) { return run }
        if let found = try session(name) { return found }
        guard Self.isID(name) else { return nil }
        if let run = run(name) { return run }
        if let found = try exchange(name) { return found }
        guard name.count >= 6, name.contains(where: \.isNumber) else { return nil }
        throw Failure(
            .noTrace, "no session, run or exchange here has an id that begins with \(name)",
            hints: ["claudecodex sessions lists what is recorded"])
    }

    private func run(_ beginning: String) -> Found? {
        files.last { Files.name($0).hasPrefix("run-" + beginning) }.map { Found(files: [$0]) }
    }

    /// The session whose last request is the latest; what was recorded here counts before what was imported.
    private func last() throws(Failure) -> Found {
        let ends = files.map { (file: $0, isOwn: !Files.name($0).hasPrefix("import-"), end: TraceTimes.last($0) ?? "") }
        for one in ends.sorted(by: { ($0.isOwn ? 1 : 0, $0.end) > ($1.isOwn ? 1 : 0, $1.end) }) {
            var session: String?
            let reader = try open(one.file)
            for record in reader { session = record.session ?? session }
            if let session, let found = try holding(session) { return found }
        }
        throw Failure(.noTrace, "no trace names a session", hints: ["claudecodex tools FILE looks at a whole file"])
    }

    /// The session with this id, or the only one whose id begins so.
    private func session(_ name: String) throws(Failure) -> Found? {
        var holding: [String: [String]] = [:]
        for file in files {
            let reader = try open(file)
            for record in reader {
                guard let id = record.session, id.hasPrefix(name) else { continue }
                if holding[id]?.last != file { holding[id, default: []].append(file) }
            }
        }
        if let exact = holding[name] { return Found(files: exact, session: name) }
        guard holding.count < 2 else {
            let shown = holding.keys.sorted().prefix(3).joined(separator: ", ") + (holding.count > 3 ? ", …" : "")
            throw .usage("\(holding.count) sessions have an id that begins with \(name)", shown)
        }
        return holding.first.map { Found(files: $0.value, session: $0.key) }
    }

    /// The files in which a session has requests. Files that are closed and compressed are looked at only as far as the
    /// session reaches back without a gap: there may be years of them.
    private func holding(_ session: String) throws(Failure) -> Found? {
        var holding: [String] = []
        for file in files.reversed() {
            let holds = try open(file).contains { $0.session == session }
            if holds { holding.insert(file, at: 0) } else if !holding.isEmpty, file.hasSuffix(".gz") { break }
        }
        return holding.isEmpty ? nil : Found(files: holding, session: session)
    }

    /// The file and session of the exchange whose id begins like this; it must be the only one.
    private func exchange(_ name: String) throws(Failure) -> Found? {
        var found: [(file: String, record: TraceRecord)] = []
        for file in files {
            let reader = try open(file)
            for record in reader where record.id?.hasPrefix(name) ?? false { found.append((file, record)) }
        }
        guard found.count < 2 else {
            throw .usage(
                "\(found.count) exchanges have an id that begins with \(name)",
                "such as " + found.prefix(3).compactMap(\.record.id).joined(separator: ", "))
        }
        return found.first.map { Found(files: [$0.file], session: $0.record.session, exchange: $0.record.id) }
    }

    /// The requests of a file, without bodies.
    private func open(_ file: String) throws(Failure) -> TraceReader {
        do { return try TraceReader(path: file, only: ["request"], wantsBody: { _ in false }) } catch {
            throw Failure(.noTrace, "\(error)")
        }
    }
}
