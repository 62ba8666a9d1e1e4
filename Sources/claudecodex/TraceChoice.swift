internal import Intercept
internal import Recorder

/// Which trace files a reading command looks at, and which session in them: what its operands say.
struct TraceChoice {
    /// In the order of writing.
    let files: [String]
    /// Only this session; nil for all.
    let session: String?
    /// Only one exchange: the Messages request with this number in its session (`last#3`), or the one with this id.
    let number: Int?
    let exchange: String?
    /// The operands that are no trace: filters.
    let rest: [String]

    /// Operands name files, directories, `last`, or the beginning of a session's, a run's or an exchange's id; `#3` behind it
    /// is the third request. Without any it is the whole directory.
    ///
    /// - Parameters:
    ///   - directory: Where traces are by default.
    ///   - fallback: The session meant when no operand names one, such as `last`; a numbered file always means its last one.
    init(_ operands: [String], directory: String, fallback: String? = nil) throws(Failure) {
        var rest = operands[...]
        var paths: [String] = []
        var place: String?
        var number: Int?
        while number == nil, let first = rest.first, case let part = try Self.numbered(first), Files.exists(part.name),
            !part.name.contains("=")
        {
            let isDirectory = FileFacts(part.name)?.isDirectory ?? false
            paths += isDirectory ? TraceReader.files(in: part.name) : [part.name]
            (place, number) = (part.name, part.number)
            rest.removeFirst()
        }
        if let first = rest.first, first.contains("/") || first.hasSuffix(".jsonl") || first.hasSuffix(".gz") {
            throw Failure(
                .noTrace, "there is no trace \(first)", hints: ["claudecodex sessions lists what is recorded"])
        }
        let known = place == nil ? TraceReader.files(in: directory) : paths
        if known.isEmpty {
            let hint =
                place == nil ? "record one: claudecodex run -- claude" : "traces are files *.jsonl and *.jsonl.gz"
            throw Failure(.noTrace, "there are no traces in \(place ?? directory)", hints: [hint])
        }
        let search = TraceSearch(files: known)
        if let first = rest.first, case let part = try Self.numbered(first),
            let found = try search.find(part.name.isEmpty && part.number != nil ? "last" : part.name)
        {
            self.init(found, number: part.number ?? number, rest: Array(rest.dropFirst()))
        } else if let fallback = fallback ?? (number == nil ? nil : "last"), place == nil || number != nil,
            let found = try search.find(fallback)
        {
            self.init(found, number: number, rest: Array(rest))
        } else {
            self.init(TraceSearch.Found(files: known), number: nil, rest: Array(rest))
        }
    }

    private init(_ found: TraceSearch.Found, number: Int?, rest: [String]) {
        files = found.files
        session = found.session
        exchange = found.exchange
        self.number = number
        self.rest = rest
    }

    /// `last#3` is `last` and 3. A `#` in a filter (`text~#3`) is none of ours.
    private static func numbered(_ operand: String) throws(Failure) -> (name: String, number: Int?) {
        guard let mark = operand.lastIndex(of: "#"), !operand.contains("="), !operand.contains("~") else {
            return (operand, nil)
        }
        let (name, digits) = (String(operand[..<mark]), String(operand[operand.index(after: mark)...]))
        if let number = Int(digits), number > 0 { return (name, number) }
        guard name == "last" || name.isEmpty || TraceSearch.isID(name) || Files.exists(name) else {
            return (operand, nil)
        }
        throw .usage("\(operand): behind # stands a request's number, counted from 1", "such as last#3")
    }
}
