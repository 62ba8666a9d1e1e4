internal import Intercept

/// Keys of people who have signed in: SSO and `aws login`, by the files that the AWS command leaves.
extension AWSKeyFetch {
    // MARK: SSO

    func keys(of sso: AWSSSO, at time: Timestamp) async throws -> AWSKeys {
        let token = try await token(of: sso.session, at: time)
        let query = "account_id=\(SigV4.encode(sso.account))&role_name=\(SigV4.encode(sso.role))"
        let address = try AWSEndpoints(settings).address(.sso, in: sso.session.region)
        let request = UpstreamRequest(
            method: "GET", url: "\(address)/federation/credentials?\(query)",
            headers: HTTPFields([.init("x-amz-sso_bearer_token", token)]), body: [], model: "")
        let (head, body) = try await send(request, milliseconds: 10_000, what: "SSO")
        let json = try? JSON.parse(body)
        guard head.status == 200, let keys = json?["roleCredentials"], let id = keys["accessKeyId"]?.string,
            let secret = keys["secretAccessKey"]?.string
        else {
            let words = json?["message"]?.string ?? "it answered \(head.status)"
            throw AWSKeyError("SSO refused role \(sso.role): \(words); run \(sso.session.advice)")
        }
        let expires = keys["expiration"]?.int.map {
            Timestamp(nanoseconds: Int64(min($0, 4_000_000_000_000)) * 1_000_000)
        }
        return AWSKeys(id: id, secret: secret, token: keys["sessionToken"]?.string, expires: expires)
    }

    func token(of session: AWSSSOSession, at time: Timestamp) async throws -> String {
        let cached = try SSOToken(of: session, settings)
        let left = cached.expires.nanoseconds - time.nanoseconds
        if left > SSOToken.early { return cached.token }
        if cached.isRenewable(at: time), let fresh = try await renew(session, cached, at: time) { return fresh }
        guard left > 0 else {
            throw AWSKeyError("the SSO session of profile \(session.profile) has ended; run \(session.advice)")
        }
        return cached.token
    }

    /// Renews the token of a session and keeps it where the AWS command looks for it; nil when that cannot be done.
    private func renew(_ session: AWSSSOSession, _ cached: SSOToken, at time: Timestamp) async throws -> String? {
        let cache = cached.file
        guard let client = cache["clientId"], let secret = cache["clientSecret"], let refresh = cache["refreshToken"]
        else { return nil }
        var ask = JSONWriter()
        ask.beginObject()
        ask.field("grantType", "refresh_token")
        ask.field("clientId", client)
        ask.field("clientSecret", secret)
        ask.field("refreshToken", refresh)
        ask.endObject()
        let address = try AWSEndpoints(settings).address(.oidc, in: session.region)
        let request = UpstreamRequest(
            url: address + "/token", headers: HTTPFields([.init("Content-Type", "application/json")]), body: ask.bytes,
            model: "")
        let (head, body) = try await send(request, milliseconds: 10_000, what: "SSO")
        guard head.status == 200, let answer = try? JSON.parse(body), let token = answer["accessToken"]?.string else {
            return nil
        }
        let expires = Timestamp(
            nanoseconds: time.nanoseconds + Int64(min(answer["expiresIn"]?.int ?? 3600, 31_536_000)) * 1_000_000_000)
        // Not being able to keep it is no reason not to use it.
        _ = settings.files.write(cached.path, Self.updated(cache, token, expires, answer["refreshToken"]))
        return token
    }

    /// The cached file with a new token in it; all other members stay.
    private static func updated(_ cache: JSON, _ token: String, _ expires: Timestamp, _ refresh: JSON?) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        for (key, value) in cache.members {
            switch key.string ?? "" {
            case "accessToken": out.field("accessToken", token)
            case "expiresAt": out.field("expiresAt", expires.iso)
            case "refreshToken" where refresh != nil: out.field("refreshToken", ifPresent: refresh)
            default:
                out.value(key)
                out.verbatim(":")
                out.value(value)
            }
        }
        out.endObject()
        return out.bytes
    }

    // MARK: aws login

    /// The keys in the cache of `aws login`, which the AWS command renews.
    func login(_ session: String, at time: Timestamp) throws -> AWSKeys {
        try Self.login(session, settings, at: time)
    }

    /// A login session must last this much longer to be used.
    private static let margin: Int64 = 300_000_000_000

    static func login(_ session: String, _ settings: AWSSettings, at time: Timestamp) throws(AWSKeyError) -> AWSKeys {
        let directory =
            settings.environment["AWS_LOGIN_CACHE_DIRECTORY"]
            ?? AWSSettings.home(settings.environment).map { "\($0)/.aws/login/cache" } ?? ""
        let name = Identifier.hex(SHA256.hash(Array(session.utf8)))
        guard let bytes = settings.files.read("\(directory)/\(name).json"), let cache = try? JSON.parse(bytes),
            let keys = cache["accessToken"], let id = keys["accessKeyId"]?.string,
            let secret = keys["secretAccessKey"]?.string
        else { throw AWSKeyError("there is no login session for profile \(settings.profile); run aws login") }
        let expires = keys["expiresAt"]?.string.flatMap(Timestamp.init(iso:))
        if let expires, expires.nanoseconds - time.nanoseconds < margin {
            throw AWSKeyError("the login session of profile \(settings.profile) has ended; run aws login")
        }
        return AWSKeys(id: id, secret: secret, token: keys["sessionToken"]?.string, expires: expires)
    }
}

/// A token as the AWS command has left it in its cache.
struct SSOToken: Sendable {
    /// A token that lasts no longer than this is renewed where that can be done.
    static let early: Int64 = 900_000_000_000

    let token: String
    let expires: Timestamp
    let path: String
    let file: JSON
    private let session: AWSSSOSession

    init(of session: AWSSSOSession, _ settings: AWSSettings) throws(AWSKeyError) {
        let name = Identifier.hex(SHA1.hash(Array(session.cacheKey.utf8)))
        guard let path = AWSSettings.home(settings.environment).map({ "\($0)/.aws/sso/cache/\(name).json" }),
            let bytes = settings.files.read(path), let file = try? JSON.parse(bytes),
            let token = file["accessToken"]?.string
        else { throw AWSKeyError("there is no SSO session for profile \(session.profile); run \(session.advice)") }
        guard let expires = file["expiresAt"]?.string.flatMap(Timestamp.init(iso:)) else {
            throw AWSKeyError("\(path) does not say when the SSO session ends; run \(session.advice)")
        }
        (self.token, self.expires, self.path, self.file, self.session) = (token, expires, path, file, session)
    }

    /// Whether AWS can be asked for another token without the user.
    func isRenewable(at time: Timestamp) -> Bool {
        guard session.isRenewable, file["clientId"] != nil, file["clientSecret"] != nil, file["refreshToken"] != nil
        else { return false }
        return (file["registrationExpiresAt"]?.string.flatMap(Timestamp.init(iso:)) ?? time) >= time
    }
}
