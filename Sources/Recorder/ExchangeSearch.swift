/// Finds one exchange of a trace and puts together only what belongs to it.
internal import Intercept

public struct ExchangeSearch {
    private let files: [String]
    private let session: String?
    /// What could not be read, file by file.
    public private(set) var readers: [TraceReader] = []

    public init(_ files: [String], session: String?) {
        self.files = files
        self.session = session
    }

    /// The Messages request with this number in its session, or the exchange with this id; the first that fits. Nil when
    /// there is none. Throws when a file cannot be opened.
    public mutating func find(number: Int?, id: String?) throws(TraceError) -> RecordedExchange? {
        guard let (head, place, number) = try head(number, id), let id = head.id else { return nil }
        var exchange: RecordedExchange?
        for file in files[place...] where exchange?.outcome == nil {
            let reader = try TraceReader(path: file) { $0.id == id }
            for record in reader where record.id == id {
                if record.type == "request" {
                    exchange = RecordedExchange(number: number, file: file, request: record)
                } else {
                    exchange?.records.append(record)
                }
            }
            readers.append(reader)
        }
        return exchange
    }

    private func head(_ number: Int?, _ id: String?) throws(TraceError) -> (TraceRecord, Int, Int?)? {
        var numbers = RequestNumbers()
        for (place, file) in files.enumerated() {
            for record in try TraceReader(path: file, only: ["request"], wantsBody: { _ in false }) {
                guard session == nil || record.session == session else { continue }
                let count = numbers.next(record)
                let fits = id.map { record.id == $0 } ?? (number != nil && count == number)
                if fits { return (record, place, count) }
            }
        }
        return nil
    }
}

extension RecordedExchange {
    /// Puts the client's body and those of the attempts together; what is missing then is said in `problems`.
    public mutating func rebuild() throws(TraceError) {
        let chain = try Chain(of: id, in: file)
        var bodies = try TraceBodies(path: file)
        for record in try TraceReader(path: file, only: ["request", "upstream"], wantsBody: { chain.holds($0) }) {
            guard chain.holds(record) else { continue }
            do {
                let body = try bodies.body(of: record)
                guard record.id == id else { continue }
                if record.type == "request" { self.body = body } else { upstreamBodies[record["try"]?.int ?? 1] = body }
            } catch {
                if record.id == id { problems.append("\(error)") }
            }
        }
    }

    /// The body of the last attempt: its own, or the client's where that was sent.
    public var lastUpstreamBody: [UInt8]? {
        guard let last = last("upstream") else { return nil }
        return upstreamBodies[last["try"]?.int ?? 1]
            ?? (last["body_dropped"] == nil && last["delta"] == nil ? body : nil)
    }
}

/// The records whose bodies one exchange's bodies are built from.
private struct Chain {
    private var wanted: [String: Set<String>] = ["request": [], "upstream": []]

    init(of id: String, in file: String) throws(TraceError) {
        var bases: [String: [String: Set<String>]] = ["request": [:], "upstream": [:]]
        for record in try TraceReader(path: file, only: ["request", "upstream"], wantsBody: { _ in false }) {
            guard let id = record.id, let base = record["delta"]?["base"]?.string else { continue }
            bases[record.type]?[id, default: []].insert(base)
        }
        for side in ["request", "upstream"] {
            var open = [id]
            while let next = open.popLast() {
                guard wanted[side]?.insert(next).inserted ?? false else { continue }
                open += bases[side]?[next] ?? []
            }
        }
    }

    func holds(_ record: TraceRecord) -> Bool { record.id.map { wanted[record.type]?.contains($0) ?? false } ?? false }
}
