/// Header fields as the trace shows them. Most are the same from one exchange to the next, so the text of each is kept with
/// the field it was made from.
internal import Intercept

struct HeaderText {
    private var known: [(field: HTTPFields.Field, text: [UInt8])] = []

    /// Writes `headers`: a list of `{"name":…,"value":…}`.
    mutating func write(_ headers: HTTPFields, _ redactor: Redactor, into out: inout JSONWriter) {
        out.key("headers")
        out.beginArray()
        for (place, field) in headers.fields.enumerated() {
            if place >= known.count {
                known.append((field, Self.text(field, redactor)))
            } else if known[place].field != field {
                known[place] = (field, Self.text(field, redactor))
            }
            if place > 0 { out.verbatim(",") }
            out.verbatim(bytes: known[place].text)
        }
        out.endArray()
    }

    private static func text(_ field: HTTPFields.Field, _ redactor: Redactor) -> [UInt8] {
        var out = JSONWriter(capacity: 64)
        out.beginObject()
        out.field("name", field.name)
        out.field("value", redactor.header(field.name, field.value))
        out.endObject()
        return out.bytes
    }
}
