/// Redaction that looks at the structure of a JSON text: everything that is text (level `strict`).
internal import Intercept

extension Redactor {
    /// What must be replaced in `range`, one complete JSON value that belongs to a member named `name`. Nil when the text
    /// cannot be understood, so that the caller drops it.
    func edits(inValue bytes: [UInt8], _ range: Range<Int>, name: String) -> [Edit]? {
        guard level == .strict else { return edits(bytes, range) }
        guard let value = try? JSON.parse(Array(bytes[range])) else { return nil }
        var edits: [Edit] = []
        collectText(value, name: name, isPrivate: false, withDigest: true, into: &edits)
        return edits[...].shifted(by: range.lowerBound)
    }

    /// Adds an edit for each string that is not part of the structure. Behind `input` and `arguments` every string is
    /// text. Pieces of a stream get no digest: the pieces are words, and words can be told by how often they come.
    func collectText(_ json: JSON, name: String, isPrivate: Bool, withDigest: Bool, into edits: inout [Edit]) {
        switch json.kind {
        case .string:
            if json.isEmptyString || !isPrivate && Self.structural.contains(name) { return }
            let content = json.range.lowerBound + 1..<json.range.upperBound - 1
            let text = json.document.bytes[content]
            edits.append(
                Edit(range: content, replacement: withDigest ? measure(text) : Array("[text \(text.count)]".utf8)))
        case .array:
            for element in json.elements {
                collectText(element, name: name, isPrivate: isPrivate, withDigest: withDigest, into: &edits)
            }
        case .object:
            for (key, value) in json.members {
                let name = key.string ?? ""
                let isPrivate = isPrivate || Self.free.contains(name)
                collectText(value, name: name, isPrivate: isPrivate, withDigest: withDigest, into: &edits)
            }
        default: return
        }
    }

    private static let structural: Set<String> = [
        "type", "role", "name", "id", "tool_use_id", "tool_call_id", "call_id", "model", "modelId", "object",
        "media_type",
        "ttl", "stop_reason", "stop_sequence", "finish_reason", "status", "effort", "display", "service_tier",
        "required",
        "toolUseId", "stopReason", "event", "item_id", "response_id",
    ]
    private static let free: Set<String> = ["input", "arguments", "parameters_json", "metadata"]
}
