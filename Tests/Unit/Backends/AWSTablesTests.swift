import Foundation
import Synchronization
import Testing

@testable import Backends
@testable import Intercept

/// Chains of profiles, container addresses and login sessions by the tables of AWS's Rust SDK.
@Suite struct AWSTablesTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let json: JSON
        var testDescription: String { (json["docs"] ?? json["documentation"])?.string ?? "" }
    }

    static func rows(_ file: String) -> [Row] {
        let url = Chat.fixtures.appendingPathComponent("aws/\(file)")
        guard let bytes = try? Chat.bytes(url), let all = try? JSON.parse(bytes) else { return [] }
        return (all["tests"] ?? all).elements.map { Row(json: $0) }
    }

    static let profiles = rows("assume-role-tests.json")
    static let containers = rows("ecs-tests.json")
    static let logins = rows("login-provider-test-cases.json")
    static let tokens = rows("token-chains.json")
    static let instances = rows("imds-endpoint-tests.json")

    @Test("no row is missing")
    func complete() {
        #expect((Self.profiles.count, Self.containers.count, Self.logins.count) == (28, 11, 8))
        #expect((Self.tokens.count, Self.instances.count) == (3, 14))
    }

    // MARK: Profiles

    @Test("chains of profiles lead where the table says", arguments: profiles)
    func chain(row: Row) throws {
        let input = try #require(row.json["input"])
        let name = input["selected_profile"]?.string ?? ""
        let files = ["/users/me/.aws/config": Self.config(input)]
        let found = Result {
            let settings = try AWSSettings(
                Environment(["HOME": "/users/me", "AWS_PROFILE": name]), AWSFiles { files[$0].map { Array($0.utf8) } })
            return try AWSChain(settings, onlyProfile: true).source
        }
        // A session without a role gives a token, and no keys; a profile without keys leaves it to the machine.
        let isTokenOnly = row.testDescription == "SSO token profile selected"
        guard let expected = row.json["output"]?["ProfileChain"], !isTokenOnly else {
            #expect((try? found.get()) == nil || (try? found.get()) == .instance)
            return
        }
        #expect(Self.steps(try found.get()) == expected.elements.map(Self.step))
    }

    private static func config(_ input: JSON) -> String {
        func sections(_ kind: String, _ all: JSON?) -> String {
            (all?.members.map { $0 } ?? []).map { name, properties in
                let lines = properties.members.map { "\($0.key.string ?? "") = \($0.value.string ?? "")\n" }
                return "[\(kind) \(name.string ?? "")]\n\(lines.joined())"
            }.joined()
        }
        return sections("profile", input["profiles"]) + sections("sso-session", input["sso_sessions"])
    }

    /// The steps of a chain, the keys it begins with first.
    private static func steps(_ source: AWSKeySource) -> [String] {
        switch source {
        case .fixed(let keys, _): ["AccessKey \(keys.id) \(keys.secret)"]
        case .role(let role, let base):
            steps(base) + ["AssumeRole \(role.arn) \(role.externalID ?? "") \(role.session ?? "")"]
        case .webIdentity(let file, let role, let session, _):
            ["WebIdentityToken \(role) \(file) \(session ?? "")"]
        case .sso(let sso): ["Sso \(sso.account) \(sso.role) \(sso.session.region)"]
        case .instance: ["NamedSource Ec2InstanceMetadata"]
        case .login, .process, .container: ["other"]
        }
    }

    private static func step(_ json: JSON) -> String {
        guard let (name, value) = json.members.first(where: { _ in true }) else { return "" }
        let kind = name.string ?? ""
        func text(_ member: String) -> String { value[member]?.string ?? "" }
        switch kind {
        case "AccessKey": return "AccessKey \(text("access_key_id")) \(text("secret_access_key"))"
        case "AssumeRole": return "AssumeRole \(text("role_arn")) \(text("external_id")) \(text("role_session_name"))"
        case "WebIdentityToken":
            return
                "WebIdentityToken \(text("role_arn")) \(text("web_identity_token_file")) \(text("role_session_name"))"
        case "Sso": return "Sso \(text("sso_account_id")) \(text("sso_role_name")) \(text("sso_region"))"
        default: return "\(kind) \(value.string ?? "")"
        }
    }

    // MARK: Containers

    @Test("a container's address is the one of the table, or none", arguments: containers)
    func container(row: Row) async throws {
        let pairs = row.json["env"]?.members.map { ($0.key.string ?? "", $0.value.string ?? "") } ?? []
        let environment = Environment(Dictionary(uniqueKeysWithValues: pairs))
        let source = AWSChain.container(environment)
        guard let expected = row.json["result"]?["Ok"]?.string else {
            guard let source else { return }
            let settings = try AWSSettings(environment, AWSFiles { _ in nil })
            let fetch = AWSKeyFetch(settings: settings, errands: Converse.errands)
            await #expect(throws: AWSKeyError.self) { try await fetch.keys(of: source, at: .now()) }
            return
        }
        #expect(source == .container(url: expected, tokenFile: nil, token: nil))
    }

    // MARK: Instances

    private static func table(_ json: JSON?) -> [String: String] {
        let pairs = json?.members.map { ($0.key.string ?? "", $0.value.string ?? "") } ?? []
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    /// Two rows are about arguments of the Rust client that no variable and no file has: left to them.
    @Test("an instance's address is the one of the table, or the reason is told", arguments: instances)
    func instance(row: Row) async throws {
        let isArgument = ["explicit endpoint override", "explicit mode override"].contains(row.testDescription)
        let files = Self.table(row.json["fs"])
        let settings = try AWSSettings(
            Environment(Self.table(row.json["env"])), AWSFiles { files[$0].map { Array($0.utf8) } })
        let asked = Mutex("")
        let errands = Errands(
            fetch: { request, _ in
                asked.withLock { $0 = request.url }
                throw AWSKeyError("nobody is there")
            }, spawn: { _ in })
        let fetch = AWSKeyFetch(settings: settings, errands: errands)
        await #expect(throws: AWSKeyError.self) { try await fetch.keys(of: .instance, at: .now()) }
        let expected = row.json["result"]?["Ok"]?.string ?? ""
        #expect((asked.withLock { $0 } == expected) != isArgument)
    }

    // MARK: SSO

    @Test("the token of an SSO session is found, also where a profile has no role for keys", arguments: tokens)
    func token(row: Row) async throws {
        let files = Self.table(row.json["files"])
        let settings = try AWSSettings(
            Environment(Self.table(row.json["environment"])), AWSFiles { files[$0].map { Array($0.utf8) } })
        let profile = try #require(settings.profiles.profiles[settings.profile])
        let session = try #require(try AWSChain.session(settings, settings.profile, profile))
        let now = Timestamp(nanoseconds: 1_795_262_400_000_000_000)
        let fetch = AWSKeyFetch(settings: settings, errands: Converse.errands)
        #expect(try await fetch.token(of: session, at: now) == row.json["token"]?.string)
        #expect(try SSOToken(of: session, settings).expires.iso == row.json["expiration"]?.string)
    }

    // MARK: aws login

    /// Refreshing needs a signature by an elliptic curve and is left to the AWS command: sessions that have ended are
    /// an error, also where the table refreshes them, and what only refreshing needs may be missing.
    @Test("a login session is used while it lasts", arguments: logins)
    func login(row: Row) async throws {
        let caches = row.json["cacheContents"]?.members.map { ($0.key.string ?? "", Array($0.value.raw)) } ?? []
        let cache = Dictionary(uniqueKeysWithValues: caches.map { ("/cache/\($0.0)", $0.1) })
        let config = Array((row.json["configContents"]?.string ?? "").utf8)
        let settings = try AWSSettings(
            Environment(["HOME": "/h", "AWS_PROFILE": "signin", "AWS_LOGIN_CACHE_DIRECTORY": "/cache"]),
            AWSFiles { $0 == "/h/.aws/config" ? config : cache[$0] })
        let keys = row.json["cacheContents"]?.members.first { _ in true }?.value["accessToken"]
        let ends = keys?["expiresAt"]?.string.flatMap(Timestamp.init(iso:))
        let now = Timestamp(nanoseconds: 1_760_000_000_000_000_000)
        let fetch = AWSKeyFetch(settings: settings, errands: Converse.errands)
        let source = try AWSChain(settings).source
        if let id = keys?["accessKeyId"]?.string, let ends, ends > now {
            #expect(try await fetch.keys(of: source, at: now).id == id)
        } else {
            await #expect(throws: AWSKeyError.self) { try await fetch.keys(of: source, at: now) }
        }
    }
}
