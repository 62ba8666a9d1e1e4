/// The hash of a piece of a prompt, without what clients vary at no cost: cache marks, and whether a lone text is a string or
/// a block.
internal import Intercept

struct PieceHash {
    private var hasher = Hasher()
    private(set) var bytes = 0

    var value: Int { hasher.finalize() }

    /// - Parameter role: Who says it is part of what is said.
    init(_ role: JSON? = nil) {
        if let role { raw(role) }
        bytes = 0
    }

    mutating func raw(_ json: JSON) {
        json.raw.withUnsafeBytes { hasher.combine(bytes: $0) }
        bytes += json.range.count
    }

    mutating func text(_ json: JSON) {
        hasher.combine(1)
        raw(json)
    }

    /// A string, or a list of blocks.
    mutating func content(_ json: JSON) {
        guard json.isArray else { return text(json) }
        for element in json.elements { block(element) }
    }

    /// A content block, a tool, or any other object.
    mutating func block(_ block: JSON) {
        guard block.isObject else { return raw(block) }
        let words = block["text"].flatMap { $0.isString ? $0 : nil }
        if let words { text(words) }
        for (key, value) in block.members where !Self.isMark(key) {
            if words != nil, key.equals("text") || key.equals("type") { continue }
            raw(key)
            if key.equals("content") { content(value) } else { raw(value) }
        }
    }

    static let marks = ["cache_control", "prompt_cache_breakpoint"]

    private static func isMark(_ key: JSON) -> Bool { marks.contains { key.equals($0) } }
}
