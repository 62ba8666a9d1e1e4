import Testing

@testable import Backends
@testable import Intercept

/// How Bedrock is found in the environment, where it is called, and by whose keys.
@Suite struct BedrockTests {
    // MARK: Detection

    @Test(
        "keys and models in the environment mean Bedrock, and secrets are not shown",
        arguments: [
            (["AWS_BEARER_TOKEN_BEDROCK": "secret"], "AWS_BEARER_TOKEN_BEDROCK is set"),
            (["BEDROCK_MODEL_ID": "a.b"], "BEDROCK_MODEL_ID=a.b"), (["AWS_PROFILE": "dev"], "AWS_PROFILE=dev"),
            (["AWS_ACCESS_KEY_ID": "AKID"], "AWS_ACCESS_KEY_ID is set"),
            (["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"], "AWS_WEB_IDENTITY_TOKEN_FILE=/t"),
        ])
    func detected(variables: [String: String], because: String) {
        #expect(Bedrock.detect(Environment(variables)) == Detection(because: because, rank: 30))
    }

    @Test("a region alone means nothing", arguments: ["AWS_REGION", "AWS_SECRET_ACCESS_KEY", "HOME"])
    func undetected(name: String) { #expect(Bedrock.detect(Environment([name: "x"])) == nil) }

    @Test("Bedrock goes before the others unless another is named")
    func order() throws {
        let variables = Converse.keys.merging(["AWS_REGION": "eu-west-1", "OPENAI_API_KEY": "k12345678"]) { $1 }
        let choice = try Registry.choose(Environment(variables))
        #expect(type(of: choice.backend).name == "bedrock")
        #expect(choice.alsoPossible.first?.hasPrefix("openai_compatible") ?? false)
    }

    // MARK: What is missing

    private func problem(_ variables: [String: String], _ files: [String: String] = [:]) -> String {
        do { _ = try Bedrock(Converse.settings(variables, files: files)) } catch { return "\(error)" }
        return ""
    }

    @Test("no region: the message says where to set it")
    func region() {
        #expect(
            problem(Converse.keys)
                == "bedrock: no region is set; set AWS_REGION, or region in the profile default of ~/.aws/config")
        #expect(problem(["AWS_REGION": "Frankfurt"]).hasPrefix("AWS_REGION=Frankfurt (shell): no AWS region"))
    }

    @Test(
        "half a pair of keys: the message names the missing half",
        arguments: [
            (["AWS_ACCESS_KEY_ID": "a"], "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not"),
            (["AWS_SECRET_ACCESS_KEY": "a"], "AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not"),
        ])
    func half(variables: [String: String], words: String) {
        #expect(problem(variables.merging(["AWS_REGION": "eu-west-1"]) { $1 }).hasPrefix(words))
    }

    @Test("a profile that no file has: the message names those that there are")
    func profile() {
        let files = ["/users/me/.aws/config": "[profile dev]\nregion=eu-west-1\n[profile prod]\n"]
        #expect(problem(["AWS_PROFILE": "dve"], files).hasSuffix("there are dev, prod"))
        #expect(problem(["AWS_PROFILE": "dve"]).hasSuffix("no file has a profile; run aws configure"))
    }

    @Test("a damaged file: the message names the file and the line")
    func damaged() {
        let files = ["/users/me/.aws/credentials": "[default]\nkey : value\n"]
        #expect(problem([:], files) == "/users/me/.aws/credentials, line 2: Expected an '=' sign defining a property")
    }

    // MARK: Where

    @Test(
        "the address follows region, FIPS and dual-stack",
        arguments: [
            ([:], "https://bedrock-runtime.eu-central-1.amazonaws.com"),
            (["AWS_REGION": "cn-north-1"], "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"),
            (["AWS_USE_FIPS_ENDPOINT": "true"], "https://bedrock-runtime-fips.eu-central-1.amazonaws.com"),
            (["AWS_USE_DUALSTACK_ENDPOINT": "true"], "https://bedrock-runtime.eu-central-1.api.aws"),
            (["AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://vpce.example/x/"], "https://vpce.example/x"),
            (["AWS_ENDPOINT_URL": "http://127.0.0.1:9"], "http://127.0.0.1:9"),
            (
                ["AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"],
                "https://bedrock-runtime.eu-central-1.amazonaws.com"
            ),
        ])
    func addresses(variables: [String: String], address: String) throws {
        #expect(try Converse.backend(variables).origin == address)
    }

    @Test("region and address come from the profile where no variable says otherwise")
    func fromProfile() throws {
        let config = """
            [profile dev]
            region = us-west-2
            services = local
            [services local]
            bedrock_runtime =
              endpoint_url = http://localhost:4566
            """
        let files = ["/users/me/.aws/config": config]
        let backend = try Bedrock(
            Converse.settings(Converse.keys.merging(["AWS_PROFILE": "dev"]) { $1 }, files: files))
        #expect(backend.endpoint.region == "us-west-2")
        #expect(backend.origin == "http://localhost:4566")
    }

    @Test("P107: the model's id is one segment of the path, percent-encoded once")
    func path() throws {
        let arn = "arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/ab12"
        let (sent, _) = try Converse.send(Chat.request(model: arn, #""stream":true"#))
        #expect(
            sent.url == "https://bedrock-runtime.us-west-2.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aus-west-2"
                + "%3A123456789012%3Aapplication-inference-profile%2Fab12/converse-stream")
        let (whole, _) = try Converse.send(Chat.request(model: "claude-opus-4-6"))
        #expect(whole.url.hasSuffix("/model/eu.anthropic.claude-opus-4-6-v1/converse"))
    }

    @Test("a model id that would change the path is refused", arguments: [".", ".."])
    func dots(model: String) {
        #expect(throws: TranslationError.self) { try Converse.send(Chat.request(model: model)) }
    }

    // MARK: By whose keys

    @Test("the profile saml is used when it exists and nothing else is named")
    func saml() throws {
        let files = [
            "/users/me/.aws/credentials":
                "[default]\naws_access_key_id=A\naws_secret_access_key=B\n[saml]\naws_access_key_id=C\naws_secret_access_key=D\naws_session_token=E\n"
        ]
        let region = ["AWS_REGION": "eu-west-1"]
        func source(_ variables: [String: String]) throws -> String {
            try Bedrock(Converse.settings(region.merging(variables) { $1 }, files: files)).access.source
        }
        #expect(try source([:]) == "profile saml")
        #expect(try source(["AWS_PROFILE": "default"]) == "profile default")
        #expect(try source(Converse.keys) == "AWS_ACCESS_KEY_ID")
        #expect(try source(["AWS_BEARER_TOKEN_BEDROCK": "t"]) == "AWS_BEARER_TOKEN_BEDROCK")
    }

    @Test("a bearer token goes over https only, or to this machine")
    func bearer() throws {
        let variables = ["AWS_BEARER_TOKEN_BEDROCK": "token"]
        let (sent, _) = try Converse.send(Chat.request(), variables)
        guard case .header(let name, let value) = sent.authorization else { return #expect(Bool(false)) }
        #expect((name, value) == ("Authorization", "Bearer token"))
        let plain = variables.merging(["AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://example.com"]) { $1 }
        #expect(throws: ConfigError.self) { try Converse.backend(plain) }
        let local = variables.merging(["AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:1"]) { $1 }
        #expect(throws: Never.self) { try Converse.backend(local) }
    }

    @Test("a request is signed with host, content type, time and session token")
    func signing() async throws {
        let (sent, _) = try Converse.send(Chat.request(), ["AWS_SESSION_TOKEN": "session"])
        guard case .signer(let signer) = sent.authorization else { return #expect(Bool(false)) }
        let fields = try await signer.sign(
            sent, at: Timestamp(nanoseconds: 1_795_262_400_000_000_000), Converse.errands)
        #expect(fields["X-Amz-Date"] == "20261121T120000Z")
        #expect(fields["X-Amz-Security-Token"] == "session")
        let field = fields["Authorization"] ?? ""
        #expect(
            field.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/eu-central-1/bedrock/aws4_request, "
                    + "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="))
    }
}
