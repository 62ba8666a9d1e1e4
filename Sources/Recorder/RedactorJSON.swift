/// Redaction that looks at the structure of a JSON text: everything that is text (level `strict`), and the ids in
/// `metadata.user_id`.
internal import Intercept

extension Redactor {
    /// What must be replaced in `range`, one complete JSON value that belongs to a member named `name`. Nil when the text
    /// cannot be understood, so that the caller drops it.
    func edits(inValue bytes: [UInt8], _ range: Range<Int>, name: String) -> [Edit]? {
        guard level == .strict else {
            let secrets = edits(bytes, range)
            let ids = identities(bytes, range, name: name)
            return ids.isEmpty ? secrets : Self.ordered(secrets + ids)
        }
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

    /// The device and account ids in `metadata.user_id` (and in an upstream's `user`), as JSON in a string or in the
    /// older form `user_<hex>_account_<uuid>_session_<uuid>`. The session stays.
    private func identities(_ bytes: [UInt8], _ range: Range<Int>, name: String) -> [Edit] {
        guard level >= .tokens, name == "metadata" || name == "user", range.count < 4096 else { return [] }
        var edits: [Edit] = []
        let text = bytes[range].span
        for mark in Self.identityMarks {
            var from = 0
            while let found = text.find(mark.word, in: from..<text.count) {
                var start = found + mark.word.count
                while start < text.count, mark.skip.contains(text[start]) { start += 1 }
                let end = text.run(of: [.upper, .lower, .digit, .hyphen], from: start)
                from = max(end, found + 1)
                guard end - start >= 8 else { continue }
                let place = start + range.lowerBound..<end + range.lowerBound
                edits.append(Edit(range: place, replacement: placeholder("id", bytes[place])))
            }
        }
        return edits
    }

    /// In order; of two that overlap the first stays and covers both.
    private static func ordered(_ edits: [Edit]) -> [Edit] {
        var out: [Edit] = []
        for edit in edits.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            if let last = out.last, edit.range.lowerBound < last.range.upperBound {
                let end = Swift.max(last.range.upperBound, edit.range.upperBound)
                out[out.count - 1].range = last.range.lowerBound..<end
            } else {
                out.append(edit)
            }
        }
        return out
    }

    private struct IdentityMark: Sendable {
        let word: [UInt8]
        let skip: [UInt8]
    }

    private static let identityMarks = [
        IdentityMark(word: Array("device_id".utf8), skip: Array("\\\": ".utf8)),
        IdentityMark(word: Array("account_uuid".utf8), skip: Array("\\\": ".utf8)),
        IdentityMark(word: Array("\"user_".utf8), skip: []),
        IdentityMark(word: Array("_account_".utf8), skip: []),
    ]
}
