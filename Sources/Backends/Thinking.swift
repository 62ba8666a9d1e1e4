internal import Intercept

/// The signature that we give to thinking of other services: an envelope that says whose it is, so that a later request
/// can give it back to the same service, or drop it. `ccx1.` and base64url of a JSON object.
enum ThinkingEnvelope {
    static let mark = MessageComposer.foreignMark

    /// What a thinking block was made from.
    enum Kind: String {
        /// Plain text in `reasoning_content` or `reasoning`.
        case content = "rc"
        /// OpenRouter's `reasoning_details`, in the member `details`.
        case details = "rd"
        /// `extra_content` of the call behind it, in the member `extra`.
        case signature = "xc"
        /// An item of the Responses API.
        case responses
    }

    /// - Parameters:
    ///   - more: what the service wants back beside the text: a member's name and its JSON.
    ///   - item: the same, for an item of the Responses API.
    static func seal(
        backend: String, model: String, kind: Kind, more: (name: StaticString, json: [UInt8])? = nil,
        item: ReasoningItem? = nil
    ) -> JSONText {
        var out = JSONWriter(capacity: 192 + (more?.json.count ?? item?.encrypted?.count ?? 0))
        out.beginObject()
        out.field("v", 1)
        out.field("backend", backend)
        out.field("model", model)
        out.field("kind", kind.rawValue)
        if let more {
            out.key(more.name)
            out.raw(more.json)
        }
        item?.write(into: &out)
        out.endObject()
        return JSONText(mark + Base64URL.encode(out.bytes))
    }

    /// The object inside, or nil when the signature is not ours.
    static func open(_ signature: String) -> JSON? {
        guard signature.hasPrefix(mark), let bytes = Base64URL.decode(signature.utf8.dropFirst(mark.utf8.count)) else {
            return nil
        }
        return try? JSON.parse(bytes)
    }
}

/// A reasoning item of the Responses API, apart from its text.
struct ReasoningItem: Sendable, Equatable {
    /// The host that made it: no other can read it.
    let host: String
    var id: JSONText?
    /// The reasoning itself, for the service's eyes only.
    var encrypted: JSONText?
    /// The text is the reasoning itself, not a summary of it.
    var isPlain = false

    fileprivate func write(into out: inout JSONWriter) {
        out.field("host", host)
        if let id { out.field("id", id) }
        if let encrypted { out.field("enc", encrypted) }
        if isPlain { out.field("form", "content") }
    }

    /// By what an item that was refused is known again: a hash of its encrypted content, or of its id.
    static func key(_ text: JSON) -> UInt64 { FNV1a.hash(text.raw) }
}
