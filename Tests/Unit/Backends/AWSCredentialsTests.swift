import Foundation
import Synchronization
import Testing

@testable import Backends
@testable import Intercept

/// Keys over time: fetched once, renewed before they end, and what is said when there are none.
@Suite struct AWSCredentialsTests {
    private static let start = Timestamp(nanoseconds: 1_795_262_400_000_000_000)

    private static func later(_ seconds: Int64) -> Timestamp {
        Timestamp(nanoseconds: start.nanoseconds + seconds * 1_000_000_000)
    }

    /// A container whose keys last an hour; counts how often it was asked.
    private final class Container: Sendable {
        let asked = Mutex(0)
        let begun = Mutex<[@Sendable () async -> Void]>([])
        let isBroken = Mutex(false)

        var errands: Errands {
            Errands(
                fetch: { _, _ in
                    let number = self.asked.withLock {
                        $0 += 1
                        return $0
                    }
                    if self.isBroken.withLock({ $0 }) { throw AWSKeyError("it is broken") }
                    let ends = AWSCredentialsTests.later(Int64(number) * 3600).iso
                    let body =
                        #"{"AccessKeyId":"KEY\#(number)","SecretAccessKey":"s","Token":"t","Expiration":"\#(ends)"}"#
                    return (UpstreamHead(status: 200, headers: HTTPFields()), Array(body.utf8))
                }, spawn: { work in self.begun.withLock { $0.append(work) } })
        }

        func runWhatWasBegun() async {
            let all = begun.withLock { begun in
                defer { begun = [] }
                return begun
            }
            for work in all { await work() }
        }
    }

    private func credentials(_ variables: [String: String], files: [String: String] = [:]) throws -> AWSCredentials {
        try AWSCredentials(Converse.settings(variables, files: files))
    }

    private static let contained = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/role"]

    @Test("keys are fetched once, and renewed beside the requests before they end")
    func renewal() async throws {
        let container = Container()
        let credentials = try credentials(Self.contained)
        func key(at seconds: Int64) async throws -> String {
            try await credentials.keys(at: Self.later(seconds), container.errands).keys.id
        }
        #expect(try await key(at: 0) == "KEY1")
        #expect(try await key(at: 1000) == "KEY1")
        #expect(container.asked.withLock { $0 } == 1)
        // Ten minutes left: the request goes out with the old keys, and the new ones are fetched behind it.
        #expect(try await key(at: 3000) == "KEY1")
        #expect(container.begun.withLock { $0.count } == 1)
        #expect(try await key(at: 3001) == "KEY1")
        #expect(container.begun.withLock { $0.count } == 1)
        await container.runWhatWasBegun()
        #expect(try await key(at: 3002) == "KEY2")
        #expect(container.asked.withLock { $0 } == 2)
    }

    @Test("a failure beside the requests leaves the keys in use, and is tried again after a minute")
    func failing() async throws {
        let container = Container()
        let credentials = try credentials(Self.contained)
        _ = try await credentials.keys(at: Self.start, container.errands)
        container.isBroken.withLock { $0 = true }
        #expect(try await credentials.keys(at: Self.later(3000), container.errands).keys.id == "KEY1")
        await container.runWhatWasBegun()
        #expect(try await credentials.keys(at: Self.later(3010), container.errands).keys.id == "KEY1")
        #expect(container.begun.withLock { $0.count } == 0)
        #expect(try await credentials.keys(at: Self.later(3070), container.errands).keys.id == "KEY1")
        #expect(container.begun.withLock { $0.count } == 1)
        await container.runWhatWasBegun()
        // The keys have ended: now the failure is the answer.
        await #expect(throws: AWSKeyError.self) { try await credentials.keys(at: Self.later(3590), container.errands) }
    }

    @Test("many requests without keys wait for one that fetches")
    func single() async throws {
        let container = Container()
        let credentials = try credentials(Self.contained)
        let found = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<20 {
                group.addTask { try await credentials.keys(at: Self.start, container.errands).keys.id }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(found) == ["KEY1"])
        #expect(container.asked.withLock { $0 } == 1)
    }

    @Test("keys that AWS refuses are fetched again, once for each refusal")
    func refused() async throws {
        let container = Container()
        let credentials = try credentials(Self.contained)
        #expect(credentials.renew() == false)
        _ = try await credentials.keys(at: Self.start, container.errands)
        #expect(credentials.renew())
        #expect(credentials.renew() == false)
        #expect(try await credentials.keys(at: Self.start, container.errands).keys.id == "KEY2")
    }

    // MARK: Sources that cannot be

    private func problem(_ config: String, _ variables: [String: String] = [:]) -> String {
        let files = ["/users/me/.aws/config": config]
        do { _ = try credentials(variables, files: files) } catch { return "\(error)" }
        return ""
    }

    @Test(
        "a profile that leads nowhere says where it goes wrong",
        arguments: [
            (
                "[default]\nrole_arn=r\nsource_profile=a\n[profile a]\nrole_arn=r\nsource_profile=default\n",
                "source_profile goes in a circle: default -> a -> default"
            ), ("[default]\nrole_arn=r\n", "role_arn needs a source_profile or a credential_source"),
            ("[default]\nrole_arn=r\nsource_profile=a\ncredential_source=Environment\n", "are both set; keep one"),
            ("[default]\nrole_arn=r\nsource_profile=gone\n", "source_profile = gone: no such profile"),
            ("[default]\nrole_arn=r\ncredential_source=Moon\n", "credential_source = Moon: expected Environment"),
            ("[default]\nrole_arn=r\nsource_profile=a\nmfa_serial=m\n[profile a]\n", "mfa_serial asks for a code"),
            ("[default]\nsso_session=s\nsso_account_id=1\nsso_role_name=r\n", "there is no section [sso-session s]"),
            ("[default]\nsso_start_url=u\nsso_region=r\n", "needs sso_account_id and sso_role_name"),
            ("[default]\naws_access_key_id=a\n", "aws_access_key_id is set but aws_secret_access_key is not"),
        ])
    func wrong(config: String, words: String) { #expect(problem(config).contains(words), "\(problem(config))") }

    @Test("a profile may begin with its own keys")
    func ownSource() throws {
        let config = "[default]\nrole_arn=r\nsource_profile=default\naws_access_key_id=a\naws_secret_access_key=b\n"
        let source = try credentials([:], files: ["/users/me/.aws/config": config]).source
        #expect(source.name == "role r with profile default")
    }

    private func message(_ config: String, files: [String: String] = [:]) async throws -> String {
        let all = files.merging(["/users/me/.aws/config": config]) { $1 }
        let credentials = try credentials([:], files: all)
        let errands = Errands(fetch: { _, _ in throw AWSKeyError("unreachable") }, spawn: { _ in })
        do { _ = try await credentials.keys(at: Self.start, errands) } catch { return "\(error)" }
        return ""
    }

    private static let sso = """
        [default]
        sso_session = work
        sso_account_id = 1
        sso_role_name = dev
        [sso-session work]
        sso_start_url = https://x.awsapps.com/start
        sso_region = eu-west-1
        """

    @Test("an SSO session that has ended, or never was, says what to type")
    func ssoEnded() async throws {
        let path = "/users/me/.aws/sso/cache/\(Identifier.hex(SHA1.hash(Array("work".utf8)))).json"
        #expect(try await message(Self.sso).hasSuffix("run aws sso login --profile default"))
        let ended = #"{"accessToken":"t","expiresAt":"2020-01-01T00:00:00Z"}"#
        #expect(
            try await message(Self.sso, files: [path: ended])
                == "the SSO session of profile default has ended; run aws sso login --profile default")
    }

    @Test("a login session is used while it lasts, and says what to type when it has ended")
    func login() async throws {
        let config = "[default]\nlogin_session = arn:aws:iam::1:user/me\n"
        let name = Identifier.hex(SHA256.hash(Array("arn:aws:iam::1:user/me".utf8)))
        let path = "/users/me/.aws/login/cache/\(name).json"
        func cache(_ ends: String) -> [String: String] {
            [
                path:
                    #"{"accessToken":{"accessKeyId":"A","secretAccessKey":"B","sessionToken":"C","expiresAt":"\#(ends)"}}"#
            ]
        }
        #expect(try await message(config).hasSuffix("run aws login"))
        // Five minutes must be left: at 12:00 these have 59 s, exactly 5 min less 1 s, and 5 min.
        #expect(try await message(config, files: cache("2026-11-21T12:00:59Z")).hasSuffix("run aws login"))
        #expect(try await message(config, files: cache("2026-11-21T12:04:59Z")).hasSuffix("run aws login"))
        #expect(try await message(config, files: cache("2026-11-21T12:05:00Z")) == "")
        #expect(try await message(config, files: cache("2026-11-21T13:00:00Z")) == "")
    }

    @Test(
        "a command that fails, floods, prints rubbish or hangs is told from one that works",
        arguments: [
            ("echo no >&2; exit 3", "it exited with 3: no"), ("echo rubbish", "printed no JSON object"),
            ("echo '{}'", #"expected "Version": 1"#), ("yes | head -c 3000000", "it printed more than 1048576 bytes"),
            (#"echo '{"Version":1}'"#, "credential_process gave no keys"), ("kill -9 $$", "it was ended by a signal"),
        ])
    func process(command: String, words: String) async throws {
        let said = try await message("[default]\ncredential_process = \(command)\n")
        #expect(said.contains(words), "\(said)")
    }

    @Test(
        "a command that hangs is ended, with all that it has started",
        arguments: ["sleep 3600", "exec >&- 2>&-; sleep 3600", "sleep 3600 & exit 0"])
    func hanging(command: String) async {
        let outcome = await AWSProcess.run(command, milliseconds: 50)
        #expect(outcome.problem?.hasPrefix("it did not end within") ?? false)
    }

    @Test("a command that has closed its output has its time all the same")
    func quiet() async {
        let outcome = await AWSProcess.run("echo said; exec >&- 2>&-; sleep 0.05; exit 4", milliseconds: 60_000)
        #expect(outcome.problem == nil)
        #expect(outcome.status == 4)
        #expect(outcome.output == Array("said\n".utf8))
    }

    @Test("between the tries of a fetch there is a pause")
    func pauses() async throws {
        let asked = Mutex([Int]())
        let errands = Errands(
            fetch: { _, _ in (UpstreamHead(status: 503, headers: HTTPFields()), []) }, spawn: { _ in },
            pause: { milliseconds in asked.withLock { $0.append(milliseconds) } })
        let credentials = try credentials(Self.contained)
        await #expect(throws: AWSKeyError.self) { try await credentials.keys(at: Self.start, errands) }
        let pauses = asked.withLock { $0 }
        #expect(pauses.count == 2)
        #expect((100...200).contains(pauses[0]) && (200...400).contains(pauses[1]))
    }

    @Test("a container's address must be its own host's, and its word one line")
    func containers() async throws {
        func said(_ variables: [String: String]) async throws -> String {
            let credentials = try credentials(variables)
            let errands = Errands(fetch: { _, _ in throw AWSKeyError("unreachable") }, spawn: { _ in })
            do { _ = try await credentials.keys(at: Self.start, errands) } catch { return "\(error)" }
            return ""
        }
        let evil = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2.evil.example/x"]
        #expect(try await said(evil).contains("plain http is used with the container's own host only"))
        let split = Self.contained.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\r\nHost: b"]) { $1 }
        #expect(try await said(split).contains("holds a line end"))
    }

    @Test("SHA-1 is that of FIPS 180-4")
    func sha1() {
        #expect(Identifier.hex(SHA1.hash(Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(Identifier.hex(SHA1.hash([])) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
        let long = Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
        #expect(Identifier.hex(SHA1.hash(long)) == "84983e441c3bd26ebaae4aa1f95129e5e54670f1")
    }

    @Test("XML is read as far as STS needs it")
    func xml() {
        #expect(XMLText.value("Code", in: "<Error><Code>A&amp;B &lt;&#39;</Code></Error>") == "A&B <&#39;")
        #expect(XMLText.value("Code", in: "<Code>open") == nil)
    }
}
