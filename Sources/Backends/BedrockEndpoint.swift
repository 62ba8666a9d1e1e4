internal import Intercept

/// Where Bedrock is reached: region and address.
/// https://docs.aws.amazon.com/general/latest/gr/bedrock.html
struct BedrockEndpoint: Sendable {
    let region: String
    /// What set the region: "AWS_REGION (shell)", "profile dev"
    let regionSource: String
    /// An address of the user's own, in place of AWS's.
    private let override: String?
    private let endpoints: AWSEndpoints
    /// The address of the Messages API on Bedrock.
    let mantle: String

    init(_ settings: AWSSettings) throws(ConfigError) {
        endpoints = AWSEndpoints(settings)
        (region, regionSource) = try Self.region(settings)
        override = try endpoints.override(.bedrock)
        mantle = try endpoints.address(.mantle, in: region)
    }

    /// Scheme, host and base path, without a slash at the end.
    func address(in other: String? = nil) -> String {
        override ?? endpoints.standard(.bedrock, in: other ?? region)
    }

    /// What set the address of an API: "AWS_ENDPOINT_URL (shell)"; nil when it follows from the region.
    func source(_ api: BedrockAPI) -> String? { endpoints.own(api == .mantle ? .mantle : .bedrock)?.source }

    /// The region of an ARN, which must be called there.
    static func region(of id: String) -> String? {
        let parts = id.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count > 4, parts[0] == "arn", isRegion(parts[3]) else { return nil }
        return String(parts[3])
    }

    private static func region(_ settings: AWSSettings) throws(ConfigError) -> (String, String) {
        if let (name, entry) = settings.environment.first("AWS_REGION", "AWS_DEFAULT_REGION") {
            guard isRegion(entry.value) else {
                throw ConfigError("\(name)=\(entry.value) (\(entry.source)): no AWS region; write it like eu-central-1")
            }
            return (entry.value, "\(name) (\(entry.source))")
        }
        if let region = settings["region"] {
            guard isRegion(region) else {
                throw ConfigError(
                    "profile \(settings.profile): region = \(region) is no AWS region; write it like eu-central-1")
            }
            return (region, "profile \(settings.profile)")
        }
        throw ConfigError(
            "bedrock: no region is set; set AWS_REGION, or region in the profile \(settings.profile) of ~/.aws/config")
    }

    private static func isRegion(_ text: some StringProtocol) -> Bool {
        text.utf8.contains(UInt8(ascii: "-"))
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}
