/// Records with their bodies whole: what a trace would hold had every body been written out.
internal import Intercept

public struct WholeRecords {
    private var bodies: TraceBodies
    /// Hand the file's `request` and `upstream` records to `line(of:)`, all and in order.
    public init(path: String) throws(TraceError) { bodies = try TraceBodies(path: path) }

    /// The record's line without its end. As it is where there is no difference to resolve, or where the body cannot be put
    /// together: then `problem` says why, in a sentence.
    public mutating func line(of record: TraceRecord) -> (bytes: [UInt8], problem: String?) {
        let written = Array(record.json.raw)
        guard ["request", "upstream"].contains(record.type) else { return (written, nil) }
        do {
            let body = try bodies.body(of: record)
            guard record["delta"] != nil, let body else { return (written, nil) }
            return (Self.line(record, body), nil)
        } catch {
            return (written, "\(error)")
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
