internal import Intercept

/// Finds out where keys come from, in the order of AWS's own tools; fetches nothing.
/// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
struct AWSChain {
    let source: AWSKeySource
    /// The steps before that had nothing, each with the reason.
    let skipped: [String]

    /// - Parameter onlyProfile: Leaves the variables with keys out.
    init(_ settings: AWSSettings, onlyProfile: Bool = false) throws(ConfigError) {
        var skipped: [String] = []
        var found: AWSKeySource?
        if !onlyProfile { found = try Self.environment(settings.environment) }
        if found == nil {
            if !onlyProfile { skipped.append("AWS_ACCESS_KEY_ID is not set") }
            found = try Self.profile(settings, settings.profile)
        }
        if found == nil {
            let isThere = settings.profiles.profiles[settings.profile] != nil
            skipped.append(isThere ? "profile \(settings.profile) has no keys" : "no profile \(settings.profile)")
            found = Self.webIdentity(settings.environment)
        }
        if found == nil {
            let isHalf = settings.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] != nil
            skipped.append("\(isHalf ? "AWS_ROLE_ARN" : "AWS_WEB_IDENTITY_TOKEN_FILE") is not set")
            found = Self.container(settings.environment)
        }
        if found == nil {
            skipped.append("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set")
            if settings.environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() == "true" {
                throw ConfigError(
                    "bedrock: no credentials (\(skipped.joined(separator: ", ")), AWS_EC2_METADATA_DISABLED is true); "
                        + "set AWS_BEARER_TOKEN_BEDROCK, AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
            }
            found = .instance
        }
        source = found ?? .instance
        self.skipped = skipped
    }

    // MARK: Variables

    static func environment(_ environment: Environment) throws(ConfigError) -> AWSKeySource? {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0].map(HTTPFields.trim) }.first { !$0.isEmpty }
        }
        switch (value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY")) {
        case (nil, nil): return nil
        case (.some, nil): throw half("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        case (nil, .some): throw half("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")
        case (.some(let id), .some(let secret)):
            let expires = value("AWS_CREDENTIAL_EXPIRATION").flatMap(Timestamp.init(iso:))
            let token = value("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
            return .fixed(AWSKeys(id: id, secret: secret, token: token, expires: expires), place: "AWS_ACCESS_KEY_ID")
        }
    }

    private static func half(_ there: String, _ missing: String) -> ConfigError {
        ConfigError("\(there) is set but \(missing) is not; keys come in pairs, set both or neither")
    }

    private static func webIdentity(_ environment: Environment) -> AWSKeySource? {
        guard let file = environment["AWS_WEB_IDENTITY_TOKEN_FILE"], let role = environment["AWS_ROLE_ARN"] else {
            return nil
        }
        return .webIdentity(
            tokenFile: file, role: role, session: environment["AWS_ROLE_SESSION_NAME"], region: nil)
    }

    static func container(_ environment: Environment) -> AWSKeySource? {
        let relative = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"].map { "http://169.254.170.2\($0)" }
        guard let url = relative ?? environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] else { return nil }
        return .container(
            url: url, tokenFile: environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"],
            token: environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
    }

    // MARK: Profiles

    /// What a profile says of itself; nil when it says nothing about keys.
    private static func profile(_ settings: AWSSettings, _ name: String) throws(ConfigError) -> AWSKeySource? {
        guard let profile = settings.profiles.profiles[name] else { return nil }
        if let role = try role(settings, name, profile, path: [name]) { return role }
        return try own(settings, name, profile)
    }

    /// The role of a profile, down to the keys it begins with.
    private static func role(
        _ settings: AWSSettings, _ name: String, _ profile: [String: String], path: [String]
    ) throws(ConfigError) -> AWSKeySource? {
        guard let arn = value(profile, "role_arn"), value(profile, "web_identity_token_file") == nil else { return nil }
        if value(profile, "mfa_serial") != nil {
            throw ConfigError(
                "profile \(name): mfa_serial asks for a code, which a proxy cannot; "
                    + "get keys with aws sts assume-role, or use a profile without it")
        }
        let role = AWSRole(
            arn: arn, externalID: value(profile, "external_id"), session: value(profile, "role_session_name"),
            seconds: value(profile, "duration_seconds").flatMap { Int($0) }, region: value(profile, "region"))
        return .role(role, from: try base(settings, name, profile, path: path))
    }

    /// The keys that a role begins with.
    private static func base(
        _ settings: AWSSettings, _ name: String, _ profile: [String: String], path: [String]
    ) throws(ConfigError) -> AWSKeySource {
        switch (value(profile, "source_profile"), value(profile, "credential_source")) {
        case (.some, .some):
            throw ConfigError("profile \(name): source_profile and credential_source are both set; keep one")
        case (nil, nil):
            throw ConfigError("profile \(name): role_arn needs a source_profile or a credential_source")
        case (nil, .some(let source)): return try named(source, settings, name)
        case (.some(let source), nil):
            guard let next = settings.profiles.profiles[source] else {
                throw ConfigError("profile \(name): source_profile = \(source): no such profile")
            }
            // A profile may begin with its own keys, but with nobody else's loop.
            if source == name, let keys = try own(settings, source, next) { return keys }
            guard !path.contains(source) else {
                throw ConfigError(
                    "profile \(name): source_profile goes in a circle: \((path + [source]).joined(separator: " -> "))")
            }
            if hasKeys(next) { return try own(settings, source, next) ?? .instance }
            if let role = try role(settings, source, next, path: path + [source]) { return role }
            guard let keys = try own(settings, source, next) else {
                throw ConfigError("profile \(source), the source_profile of \(name), has no keys")
            }
            return keys
        }
    }

    private static func named(
        _ source: String, _ settings: AWSSettings, _ name: String
    ) throws(ConfigError) -> AWSKeySource {
        switch source {
        case "Environment":
            guard let keys = try environment(settings.environment) else {
                throw ConfigError("profile \(name): credential_source = Environment, but AWS_ACCESS_KEY_ID is not set")
            }
            return keys
        case "Ec2InstanceMetadata": return .instance
        case "EcsContainer":
            guard let container = container(settings.environment) else {
                throw ConfigError(
                    "profile \(name): credential_source = EcsContainer, but AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set"
                )
            }
            return container
        default:
            throw ConfigError(
                "profile \(name): credential_source = \(source): expected Environment, Ec2InstanceMetadata or EcsContainer"
            )
        }
    }

    /// Keys that need no other profile.
    private static func own(
        _ settings: AWSSettings, _ name: String, _ profile: [String: String]
    ) throws(ConfigError) -> AWSKeySource? {
        if let file = value(profile, "web_identity_token_file") {
            guard let role = value(profile, "role_arn") else {
                throw ConfigError("profile \(name): web_identity_token_file needs a role_arn")
            }
            return .webIdentity(
                tokenFile: file, role: role, session: value(profile, "role_session_name"),
                region: value(profile, "region"))
        }
        if let sso = try sso(settings, name, profile) { return .sso(sso) }
        if let keys = try keys(name, profile) { return keys }
        if let session = value(profile, "login_session") { return .login(session) }
        return value(profile, "credential_process").map { .process($0) }
    }

    private static func hasKeys(_ profile: [String: String]) -> Bool { value(profile, "aws_access_key_id") != nil }

    private static func keys(_ name: String, _ profile: [String: String]) throws(ConfigError) -> AWSKeySource? {
        switch (value(profile, "aws_access_key_id"), value(profile, "aws_secret_access_key")) {
        case (nil, nil): return nil
        case (.some, nil): throw half("profile \(name): aws_access_key_id", "aws_secret_access_key")
        case (nil, .some): throw half("profile \(name): aws_secret_access_key", "aws_access_key_id")
        case (.some(let id), .some(let secret)):
            let token = value(profile, "aws_session_token") ?? value(profile, "aws_security_token")
            return .fixed(AWSKeys(id: id, secret: secret, token: token), place: "profile \(name)")
        }
    }

    private static func sso(
        _ settings: AWSSettings, _ name: String, _ profile: [String: String]
    ) throws(ConfigError) -> AWSSSO? {
        guard let session = try session(settings, name, profile) else { return nil }
        guard let account = value(profile, "sso_account_id"), let role = value(profile, "sso_role_name") else {
            throw ConfigError(
                "profile \(name): an SSO profile needs sso_account_id and sso_role_name to have keys; "
                    + "run aws configure sso --profile \(name)")
        }
        return AWSSSO(account: account, role: role, session: session)
    }

    /// Who has signed in with SSO, by what a profile says; nil when it says nothing of SSO.
    static func session(
        _ settings: AWSSettings, _ name: String, _ profile: [String: String]
    ) throws(ConfigError) -> AWSSSOSession? {
        let session = value(profile, "sso_session")
        guard session != nil || value(profile, "sso_start_url") != nil else { return nil }
        let place = session.flatMap { settings.profiles.sessions[$0] } ?? profile
        if let session, settings.profiles.sessions[session] == nil {
            throw ConfigError("profile \(name): sso_session = \(session): there is no section [sso-session \(session)]")
        }
        guard let url = value(place, "sso_start_url"), let region = value(place, "sso_region") else {
            throw ConfigError("profile \(name): sso_start_url and sso_region must be set; run aws configure sso")
        }
        return AWSSSOSession(
            region: region, cacheKey: session ?? url, isRenewable: session != nil, profile: name)
    }

    private static func value(_ profile: [String: String], _ name: String) -> String? {
        guard let value = profile[name], !value.isEmpty else { return nil }
        return value
    }
}
