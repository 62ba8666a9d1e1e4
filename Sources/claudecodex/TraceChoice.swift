internal import Intercept
internal import Recorder

/// Which trace files a reading command looks at, and which session in them: what its operands say.
struct TraceChoice {
    /// In the order of writing.
    let files: [String]
    /// Only this session; nil for all.
    let session: String?
    /// The operands that are no trace: filters.
    let rest: [String]

    /// Operands name files, directories, `last`, or the beginning of a session's or a run's id; without any it is the
    /// whole directory.
    ///
    /// - Parameter directory: Where traces are by default.
    init(_ operands: [String], directory: String) throws(Failure) {
        var rest = operands[...]
        var paths: [String] = []
        while let first = rest.first, Files.exists(first), !first.contains("=") {
            let isDirectory = FileFacts(first)?.isDirectory ?? false
            paths += isDirectory ? TraceReader.files(in: first) : [first]
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
        guard let name = rest.first, let found = try Self.session(name, known) else {
            self = TraceChoice(files: known, session: nil, rest: Array(rest))
            return
        }
        self = TraceChoice(files: found.files, session: found.id, rest: Array(rest.dropFirst()))
    }

    private init(files: [String], session: String?, rest: [String]) {
        self.files = files
        self.session = session
        self.rest = rest
    }

    private typealias Found = (files: [String], id: String?)

    /// What `last` or the beginning of an id means; nil when the word means something else.
    private static func session(_ name: String, _ files: [String]) throws(Failure) -> Found? {
        if name == "last" { return try last(files) }
        let isID = name.count >= 4 && name.allSatisfy { $0.isHexDigit || $0 == "-" }
        let plain = name.hasPrefix("run-") ? String(name.dropFirst(4)) : name
        if isID || name.hasPrefix("run-"), let run = files.first(where: { Files.name($0).hasPrefix("run-" + plain) }) {
            return ([run], nil)
        }
        guard isID else { return nil }
        return try holding(files) { $0.hasPrefix(name) }
    }

    private static func last(_ files: [String]) throws(Failure) -> Found {
        for file in files.reversed() {
            var session: String?
            for record in try open(file, only: ["request"]) { session = record.session ?? session }
            if let session, let found = try holding(files, { $0 == session }) { return found }
        }
        throw Failure(.noTrace, "no trace names a session", hints: ["claudecodex tools FILE looks at a whole file"])
    }

    /// The files in which a fitting session has requests, from its first to its last.
    private static func holding(_ files: [String], _ fits: (String) -> Bool) throws(Failure) -> Found? {
        var id: String?
        var holding: [String] = []
        for file in files.reversed() {
            let found = try open(file, only: ["request"]).lazy.compactMap(\.session).first {
                id == nil ? fits($0) : id == $0
            }
            if found == nil, !holding.isEmpty { break }
            if let found { (id, holding) = (found, [file] + holding) }
        }
        return id.map { (holding, $0) }
    }

    private static func open(_ file: String, only types: [String]) throws(Failure) -> TraceReader {
        do { return try TraceReader(path: file, only: types, wantsBody: { _ in false }) } catch {
            throw Failure(.noTrace, "\(error)")
        }
    }
}
