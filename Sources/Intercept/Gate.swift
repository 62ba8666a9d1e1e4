/// Who may talk to us. Pure rules over the request head; each refusal says what to do.
struct Gate: Sendable {
    /// A path under which everything lives (`/k/<token>`), or nil.
    let pathPrefix: String?
    /// Only names of this machine are accepted in `Host`.
    let isLoopback: Bool

    /// The path without the prefix, or why the request is refused.
    func admit(_ head: HTTPHead) throws(MessageError) -> String {
        try checkHost(head)
        if let origin = head.headers["origin"] {
            throw MessageError(403, nil, "Origin: \(origin): browsers may not use this proxy", shouldRetry: false)
        }
        if let site = head.headers["sec-fetch-site"], site != "same-origin", site != "none" {
            throw MessageError(403, nil, "Sec-Fetch-Site: \(site): browsers may not use this proxy", shouldRetry: false)
        }
        return try stripPrefix(head.path)
    }

    /// Against DNS rebinding: a page of another name must not reach a loopback port.
    private func checkHost(_ head: HTTPHead) throws(MessageError) {
        guard isLoopback, let host = head.headers["host"] else { return }
        if ListenAddress.isThisMachine(Proxies.host(of: host)) { return }
        throw MessageError(
            421, "invalid_request_error", "Host: \(host): this proxy answers only to 127.0.0.1, [::1] and localhost",
            shouldRetry: false)
    }

    private func stripPrefix(_ path: String) throws(MessageError) -> String {
        guard let pathPrefix else { return path }
        let prefix = Array(pathPrefix.utf8)
        let bytes = Array(path.utf8)
        var difference: UInt8 = bytes.count >= prefix.count ? 0 : 1
        // Looks at every byte whatever the first difference, so that time tells nothing about the token.
        for (index, byte) in prefix.enumerated() { difference |= (index < bytes.count ? bytes[index] : 0) ^ byte }
        guard difference == 0 else {
            throw MessageError(
                404, nil, "no such path; this proxy was started for one command only", shouldRetry: false)
        }
        let rest = String(path.dropFirst(pathPrefix.count))
        return rest.isEmpty ? "/" : rest
    }

    /// A body that a browser form could have sent is refused: JSON must say that it is JSON.
    func checkContentType(_ head: HTTPHead) throws(MessageError) {
        let type = head.headers["content-type"] ?? ""
        let media = HTTPFields.trim(String(Substring(type.utf8.prefix { $0 != UInt8(ascii: ";") })))
        guard HTTPFields.same(media, "application/json") else {
            throw MessageError(
                415, "invalid_request_error",
                "content-type: \(type.isEmpty ? "missing" : type): expected application/json",
                shouldRetry: false)
        }
    }
}
