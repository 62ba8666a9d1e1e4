internal import Intercept

/// A service of AWS: how its host, its variable and its place in a `services` section are called.
struct AWSService: Sendable, Equatable {
    let host: String
    let variable: String
    let section: String

    static let bedrock = AWSService(
        host: "bedrock-runtime", variable: "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", section: "bedrock_runtime")
    static let mantle = AWSService(
        host: "bedrock-mantle", variable: "AWS_ENDPOINT_URL_BEDROCK_MANTLE", section: "bedrock_mantle")
    static let sts = AWSService(host: "sts", variable: "AWS_ENDPOINT_URL_STS", section: "sts")
    static let sso = AWSService(host: "portal.sso", variable: "AWS_ENDPOINT_URL_SSO", section: "sso")
    static let oidc = AWSService(host: "oidc", variable: "AWS_ENDPOINT_URL_SSO_OIDC", section: "sso_oidc")
}

/// Addresses of AWS's services: by region, FIPS and dual-stack, or the user's own.
struct AWSEndpoints: Sendable {
    private let settings: AWSSettings
    private let isFIPS: Bool
    private let isDualStack: Bool

    init(_ settings: AWSSettings) {
        self.settings = settings
        isFIPS = Self.isOn(settings.environment["AWS_USE_FIPS_ENDPOINT"] ?? settings["use_fips_endpoint"])
        isDualStack = Self.isOn(
            settings.environment["AWS_USE_DUALSTACK_ENDPOINT"] ?? settings["use_dualstack_endpoint"])
    }

    /// Scheme, host and base path, without a slash at the end.
    func address(_ service: AWSService, in region: String) throws(ConfigError) -> String {
        try override(service) ?? standard(service, in: region)
    }

    func standard(_ service: AWSService, in region: String) -> String {
        if service == .mantle { return "https://\(service.host).\(region).api.aws" }
        let isChina = region.hasPrefix("cn-")
        let dual = isChina ? "api.amazonwebservices.com.cn" : "api.aws"
        let suffix = isDualStack ? dual : isChina ? "amazonaws.com.cn" : "amazonaws.com"
        return "https://\(service.host)\(isFIPS ? "-fips" : "").\(region).\(suffix)"
    }

    /// The user's own address.
    func override(_ service: AWSService) throws(ConfigError) -> String? {
        try own(service).map { url, source throws(ConfigError) in try Self.checked(url, source) }
    }

    /// The user's own address as it was written, and where: in variables, in a services section, in the profile.
    func own(_ service: AWSService) -> (url: String, source: String)? {
        if Self.isOn(settings.environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]) { return nil }
        if let (name, entry) = settings.environment.first(service.variable, "AWS_ENDPOINT_URL") {
            return (entry.value, "\(name) (\(entry.source))")
        }
        let section = settings["services"].flatMap { settings.profiles.services[$0]?[service.section] }
        if let url = section.flatMap({ AWSProfiles.nested($0)["endpoint_url"] }) {
            return (url, "services section of profile \(settings.profile)")
        }
        return settings["endpoint_url"].map { ($0, "endpoint_url of profile \(settings.profile)") }
    }

    private static func checked(_ url: String, _ source: String) throws(ConfigError) -> String {
        guard let address = try? ServiceAddress(url, variable: source) else {
            throw ConfigError(
                "\(source): \(url) is no address; it should look like https://bedrock-runtime.eu-central-1.amazonaws.com"
            )
        }
        return address.shown
    }

    private static func isOn(_ value: String?) -> Bool { value?.lowercased() == "true" }

    /// Whether an address is of this machine and needs no encryption.
    static func isThisMachine(_ url: String) -> Bool {
        ["http://127.", "http://localhost", "http://[::1]"].contains(where: url.hasPrefix)
    }
}
