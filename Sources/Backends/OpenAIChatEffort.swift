internal import Intercept

/// Whether and how hard the model thinks, in the service's words.
extension ChatRequestWriter {
    /// What the client asked for.
    private struct Wish {
        /// `thinking.type`.
        let type: String?
        /// `output_config.effort`.
        let effort: String?
        let budget: Int?

        init(_ fields: Fields) {
            type = fields.thinking?["type"]?.string
            effort = fields.effort?.string
            budget = type == "enabled" ? fields.thinking?["budget_tokens"]?.int : nil
        }

        var isOff: Bool { type == "disabled" }

        /// The effort asked for, or one that fits the thinking budget; nil leaves it to the service.
        var word: String? {
            if isOff { return "none" }
            return effort ?? budget.map { $0 < 4096 ? "low" : $0 < 16_384 ? "medium" : "high" }
        }
    }

    private static let path = "output_config.effort"

    mutating func writeEffort(_ fields: Fields) {
        let wish = Wish(fields)
        switch profile.effort {
        case .byModel: writeEffort(wish, model.efforts)
        case .words(let words): writeEffort(wish, model.efforts.isEmpty ? words : model.efforts)
        case .reasoning(let words): writeReasoning(wish, words)
        case .thinking(let words):
            writeSwitch(wish, "thinking", on: #"{"type":"enabled"}"#, off: #"{"type":"disabled"}"#)
            if !wish.isOff { writeEffort(wish, words) }
        case .enableThinking:
            writeSwitch(wish, "enable_thinking", on: "true", off: "false")
            if let budget = wish.budget, optional("thinking_budget", "thinking.budget_tokens") {
                out.field("thinking_budget", budget)
            }
            noteEffort(wish)
        case .template:
            writeSwitch(
                wish, "chat_template_kwargs", on: #"{"enable_thinking":true}"#, off: #"{"enable_thinking":false}"#)
            noteEffort(wish)
        }
    }

    /// `reasoning_effort`, if there are words for it.
    private mutating func writeEffort(_ wish: Wish, _ usual: [String]) {
        guard let wanted = wish.word else { return }
        guard !usual.isEmpty else { return noteEffort(wish) }
        guard optional("reasoning_effort", Self.path) else { return }
        let accepted = facts.efforts ?? usual
        guard let effort = ChatModel.effort(wanted, among: accepted) else {
            return losses.add(.drop, Self.path, "unknown to \(model.name)", from: wanted)
        }
        if wanted == "none", effort != "none" { return }
        clamp(wanted, effort)
        out.field("reasoning_effort", effort)
    }

    private mutating func clamp(_ wanted: String, _ effort: String) {
        guard effort != wanted else { return }
        losses.add(.clamp, Self.path, "\(model.name) has no such effort", from: wanted, to: effort)
    }

    private mutating func noteEffort(_ wish: Wish) {
        guard wish.effort != nil, !wish.isOff else { return }
        losses.add(.drop, Self.path, "\(model.name) has no reasoning effort")
    }

    /// `reasoning`, with one of its members.
    private mutating func writeReasoning(_ wish: Wish, _ words: [String]) {
        guard let wanted = wish.word, optional("reasoning", "thinking") else { return }
        if wish.effort == nil, let budget = wish.budget {
            out.key("reasoning")
            out.beginObject()
            out.field("max_tokens", budget)
            return out.endObject()
        }
        guard let effort = ChatModel.effort(wanted, among: facts.efforts ?? words) else {
            return losses.add(.drop, Self.path, "unknown to \(profile.title)", from: wanted)
        }
        clamp(wanted, effort)
        out.key("reasoning")
        out.beginObject()
        out.field("effort", effort)
        out.endObject()
    }

    /// A field that turns thinking on and off; left out where the client leaves it to the service.
    private mutating func writeSwitch(_ wish: Wish, _ field: String, on: String, off: String) {
        guard wish.isOff || wish.type == "enabled", optional(field, "thinking") else { return }
        out.key(text: field)
        out.raw((wish.isOff ? off : on).utf8)
    }
}
