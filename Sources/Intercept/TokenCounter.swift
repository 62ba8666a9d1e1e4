/// Estimates the tokens of a request without asking anybody. How far off it is, is measured in `docs/counting.md`.
public enum TokenCounter {
    /// Tokens of a whole request, rounded up: text, tools, images and documents, and the framing around them.
    ///
    /// - Parameters:
    ///   - body: The body of a Messages API request.
    ///   - model: The name that decides which tokenizer is estimated.
    public static func count(_ body: JSON, model: String) -> Int {
        var tally = TokenTally(Generation(model))
        // Messages first: they name the deferred tools that were loaded.
        if let messages = body["messages"] { tally.messages(messages) }
        if let system = body["system"] { tally.blocks(system) }
        if let tools = body["tools"] { tally.tools(tools, forced: forcesTool(body), model: model) }
        if body["thinking"]?["type"]?.equals("enabled") ?? false { tally.thinkingBudget() }
        return tally.total
    }

    /// Tokens of UTF-8 text alone, rounded up.
    public static func count(text: [UInt8], model: String) -> Int {
        var tally = TokenTally(Generation(model))
        let all = text[...]
        tally.thousandths = CharacterClasses.thousandths(all.span)
        return tally.total
    }

    private static func forcesTool(_ body: JSON) -> Bool {
        guard let kind = body["tool_choice"]?["type"] else { return false }
        return kind.equals("any") || kind.equals("tool")
    }
}

extension TokenCounter {
    /// Which tokenizer a model has: Claude models from 4.7 on make about 30% more tokens of the same text.
    enum Generation: Sendable, Equatable {
        case newer, older
        /// Models of OpenAI, which are shown tools as type declarations.
        case gpt
        /// All others, most of which are shown tools as JSON.
        case other

        init(_ model: String) {
            if let version = Version(model) {
                self = version < Version(major: 4, minor: 7) ? .older : .newer
            } else if Self.families.contains(where: { model.hasPrefix($0) }) {
                self = .newer
            } else {
                self = Self.isGPT(model) ? .gpt : .other
            }
        }

        /// Claude models by names without a version, as clients abbreviate them.
        private static let families = ["claude", "opus", "sonnet", "haiku", "fable"]

        private static func isGPT(_ model: String) -> Bool {
            let name = model.split(separator: "/").last ?? ""
            return ["gpt-", "o1", "o3", "o4", "chatgpt-", "openai-gpt"].contains { name.hasPrefix($0) }
        }

        var isClaude: Bool { self == .newer || self == .older }

        /// Percent of the weights in ``CharacterClasses`` and ``TokenFraming``.
        var factor: Int {
            switch self {
            case .newer: 133
            case .older: 103
            case .gpt, .other: 100
            }
        }
        /// Longest edge of an image in pixels, and the most tokens that one image costs.
        var imageLimits: (edge: Int, tokens: Int) { self == .newer ? (2576, 4784) : (1568, 1568) }
    }

    /// Major and minor number in a Claude model's name: `claude-opus-4-5-20251101` is 4.5.
    struct Version: Comparable {
        let major: Int
        let minor: Int

        init(major: Int, minor: Int) {
            self.major = major
            self.minor = minor
        }

        init?(_ model: String) {
            guard model.contains("claude") else { return nil }
            let parts = model.split { "-.@:/".contains($0) }.drop { $0 != "claude" }.dropFirst()
            let short = parts.map { $0.count <= 2 ? Int($0) : nil }
            guard let first = short.firstIndex(where: { $0 != nil }), let major = short[first] else { return nil }
            self.major = major
            minor = first + 1 < short.count ? short[first + 1] ?? 0 : 0
        }

        static func < (left: Version, right: Version) -> Bool {
            (left.major, left.minor) < (right.major, right.minor)
        }
    }
}
