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

    /// - Parameter more: what the service wants back beside the text: a member's name and its JSON.
    static func seal(
        backend: String, model: String, kind: Kind, more: (name: StaticString, json: [UInt8])? = nil
    ) -> JSONText {
        var out = JSONWriter(capacity: 96 + (more?.json.count ?? 0))
        out.beginObject()
        out.field("v", 1)
        out.field("backend", backend)
        out.field("model", model)
        out.field("kind", kind.rawValue)
        if let more {
            out.key(more.name)
            out.raw(more.json)
        }
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
