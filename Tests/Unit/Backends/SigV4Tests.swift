import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// The signature suites of AWS and botocore, and requests to Bedrock signed by botocore.
@Suite struct SigV4Tests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let request: SigV4.Request
        let keys: AWSKeys
        let scope: SigV4
        let time: Timestamp
        let canonical: String
        let stringToSign: String
        /// The whole field, or only the signature.
        let authorization: String

        var testDescription: String { name }
    }

    private static func cases(_ file: String, _ read: (JSON) -> Case?) -> [Case] {
        let url = Chat.fixtures.appendingPathComponent("sigv4/\(file)")
        guard let bytes = try? Chat.bytes(url), let all = try? JSON.parse(bytes) else { return [] }
        return all.elements.compactMap(read)
    }

    static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    /// 2015-08-30T12:36:00Z, the day of all cases of the two suites.
    static let day = Timestamp(nanoseconds: 1_440_938_160_000_000_000)

    // MARK: Cases

    static let crt = cases("aws-c-auth.json") { json in
        guard let context = json["context"], var sent = RawRequest(json["request"]?.string ?? "") else { return nil }
        let token = context["credentials"]?["token"]?.string
        let isTokenSigned = context["omit_session_token"]?.bool != true
        sent.fields["X-Amz-Date"] = day.compact
        if let token, isTokenSigned { sent.fields["X-Amz-Security-Token"] = token }
        if context["sign_body"]?.bool == true { sent.fields["X-Amz-Content-Sha256"] = sent.bodyHash }
        return Case(
            name: json["name"]?.string ?? "", request: sent.signed(normalized: context["normalize"]?.bool ?? true),
            keys: AWSKeys(id: "AKIDEXAMPLE", secret: secret), scope: SigV4(region: "us-east-1", service: "service"),
            time: day, canonical: json["canonical"]?.string ?? "", stringToSign: json["stringToSign"]?.string ?? "",
            authorization: json["signature"]?.string ?? "")
    }

    static let botocore = cases("botocore.json") { json in
        guard var sent = RawRequest(json["request"]?.string ?? "") else { return nil }
        // This one case has its token with the keys, not in the request.
        if json["name"]?.equals("get-vanilla-with-session-token") ?? false {
            sent.fields["X-Amz-Security-Token"] = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
        }
        return Case(
            name: json["name"]?.string ?? "", request: sent.signed(normalized: true),
            keys: AWSKeys(id: "AKIDEXAMPLE", secret: secret), scope: SigV4(region: "us-east-1", service: "service"),
            time: day, canonical: json["canonical"]?.string ?? "", stringToSign: json["stringToSign"]?.string ?? "",
            authorization: json["authorization"]?.string ?? "")
    }

    static let bedrock = cases("bedrock.json") { json in
        func text(_ name: String) -> String { json[name]?.string ?? "" }
        var fields = HTTPFields()
        for (name, value) in json["headersToSign"]?.members ?? json.members {
            fields.append(name.string ?? "", value.string ?? "")
        }
        let url = text("url").dropFirst("https://".count)
        let host = String(url.prefix { $0 != "/" })
        fields["host"] = host
        let request = SigV4.Request(
            method: text("method"), path: String(url.dropFirst(host.count)), query: "", headers: fields,
            bodyHash: Identifier.hex(SHA256.hash(Array(text("bodyUtf8").utf8))))
        return Case(
            name: text("name"), request: request,
            keys: AWSKeys(
                id: text("accessKeyId"), secret: text("secretAccessKey"), token: json["sessionToken"]?.string),
            scope: SigV4(region: text("region"), service: text("service")),
            time: Timestamp(nanoseconds: 1_795_262_400_000_000_000), canonical: text("canonicalRequest"),
            stringToSign: text("stringToSign"), authorization: text("authorization"))
    }

    // MARK: Tests

    @Test("no case of the suites is missing")
    func complete() {
        #expect((Self.crt.count, Self.botocore.count, Self.bedrock.count) == (38, 34, 24))
    }

    @Test("the suites of AWS and botocore are signed as expected", arguments: crt + botocore)
    func suites(one: Case) { check(one) }

    @Test(
        "P107: paths of models are signed encoded twice: ids with a colon, profiles, ARNs with slashes",
        arguments: bedrock)
    func models(one: Case) { check(one) }

    private func check(_ one: Case) {
        #expect(SigV4.canonical(one.request) == one.canonical)
        #expect(one.scope.stringToSign(one.canonical, at: one.time) == one.stringToSign)
        let actual = one.scope.authorization(one.request, one.keys, at: one.time)
        #expect(one.authorization.isEmpty ? false : actual.hasSuffix(one.authorization))
    }

    @Test(
        "every byte outside letters, digits and four signs is percent-encoded",
        arguments: [
            ("us.anthropic.claude-opus-4-6-v1", "us.anthropic.claude-opus-4-6-v1"),
            ("anthropic.claude-v1:0", "anthropic.claude-v1%3A0"), ("a/b+c~d_e", "a%2Fb%2Bc~d_e"), ("é", "%C3%A9"),
        ])
    func encoding(plain: String, encoded: String) { #expect(SigV4.encode(plain) == encoded) }
}

/// A request of the suites: a request line, fields that may go on in the next line, and a body.
private struct RawRequest {
    let method: String
    let path: String
    let query: String
    var fields = HTTPFields()
    let body: String

    init?(_ text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard let first = lines.popFirst(), let space = first.firstIndex(of: " "), let end = first.lastIndex(of: " ")
        else { return nil }
        method = String(first[..<space])
        let target = first[first.index(after: space)..<end]
        path = String(target.prefix { $0 != "?" })
        query = String(target.dropFirst(path.count + 1))
        while let line = lines.popFirst(), !line.isEmpty {
            if line.first == " ", let last = fields.fields.popLast() {
                fields.append(last.name, last.value + line)
            } else if let colon = line.firstIndex(of: ":") {
                fields.append(String(line[..<colon]), String(line[line.index(after: colon)...]))
            }
        }
        body = lines.joined(separator: "\n")
    }

    var bodyHash: String { Identifier.hex(SHA256.hash(Array(body.utf8))) }

    func signed(normalized: Bool) -> SigV4.Request {
        SigV4.Request(
            method: method, path: path, query: query, headers: fields, bodyHash: bodyHash, isNormalized: normalized)
    }
}
