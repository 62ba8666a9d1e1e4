internal import Intercept

/// The list `reasoning_details` of an answer, put together from its pieces, so that it can go back whole.
struct ReasoningDetails: Sendable {
    private struct Item: Sendable {
        /// Members in the order in which they came, but for the long ones.
        var members: [(name: String, json: [UInt8])] = []
        /// `text`, `summary` and `data`, which come in pieces.
        var long: [(name: String, text: JSONText)] = []

        func json(_ name: String) -> [UInt8]? { members.first { $0.name == name }?.json }
    }

    private var items: [Item] = []

    var isEmpty: Bool { items.isEmpty }

    /// Takes one element of the list. It goes on with the last one when it has the same type and index.
    mutating func add(_ element: JSON) {
        let type = element["type"].map { Array($0.raw) }
        let index = element["index"].map { Array($0.raw) }
        if let last = items.last, last.json("type") == type, last.json("index") == index, !isWhole(element) {
            merge(element, into: items.count - 1)
        } else {
            items.append(Item())
            merge(element, into: items.count - 1)
        }
    }

    /// Encrypted reasoning comes in one piece: two of the same index are two.
    private func isWhole(_ element: JSON) -> Bool { element["data"]?.isString ?? false }

    private mutating func merge(_ element: JSON, into at: Int) {
        for (key, value) in element.members where !value.isNull {
            let name = key.string ?? ""
            if let text = value.text, ["text", "summary", "data"].contains(name) {
                if let place = items[at].long.firstIndex(where: { $0.name == name }) {
                    items[at].long[place].text.append(text)
                } else {
                    items[at].long.append((name, text))
                }
            } else if let place = items[at].members.firstIndex(where: { $0.name == name }) {
                if !value.isEmptyString { items[at].members[place].json = Array(value.raw) }
            } else {
                items[at].members.append((name, Array(value.raw)))
            }
        }
    }

    /// The list as JSON. A text that the thinking block has as well, `shown` bytes long in escaped form, is left out.
    func json(shown: Int) -> [UInt8] {
        let texts = items.flatMap(\.long).filter { $0.name != "data" }
        let isRepeated = texts.count == 1 && texts[0].text.count == shown
        var out = JSONWriter()
        out.beginArray()
        for item in items {
            out.beginObject()
            for (name, json) in item.members {
                out.key(text: name)
                out.raw(json)
            }
            for (name, text) in item.long where name == "data" || !isRepeated {
                out.key(text: name)
                out.string(text)
            }
            out.endObject()
        }
        out.endArray()
        return out.bytes
    }
}
