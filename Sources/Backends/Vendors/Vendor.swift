/// One service that speaks the Messages API: where it is, and how it differs from Anthropic's own.
struct Vendor: Sendable {
    /// The word for `ANTHROPIC_UPSTREAM_VENDOR`.
    let name: String
    let title: String
    /// Host names; `*.` in front means any host inside.
    var hosts: [String] = []
    /// The port by which it is known on an address with `http://`.
    var port: Int?
    /// What its address has in front of `/v1/messages`.
    var path = ""
    /// Paths of its other APIs: an address with one of them, or with none, gets `path`.
    var otherPaths: [String] = []
    /// A key is taken only as `Authorization: Bearer`.
    var wantsBearer = false
    var counting = Counting.unknown
    var quirks = Quirks()
    /// Streams may lack what the client needs: counts at the beginning, signatures, the last event.
    var mendsStreams = true
    /// What it makes of Claude's model names, for the documentation.
    var modelNames = "mapped with `--model`"
    /// Where its facts come from.
    var sources: [String] = []

    /// Whether the service counts tokens for others.
    enum Counting: Sendable {
        case endpoint, none
        /// It is asked; a 404 is remembered.
        case unknown
    }

    /// Bodies and bytes are Anthropic's own affair: nothing is mended.
    var isAnthropic: Bool { name == Self.anthropic.name }
    var isKnown: Bool { name != Self.other.name }

    /// The vendor that a base URL leads to.
    static func at(_ url: String) -> Vendor {
        let place = Place(url)
        return all.first { vendor in vendor.hosts.contains { place.isAt($0) } }
            ?? all.first { $0.port != nil && $0.port == place.port && url.hasPrefix("http://") } ?? other
    }

    static func named(_ name: String) -> Vendor? {
        let plain = String(name.lowercased().filter { $0 != "." && $0 != "-" && $0 != "_" })
        return (all + [other]).first { $0.name == plain }
    }

    /// The base URL to which `/v1/messages` is added.
    func base(_ url: String) -> String {
        var url = Self.trimmed(url)
        if url.hasSuffix("/v1/messages") { url = Self.trimmed(String(url.dropLast("/v1/messages".count))) }
        let place = Place(url)
        guard !path.isEmpty, place.path.isEmpty || otherPaths.contains(place.path) else { return url }
        return String(url.dropLast(place.path.count)) + path
    }

    private static func trimmed(_ url: String) -> String {
        var url = url
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    /// Host, port and path of a URL.
    private struct Place {
        let host: String
        let port: Int?
        let path: String

        init(_ url: String) {
            let rest = url.firstIndex(of: ":").map { url[$0...].drop { $0 == ":" || $0 == "/" } } ?? url[...]
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            path = String(rest.dropFirst(authority.count))
            let plain = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? authority
            let parts = plain.split(separator: ":", omittingEmptySubsequences: false)
            port = parts.count == 2 || plain.hasPrefix("[") ? parts.last.flatMap { Int($0) } : nil
            host = (plain.hasPrefix("[") ? String(plain) : String(parts.first ?? "")).lowercased()
        }

        func isAt(_ name: String) -> Bool {
            name.hasPrefix("*.") ? host.hasSuffix(name.dropFirst()) || host == name.dropFirst(2) : host == name
        }
    }
}
