internal import Intercept

/// Whether and how hard the client wants the model to think.
struct ThinkingWish {
    /// `thinking.type`.
    let type: String?
    /// `output_config.effort`.
    let effort: String?
    let budget: Int?

    init(_ fields: RequestFields) {
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

extension OpenAIRequestWriter {
    /// The effort to ask for in this field; nil leaves it to the service.
    ///
    /// - Parameter accepted: the values that the model takes; empty for one that does not reason.
    mutating func effort(_ wish: ThinkingWish, field: String, among accepted: [String]) -> String? {
        guard let wanted = wish.word else { return nil }
        guard !accepted.isEmpty else {
            noteEffort(wish)
            return nil
        }
        guard optional(field, "output_config.effort") else { return nil }
        return nearest(wanted, among: accepted, of: model.name)
    }

    /// The wanted effort, or what comes closest; noted where it is another one.
    mutating func nearest(_ wanted: String, among accepted: [String], of owner: String) -> String? {
        guard let effort = ChatModel.effort(wanted, among: accepted) else {
            losses.add(.drop, "output_config.effort", "unknown to \(owner)", from: wanted)
            return nil
        }
        if wanted == "none", effort != "none" { return nil }
        if effort != wanted {
            losses.add(.clamp, "output_config.effort", "\(model.name) has no such effort", from: wanted, to: effort)
        }
        return effort
    }

    mutating func noteEffort(_ wish: ThinkingWish) {
        guard wish.effort != nil, !wish.isOff else { return }
        losses.add(.drop, "output_config.effort", "\(model.name) has no reasoning effort")
    }
}

/// The same in the words of services that speak Chat Completions.
extension ChatRequestWriter {
    mutating func writeEffort(_ fields: RequestFields) {
        let wish = ThinkingWish(fields)
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
    private mutating func writeEffort(_ wish: ThinkingWish, _ usual: [String]) {
        let accepted = usual.isEmpty ? [] : facts.efforts ?? usual
        if let effort = effort(wish, field: "reasoning_effort", among: accepted) {
            out.field("reasoning_effort", effort)
        }
    }

    /// `reasoning`, with one of its members.
    private mutating func writeReasoning(_ wish: ThinkingWish, _ words: [String]) {
        guard let wanted = wish.word, optional("reasoning", "thinking") else { return }
        if wish.effort == nil, let budget = wish.budget {
            out.key("reasoning")
            out.beginObject()
            out.field("max_tokens", budget)
            return out.endObject()
        }
        guard let effort = nearest(wanted, among: facts.efforts ?? words, of: profile.title) else { return }
        out.key("reasoning")
        out.beginObject()
        out.field("effort", effort)
        out.endObject()
    }

    /// A field that turns thinking on and off; left out where the client leaves it to the service.
    private mutating func writeSwitch(_ wish: ThinkingWish, _ field: String, on: String, off: String) {
        guard wish.isOff || wish.type == "enabled", optional(field, "thinking") else { return }
        out.key(text: field)
        out.raw((wish.isOff ? off : on).utf8)
    }
}
