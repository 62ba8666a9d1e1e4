internal import Intercept

/// Fetches the keys of a source: from files, from AWS's own services, from a command.
struct AWSKeyFetch: Sendable {
    let settings: AWSSettings
    let errands: Errands

    /// - Throws: ``AWSKeyError``, which says what to do.
    func keys(of source: AWSKeySource, at time: Timestamp) async throws -> AWSKeys {
        switch source {
        case .fixed(let keys, _): return keys
        case .role(let role, let base): return try await assume(role, with: keys(of: base, at: time), at: time)
        case .webIdentity(let file, let role, let session, let region):
            return try await exchange(tokenFile: file, role, session, region, at: time)
        case .sso(let sso): return try await keys(of: sso, at: time)
        case .login(let session): return try login(session, at: time)
        case .process(let command): return try await run(command)
        case .container(let url, let tokenFile, let token): return try await ask(container: url, tokenFile, token)
        case .instance: return try await askInstance()
        }
    }

    /// Sends a request, again after a failure of the other side.
    func send(
        _ request: UpstreamRequest, milliseconds: Int, tries: Int = 3, what: String
    ) async throws -> (head: UpstreamHead, body: [UInt8]) {
        var problem = ""
        for count in 0..<tries {
            if count > 0, let pause = Self.backoff.pause(count - 1) { await errands.pause(pause) }
            do {
                let answer = try await errands.fetch(request, milliseconds)
                if answer.head.status < 500 { return answer }
                problem = "it answered \(answer.head.status)"
            } catch { problem = "\(error)" }
        }
        throw AWSKeyError("\(what) gave no keys: \(problem)")
    }

    /// Between tries, of which there are two or three.
    private static let backoff = Backoff(firstMS: 200, mostMS: 1_000, most: 10)

    // MARK: STS

    private func assume(_ role: AWSRole, with keys: AWSKeys, at time: Timestamp) async throws -> AWSKeys {
        var form = [("Action", "AssumeRole"), ("Version", "2011-06-15"), ("RoleArn", role.arn)]
        form.append(("RoleSessionName", role.session ?? Self.sessionName(time)))
        if let id = role.externalID { form.append(("ExternalId", id)) }
        if let seconds = role.seconds { form.append(("DurationSeconds", "\(seconds)")) }
        let region = self.region(role.region)
        var request = try request(form, region)
        request.headers = SigV4(region: region, service: "sts").headers(for: request, keys, at: time)
        return try await ask(sts: request, "role \(role.arn)")
    }

    private func exchange(
        tokenFile: String, _ role: String, _ session: String?, _ region: String?, at time: Timestamp
    ) async throws -> AWSKeys {
        guard let token = settings.files.read(tokenFile) else {
            throw AWSKeyError("the web identity token \(tokenFile) cannot be read; check AWS_WEB_IDENTITY_TOKEN_FILE")
        }
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
            ("RoleSessionName", session ?? Self.sessionName(time)),
            ("WebIdentityToken", HTTPFields.trim(String(decoding: token, as: UTF8.self).filter { !$0.isNewline })),
        ]
        return try await ask(sts: request(form, self.region(region)), "role \(role)")
    }

    private static func sessionName(_ time: Timestamp) -> String { "claudecodex-\(time.nanoseconds / 1_000_000_000)" }

    private func region(_ ofProfile: String?) -> String {
        settings.environment.first("AWS_REGION", "AWS_DEFAULT_REGION")?.entry.value ?? ofProfile ?? settings["region"]
            ?? "us-east-1"
    }

    private func request(_ form: [(String, String)], _ region: String) throws -> UpstreamRequest {
        let body = form.map { "\($0.0)=\(SigV4.encode($0.1))" }.joined(separator: "&")
        let fields = HTTPFields([.init("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")])
        let address = try AWSEndpoints(settings).address(.sts, in: region)
        return UpstreamRequest(url: address + "/", headers: fields, body: Array(body.utf8), model: "")
    }

    private func ask(sts request: UpstreamRequest, _ what: String) async throws -> AWSKeys {
        let (head, body) = try await send(request, milliseconds: 10_000, what: "STS")
        let text = String(decoding: body, as: UTF8.self)
        guard head.status == 200 else {
            let words = [XMLText.value("Code", in: text), XMLText.value("Message", in: text)].compactMap { $0 }
            throw AWSKeyError(
                "STS refused \(what): \(words.isEmpty ? "it answered \(head.status)" : words.joined(separator: ": "))")
        }
        guard let id = XMLText.value("AccessKeyId", in: text), let secret = XMLText.value("SecretAccessKey", in: text)
        else {
            throw AWSKeyError("STS answered without keys for \(what)")
        }
        return AWSKeys(
            id: id, secret: secret, token: XMLText.value("SessionToken", in: text),
            expires: XMLText.value("Expiration", in: text).flatMap(Timestamp.init(iso:)))
    }
}

/// The text of elements in the answers of STS, which are XML.
enum XMLText {
    /// The content of the first element of this name, without entities.
    static func value(_ name: String, in text: String) -> String? {
        let bytes = Array(text.utf8)
        guard let start = find(Array("<\(name)>".utf8), in: bytes, from: 0),
            let end = find(Array("</\(name)>".utf8), in: bytes, from: start.upperBound)
        else { return nil }
        return plain(String(decoding: bytes[start.upperBound..<end.lowerBound], as: UTF8.self))
    }

    private static func find(_ wanted: [UInt8], in bytes: [UInt8], from: Int) -> Range<Int>? {
        var at = from
        while at + wanted.count <= bytes.count {
            if bytes[at] == wanted[0], bytes[at..<at + wanted.count].elementsEqual(wanted) {
                return at..<at + wanted.count
            }
            at += 1
        }
        return nil
    }

    private static let entities = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"]

    private static func plain(_ text: String) -> String {
        var out = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            out += rest[..<start]
            let name = rest[rest.index(after: start)...].prefix { $0 != ";" }
            let known = entities[String(name)]
            out += known ?? "&\(name);"
            rest = rest[start...].dropFirst(name.count + 2)
        }
        return out + rest
    }
}
