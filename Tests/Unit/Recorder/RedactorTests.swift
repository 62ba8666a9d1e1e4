/// What counts as a secret, what does not, and what becomes of it.
import Testing

@testable import Intercept
@testable import Recorder

struct RedactorTests {
    static let key = [UInt8](repeating: 7, count: 32)
    static let redactor = Redactor(.tokens, key: key)

    static func clean(_ text: String) -> String { redactor.withoutSecrets(text) }

    /// Long enough for every pattern, and random enough to look like a key.
    static let body = "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gH3jK5mN7p"

    static let secrets: [(kind: String, secret: String)] = [
        ("sk-ant-api03", "sk-ant-api03-\(body)_-\(body)"),
        ("sk-ant-oat01", "sk-ant-oat01-\(body)"),
        ("sk-ant", "sk-ant-\(body)"),
        ("sk", "sk-\(body)"),
        ("sk", "sk-proj-\(body)-\(body)"),
        ("sk", "sk-or-v1-0123456789abcdef0123456789abcdef"),
        ("AKIA", "AKIAIOSFODNN7EXAMPLE"),
        ("ASIA", "ASIAIOSFODNN7EXAMPLE"),
        ("ghp", "ghp_\(body)"), ("gho", "gho_\(body)"), ("ghs", "ghs_\(body)"), ("ghu", "ghu_\(body)"),
        ("ghr", "ghr_\(body)"),
        ("github_pat", "github_pat_11ABCDEFG0aBcDeFgHiJkLm_\(body)"),
        ("xoxb", "xoxb-123456789012-abcdefghijkl"), ("xoxp", "xoxp-123456789012-abcdefghijkl"),
        ("xoxa", "xoxa-123456789012-abcdefghijkl"), ("xoxr", "xoxr-123456789012-abcdefghijkl"),
        ("xoxs", "xoxs-123456789012-abcdefghijkl"), ("xoxe", "xoxe-123456789012-abcdefghijkl"),
        ("AIza", "AIzaSyA1234567890abcdefghijklmnopqrstuv"),
        ("glpat", "glpat-aB3dE5gH7jK9mN1pQ3sT"),
        ("npm", "npm_\(body)"),
        ("hf", "hf_\(body)"),
        ("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"),
        ("private-key", "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nq83v\n-----END RSA PRIVATE KEY-----"),
        ("private-key", #"-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END PRIVATE KEY-----"#),
        (
            "private-key",
            #"-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXktdjEA\\n-----END OPENSSH PRIVATE KEY-----"#
        ),
    ]

    @Test("a secret is replaced, and only the secret", arguments: secrets)
    func positive(kind: String, secret: String) {
        for (before, after) in [
            ("", ""), ("key=", " end"), ("\"", "\""), (#"line\n"#, #"\nnext"#), ("(", ")"), ("a b ", ", c"),
        ] {
            let out = Self.clean(before + secret + after)
            #expect(out.hasPrefix(before + "[redacted \(kind) hmac:"))
            #expect(out.hasSuffix("]" + after))
            #expect(!out.contains(String(secret.suffix(12))))
        }
    }

    @Test("a private key without its end goes as far as it looks like one")
    func cutKey() {
        let out = Self.clean(#"say "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIrYSSNQFaA2\nHwf1duRSxKtLY" there"#)
        #expect(out.hasPrefix(#"say "[redacted private-key hmac:"#) && out.hasSuffix(#"]" there"#))
        let two = Self.clean(#"["-----BEGIN PRIVATE KEY-----","-----END PRIVATE KEY-----"]"#)
        #expect(two.hasSuffix(#"","-----END PRIVATE KEY-----"]"#))
    }

    @Test("a secret is found at every distance from the beginning")
    func everyOffset() {
        for offset in 0..<70 {
            let out = Self.clean(String(repeating: ".", count: offset) + "ghp_\(Self.body)")
            #expect(out.hasPrefix(String(repeating: ".", count: offset) + "[redacted ghp"))
        }
    }

    static let harmless = [
        "sk-folding-cube-animation-wrapper-element", "task-0123456789abcdef0123456789",
        "ask-me-anything-1234567890-abc",
        "disk-usage-report-2026-11-21-final", "sk-learn", "risk-assessment", "AKIAIOSFODNN7", "MAKIAIOSFODNN7EXAMPLE1",
        "AKIAIOSFODNN7EXAMPLEEXTRA", "ghp_short", "high_resolution_image_processing_pipeline_name",
        "xoxo-hugs-and-kisses",
        "AIzawa", "glpat-short", "npm_config_registry", "npm run build",
        "-----BEGIN CERTIFICATE-----\nMIIEow\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----", "eyJhbGciOiJIUzI1NiJ9", "eyJ0ZXN0Ijp0cnVlfQ.config",
        "https://example.com/a?b=c@d",
        "https://user@example.com/path", "http://localhost:8080/@scope/pkg", "mailto:someone@example.com",
        "git@github.com:a/b.git",
        "MAX_TOKENS=32000000", "TOKEN=$GITHUB_TOKEN_FROM_ENV", "API_KEY=<your-api-key-here>",
        "PATH=/usr/local/bin:/usr/bin",
        "SECRET=short", "let token = parser.nextToken()", "max_tokens=1024,temperature=1", "https://[::1]:8080/x@y",
        "self.hf_model_name_for_embedding", "toolu_01A09q90qw90lq917835lq9", "msg_013Zva2CMHLNnjNjJKqJ2EF",
        "req_0193a7c2000070008000000000000000",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "|---|---|", "--B", "0193a7c2-0000-7000-8000-000000000000",
    ]

    @Test("ordinary text stays as it is", arguments: harmless)
    func negative(text: String) {
        #expect(Self.clean(text) == text)
        #expect(Self.clean("before \(text) after") == "before \(text) after")
    }

    @Test(
        "requests of the real client hold nothing that looks like a secret",
        arguments: [
            "02-agent-loop-last", "08-web-search-subrequest", "12-count-tokens-text",
        ])
    func corpus(name: String) throws {
        let bytes = try BodyRecordTests.client(name)
        #expect(Self.redactor.edits(bytes, 0..<bytes.count).isEmpty)
    }

    @Test(
        "user and password of a URL go, the rest of the URL stays",
        arguments: [
            ("postgres://admin:hunter2@db.example.com/x", "postgres://", "@db.example.com/x"),
            (#"https:\/\/bob:p%40ss@example.com"#, #"https:\/\/"#, "@example.com"),
        ])
    func userInURL(url: String, before: String, after: String) {
        let out = Self.clean("see \(url) there")
        #expect(out.hasPrefix("see \(before)[redacted user:password hmac:"))
        #expect(out.hasSuffix("]\(after) there"))
    }

    @Test(
        "the value behind a name in capitals that stands for a secret goes",
        arguments: [
            "DB_PASSWORD=", "PASSWORD=", "export API_TOKEN=", "AWS_SECRET_ACCESS_KEY=", #"MY_API_KEY=\""#,
            "CLIENT_SECRET='",
        ])
    func assignment(name: String) {
        let out = Self.clean("x\n\(name)correct-horse-battery'\ny")
        #expect(out.hasPrefix("x\n\(name)[redacted value hmac:"))
        #expect(!out.contains("horse"))
    }

    @Test("a known key behind a name keeps its own kind")
    func assignedKey() {
        #expect(
            Self.clean("ANTHROPIC_API_KEY=sk-ant-api03-\(Self.body)").hasPrefix(
                "ANTHROPIC_API_KEY=[redacted sk-ant-api03 "))
    }

    @Test("the secret key and the session token beside an AWS key id go with it")
    func awsSecret() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        let token = String(repeating: "FwoGZXIvYXdzE", count: 10)
        let out = Self.clean(
            #"{"AccessKeyId":"AKIAIOSFODNN7EXAMPLE","SecretAccessKey":"\#(secret)","SessionToken":"\#(token)","Region":"eu"}"#
        )
        #expect(!out.contains(secret) && !out.contains(token))
        #expect(out.hasSuffix(#"","Region":"eu"}"#))
        #expect(Self.clean("just forty characters: \(secret)").hasSuffix(secret))
    }

    @Test("P174: equal secrets stay equal, others differ, and another key gives other digits")
    func stable() {
        let one = Self.clean("a ghp_\(Self.body)")
        #expect(one.suffix(20) == Self.clean("\"ghp_\(Self.body)").suffix(20))
        #expect(one.suffix(20) != Self.clean("a ghp_\(Self.body)x").suffix(20))
        #expect(one != Redactor(.tokens, key: [UInt8](repeating: 8, count: 32)).withoutSecrets("a ghp_\(Self.body)"))
        let key = "sk-ant-api03-\(Self.body)"
        let digits = Self.clean(key).suffix(14)
        #expect(Self.redactor.header("Authorization", "Bearer \(key)").hasSuffix(digits))
        #expect(Self.redactor.header("x-api-key", key).hasSuffix(digits))
    }

    @Test("a private key has the same digits however its line ends are written")
    func sameKeyMaterial() {
        let digits = [
            Self.secrets[25].secret, Self.secrets[25].secret.replacing("\n", with: "\\n"),
            Self.secrets[25].secret.replacing("\n", with: "\\\\n"),
        ]
        .map { Self.clean($0) }
        #expect(Set(digits).count == 1)
    }

    static let fields: [(name: String, value: String, kept: String)] = [
        ("Authorization", "Bearer abc123", "Bearer [redacted authorization hmac:"),
        ("Authorization", "Basic dXNlcjpwYXNz", "Basic [redacted authorization hmac:"),
        (
            "authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/x",
            "AWS4-HMAC-SHA256 [redacted authorization hmac:"
        ),
        ("X-Api-Key", "dummy", "[redacted x-api-key hmac:"),
        ("Cookie", "a=b; c=d", "[redacted cookie hmac:"),
        ("Set-Cookie", "a=b", "[redacted set-cookie hmac:"),
        ("Proxy-Authorization", "Basic x", "Basic [redacted proxy-authorization hmac:"),
        ("X-Amz-Security-Token", "abc", "[redacted x-amz-security-token hmac:"),
        ("X-Goog-Api-Key", "abc", "[redacted x-goog-api-key hmac:"),
        ("X-Auth-Token", "abc", "[redacted x-auth-token hmac:"),
        ("x_client_secret", "abc", "[redacted x_client_secret hmac:"),
    ]

    @Test("P129, P174: header fields that carry credentials are emptied, their scheme stays", arguments: fields)
    func secretHeader(name: String, value: String, kept: String) {
        for level in [RedactionLevel.headers, .tokens, .strict] {
            #expect(Redactor(level, key: Self.key).header(name, value).hasPrefix(kept))
        }
        #expect(Redactor(.off, key: Self.key).header(name, value) == value)
    }

    @Test(
        "other header fields stay",
        arguments: [
            ("anthropic-ratelimit-tokens-remaining", "12000"), ("x-ratelimit-limit-tokens", "9"),
            ("user-agent", "claude-cli/2"),
            ("X-Claude-Code-Session-Id", "0000"), ("anthropic-beta", "token-efficient-tools-2025-02-19"),
            ("idempotency-key", "k1"),
            ("Authority", "x"), ("x-keyboard", "de"),
        ])
    func plainHeader(name: String, value: String) {
        #expect(Self.redactor.header(name, value) == value)
    }

    @Test("secret query values go, others stay")
    func query() {
        let out = Self.redactor.url("https://u:pw1234@h/p?beta=true&api_key=abc&X-Amz-Signature=def&q=1")
        #expect(out.hasPrefix("https://[redacted user:password hmac:"))
        #expect(out.contains("@h/p?beta=true&api_key=[redacted value hmac:"))
        #expect(out.contains("&X-Amz-Signature=[redacted value hmac:"))
        #expect(out.hasSuffix("&q=1"))
        #expect(!out.contains("pw1234") && !out.contains("abc") && !out.contains("def"))
    }

    @Test("strict: texts become lengths and digits, structure and names stay")
    func strict() throws {
        let redactor = Redactor(.strict, key: Self.key)
        let text =
            #"[{"role":"user","content":[{"type":"text","text":"hello"},{"type":"tool_use","id":"t1","name":"Bash","input":{"name":"secret","n":3}}]}]"#
        let bytes = Array(text.utf8)
        let edits = try #require(redactor.edits(inValue: bytes, 0..<bytes.count, name: "messages"))
        let out = String(decoding: bytes.edited(0..<bytes.count, edits), as: UTF8.self)
        #expect(
            out.contains(#""role":"user""#) && out.contains(#""id":"t1","name":"Bash","input":{"name":"[text 6 hmac:"#))
        #expect(out.contains(#""text":"[text 5 hmac:"#) && out.contains(#""n":3"#))
        #expect(!out.contains("hello") && !out.contains("secret"))
    }
}
