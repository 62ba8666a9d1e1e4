internal import CSystem
internal import Intercept
internal import Recorder

/// Checks of this machine: `program`, `logs`, `network`.
enum DoctorMachine {
    /// What the system's libcurl can do.
    struct Library: Equatable {
        let curl: String
        /// Nil without TLS: `OpenSSL/3.0.17`.
        let tls: String?
        let hasHTTP2: Bool
        let zlib: String

        static func current() -> Library {
            let zlib = String(cString: zlibVersion())
            guard let info = curl_version_info(CURLVERSION_FIRST)?.pointee else {
                return Library(curl: "unknown", tls: nil, hasHTTP2: false, zlib: zlib)
            }
            return Library(
                curl: String(cString: info.version), tls: info.ssl_version.map { String(cString: $0) },
                hasHTTP2: Int32(info.features) & CURL_VERSION_HTTP2 != 0, zlib: zlib)
        }
    }

    static func program(_ library: Library) -> Finding {
        let protocols = [library.hasHTTP2 ? "HTTP/2" : nil, library.tls].compactMap { $0 }.joined(separator: ", ")
        let text =
            "claudecodex \(Version.number), libcurl \(library.curl)" + (protocols.isEmpty ? "" : " (\(protocols))")
            + ", zlib \(library.zlib)"
        if library.tls == nil {
            return .fail("program", text + "; this libcurl has no TLS", todo: "install the system's libcurl with TLS")
        }
        if library.hasHTTP2 { return .ok("program", text) }
        return .note("program", text + "; this libcurl has no HTTP/2: every open stream takes a connection of its own")
    }

    // MARK: Traces

    /// Less than this, and traces will end soon.
    private static let leastFree = 100 << 20
    private static let littleFree = 1 << 30

    /// Where traces go, and whether they can.
    static func logs(_ settings: Settings, _ environment: Environment) -> Finding {
        if settings.record == "off" { return .note("logs", "nothing is recorded (--record off)") }
        do throws(Failure) {
            let path = try LogDirectory.choose(
                settings.logDirectory, hasMarker: Files.exists(LogDirectory.marker), environment)
            let parent = FileFacts.existingParent(path)
            return logs(
                path, shown: LogDirectory.shown(path, environment), FileFacts(path), parent: FileFacts(parent),
                parentPath: parent, free: FileFacts.freeBytes(parent),
                refusal: FileFacts(path) == nil ? FileFacts.refusal(of: path, in: parent) : nil)
        } catch {
            return .fail("logs", error)
        }
    }

    static func logs(
        _ path: String, shown: String, _ facts: FileFacts?, parent: FileFacts?, parentPath: String, free: Int?,
        refusal: String? = nil
    ) -> Finding {
        let place = Text.printable(shown)
        guard let facts else {
            guard parent?.isDirectory ?? false, parent?.isWritable ?? false else {
                return .fail(
                    "logs", "\(place) cannot be made: \(Text.printable(parentPath)) is no directory that you may write",
                    todo: "--log-dir DIR")
            }
            if let refusal {
                return .fail("logs", "\(place) cannot be made: \(refusal)", todo: "--log-dir DIR")
            }
            return space(.ok("logs", "\(place) will be made" + (free.map { ", \(size($0)) free" } ?? "")), place, free)
        }
        if !facts.isDirectory { return .fail("logs", "\(place) is no directory", todo: "--log-dir DIR") }
        if !facts.isWritable {
            return .fail("logs", "\(place) (\(facts.shownMode)) may not be written", todo: "--log-dir DIR")
        }
        let text = "\(place), \(facts.shownMode)" + (free.map { ", \(size($0)) free" } ?? "")
        if facts.isOpenToOthers {
            return .warn("logs", text + ": others may look into it", todo: "chmod 700 \(Env.word(path))")
        }
        return space(.ok("logs", text), place, free)
    }

    private static func space(_ finding: Finding, _ place: String, _ free: Int?) -> Finding {
        guard let free, free < littleFree else { return finding }
        let text = "\(place): only \(size(free)) free"
        let todo = "remove old traces, or --log-dir DIR"
        return free < leastFree ? .fail("logs", text, todo: todo) : .warn("logs", text, todo: todo)
    }

    /// `1.2 GB`, `340 MB`, in steps of 1024.
    static func size(_ bytes: Int) -> String {
        let units = [(1 << 40, "TB"), (1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")]
        guard let unit = units.first(where: { bytes >= $0.0 }) else { return "\(bytes) bytes" }
        let tenths = (bytes * 10 + unit.0 / 2) / unit.0
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) \(unit.1)" : "\((tenths + 5) / 10) \(unit.1)"
    }

    // MARK: Proxies and certificates

    /// Variables that decide how services and this proxy are reached.
    static func network(_ environment: Environment, exists: (String) -> Bool) -> [Finding] {
        var findings: [Finding] = []
        for name in ["SSL_CERT_FILE", "CURL_CA_BUNDLE"] {
            guard let entry = environment.entry(name), !exists(entry.value) else { continue }
            findings.append(
                .fail(
                    "network", "\(name)=\(Text.printable(entry.value)) (\(entry.source)): no such file",
                    todo: "unset \(name)"))
        }
        let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
        let proxies = names.compactMap { name in
            environment.entry(name).map { "\(name)=\(DoctorConfiguration.shown($0.value))" }
        }
        if proxies.isEmpty { return findings.isEmpty ? [.ok("network", "no HTTP proxy is set")] : findings }
        let hosts = (environment.first("no_proxy", "NO_PROXY")?.entry.value ?? "").split(separator: ",").map(Text.trim)
        let isSpared = hosts.contains { ["127.0.0.1", "*"].contains($0) }
        if isSpared {
            return findings + [
                .ok("network", "services are reached through a proxy, this machine is not", details: proxies)
            ]
        }
        return findings + [
            .warn(
                "network", "clients of this shell look for 127.0.0.1 at the HTTP proxy", details: proxies,
                todo: "claudecodex run -- claude sets NO_PROXY, and so does eval \"$(claudecodex env)\"")
        ]
    }
}
