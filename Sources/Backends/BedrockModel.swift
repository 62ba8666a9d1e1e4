internal import Intercept

/// What a model on Bedrock takes, as far as its id says.
struct BedrockModel: Sendable, Equatable {
    /// Who made it: the rules differ.
    enum Family: Sendable, Equatable {
        /// With its version, (4, 6) for `claude-opus-4-6`. ARNs that name no model count as the newest.
        case claude(major: Int, minor: Int)
        case nova(generation: Int)
        case gptOSS
        case qwen
        case other
    }

    /// As it stands in the path, before encoding: an id, a profile or an ARN.
    let id: String
    let family: Family

    init(_ id: String) {
        self.id = id
        family = Self.family(Self.base(id), isARN: id.hasPrefix("arn:"))
    }

    var isClaude: Bool { if case .claude = family { true } else { false } }
    var isNova: Bool { if case .nova = family { true } else { false } }

    /// `us.`, `eu.`, `global.` … in front of the vendor's name: an inference profile over several regions.
    static let geographies = ["us", "eu", "apac", "jp", "au", "ca", "us-gov", "global"]

    /// The foundation model's id: without ARN and without geography.
    static func base(_ id: String) -> String {
        let name = id.hasPrefix("arn:") ? String(id.split(separator: "/").last ?? "") : id
        let first = name.prefix { $0 != "." }
        return geographies.contains(String(first)) ? String(name.dropFirst(first.count + 1)) : name
    }

    private static func family(_ base: String, isARN: Bool) -> Family {
        let name = base.lowercased()
        if name.contains("claude") { return claude(name) }
        if name.contains("nova") { return .nova(generation: name.contains("nova-2") ? 2 : 1) }
        if name.contains("gpt-oss") { return .gptOSS }
        if name.contains("qwen") { return .qwen }
        // Application profiles and provisioned models do not say what they run; the client expects Claude.
        return isARN && !name.contains(".") ? .claude(major: .max, minor: 0) : .other
    }

    /// The first one or two short numbers: `claude-3-5-sonnet-20241022-v2:0` is (3, 5), `claude-opus-5` is (5, 0).
    private static func claude(_ name: String) -> Family {
        let words = name.split { $0 == "-" || $0 == "." || $0 == ":" || $0 == "_" }
        let numbers = words.drop { Int($0) == nil }.prefix { $0.count <= 2 && Int($0) != nil }.compactMap { Int($0) }
        guard let major = numbers.first else { return .claude(major: 1, minor: 0) }
        return .claude(major: major, minor: numbers.count > 1 ? numbers[1] : 0)
    }

    // MARK: What it takes

    private func isClaude(from version: (Int, Int)) -> Bool {
        if case .claude(let major, let minor) = family { return (major, minor) >= version }
        return false
    }

    /// Takes `cachePoint`.
    var takesCachePoints: Bool { isClaude(from: (3, 5)) || isNova }
    /// Takes `ttl: 1h` in it.
    var takesHour: Bool { isClaude(from: (4, 5)) }
    /// Takes messages of role `system` inside the conversation.
    var takesSystemMessages: Bool { isClaude(from: (4, 8)) }
    /// Knows versions of the Messages API later than that of 2023.
    var isClaudeSince47: Bool { isClaude(from: (4, 7)) }
    /// Takes other values of temperature, top_p and top_k than its own.
    var takesSampling: Bool { !isClaude(from: (4, 7)) }
    /// Takes `strict` beside a tool.
    var takesStrictTools: Bool { isClaude(from: (4, 5)) }
    /// Takes `status` in a tool's result.
    var takesStatus: Bool { isClaude || isNova }
    /// Takes search results as such.
    var takesSearchResults: Bool { isClaude(from: (3, 5)) }
}
