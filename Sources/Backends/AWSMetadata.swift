internal import Intercept

/// Keys that the machine has by itself: in a container, or on an EC2 instance.
extension AWSKeyFetch {
    // MARK: Containers

    func ask(container url: String, _ tokenFile: String?, _ token: String?) async throws -> AWSKeys {
        guard Self.isTrusted(url) else {
            throw AWSKeyError(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI=\(url): plain http is used with the container's own host only")
        }
        var request = UpstreamRequest(method: "GET", url: url, headers: HTTPFields(), body: [], model: "")
        request.headers.append("Accept", "application/json")
        if let word = try containerToken(tokenFile, token) { request.headers.append("Authorization", word) }
        let (head, body) = try await send(request, milliseconds: 2_000, what: "the container's role")
        guard head.status == 200 else {
            throw AWSKeyError("the container's role gave no keys: \(url) answered \(head.status)")
        }
        return try Self.keys(body, "the container's role")
    }

    /// Plain http only to this machine and to the addresses of ECS and EKS.
    private static func isTrusted(_ url: String) -> Bool {
        if url.hasPrefix("https://") { return true }
        let hosts = ["http://169.254.170.2", "http://169.254.170.23", "http://[fd00:ec2::23]"]
        return AWSEndpoints.isThisMachine(url)
            || hosts.contains { url == $0 || url.hasPrefix($0 + "/") || url.hasPrefix($0 + ":") }
    }

    private func containerToken(_ file: String?, _ token: String?) throws -> String? {
        var word = token
        if let file {
            guard let bytes = settings.files.read(file) else {
                throw AWSKeyError("\(file) cannot be read; check AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
            }
            word = String(decoding: bytes, as: UTF8.self)
        }
        guard let word, !word.isEmpty else { return nil }
        guard word.utf8.allSatisfy({ $0 >= 0x20 }) else {
            throw AWSKeyError("the container's authorization token holds a line end")
        }
        return word
    }

    // MARK: Instances

    func askInstance() async throws -> AWSKeys {
        let what = "the instance's role"
        let base = try instanceAddress
        let token = try await instanceToken(base)
        let list = "\(base)/latest/meta-data/iam/security-credentials/"
        let (head, body) = try await send(instanceRequest(list, token), milliseconds: 1_000, tries: 2, what: what)
        let role = String(decoding: body.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
        guard head.status == 200, !role.isEmpty else {
            throw AWSKeyError(
                "bedrock: no credentials; set AWS_BEARER_TOKEN_BEDROCK, AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
                    + "AWS_SECRET_ACCESS_KEY (the instance has no role)"
            )
        }
        let request = instanceRequest(list + SigV4.encode(role), token)
        return try Self.keys(try await send(request, milliseconds: 1_000, tries: 2, what: what).body, what)
    }

    /// Where the metadata service is: an address of the user's own, else the one of IPv4 or IPv6.
    var instanceAddress: String {
        get throws(AWSKeyError) {
            let (name, value) = instance("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint")
            if let value {
                guard let address = try? ServiceAddress(value, variable: name) else {
                    throw AWSKeyError("\(name)=\(value): expected an address like http://169.254.169.254")
                }
                return address.shown
            }
            let mode = instance("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode")
            switch mode.value?.lowercased() {
            case nil, "ipv4": return "http://169.254.169.254"
            case "ipv6": return "http://[fd00:ec2::254]"
            default: throw AWSKeyError("\(mode.name)=\(mode.value ?? ""): expected IPv4 or IPv6")
            }
        }
    }

    /// A setting of the metadata service: a variable's, else a property's of the profile.
    private func instance(_ variable: String, _ property: String) -> (name: String, value: String?) {
        if let value = settings.environment[variable] { return (variable, value) }
        return (property, settings[property])
    }

    /// The token of IMDSv2; nil where only the older way is there, and it may be used.
    private func instanceToken(_ base: String) async throws -> String? {
        var request = UpstreamRequest(
            method: "PUT", url: base + "/latest/api/token", headers: HTTPFields(), body: [], model: "")
        request.headers.append("x-aws-ec2-metadata-token-ttl-seconds", "21600")
        let (head, body): (UpstreamHead, [UInt8])
        do {
            (head, body) = try await send(request, milliseconds: 1_000, tries: 2, what: "the instance's role")
        } catch {
            throw AWSKeyError(
                "bedrock: no credentials; set AWS_BEARER_TOKEN_BEDROCK, AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
                    + "AWS_SECRET_ACCESS_KEY (this is no EC2 instance: \(error))")
        }
        if head.status == 200 { return String(decoding: body, as: UTF8.self) }
        let isOld = [403, 404, 405].contains(head.status)
        let isDisabled = instance("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled").value
        guard isOld, isDisabled?.lowercased() != "true" else {
            throw AWSKeyError("the instance's role gave no keys: the token was refused with \(head.status)")
        }
        return nil
    }

    private func instanceRequest(_ url: String, _ token: String?) -> UpstreamRequest {
        var request = UpstreamRequest(method: "GET", url: url, headers: HTTPFields(), body: [], model: "")
        if let token { request.headers.append("x-aws-ec2-metadata-token", token) }
        return request
    }

    // MARK: Their answers

    /// `AccessKeyId`, `SecretAccessKey`, `Token`, `Expiration`
    static func keys(_ body: [UInt8], _ what: String) throws -> AWSKeys {
        guard let json = try? JSON.parse(body), let id = json["AccessKeyId"]?.string,
            let secret = json["SecretAccessKey"]?.string
        else {
            throw AWSKeyError("\(what) gave no keys: \(UpstreamError.excerpt(body))")
        }
        let token = (json["Token"] ?? json["SessionToken"])?.string
        return AWSKeys(
            id: id, secret: secret, token: token, expires: json["Expiration"]?.string.flatMap(Timestamp.init(iso:)))
    }
}
