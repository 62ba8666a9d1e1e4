internal import Intercept

/// Keeps words on this machine: `SecretMask(secrets: ["hunter2"])` masks them wherever they stand in a request, also in
/// files that were read and in the output of commands. Required: if it cannot do its work, nothing is sent.
struct SecretMask: Interceptor {
    let secrets: [String]
    var isRequired: Bool { true }
    var seesEvents: Bool { false }

    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        var text = String(decoding: request.body.raw, as: UTF8.self)
        var isMasked = false
        for secret in secrets {
            let written = String(decoding: JSONText(secret).escaped, as: UTF8.self)  // as it stands between quotes
            guard !secret.isEmpty, text.contains(written) else { continue }
            text = text.replacing(written, with: "[masked]")
            isMasked = true
        }
        if isMasked { try request.replaceBody(JSON.parse(Array(text.utf8))) }
        return .pass
    }
}
