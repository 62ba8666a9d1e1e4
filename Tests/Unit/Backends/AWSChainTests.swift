import Foundation
import Synchronization
import Testing

@testable import Backends
@testable import Intercept

/// Where keys come from: the cases of AWS's Rust SDK, each with its variables, files and traffic.
@Suite struct AWSChainTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let json: JSON
        var testDescription: String { json["name"]?.string ?? "" }
        var isProfileOnly: Bool { testDescription.hasPrefix("profile-provider") }

        func table(_ name: String) -> [String: String] {
            let pairs = json[name]?.members.map { ($0.key.string ?? "", $0.value.string ?? "") } ?? []
            return Dictionary(uniqueKeysWithValues: pairs)
        }
    }

    static let cases: [Case] = {
        let url = Chat.fixtures.appendingPathComponent("aws/credential-chains.json")
        guard let bytes = try? Chat.bytes(url), let all = try? JSON.parse(bytes) else { return [] }
        return all.elements.map { Case(json: $0) }
    }()

    /// All cases were recorded before this moment: 2021-08-01.
    static let time = Timestamp(nanoseconds: 1_627_776_000_000_000_000)

    private func keys(_ one: Case, _ traffic: Traffic) async throws -> AWSKeys {
        let files = one.table("files")
        let settings = try AWSSettings(
            Environment(one.table("environment")), AWSFiles { files[$0].map { Array($0.utf8) } })
        let chain = try AWSChain(settings, onlyProfile: one.isProfileOnly)
        if one.isProfileOnly, chain.source == .instance { throw AWSKeyError("the profile has no keys") }
        let errands = Errands(fetch: { request, _ in try traffic.answer(request) }, spawn: { _ in })
        return try await AWSKeyFetch(settings: settings, errands: errands).keys(of: chain.source, at: Self.time)
    }

    @Test("no case is missing")
    func complete() { #expect(Self.cases.count == 47) }

    @Test("keys are found where AWS's own tools find them, or the reason is told", arguments: cases)
    func chain(one: Case) async throws {
        let traffic = Traffic(one.json["traffic"])
        guard let expected = one.json["keys"], expected.isObject else {
            await #expect(throws: (any Error).self) { try await keys(one, traffic) }
            return
        }
        let found = try await keys(one, traffic)
        #expect(found.id == expected["access_key_id"]?.string)
        #expect(found.secret == expected["secret_access_key"]?.string)
        #expect(found.token == expected["session_token"]?.string)
        if let expiry = expected["expiry"]?.int { #expect(found.expires?.nanoseconds == Int64(expiry) * 1_000_000_000) }
        #expect(traffic.isOver)
    }
}

/// Answers requests as they were recorded, in order.
private final class Traffic: Sendable {
    private struct Exchange {
        let method: String
        let url: String
        let status: Int?
        let body: String
    }

    private let rest: Mutex<[Exchange]>

    init(_ json: JSON?) {
        rest = Mutex(
            (json?.elements.map { $0 } ?? []).map { one in
                Exchange(
                    method: one["method"]?.string ?? "", url: one["url"]?.string ?? "", status: one["status"]?.int,
                    body: one["body"]?.string ?? "")
            })
    }

    var isOver: Bool { rest.withLock { $0.isEmpty } }

    func answer(_ request: UpstreamRequest) throws -> (head: UpstreamHead, body: [UInt8]) {
        let next = rest.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        guard let next else { throw AWSKeyError("\(request.url) was not asked when this was recorded") }
        guard next.method == request.method, Self.plain(next.url) == Self.plain(request.url) else {
            throw AWSKeyError("asked \(request.method) \(request.url), expected \(next.method) \(next.url)")
        }
        guard let status = next.status else { throw AWSKeyError("no answer") }
        return (UpstreamHead(status: status, headers: HTTPFields()), Array(next.body.utf8))
    }

    /// The order of a query's parts means nothing, nor does a slash at the end.
    private static func plain(_ url: String) -> String {
        let parts = url.split(separator: "?")
        let query = (parts.count > 1 ? parts[1].split(separator: "&") : []).sorted().joined(separator: "&")
        let path = parts[0].hasSuffix("/") ? parts[0].dropLast() : parts[0]
        return "\(path)?\(query)"
    }
}
