/// One request to a model service and its answer, as it arrives.
internal import CSystem

/// A request on its way. Reading is pulled: when nobody reads, libcurl is paused and the service is held back by its own
/// socket.
final class Transfer: Expiring, @unchecked Sendable {
    /// What `next` brings.
    enum Part {
        case bytes([UInt8])
        case end
        /// Nothing came for the time asked.
        case silence
    }

    let easy: OpaquePointer
    private unowned let upstream: Upstream
    /// Kept so that the bytes libcurl points at stay where they are.
    private let request: UpstreamRequest
    private var fieldList: UnsafeMutablePointer<curl_slist>?
    /// Where libcurl writes what went wrong; lives as long as the handle is ours.
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    private var received: [UInt8] = []
    private var pendingHead: UpstreamHead?
    private var head: UpstreamHead?
    private var result: CURLcode?
    /// Why an answer that did not come by libcurl ended in its middle.
    private var brokeOff: String?
    private var isPaused = false
    private var isCancelled = false
    private var waiter: UnsafeContinuation<Void, Never>?
    private var wakeAt: Monotonic?
    var watchIndex = -1

    /// libcurl's smallest buffer for what is sent.
    static let leastUpload = 16 << 10
    /// More than this unread, and libcurl is paused.
    private static let highWater = 512 << 10

    init(_ easy: OpaquePointer, _ upstream: Upstream, _ request: UpstreamRequest) {
        self.easy = easy
        self.upstream = upstream
        self.request = request
    }

    deinit { errorText.deallocate() }

    private var handle: UnsafeMutableRawPointer { UnsafeMutableRawPointer(easy) }

    /// Sets every option; the handle was reset before.
    func configure(_ proxies: Proxies, _ certificates: String?) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        curlx_set_string(handle, CURLOPT_URL, request.url)
        curlx_set_long(handle, CURLOPT_NOSIGNAL, 1)
        // Each transfer has such a buffer for as long as it lasts, and streams are many and slow.
        curlx_set_long(handle, CURLOPT_BUFFERSIZE, 4 << 10)
        curlx_set_long(handle, CURLOPT_TCP_NODELAY, 1)
        curlx_set_long(handle, CURLOPT_PROTOCOLS, Int(CURLPROTO_HTTP | CURLPROTO_HTTPS))
        // Without TLS there is no HTTP/2, and nothing to wait for: a second request would wait for the first one's answer.
        let isSecure = request.url.hasPrefix("https:")
        let version = isSecure ? Int(CURL_HTTP_VERSION_2TLS) : Int(CURL_HTTP_VERSION_1_1)
        curlx_set_long(handle, CURLOPT_HTTP_VERSION, version)
        curlx_set_long(handle, CURLOPT_PIPEWAIT, isSecure ? 1 : 0)
        curlx_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, upstream.limits.connectTimeoutMS)
        curlx_set_long(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // Debian's default makes OpenSSL read a directory of 140 certificates for every new connection: 20 ms.
        curlx_set_string(handle, CURLOPT_CAPATH, nil)
        if let certificates { curlx_set_string(handle, CURLOPT_CAINFO, certificates) }
        let route = proxies.proxy(for: request.url)
        curlx_set_string(handle, CURLOPT_PROXY, route.proxy)
        curlx_set_string(handle, CURLOPT_NOPROXY, route.except)
        errorText.pointee = 0
        curlx_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        curlx_set_data_callback(handle, CURLOPT_WRITEFUNCTION, bodyArrived)
        curlx_set_pointer(handle, CURLOPT_WRITEDATA, context)
        curlx_set_data_callback(handle, CURLOPT_HEADERFUNCTION, headerArrived)
        curlx_set_pointer(handle, CURLOPT_HEADERDATA, context)
        configureRequest()
    }

    private func configureRequest() {
        if request.method == "HEAD" { curlx_set_long(handle, CURLOPT_NOBODY, 1) }
        if request.method == "POST" || !request.body.isEmpty {
            curlx_set_long(handle, CURLOPT_POST, 1)
            curlx_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
            // The array's storage does not move while `request` holds it.
            _ = request.body.withUnsafeBufferPointer { curlx_set_pointer(handle, CURLOPT_POSTFIELDS, $0.baseAddress) }
            if request.body.isEmpty { curlx_set_string(handle, CURLOPT_POSTFIELDS, "") }
            let room = max(Self.leastUpload, min(request.body.count, 512 << 10))
            curlx_set_long(handle, CURLOPT_UPLOAD_BUFFERSIZE, room)
        }
        if request.method != "POST", request.method != "HEAD" {
            curlx_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method)
        }
        var fields = request.headers.fields.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        // libcurl's own additions that nobody asked for.
        for name in ["Expect", "Accept", "Content-Type"] where request.headers[name] == nil {
            fields.append("\(name):")
        }
        for field in fields { fieldList = curl_slist_append(fieldList, field) }
        curlx_set_pointer(handle, CURLOPT_HTTPHEADER, fieldList)
    }

    /// One header line with its line end. Interim answers (1xx) and those of earlier hops are replaced by the next.
    func takeHeader(_ line: UnsafeRawBufferPointer) {
        var end = line.count
        while end > 0, line[end - 1] <= 0x20 { end -= 1 }
        if end == 0 {
            guard let pending = pendingHead, pending.status >= 200 else { return }
            return takeHead(pending)
        }
        if line.starts(with: "HTTP/".utf8) {
            let words = line[..<end].split(separator: 0x20)
            let status = words.count > 1 ? Int(String(decoding: words[1], as: UTF8.self)) : nil
            pendingHead = UpstreamHead(status: status ?? 0, headers: HTTPFields())
        } else if let colon = line[..<end].firstIndex(of: UInt8(ascii: ":")) {
            var from = colon + 1
            while from < end, line[from] <= 0x20 { from += 1 }
            pendingHead?.headers.append(
                String(decoding: line[..<colon], as: UTF8.self), String(decoding: line[from..<end], as: UTF8.self))
        }
    }

    func takeHead(_ head: UpstreamHead) {
        self.head = head
        wake()
    }

    /// The end of an answer that did not come by libcurl, or why it breaks off.
    func finishScript(_ breaksOff: String?) {
        brokeOff = breaksOff
        complete(breaksOff == nil ? CURLE_OK : CURLE_PARTIAL_FILE)
    }

    func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        if received.count >= Self.highWater {
            isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        }
        received.append(contentsOf: bytes)
        wake()
        return bytes.count
    }

    func complete(_ code: CURLcode) {
        result = code
        wake()
    }

    private func wake() {
        guard let waiting = waiter else { return }
        waiter = nil
        wakeAt = nil
        waiting.resume()
    }

    func tick(_ now: Monotonic) {
        if let wakeAt, wakeAt < now { wake() }
    }

    /// Waits for something new, at most until `deadline`.
    private func wait(until deadline: Monotonic) async {
        wakeAt = deadline
        await withUnsafeContinuation { waiter = $0 }
    }
}

/// Reading the answer.
extension Transfer {
    /// Status and header fields. Throws when the connection fails or nothing comes in time.
    func readHead(within limit: Int? = nil) async throws(TransferError) -> UpstreamHead {
        let milliseconds = limit ?? upstream.limits.firstByteTimeoutMS
        let deadline = Monotonic.now().advanced(byMilliseconds: milliseconds)
        while true {
            if isCancelled { throw TransferError(stage: .cancelled, message: "cancelled") }
            if let head { return head }
            if let result { throw failure(result) }
            if deadline < Monotonic.now() {
                throw TransferError(
                    stage: .firstByte,
                    message:
                        "no answer from \(host) within \(Limits.words(milliseconds)) (--timeout)")
            }
            await wait(until: deadline)
        }
    }

    /// The next bytes, whatever has arrived. `silence` after `milliseconds` without any.
    func next(within milliseconds: Int) async throws(TransferError) -> Part {
        let deadline = Monotonic.now().advanced(byMilliseconds: milliseconds)
        while true {
            if isCancelled { throw TransferError(stage: .cancelled, message: "cancelled") }
            if !received.isEmpty { return .bytes(take()) }
            if let result {
                if result == CURLE_OK { return .end }
                throw failure(result)
            }
            if deadline < Monotonic.now() { return .silence }
            await wait(until: deadline)
        }
    }

    /// The whole rest of the answer, at most `limit` bytes.
    func rest(limit: Int) async throws(TransferError) -> [UInt8] {
        var body: [UInt8] = []
        while true {
            switch try await next(within: upstream.limits.idleTimeoutMS) {
            case .bytes(let more):
                if body.isEmpty { body = more } else { body.append(contentsOf: more) }
                if body.count > limit {
                    throw TransferError(stage: .body, message: "\(host) sent an answer of more than \(limit) bytes")
                }
            case .end: return body
            case .silence:
                throw TransferError(
                    stage: .body,
                    message: "\(host) sent nothing for \(Limits.words(upstream.limits.idleTimeoutMS)) (--timeout)")
            }
        }
    }

    /// The body of an answer without success, unpacked; a long one is cut.
    func plainBody(_ head: UpstreamHead) async throws(TransferError) -> [UInt8] {
        let body = try await rest(limit: 16 << 20)
        guard let inflater = Inflater(for: head) else { return body }
        var plain: [UInt8] = []
        return inflater.feed(body, into: &plain, limit: 16 << 20) ? plain : body
    }

    /// Reads to the end and forgets everything.
    func drain() async {
        _ = try? await rest(limit: 1 << 20)
        release()
    }

    private func take() -> [UInt8] {
        var bytes: [UInt8] = []
        swap(&bytes, &received)
        if isPaused {
            isPaused = false
            curl_easy_pause(handle, CURLPAUSE_CONT)
        }
        return bytes
    }

    private var host: String { Proxies.host(of: request.url) }

    private func failure(_ code: CURLcode) -> TransferError {
        if let brokeOff { return TransferError(stage: .body, message: brokeOff) }
        let detail = String(cString: errorText)
        let words = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        let stage: TransferError.Stage = head != nil ? .body : connectMS == nil ? .connect : .noAnswer
        return TransferError(
            stage: stage, message: "\(host): \(words) (libcurl \(code.rawValue))", code: Int(code.rawValue))
    }

    /// Stops at once; whoever reads gets `cancelled`.
    func cancel() {
        isCancelled = true
        wake()
    }

    /// Gives the handle back. Nothing may be read afterwards.
    func release() {
        upstream.release(self)
        curl_slist_free_all(fieldList)
        fieldList = nil
    }

    /// Milliseconds until the connection stood; nil when it never did.
    var connectMS: Double? { time(CURLINFO_CONNECT_TIME_T) }
    var tlsMS: Double? { time(CURLINFO_APPCONNECT_TIME_T) }

    /// The connection was there before.
    var isReused: Bool {
        var count = 0
        curlx_get_long(handle, CURLINFO_NUM_CONNECTS, &count)
        return count == 0
    }

    private func time(_ info: CURLINFO) -> Double? {
        var microseconds: curl_off_t = 0
        curlx_get_offset(handle, info, &microseconds)
        return microseconds > 0 ? Double(microseconds) / 1000 : nil
    }
}
