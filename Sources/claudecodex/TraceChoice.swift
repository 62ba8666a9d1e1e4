internal import Intercept
internal import Recorder

/// Which trace files a reading command looks at, and which session in them: what its operands say.
struct TraceChoice {
    /// In the order of writing.
    let files: [String]
    /// Only this session; nil for all.
    let session: String?
    /// Only one exchange: the Messages request with this number in its session (`last#3`), or the one with this id.
    var number: Int?
    var exchange: String?
    /// The operands that are no trace: filters.
    private(set) var rest: [String]

    /// Operands name files, directories, `last`, or the beginning of a session's, a run's or an exchange's id; `#3` behind it
    /// is the third request. Without any it is the whole directory.
    ///
    /// - Parameters:
    ///   - directory: Where traces are by default.
    ///   - fallback: The session meant when no operand names one, such as `last`; a numbered file always means its last one.
    init(_ operands: [String], directory: String, fallback: String? = nil) throws(Failure) {
        var rest = operands[...]
        var paths: [String] = []
        var number: Int?
        while number == nil, let first = rest.first, case let part = Self.numbered(first), Files.exists(part.name),
            !part.name.contains("=")
        {
            let isDirectory = FileFacts(part.name)?.isDirectory ?? false
            paths += isDirectory ? TraceReader.files(in: part.name) : [part.name]
            number = part.number
            rest.removeFirst()
        }
        if let first = rest.first, first.contains("/") || first.hasSuffix(".jsonl") || first.hasSuffix(".gz") {
            throw Failure(
                .noTrace, "there is no trace \(first)", hints: ["claudecodex sessions lists what is recorded"])
        }
        let known = paths.isEmpty ? TraceReader.files(in: directory) : paths
        if known.isEmpty {
            throw Failure(
                .noTrace, "there are no traces in \(directory)", hints: ["record one: claudecodex run -- claude"])
        }
        if let first = rest.first, case let part = Self.numbered(first),
            var found = try Self.find(part.name.isEmpty && part.number != nil ? "last" : part.name, known)
        {
            found.number = part.number ?? number
            found.rest = Array(rest.dropFirst())
            self = found
        } else if let fallback = fallback ?? (number == nil ? nil : "last"), paths.isEmpty || number != nil,
            var found = try Self.find(fallback, known)
        {
            (found.number, found.rest) = (number, Array(rest))
            self = found
        } else {
            self = TraceChoice(files: known, session: nil, rest: Array(rest))
        }
    }

    /// `last#3` is `last` and 3.
    private static func numbered(_ operand: String) -> (name: String, number: Int?) {
        guard let mark = operand.lastIndex(of: "#"), let number = Int(operand[operand.index(after: mark)...]),
            number > 0
        else { return (operand, nil) }
        return (String(operand[..<mark]), number)
    }

    private init(files: [String], session: String?, exchange: String? = nil, rest: [String] = []) {
        self.files = files
        self.session = session
        self.exchange = exchange
        self.rest = rest
    }

    /// What `last` or the beginning of an id means; nil when the word means something else.
    private static func find(_ name: String, _ files: [String]) throws(Failure) -> TraceChoice? {
        if name == "last" { return try last(files) }
        let isID = name.count >= 4 && name.allSatisfy { $0.isHexDigit || $0 == "-" }
        let plain = name.hasPrefix("run-") ? String(name.dropFirst(4)) : name
        if isID || name.hasPrefix("run-"), let run = files.first(where: { Files.name($0).hasPrefix("run-" + plain) }) {
            return TraceChoice(files: [run], session: nil)
        }
        guard isID else { return nil }
        if let found = try holding(files, { $0.hasPrefix(name) }) { return found }
        return try exchange(name, files)
    }

    private static func last(_ files: [String]) throws(Failure) -> TraceChoice {
        for file in files.reversed() {
            var session: String?
            for record in try open(file, only: ["request"]) { session = record.session ?? session }
            if let session, let found = try holding(files, { $0 == session }) { return found }
        }
        throw Failure(.noTrace, "no trace names a session", hints: ["claudecodex tools FILE looks at a whole file"])
    }

    /// The files in which a fitting session has requests, from its first to its last.
    private static func holding(_ files: [String], _ fits: (String) -> Bool) throws(Failure) -> TraceChoice? {
        var id: String?
        var holding: [String] = []
        for file in files.reversed() {
            let found = try open(file, only: ["request"]).lazy.compactMap(\.session).first {
                id == nil ? fits($0) : id == $0
            }
            if found == nil, !holding.isEmpty { break }
            if let found { (id, holding) = (found, [file] + holding) }
        }
        return id.map { TraceChoice(files: holding, session: $0) }
    }

    /// The file and session of the exchange whose id begins like this; it must be the only one.
    private static func exchange(_ name: String, _ files: [String]) throws(Failure) -> TraceChoice? {
        var found: [(file: String, record: TraceRecord)] = []
        for file in files {
            let reader = try open(file, only: ["request"])
            for record in reader where record.id?.hasPrefix(name) ?? false { found.append((file, record)) }
        }
        guard found.count < 2 else {
            throw .usage(
                "\(found.count) exchanges have an id that begins with \(name)",
                "such as " + found.prefix(3).compactMap(\.record.id).joined(separator: ", "))
        }
        return found.first.map { TraceChoice(files: [$0.file], session: $0.record.session, exchange: $0.record.id) }
    }

    private static func open(_ file: String, only types: [String]) throws(Failure) -> TraceReader {
        do { return try TraceReader(path: file, only: types, wantsBody: { _ in false }) } catch {
            throw Failure(.noTrace, "\(error)")
        }
    }
}
