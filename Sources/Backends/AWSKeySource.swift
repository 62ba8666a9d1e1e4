internal import Intercept

/// One way to come by keys, with all that it needs to know.
indirect enum AWSKeySource: Sendable, Equatable {
    /// Keys of a variable or of a file.
    case fixed(AWSKeys, place: String)
    /// Another role, taken on with keys from elsewhere.
    case role(AWSRole, from: AWSKeySource)
    /// A role, taken on with a token that a file holds.
    case webIdentity(tokenFile: String, role: String, session: String?, region: String?)
    case sso(AWSSSO)
    /// What `aws login` left: the session's name.
    case login(String)
    /// A command that prints keys.
    case process(String)
    /// An address inside a container, and the file or the word that admits us.
    case container(url: String, tokenFile: String?, token: String?)
    /// The metadata service of an EC2 instance.
    case instance

    /// For banner and messages: "profile dev", "role deploy with AWS_ACCESS_KEY_ID"
    var name: String {
        switch self {
        case .fixed(_, let place): place
        case .role(let role, let base): "role \(Self.short(role.arn)) with \(base.name)"
        case .webIdentity(_, let role, _, _): "role \(Self.short(role)) with a web identity"
        case .sso(let sso): "SSO role \(sso.role)"
        case .login: "aws login"
        case .process: "credential_process"
        case .container: "the container's role"
        case .instance: "the instance's role"
        }
    }

    private static func short(_ arn: String) -> String { String(arn.split(separator: "/").last ?? "") }

    /// The keys are the same tomorrow.
    var isFixed: Bool { if case .fixed = self { true } else { false } }
}

/// A role to be taken on.
struct AWSRole: Sendable, Equatable {
    let arn: String
    var externalID: String?
    var session: String?
    var seconds: Int?
    var region: String?
}

/// Which keys an SSO session is asked for.
struct AWSSSO: Sendable, Equatable {
    let account: String
    let role: String
    let session: AWSSSOSession
}

/// Somebody who has signed in with SSO: where the token is kept, and who renews it.
struct AWSSSOSession: Sendable, Equatable {
    let region: String
    /// What the name of the token's file is made of: the session's name, or the start URL.
    let cacheKey: String
    /// Tokens of sessions can be renewed, those of a bare start URL cannot.
    let isRenewable: Bool
    let profile: String

    /// What to type for a new token.
    var advice: String { "aws sso login --profile \(profile)" }
}

/// Why there are no keys, and what to do about it.
struct AWSKeyError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
