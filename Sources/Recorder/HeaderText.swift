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

/// What a text became the last time. A query and an address are mostly the same from one exchange to the next.
struct KnownText {
    private var text = ""
    private var result = ""

    mutating func of(_ text: String, _ make: (String) -> String) -> String {
        if text != self.text || result.isEmpty { (self.text, result) = (text, make(text)) }
        return result
    }
}

/// The client, as its `User-Agent` names it. Mostly the same one.
struct ClientText {
    private var agent = ""
    private var text: [UInt8] = []

    /// `claude-cli/2.1.330 (external, sdk-cli)` becomes name, version, and the last word in the brackets as entry point.
    mutating func write(_ agent: String?, _ redactor: Redactor, into out: inout JSONWriter) {
        guard let agent, !agent.isEmpty else { return }
        if agent != self.agent {
            self.agent = agent
            text = Self.text(agent, redactor)
        }
        out.key("client")
        out.verbatim(bytes: text)
    }

    private static func text(_ agent: String, _ redactor: Redactor) -> [UInt8] {
        let product = agent.prefix { $0 != " " }
        let parts = product.split(separator: "/", maxSplits: 1)
        var out = JSONWriter(capacity: 96)
        out.beginObject()
        out.field("name", redactor.withoutSecrets(String(parts.first ?? product)))
        if parts.count == 2 { out.field("version", redactor.withoutSecrets(String(parts[1]))) }
        if let open = agent.firstIndex(of: "("), let close = agent[open...].firstIndex(of: ")"),
            let last = agent[open..<close].dropFirst().split(separator: ",").last
        {
            out.field("entrypoint", redactor.withoutSecrets(HTTPFields.trim(last)))
        }
        out.endObject()
        return out.bytes
    }
}
