internal import Intercept

/// From the names by which clients ask for models to Bedrock's ids. Checked on 2026-11-21 against the model pages of
/// the Bedrock user guide; `BEDROCK_MODEL_ID` and its variants override all of it.
struct BedrockNames: Sendable, Equatable {
    /// The models of the variables.
    let map: ModelMap
    /// `us`, `eu`, `global` …; nil for plain ids.
    let geography: String?
    let region: String

    /// - Parameter region: The one of the endpoint.
    init(_ environment: Environment, region: String) {
        map = ModelMap(environment, variable: "BEDROCK_MODEL_ID")
        self.region = region
        let wanted = environment["BEDROCK_GEOGRAPHY"]?.lowercased()
        geography = wanted == "none" ? nil : wanted ?? Self.geography(of: region)
    }

    /// The id to call for the client's name, and whether it asks for the long context window.
    func id(for asked: String) -> (id: String, isLong: Bool) {
        let (name, isLong) = Self.withoutSuffix(asked)
        if Self.isID(name) { return (name, isLong) }
        let (mapped, isMappedLong) = Self.withoutSuffix(map.upstream(name))
        if mapped != name { return (mapped, isLong || isMappedLong) }
        return (profile(Self.foundation(name)), isLong)
    }

    /// The profile by which an id can be called here; nil for what is a profile, an ARN or another vendor's.
    func profile(of id: String) -> String? {
        let profile = profile(id)
        return profile == id ? nil : profile
    }

    /// A few words for the banner.
    var summary: String {
        let example = id(for: "claude-sonnet-4-6").id
        return map.isNamed ? map.summary : "claude-sonnet-4-6 -> \(example)"
    }

    /// Whether a name is an id or an ARN already.
    static func isID(_ name: String) -> Bool { name.utf8.contains(UInt8(ascii: ".")) || name.hasPrefix("arn:") }

    private static func withoutSuffix(_ name: String) -> (String, Bool) {
        name.lowercased().hasSuffix("[1m]") ? (String(name.dropLast(4)), true) : (name, false)
    }

    // MARK: Foundation models

    /// Names without a date, and ids that break the rule.
    private static let known = [
        "claude-opus-4-5": "claude-opus-4-5-20251101-v1:0", "claude-sonnet-4-5": "claude-sonnet-4-5-20250929-v1:0",
        "claude-haiku-4-5": "claude-haiku-4-5-20251001-v1:0", "claude-opus-4-1": "claude-opus-4-1-20250805-v1:0",
        "claude-opus-4": "claude-opus-4-20250514-v1:0", "claude-opus-4-0": "claude-opus-4-20250514-v1:0",
        "claude-sonnet-4": "claude-sonnet-4-20250514-v1:0", "claude-sonnet-4-0": "claude-sonnet-4-20250514-v1:0",
        "claude-opus-4-6": "claude-opus-4-6-v1", "claude-3-7-sonnet-latest": "claude-3-7-sonnet-20250219-v1:0",
        "claude-3-5-haiku-latest": "claude-3-5-haiku-20241022-v1:0",
        "claude-3-5-sonnet-latest": "claude-3-5-sonnet-20241022-v2:0",
        "claude-3-5-sonnet-20241022": "claude-3-5-sonnet-20241022-v2:0",
        "opus": "claude-opus-4-8", "sonnet": "claude-sonnet-5", "haiku": "claude-haiku-4-5-20251001-v1:0",
    ]

    /// `anthropic.claude-…`: up to 4.5 with date and version, later as the name is.
    static func foundation(_ name: String) -> String {
        let plain = name.lowercased()
        if let id = known[plain] { return "anthropic.\(id)" }
        guard plain.hasPrefix("claude") else { return name }
        let last = plain.split(separator: "-").last ?? ""
        let isDated = last.utf8.count == 8 && Int(last) != nil
        return "anthropic.\(plain)\(isDated ? "-v1:0" : "")"
    }

    // MARK: Geographies

    /// The id with the geography in front, for models that are called through a profile.
    private func profile(_ id: String) -> String {
        guard let geography, id.hasPrefix("anthropic.claude") else { return id }
        let isOld =
            if case .claude(let major, let minor) = BedrockModel(id).family { (major, minor) < (4, 5) } else { true }
        // Japan and Australia have profiles of their own since 4.5.
        let isYoung = geography == "jp" || geography == "au"
        return "\(isOld && isYoung ? "apac" : geography).\(id)"
    }

    /// The geography whose profiles a region can call.
    static func geography(of region: String) -> String? {
        let rules = [
            ("us-gov-", "us-gov"), ("us-", "us"), ("eu-", "eu"), ("ap-northeast-1", "jp"), ("ap-northeast-3", "jp"),
            ("ap-southeast-2", "au"), ("ap-southeast-4", "au"), ("ap-", "apac"), ("cn-", nil),
        ]
        return rules.first { region.hasPrefix($0.0) }.map(\.1) ?? "global"
    }
}
