/// Records with their bodies whole: what a trace would hold had every body been written out.
internal import Intercept

public struct WholeRecords {
    private var bodies: TraceBodies
    /// Why bodies could not be put together, one sentence each.
    public private(set) var problems: [String] = []

    /// Hand the file's `request` and `upstream` records to `line(of:)`, all and in order.
    public init(path: String) throws(TraceError) { bodies = try TraceBodies(path: path) }

    /// The record's line without its end. As it is where there is no difference to resolve, or where the body cannot be put
    /// together: then `problems` has one more.
    public mutating func line(of record: TraceRecord) -> [UInt8] {
        guard ["request", "upstream"].contains(record.type) else { return Array(record.json.raw) }
        do {
            let body = try bodies.body(of: record)
            guard record["delta"] != nil, let body else { return Array(record.json.raw) }
            return Self.line(record, body)
        } catch {
            problems.append("\(error)")
            return Array(record.json.raw)
        }
    }

    private static func line(_ record: TraceRecord, _ body: [UInt8]) -> [UInt8] {
        var out = JSONWriter(capacity: body.count + 2048)
        out.beginObject()
        for (key, value) in record.json.members {
            if ["delta", "body", "body_encoding"].contains(where: { key.equals($0) }) { continue }
            out.key(text: key.string ?? "")
            out.value(value)
        }
        // The same rule as the recorder's: what a line cannot hold becomes a string.
        if LineSafety.isSafe(body), (try? JSON.parse(body)) != nil {
            out.key("body")
            out.raw(body)
        } else {
            out.field("body_encoding", "text")
            out.key("body")
            out.string(utf8: body)
        }
        out.endObject()
        return out.bytes
    }
}
