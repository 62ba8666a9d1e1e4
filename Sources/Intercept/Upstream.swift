internal import CSystem

/// The way to model services: libcurl, driven by the loop. Connections are kept and shared, HTTP/2 over TLS where the
/// service has it, proxies from the environment but never for this machine.
public final class Upstream: @unchecked Sendable {
    let loop: EventLoop
    let limits: Limits
    private let proxies: Proxies
    private let certificates: String?
    private let multi: OpaquePointer
    private var timer: Timer?
    /// Handles of finished transfers, to be used again.
    private var idle: [OpaquePointer] = []
    private var transfers: [OpaquePointer: Transfer] = [:]
    private var sockets: [Int32: CurlSocket] = [:]

    /// - Parameter environment: for `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY` and `SSL_CERT_FILE`.
    public init(_ loop: EventLoop, limits: Limits, environment: Environment) throws {
        self.loop = loop
        self.limits = limits
        proxies = Proxies(environment)
        certificates = environment.first("SSL_CERT_FILE", "CURL_CA_BUNDLE")?.entry.value
        curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        guard let multi = curl_multi_init() else { throw SystemError("curl_multi_init", code: 12) }
        self.multi = OpaquePointer(multi)
        let context = Unmanaged.passUnretained(self).toOpaque()
        curlx_multi_set_socket_callback(multi, socketChanged, context)
        curlx_multi_set_timer_callback(multi, timerChanged, context)
        curlx_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        curlx_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 256)
    }

    /// Starts sending. The answer is read from the transfer; dropping it without `cancel()` is a mistake.
    func start(_ request: UpstreamRequest) throws(TransferError) -> Transfer {
        guard let easy = idle.popLast() ?? curl_easy_init().map(OpaquePointer.init) else {
            throw TransferError(stage: .connect, message: "libcurl has no memory for another transfer")
        }
        let transfer = Transfer(easy, self, request)
        transfers[easy] = transfer
        loop.watch(transfer)
        if let scripted = request.scripted {
            transfer.play(scripted, on: loop)
            return transfer
        }
        transfer.configure(proxies, certificates)
        curl_multi_add_handle(UnsafeMutableRawPointer(multi), UnsafeMutableRawPointer(easy))
        // Begins at once instead of in the next round of the loop.
        act(CURL_SOCKET_TIMEOUT, 0)
        return transfer
    }

    /// Makes a connection that the first request will find ready. Failures are left to that request.
    public func warm(_ origin: String) {
        guard !Proxies.isLoopback(origin) else { return }
        // A connection that was only made is not used again by libcurl; one that carried a request is.
        let request = UpstreamRequest(method: "HEAD", url: origin, headers: HTTPFields(), body: [], model: "")
        guard let transfer = try? start(request) else { return }
        loop.spawn { await transfer.drain() }
    }

    /// What signers may ask of us.
    var errands: Errands {
        Errands(
            fetch: { [self] in try await fetch($0, milliseconds: $1) },
            spawn: { [loop] in loop.spawn($0) },
            pause: { [loop] in await loop.pause(milliseconds: $0) })
    }

    /// One small request and its whole answer.
    private func fetch(_ request: UpstreamRequest, milliseconds: Int) async throws(TransferError) -> Errands.Answer {
        let transfer = try start(request)
        defer { transfer.release() }
        let head = try await transfer.readHead(within: milliseconds)
        return (head, try await transfer.rest(limit: 1 << 20))
    }

    func release(_ transfer: Transfer) {
        guard transfers.removeValue(forKey: transfer.easy) != nil else { return }
        loop.unwatch(transfer)
        curl_multi_remove_handle(UnsafeMutableRawPointer(multi), UnsafeMutableRawPointer(transfer.easy))
        if idle.count < 64 {
            curl_easy_reset(UnsafeMutableRawPointer(transfer.easy))
            // Only the handles used again first keep the memory of a large request.
            if idle.count >= 4 {
                curlx_set_long(
                    UnsafeMutableRawPointer(transfer.easy), CURLOPT_UPLOAD_BUFFERSIZE, Transfer.leastUpload)
            }
            idle.append(transfer.easy)
        } else {
            curl_easy_cleanup(UnsafeMutableRawPointer(transfer.easy))
        }
    }

    fileprivate func socketReady(_ fd: Int32, _ readiness: Readiness) {
        var mask: Int32 = 0
        if readiness.contains(.read) { mask |= Int32(CURL_CSELECT_IN) }
        if readiness.contains(.write) { mask |= Int32(CURL_CSELECT_OUT) }
        if readiness.contains(.dead) { mask |= Int32(CURL_CSELECT_ERR) }
        act(fd, mask)
    }

    private func act(_ fd: Int32, _ mask: Int32) {
        var running: Int32 = 0
        curl_multi_socket_action(UnsafeMutableRawPointer(multi), fd, mask, &running)
        collect()
    }

    private func collect() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(UnsafeMutableRawPointer(multi), &left) {
            var result = CURLE_OK
            guard let easy = curlx_finished(message, &result) else { continue }
            transfers[OpaquePointer(easy)]?.complete(result)
        }
    }

    fileprivate func watch(_ fd: Int32, _ what: Int32) {
        if what == CURL_POLL_REMOVE {
            sockets[fd] = nil
            return loop.remove(fd)
        }
        var interest: Readiness = []
        if what & CURL_POLL_IN != 0 { interest.insert(.read) }
        if what & CURL_POLL_OUT != 0 { interest.insert(.write) }
        if sockets[fd] != nil { return loop.change(fd, interest) }
        // libcurl's own sockets go on to programs that are started unless they are told otherwise.
        Descriptor.keep(fd)
        let source = CurlSocket(fd, self)
        sockets[fd] = source
        // A descriptor that cannot be watched shows as a time-out of its transfer.
        try? loop.add(fd, source, interest, edge: false)
    }

    fileprivate func setTimer(_ milliseconds: Int) {
        if let timer { loop.cancel(timer) }
        timer = nil
        guard milliseconds >= 0 else { return }
        timer = loop.after(milliseconds: milliseconds) { [weak self] in
            self?.timer = nil
            self?.act(CURL_SOCKET_TIMEOUT, 0)
        }
    }

    deinit {
        for (easy, _) in transfers {
            curl_multi_remove_handle(UnsafeMutableRawPointer(multi), UnsafeMutableRawPointer(easy))
            curl_easy_cleanup(UnsafeMutableRawPointer(easy))
        }
        for easy in idle { curl_easy_cleanup(UnsafeMutableRawPointer(easy)) }
        curl_multi_cleanup(UnsafeMutableRawPointer(multi))
    }
}

/// A socket of libcurl's in the loop.
private final class CurlSocket: EventSource {
    private let fd: Int32
    private unowned let upstream: Upstream

    init(_ fd: Int32, _ upstream: Upstream) {
        self.fd = fd
        self.upstream = upstream
    }

    func ready(_ readiness: Readiness) { upstream.socketReady(fd, readiness) }
}

private func socketChanged(
    _ easy: UnsafeMutableRawPointer?, _ fd: curl_socket_t, _ what: Int32, _ context: UnsafeMutableRawPointer?,
    _ own: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return 0 }
    Unmanaged<Upstream>.fromOpaque(context).takeUnretainedValue().watch(fd, what)
    return 0
}

private func timerChanged(
    _ multi: UnsafeMutableRawPointer?, _ milliseconds: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return 0 }
    Unmanaged<Upstream>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds)
    return 0
}

/// Proxies by the variables that libcurl's own tools know, upper and lower case.
struct Proxies: Sendable {
    private let https: String?
    private let http: String?
    private let none: String?

    init(_ environment: Environment) {
        let all = environment.first("ALL_PROXY", "all_proxy")?.entry.value
        https = environment.first("HTTPS_PROXY", "https_proxy")?.entry.value ?? all
        http = environment.first("http_proxy", "HTTP_PROXY")?.entry.value ?? all
        none = environment.first("NO_PROXY", "no_proxy")?.entry.value
    }

    /// The proxy for a URL, "" for none; and the hosts that need none.
    func proxy(for url: String) -> (proxy: String, except: String) {
        if Self.isLoopback(url) || Self.isLinkLocal(url) { return ("", "*") }
        return ((url.hasPrefix("https:") ? https : http) ?? "", none ?? "")
    }

    /// Whether the URL's host is this machine.
    static func isLoopback(_ url: String) -> Bool {
        ListenAddress.isThisMachine(host(of: url))
    }

    /// Whether the URL's host is the metadata service of this machine, which no proxy may stand before.
    private static func isLinkLocal(_ url: String) -> Bool {
        let host = host(of: url)
        return host.hasPrefix("169.254.") || host.hasPrefix("[fd00:ec2:")
    }

    /// The host of a URL (or of a `Host` field), in lower case; IPv6 in brackets.
    static func host(of url: String) -> String {
        var rest = Array(url.utf8)[...]
        if let colon = rest.firstIndex(of: UInt8(ascii: ":")), rest[(colon + 1)...].starts(with: "//".utf8) {
            rest = rest[(colon + 3)...]
        }
        rest = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        if let at = rest.lastIndex(of: UInt8(ascii: "@")) { rest = rest[(at + 1)...] }
        let isIPv6 = rest.first == UInt8(ascii: "[")
        let name = rest.prefix { $0 != UInt8(ascii: isIPv6 ? "]" : ":") }.map(HTTPFields.lower)
        return String(decoding: isIPv6 ? name + [UInt8(ascii: "]")] : name, as: UTF8.self)
    }
}
