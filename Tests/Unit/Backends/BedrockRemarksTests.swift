import Testing

@testable import Backends
@testable import Intercept

/// What `doctor` is told about keys, region and address.
@Suite struct BedrockRemarksTests {
    /// 2026-11-21T12:00:00Z
    private static let now = Timestamp(nanoseconds: 1_795_262_400_000_000_000)
    private static let region = ["AWS_REGION": "eu-central-1"]

    private func remarks(_ variables: [String: String], _ files: [String: String] = [:]) throws -> [Remark] {
        let all = variables.merging(Self.region) { left, _ in left }
        return try Bedrock(Converse.settings(all, files: files)).remarks(at: Self.now)
    }

    private func credentials(_ variables: [String: String], _ config: String = "", _ more: [String: String] = [:])
        throws -> Remark
    {
        let files = more.merging(["/users/me/.aws/config": config]) { $1 }
        return try #require(try remarks(variables, files).first { $0.topic == "credentials" })
    }

    private static let sso = """
        [profile dev]
        sso_session = work
        sso_account_id = 1
        sso_role_name = dev
        [profile deploy]
        role_arn = arn:aws:iam::1:role/deploy
        source_profile = dev
        [sso-session work]
        sso_start_url = https://x.awsapps.com/start
        sso_region = eu-west-1

        """
    private static let cache = "/users/me/.aws/sso/cache/\(Identifier.hex(SHA1.hash(Array("work".utf8)))).json"
    private static let renewable = #","clientId":"c","clientSecret":"s","refreshToken":"r""#

    @Test(
        "an SSO session: how long it lasts, who renews it, and what to type",
        arguments: [
            (nil, Remark.Level.fail, "there is no SSO session"),
            ("2026-11-21T13:30:00Z\"", .ok, "the SSO session ends 2026-11-21T13:30:00Z, in 90 min"),
            ("2026-11-21T10:00:00Z\"", .fail, "the SSO session ended 2026-11-21T10:00:00Z, 2 h ago"),
            (
                "2026-11-21T10:00:00Z\"" + renewable, .ok,
                "the SSO session ended 2026-11-21T10:00:00Z, 2 h ago, and will be renewed by its refresh token"
            ),
        ])
    func sessions(rest: String?, level: Remark.Level, words: String) throws {
        let files = rest.map { [Self.cache: #"{"accessToken":"t","expiresAt":"\#($0)}"#] } ?? [:]
        let found = try credentials(["AWS_PROFILE": "dev"], Self.sso, files)
        #expect((found.level, found.text) == (level, "SSO role dev: \(words)"))
        #expect(found.todo == (level == .fail ? ["aws sso login --profile dev"] : []))
        #expect(
            found.details == [
                "skipped: AWS_BEARER_TOKEN_BEDROCK is not set", "skipped: AWS_ACCESS_KEY_ID is not set",
                "the profile dev counts: AWS_PROFILE",
            ])
        let role = try credentials(["AWS_PROFILE": "deploy"], Self.sso, files)
        #expect(role.level == level && role.todo == found.todo)
        #expect(role.details.last == "begins with SSO role dev: \(words)")
    }

    @Test("keys in variables: which profile is shadowed, when they end, and what is missing")
    func variables() throws {
        let long = try credentials(Converse.keys.merging(["AWS_PROFILE": "dev"]) { $1 }, "[profile dev]\n")
        #expect((long.level, long.text) == (.ok, "AWS_ACCESS_KEY_ID: keys that do not end"))
        #expect(long.details.last == "not used for keys: AWS_PROFILE=dev")
        func ends(_ time: String) throws -> Remark {
            try credentials(
                Converse.keys.merging(["AWS_SESSION_TOKEN": "t", "AWS_CREDENTIAL_EXPIRATION": time]) { $1 })
        }
        let open = try ends("2026-11-21T12:01:00Z")
        #expect(open.text == "AWS_ACCESS_KEY_ID: a session that ends 2026-11-21T12:01:00Z, in 60 s")
        #expect(try ends("2026-11-21T11:00:00Z").level == .fail)
        let half = try credentials(["AWS_ACCESS_KEY_ID": "ASIAX", "AWS_SECRET_ACCESS_KEY": "s"])
        #expect((half.level, half.todo) == (.fail, ["set AWS_SESSION_TOKEN"]))
    }

    @Test("keys that a login tool has written into the profile saml say when they end")
    func saml() throws {
        let config = """
            [profile saml]
            aws_access_key_id = ASIAX
            aws_secret_access_key = s
            aws_session_token = t
            x_security_token_expires = 2026-11-21T11:00:00+00:00

            """
        let found = try credentials([:], config)
        #expect(found.level == .fail)
        #expect(found.text == "profile saml: the session ended 2026-11-21T11:00:00Z, 60 min ago")
        #expect(found.details.last == "the profile saml counts: it exists and AWS_PROFILE is not set")
    }

    @Test(
        "what would have to be asked for is told as it is known",
        arguments: [
            (
                ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"], Remark.Level.ok,
                "the container's role: http://169.254.170.2/x will be asked"
            ),
            (
                [
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/x",
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/t",
                ], .fail, "the container's role: /t cannot be read"
            ),
            (
                ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"], .fail,
                "role r with a web identity: the token /t cannot be read"
            ),
            (
                [:], .warn,
                "the instance's role: nothing here gives keys; only if this is an EC2 instance with a role, that will"
            ),
        ])
    func machines(variables: [String: String], level: Remark.Level, text: String) throws {
        let found = try credentials(variables)
        #expect((found.level, found.text) == (level, text))
        #expect(found.details.contains("skipped: no profile default"))
    }

    @Test("a command is named without its arguments, and is not run; a login session that has ended says what to type")
    func commands() throws {
        let process = try credentials([:], "[default]\ncredential_process = /opt/vault --secret=abc\n")
        #expect(process.text == "credential_process: /opt/vault will be run when keys are needed (not now)")
        let login = try credentials([:], "[default]\nlogin_session = me\n")
        #expect((login.level, login.todo) == (.fail, ["aws login"]))
        #expect(login.text == "aws login: there is no login session for profile default")
    }

    @Test("keys that were fetched say when they end, and a failed fetch says why")
    func fetched() async throws {
        let variables = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"].merging(Self.region) { $1 }
        func found(_ status: Int) async throws -> Remark {
            let backend = try Bedrock(Converse.settings(variables))
            let body =
                #"{"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-21T13:00:00Z"}"#
            let errands = Errands(
                fetch: { _, _ in (UpstreamHead(status: status, headers: HTTPFields()), Array(body.utf8)) },
                spawn: { _ in })
            guard case .keys(let credentials) = backend.access else { throw AWSKeyError("no keys") }
            _ = try? await credentials.keys(at: Self.now, errands)
            return try #require(backend.remarks(at: Self.now).first)
        }
        let good = try await found(200)
        #expect(good.text == "the container's role: fetched; the session ends 2026-11-21T13:00:00Z, in 60 min")
        let bad = try await found(404)
        #expect(bad.level == .fail && bad.text.hasSuffix("http://169.254.170.2/x answered 404"))
        #expect(bad.todo == ["check the role of this machine"])
    }

    @Test("region and address say who set them")
    func places() throws {
        func texts(_ variables: [String: String], _ config: String = "") throws -> [String] {
            try remarks(Converse.keys.merging(variables) { $1 }, ["/users/me/.aws/config": config]).dropFirst()
                .map { "\($0.topic): \($0.text)" }
        }
        #expect(
            try texts([:]) == [
                "region: eu-central-1, by AWS_REGION (shell); models are called with eu. in front",
                "endpoint: https://bedrock-runtime.eu-central-1.amazonaws.com, the region's own; API converse",
            ])
        let own = ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://vpce.example", "AWS_REGION": ""]
        #expect(
            try texts(own, "[default]\nregion = us-west-2\n") == [
                "region: us-west-2, by profile default; models are called with us. in front",
                "endpoint: https://vpce.example, by AWS_ENDPOINT_URL_BEDROCK_RUNTIME (shell); API converse",
            ])
        #expect(try texts(["BEDROCK_API": "mantle"]).last?.contains("bedrock-mantle.eu-central-1.api.aws") ?? false)
    }

    // MARK: Online

    @Test("the question of doctor --online is one that Bedrock must refuse")
    func probe() throws {
        let converse = try #require(try Converse.backend().probe)
        #expect(converse.url.hasSuffix("/model/eu.anthropic.claude-sonnet-4-6/converse"))
        #expect(String(decoding: converse.body, as: UTF8.self).contains(#""messages":[]"#))
        let mantle = try #require(try Converse.backend(["BEDROCK_API": "mantle"]).probe)
        #expect(mantle.url == "https://bedrock-mantle.eu-central-1.api.aws/anthropic/v1/messages")
    }

    @Test(
        "the refusal says whether the keys are good",
        arguments: [
            (400, "ValidationException", Remark.Level.ok), (403, "UnrecognizedClientException", .fail),
            (403, "InvalidSignatureException", .fail), (403, "AccessDeniedException", .warn),
            (404, "ResourceNotFoundException", .warn),
        ])
    func judged(status: Int, type: String, level: Remark.Level) throws {
        let head = UpstreamHead(status: status, headers: HTTPFields([.init("x-amzn-ErrorType", "\(type):http://x/")]))
        let body = Array(#"{"message":"no, 123456789012"}"#.utf8)
        let found = try #require(try Converse.backend().judge(probe: head, body: body))
        #expect(found.level == level)
        #expect(!found.text.contains("123456789012"))
        #expect(found.todo.isEmpty == (level == .ok))
        #expect(try Converse.backend().judge(probe: UpstreamHead(status: 429, headers: HTTPFields()), body: []) == nil)
    }

    @Test("only a model that is being loaded is asked again, five times in all")
    func loading() throws {
        let backend = try Converse.backend()
        func pause(_ status: Int, _ type: String, _ count: Int, _ retryAfter: String? = nil) -> Int? {
            var fields = HTTPFields([.init("x-amzn-ErrorType", type)])
            if let retryAfter { fields.append("Retry-After", retryAfter) }
            return backend.pause(
                after: UpstreamHead(status: status, headers: fields), body: Array(#"{"message":"m"}"#.utf8),
                count: count)
        }
        for status in [424, 429] {
            let pauses = (0..<5).map { pause(status, "ModelNotReadyException", $0) }
            #expect(pauses.map { $0 != nil } == [true, true, true, true, false])
            #expect(zip(pauses, [300, 600, 1200, 2400]).allSatisfy { $0 ?? 0 <= $1 && $0 ?? 0 >= $1 / 2 })
        }
        #expect(pause(429, "ModelNotReadyException", 0, "4") == 4000)
        #expect(pause(429, "ModelNotReadyException", 0, "60") == nil)
        #expect(pause(429, "ThrottlingException", 0) == nil)
        #expect(pause(503, "ServiceUnavailableException", 0) == nil)
    }
}
