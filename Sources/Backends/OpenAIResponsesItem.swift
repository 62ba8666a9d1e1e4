internal import Intercept

/// One item of a Responses answer while it comes: how much of each of its parts has been shown.
struct ResponsesItem: Sendable {
    enum Kind: Sendable, Equatable {
        case message, reasoning, call
        /// A call whose input is free text.
        case custom
        /// A tool that the service runs itself, or something we do not know.
        case other
    }

    /// Where the text of reasoning stands: in a summary, or as it is.
    enum Form: Sendable { case summary, plain }

    /// Its place in the answer. Ids are no help: some services change them from event to event.
    let key: Int
    let kind: Kind
    let id: String
    var isDone = false
    /// The client has been told which call this is.
    var isNamed = false
    /// Which of its two texts reasoning is shown by: the first that comes.
    var form: Form?
    /// The part that came last.
    var part: Int?
    /// What has been shown of each part, decoded: escapes differ between a delta and the whole.
    private var shown: [Int: FNV1a] = [:]

    init(key: Int, kind: Kind, id: String) {
        (self.key, self.kind, self.id) = (key, kind, id)
    }

    static func kind(_ type: String) -> Kind {
        switch type {
        case "message": .message
        case "reasoning": .reasoning
        case "function_call": .call
        case "custom_tool_call": .custom
        default: .other
        }
    }

    /// Notes a piece of a part.
    mutating func note(_ piece: JSONText, part: Int) {
        self.part = part
        shown[part, default: FNV1a()].add(piece.utf8Bytes)
    }

    /// What of a whole part has not come in pieces; nothing when the whole is another text than the pieces.
    func rest(of whole: JSONText, part: Int) -> JSONText? {
        guard let done = shown[part] else { return whole.isEmpty ? nil : whole }
        let bytes = whole.utf8Bytes
        guard bytes.count > done.count else { return nil }
        return FNV1a.hash(bytes[..<done.count]) == done.value ? JSONText(utf8: Array(bytes[done.count...])) : nil
    }
}
