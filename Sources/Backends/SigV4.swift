internal import Intercept

/// Signs requests to AWS, Signature Version 4. A function of request, keys, place and time.
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
struct SigV4: Sendable, Equatable {
    /// `eu-central-1`: the region of the endpoint.
    let region: String
    /// `bedrock`, `sts`
    let service: String

    /// What of a request is signed.
    struct Request: Sendable {
        var method: String
        /// As it is sent, percent-encoded once.
        var path: String
        /// What stands behind `?`, as it is sent.
        var query: String
        /// Only fields that are to be signed, `host` among them.
        var headers: HTTPFields
        /// Hex of the SHA-256 of the body.
        var bodyHash: String
        /// Dot segments and doubled slashes are taken out, as all services but S3 do.
        var isNormalized = true
    }

    /// The value of `Authorization`.
    func authorization(_ request: Request, _ keys: AWSKeys, at time: Timestamp) -> String {
        let signed = SignedFields(request.headers)
        let text = stringToSign(Self.canonical(request, signed), at: time)
        let signature = Identifier.hex(HMAC.sha256(key: signingKey(keys.secret, at: time), text.utf8))
        return "AWS4-HMAC-SHA256 Credential=\(keys.id)/\(scope(at: time)), SignedHeaders=\(signed.names), "
            + "Signature=\(signature)"
    }

    /// The request in the one form on which both sides agree.
    static func canonical(_ request: Request) -> String { canonical(request, SignedFields(request.headers)) }

    private static func canonical(_ request: Request, _ signed: SignedFields) -> String {
        let path = request.isNormalized ? normalized(request.path) : request.path
        return [
            request.method, encode(path.isEmpty ? "/" : path, keeps: slash), canonicalQuery(request.query),
            signed.lines, signed.names, request.bodyHash,
        ].joined(separator: "\n")
    }

    func stringToSign(_ canonical: String, at time: Timestamp) -> String {
        let hash = Identifier.hex(SHA256.hash(Array(canonical.utf8)))
        return "AWS4-HMAC-SHA256\n\(time.compact)\n\(scope(at: time))\n\(hash)"
    }

    private func scope(at time: Timestamp) -> String { "\(time.compactDay)/\(region)/\(service)/aws4_request" }

    private func signingKey(_ secret: String, at time: Timestamp) -> [UInt8] {
        [time.compactDay, region, service, "aws4_request"].reduce(Array("AWS4\(secret)".utf8)) {
            HMAC.sha256(key: $0, $1.utf8)
        }
    }

    // MARK: Path and query

    private static let slash = UInt8(ascii: "/")

    /// Percent-encodes all bytes but letters, digits and `-._~`.
    static func encode(_ text: some StringProtocol, keeps kept: UInt8? = nil) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.append(byte)
            case kept: out.append(byte)
            default: out += [UInt8(ascii: "%"), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static let hexDigits = Array("0123456789ABCDEF".utf8)

    private static func normalized(_ path: String) -> String {
        var kept: [Substring] = []
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for part in parts where !part.isEmpty && part != "." {
            if part == ".." { _ = kept.popLast() } else { kept.append(part) }
        }
        let isOpen = ["", ".", ".."].contains(parts.last ?? "")
        return "/" + kept.joined(separator: "/") + (isOpen && !kept.isEmpty ? "/" : "")
    }

    /// Names and values encoded once, in the order of their bytes.
    private static func canonicalQuery(_ query: String) -> String {
        let pairs = query.split(separator: "&").map { pair -> (String, String) in
            let name = pair.prefix { $0 != "=" }
            return (reencode(name), reencode(pair.dropFirst(name.count + 1)))
        }
        let sorted = pairs.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
        return sorted.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// Encodes what is encoded already or not.
    private static func reencode(_ text: Substring) -> String {
        var plain: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            let digits = String(Substring(rest.prefix(2)))
            if byte == UInt8(ascii: "%"), digits.utf8.count == 2, let value = UInt8(digits, radix: 16) {
                plain.append(value)
                rest = rest.dropFirst(2)
            } else {
                plain.append(byte)
            }
        }
        return encode(String(decoding: plain, as: UTF8.self))
    }
}

/// The signed header fields in their canonical form.
private struct SignedFields {
    /// `content-type;host;x-amz-date`
    let names: String
    /// One line for each name, with its line end.
    let lines: String

    init(_ fields: HTTPFields) {
        var values: [String: [String]] = [:]
        for field in fields { values[field.name.lowercased(), default: []].append(Self.squeezed(field.value)) }
        let sorted = values.keys.sorted()
        names = sorted.joined(separator: ";")
        lines = sorted.map { "\($0):\((values[$0] ?? []).joined(separator: ","))\n" }.joined()
    }

    /// Without blanks at both ends, and with one where there are many.
    private static func squeezed(_ value: String) -> String {
        let words = value.utf8.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        return words.map { String(Substring($0)) }.joined(separator: " ")
    }
}

extension SigV4 {
    /// The header fields of a request and the ones that prove who sends it.
    func headers(for request: UpstreamRequest, _ keys: AWSKeys, at time: Timestamp) -> HTTPFields {
        let (authority, path, query) = Self.parts(of: request.url)
        var fields = request.headers
        fields["X-Amz-Date"] = time.compact
        if let token = keys.token { fields["X-Amz-Security-Token"] = token }
        var signed = HTTPFields(fields.fields.filter { Self.isSigned($0.name.lowercased()) })
        signed["host"] = authority
        let canonical = Request(
            method: request.method, path: path, query: query, headers: signed,
            bodyHash: Identifier.hex(SHA256.hash(request.body)))
        fields["Authorization"] = authorization(canonical, keys, at: time)
        return fields
    }

    /// Fields that nobody on the way changes.
    private static func isSigned(_ name: String) -> Bool {
        name == "content-type" || name.hasPrefix("x-amz-") || name.hasPrefix("x-amzn-bedrock-")
    }

    /// Host and port as `Host` will name them, path and query of a URL.
    private static func parts(of url: String) -> (authority: String, path: String, query: String) {
        let isPlain = url.hasPrefix("http://")
        let rest = url.dropFirst(isPlain ? 7 : 8)
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest.dropFirst(host.count).prefix { $0 != "?" }
        let query = rest.dropFirst(host.count + path.count + 1)
        let port = isPlain ? ":80" : ":443"
        let authority = host.hasSuffix(port) ? host.dropLast(port.count) : host
        return (String(authority), path.isEmpty ? "/" : String(path), String(query))
    }
}
