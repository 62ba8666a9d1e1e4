/// Puts request bodies of a trace together again. A body may be the difference from an earlier one of the same file; this
/// keeps those that are still needed, and no more.
internal import Intercept

public struct TraceBodies {
    /// Which body: the client's, or what was sent upstream at an attempt.
    private struct Key: Hashable {
        let isUpstream: Bool
        let id: String
        let attempt: Int?
    }

    /// How often each body is still needed as a base.
    private var uses: [Key: Int] = [:]
    private var bodies: [Key: [UInt8]] = [:]

    /// Reads the file once to see which bodies others are based on. Hand the file's records to `body(of:)` in order then.
    public init(path: String) throws(TraceError) {
        for record in try TraceReader(path: path, only: ["request", "upstream"], wantsBody: { _ in false }) {
            if let base = Self.base(record) { uses[base, default: 0] += 1 }
        }
    }

    /// Of these bodies each is the base of one other.
    private init(chain: Set<String>) {
        for id in chain { uses[Key(isUpstream: false, id: id, attempt: nil)] = 1 }
    }

    /// The request body of one exchange in a file, or nil when it is not there or damaged. Reads the file up to there,
    /// twice, and puts only those bodies together on which this one is based.
    public static func request(of id: String, in file: String) -> [UInt8]? {
        guard let chain = chain(to: id, in: file),
            let reader = try? TraceReader(path: file, only: ["request"], wantsBody: { chain.contains($0.id ?? "") })
        else { return nil }
        var bodies = TraceBodies(chain: chain)
        for record in reader where chain.contains(record.id ?? "") {
            guard let body = try? bodies.body(of: record) else { return nil }
            if record.id == id { return body }
        }
        return nil
    }

    /// The exchange and those on whose bodies its own is based, one upon the other; nil when it is not in the file.
    private static func chain(to id: String, in file: String) -> Set<String>? {
        guard let reader = try? TraceReader(path: file, only: ["request"], wantsBody: { _ in false }) else {
            return nil
        }
        var bases: [String: String] = [:]
        for record in reader {
            guard let found = record.id else { continue }
            bases[found] = base(record)?.id
            guard found == id else { continue }
            var chain: Set<String> = []
            var next: String? = id
            while let one = next, chain.insert(one).inserted { next = bases[one] }
            return chain
        }
        return nil
    }

    /// The body of a `request` or `upstream` record as it was recorded: the original bytes, or what redaction made of
    /// them. Nil for other records and where there is none (an `upstream` without a body sent the request's). Throws when
    /// the base is missing or the result is not what its hash says.
    public mutating func body(of record: TraceRecord) throws(TraceError) -> [UInt8]? {
        guard let key = Self.key(record), let bytes = try rebuilt(record) else { return nil }
        if let hash = record["body_sha256"]?.string {
            var actual = SHA256()
            actual.update(bytes)
            guard actual.hex == hash else { throw Self.failure(record, "does not have the hash \(hash)") }
        }
        if let base = Self.base(record) { release(base) }
        if uses[key] ?? 0 > 0 { bodies[key] = bytes }
        return bytes
    }

    private func rebuilt(_ record: TraceRecord) throws(TraceError) -> [UInt8]? {
        let body = try Self.written(record)
        guard let delta = record["delta"] else { return body }
        guard let key = Self.base(record), let base = bodies[key] else {
            throw Self.failure(record, "is based on a body that is not in this file before it")
        }
        guard let base = try? JSON.parse(base), let written = body.flatMap({ try? JSON.parse($0) }),
            let bytes = Delta.rebuild(delta, body: written, base: base)
        else { throw Self.failure(record, "does not fit its base") }
        return bytes
    }

    /// What the record itself holds.
    private static func written(_ record: TraceRecord) throws(TraceError) -> [UInt8]? {
        guard let body = record["body"] else { return nil }
        switch record["body_encoding"]?.string {
        case nil: return Array(body.raw)
        case "text": return body.text?.utf8Bytes
        case "base64":
            guard let bytes = (body.text?.utf8Bytes).flatMap(Base64.decodeExactly) else {
                throw failure(record, "is said to be base64 and is not")
            }
            return bytes
        case let other?: throw failure(record, "has the unknown encoding \(other)")
        }
    }

    private mutating func release(_ base: Key) {
        guard let left = uses[base] else { return }
        uses[base] = left - 1
        if left <= 1 { bodies[base] = nil }
    }

    private static func key(_ record: TraceRecord) -> Key? {
        guard let id = record.id else { return nil }
        switch record.type {
        case "request": return Key(isUpstream: false, id: id, attempt: nil)
        case "upstream": return Key(isUpstream: true, id: id, attempt: record["try"]?.int)
        default: return nil
        }
    }

    private static func base(_ record: TraceRecord) -> Key? {
        guard let base = record["delta"]?["base"]?.string else { return nil }
        return Key(isUpstream: record.type == "upstream", id: base, attempt: record["delta"]?["base_try"]?.int)
    }

    private static func failure(_ record: TraceRecord, _ what: String) -> TraceError {
        TraceError("the body of \(record.type) \(record.id ?? "") \(what); the trace is damaged before it")
    }
}
