public import Intercept

/// What `doctor` says about Bedrock: who gives the keys and until when, which region and address count. Files and
/// variables only; what would have to be asked for is told as it is known.
extension Bedrock {
    public func remarks(at time: Timestamp) -> [Remark] {
        [access.remark(at: time), regionRemark, endpointRemark]
    }

    private var regionRemark: Remark {
        let geography =
            names.geography.map { "models are called with \($0). in front" } ?? "models are called by plain ids"
        return Remark(.ok, "region", "\(endpoint.region), by \(endpoint.regionSource); \(geography)")
    }

    private var endpointRemark: Remark {
        let source = endpoint.source(api).map { "by \($0)" } ?? "the region's own"
        return Remark(.ok, "endpoint", "\(address), \(source); API \(api.rawValue)")
    }

    // MARK: Asking

    /// A request that Bedrock must refuse, and so costs nothing: one without messages, for an answer of no tokens. Whether it
    /// is refused for that or for its keys is what we want to know.
    public var probe: UpstreamRequest? {
        let id = api == .mantle ? names.mantle(for: Self.probeModel) : names.id(for: Self.probeModel).id
        let fields = HTTPFields([.init("Content-Type", "application/json"), .init("Accept", "application/json")])
        if api == .mantle {
            var request = UpstreamRequest(
                url: endpoint.mantle + "/anthropic/v1/messages", headers: fields,
                body: Array(#"{"model":"\#(id)","max_tokens":0,"messages":[]}"#.utf8), model: id,
                authorization: access.authorization(region: endpoint.region, service: "bedrock-mantle"))
            request.headers.append("anthropic-version", "2023-06-01")
            return request
        }
        return send(Array(#"{"messages":[],"inferenceConfig":{"maxTokens":0}}"#.utf8), to: id, "converse", [])
    }

    private static let probeModel = "claude-sonnet-4-6"

    public func judge(probe answer: UpstreamHead, body: [UInt8]) -> Remark? {
        let error = BedrockError(body, answer, host: errors(Self.probeModel).host)
        let words = BedrockErrors.withoutAccount(error.unwrapped)
        let name = error.type.isEmpty ? "" : " (\(error.type))"
        switch answer.status {
        case 400 where !error.isAboutKeys:
            return Remark(.ok, "online", "\(endpoint.region) answers and takes the keys")
        case 400, 401, 403:
            if error.isAboutKeys || answer.status == 401 {
                return Remark(
                    .fail, "online", "AWS refuses the credentials\(name): \(words)",
                    todo: [access.remedy(profile: profile)])
            }
            return Remark(
                .warn, "online", "AWS knows the credentials, but they may not call the model\(name): \(words)",
                todo: ["allow \(api.actions) (docs/bedrock.md)"])
        case 404:
            return Remark(
                .warn, "online", "\(endpoint.region) answers, but not for this model: \(words)",
                todo: ["set BEDROCK_MODEL_ID to a model of this region"])
        default: return nil
        }
    }
}

extension BedrockAccess {
    /// Who gives the keys, until when, and which steps before had none.
    func remark(at time: Timestamp) -> Remark {
        guard case .keys(let credentials) = self else {
            return Remark(
                .ok, "credentials", "a Bedrock API key, by AWS_BEARER_TOKEN_BEDROCK; nothing else is looked at")
        }
        let (settings, source) = (credentials.settings, credentials.source)
        let skipped = ["AWS_BEARER_TOKEN_BEDROCK is not set"] + ((try? AWSChain(settings))?.skipped ?? [])
        var details = skipped.map { "skipped: \($0)" }
        if case .fixed(_, "AWS_ACCESS_KEY_ID") = source,
            let (name, entry) = settings.environment.first("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
        {
            details.append("not used for keys: \(name)=\(entry.value)")
        } else if skipped.count > 1, settings.profiles.profiles[settings.profile] != nil {
            details.append("the profile \(settings.profile) counts: \(settings.profileReason)")
        }
        var found = AWSKeyOutlook(settings, time).of(source)
        switch credentials.fetched {
        case .success(let keys)? where !source.isFixed:
            found = AWSKeyOutlook.Found(.ok, "fetched; the session \(AWSKeyOutlook.ending(keys.expires, time))")
        case .failure(let failure)?:
            let todo = found.todo.isEmpty ? [remedy(profile: settings.profile)] : found.todo
            found = AWSKeyOutlook.Found(.fail, failure.description, todo)
        default: break
        }
        return Remark(
            found.level, "credentials", "\(source.name): \(found.text)", details: details + found.details,
            todo: found.todo)
    }
}

/// What can be known of keys before they are asked for.
struct AWSKeyOutlook {
    struct Found: Equatable {
        var level: Remark.Level
        var text: String
        var details: [String] = []
        var todo: [String] = []

        init(_ level: Remark.Level, _ text: String, _ todo: [String] = []) {
            (self.level, self.text, self.todo) = (level, text, todo)
        }
    }

    let settings: AWSSettings
    let time: Timestamp

    init(_ settings: AWSSettings, _ time: Timestamp) { (self.settings, self.time) = (settings, time) }

    func of(_ source: AWSKeySource) -> Found {
        switch source {
        case .fixed(let keys, let place): return fixed(keys, place)
        case .role(let role, let base):
            var found = of(base)
            found.details.append("begins with \(base.name): \(found.text)")
            if found.level != .fail { found.text = "STS will be asked for the role" }
            if role.region == nil, settings.environment["AWS_REGION"] == nil, settings["region"] == nil {
                found.details.append("STS of us-east-1 is asked, because no region is set")
            }
            return found
        case .webIdentity(let file, _, _, _):
            if settings.files.read(file) == nil {
                return Found(.fail, "the token \(file) cannot be read", ["check AWS_WEB_IDENTITY_TOKEN_FILE"])
            }
            return Found(.ok, "STS will be asked, with the token \(file)")
        case .sso(let sso): return token(sso.session)
        case .login(let session): return login(session)
        case .process(let command):
            let program = command.prefix { $0 != " " && $0 != "\t" }
            return Found(.ok, "\(program) will be run when keys are needed (not now)")
        case .container(let url, let file, _):
            if let file, settings.files.read(file) == nil {
                return Found(
                    .fail, "\(file) cannot be read", ["check AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
            }
            return Found(.ok, "\(url) will be asked")
        case .instance:
            return Found(
                .warn, "nothing here gives keys; only if this is an EC2 instance with a role, that will",
                ["set AWS_BEARER_TOKEN_BEDROCK, AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"])
        }
    }

    private func fixed(_ keys: AWSKeys, _ place: String) -> Found {
        if keys.id.hasPrefix("ASIA"), keys.token == nil {
            let name = place == "AWS_ACCESS_KEY_ID" ? "AWS_SESSION_TOKEN" : "aws_session_token of \(place)"
            return Found(.fail, "keys that begin with ASIA are worth nothing without their token", ["set \(name)"])
        }
        let written = place == "AWS_ACCESS_KEY_ID" ? nil : settings["x_security_token_expires"]
        guard let end = keys.expires ?? written.flatMap(Timestamp.init(iso:)) else {
            let isLasting = keys.token == nil
            return Found(.ok, isLasting ? "keys that do not end" : "keys of a session; nothing says when they end")
        }
        if end > time { return Found(.ok, "a session that \(Self.ending(end, time))") }
        return Found(.fail, "the session \(Self.ending(end, time))", ["get new ones with your login tool"])
    }

    private func token(_ session: AWSSSOSession) -> Found {
        let token: SSOToken
        do throws(AWSKeyError) { token = try SSOToken(of: session, settings) } catch {
            return Found(.fail, "there is no SSO session", [session.advice])
        }
        let ending = "the SSO session \(Self.ending(token.expires, time))"
        if token.expires > time { return Found(.ok, ending) }
        if token.isRenewable(at: time) { return Found(.ok, "\(ending), and will be renewed by its refresh token") }
        return Found(.fail, ending, [session.advice])
    }

    private func login(_ session: String) -> Found {
        do throws(AWSKeyError) {
            let keys = try AWSKeyFetch.login(session, settings, at: time)
            return Found(.ok, "a session that \(Self.ending(keys.expires, time))")
        } catch {
            let words = error.description.prefix { $0 != ";" }
            return Found(.fail, String(words), ["aws login"])
        }
    }

    /// "ends 2026-11-29T17:00:00Z, in 2 h", "ended 2026-11-29T17:00:00Z, 3 min ago"
    static func ending(_ end: Timestamp?, _ time: Timestamp) -> String {
        guard let end else { return "has no end" }
        let seconds = (end.nanoseconds - time.nanoseconds) / 1_000_000_000
        let span = span(abs(seconds))
        return seconds > 0 ? "ends \(end.iso), in \(span)" : "ended \(end.iso), \(span) ago"
    }

    private static func span(_ seconds: Int64) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) days"
        }
    }
}
