/// In what a service that speaks the Messages API differs from Anthropic's own, as far as requests must be mended for it.
/// Data: the table of vendors holds what is known beforehand, refusals add to it.
struct Quirks: Sendable, Equatable {
    /// Refuses messages of the role `system`, or hands them to prompt templates that do.
    var foldsSystem = false
    /// Knows no deferred tools: references become words, the placeholder is left out.
    var hasNoDeferredTools = false
    /// Takes no `document` blocks: text documents become text, the others a note.
    var takesNoDocuments = false
    /// Takes `cache_control` nowhere.
    var refusesCacheControl = false
    /// Takes no `anthropic-beta` field.
    var refusesBetas = false
    /// Top-level members that it refuses.
    var refusedFields: Set<String> = []
    /// Top-level members that it takes only for models of Anthropic's.
    var claudeFields: Set<String> = []
    /// Prefixes of the types of tools without a schema that it takes; nil: all.
    var typedTools: [String]?
    var thinking = Thinking.foreignDropped

    /// What becomes of thinking in the conversation that somebody else signed.
    enum Thinking: Sendable, Equatable {
        /// Signatures are checked, and without one a block is refused: Anthropic's own API.
        case signedOnly
        /// Signed blocks are its own: it passes Anthropic's models on.
        case ourEnvelopesDropped
        /// Whether signatures are checked is not known: Anthropic's and our own envelopes are taken out, the rest stays.
        case foreignDropped
        /// The text is used and signatures are not: the text stays, a foreign signature goes.
        case foreignUnsigned
    }

    /// Nothing is changed but thinking that Anthropic would refuse.
    static let anthropic = Quirks(thinking: .signedOnly)
    /// Nothing is known: only our own envelopes are taken out.
    static let unknown = Quirks(thinking: .ourEnvelopesDropped)

    /// Whether blocks of the conversation other than thinking are looked at.
    var mendsContent: Bool { hasNoDeferredTools || takesNoDocuments || refusesCacheControl }

    /// Both together.
    func adding(_ learnt: Quirks) -> Quirks {
        var sum = self
        sum.foldsSystem = foldsSystem || learnt.foldsSystem
        sum.hasNoDeferredTools = hasNoDeferredTools || learnt.hasNoDeferredTools
        sum.takesNoDocuments = takesNoDocuments || learnt.takesNoDocuments
        sum.refusesCacheControl = refusesCacheControl || learnt.refusesCacheControl
        sum.refusesBetas = refusesBetas || learnt.refusesBetas
        sum.refusedFields.formUnion(learnt.refusedFields)
        if let tools = learnt.typedTools { sum.typedTools = tools }
        return sum
    }

    /// Whether a tool without a schema of its own may go.
    func takes(typedTool type: String) -> Bool { typedTools?.contains { type.hasPrefix($0) } ?? true }

    /// Whether a top-level member may go in a request for this model.
    func takes(field name: String, model: String) -> Bool {
        if refusedFields.contains(name) { return false }
        return !claudeFields.contains(name) || model.hasPrefix("claude") || model.hasPrefix("anthropic/")
    }
}
