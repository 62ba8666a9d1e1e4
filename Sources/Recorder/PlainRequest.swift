/// A Messages request as it is compared with another: without cache marks, which the client moves every turn, and with a
/// lone text block as the string it stands for, which is the form a message takes when it loses its mark.
public import Intercept

public struct PlainRequest: Sendable {
    public let json: JSON
    /// Where the marks stood in the request as it was written.
    public let marks: [JSONPlace]
    /// Where a list with one text block became a string; places of the written request.
    public let unfolded: [JSONPlace]

    /// What is no object stays as it is.
    public init(_ body: JSON) {
        var writing = Writing()
        writing.request(body)
        marks = writing.marks
        unfolded = writing.unfolded
        json = body.isObject ? (try? JSON.parse(writing.out.bytes)) ?? body : body
    }

    private struct Writing {
        var out = JSONWriter(capacity: 1 << 16)
        var marks: [JSONPlace] = []
        var unfolded: [JSONPlace] = []

        mutating func request(_ body: JSON) {
            out.beginObject()
            for (key, value) in body.members {
                let place = JSONPlace([.member(key.string ?? "")])
                if isMark(key, place) { continue }
                out.verbatim(bytes: comma + key.raw + [UInt8(ascii: ":")])
                if key.equals("system") {
                    content(value, place)
                } else if key.equals("tools") {
                    list(value, place) { $0.object($1, $2, folding: []) }
                } else if key.equals("messages") {
                    list(value, place) { $0.object($1, $2, folding: ["content"]) }
                } else {
                    out.value(value)
                }
            }
            out.endObject()
        }

        /// A string, or a list of blocks.
        private mutating func content(_ value: JSON, _ place: JSONPlace) {
            if let text = loneText(value) {
                unfolded.append(place)
                if Array(value.elements)[0]["cache_control"] != nil {
                    marks.append(place.element(0).member("cache_control"))
                }
                out.value(text)
            } else {
                list(value, place) { $0.object($1, $2, folding: ["content"]) }
            }
        }

        private mutating func list(
            _ value: JSON, _ place: JSONPlace, _ write: (inout Writing, JSON, JSONPlace) -> Void
        ) {
            guard value.isArray else { return out.value(value) }
            out.beginArray()
            for (index, element) in value.elements.enumerated() { write(&self, element, place.element(index)) }
            out.endArray()
        }

        /// A message, a block or a tool; `folding` names the member that is content.
        private mutating func object(_ value: JSON, _ place: JSONPlace, folding: [String]) {
            guard value.isObject else { return out.value(value) }
            out.beginObject()
            for (key, member) in value.members {
                let place = place.member(key.string ?? "")
                if isMark(key, place) { continue }
                out.verbatim(bytes: comma + key.raw + [UInt8(ascii: ":")])
                if folding.contains(where: { key.equals($0) }) {
                    content(member, place)
                } else {
                    out.value(member)
                }
            }
            out.endObject()
        }

        private mutating func isMark(_ key: JSON, _ place: JSONPlace) -> Bool {
            guard key.equals("cache_control") else { return false }
            marks.append(place)
            return true
        }

        private var comma: [UInt8] { out.bytes.last == UInt8(ascii: "{") ? [] : [UInt8(ascii: ",")] }

        /// The text of a list that holds one text block and nothing that a string could not say.
        private func loneText(_ value: JSON) -> JSON? {
            guard value.isArray else { return nil }
            var blocks = value.elements
            guard let block = blocks.next(), blocks.next() == nil, block["type"]?.equals("text") ?? false,
                let text = block["text"], text.isString
            else { return nil }
            let known = ["type", "text", "cache_control"]
            return block.members.allSatisfy { key, _ in known.contains { key.equals($0) } } ? text : nil
        }
    }
}
