internal import Backends
internal import Intercept

/// The check `port`: whether `serve` can listen, and who has the port if not.
struct DoctorPort {
    let loop: EventLoop
    let upstream: Upstream

    /// Listens as `serve` would and stops at once; asks whoever is there already. Call it on the loop.
    func findings(_ wanted: ListenAddress) async -> [Finding] {
        guard let backend = try? DemoModel(Environment()) else { return [] }
        let server = Server(
            loop: loop, listen: wanted, limits: Limits(), service: Service(backend: backend), upstream: upstream)
        do throws(ListenError) {
            _ = try server.listen()
            server.drain {}
            return [.ok("port", wanted.port == 0 ? "any free one" : "\(wanted) is free")]
        } catch {
            guard error.isInUse else {
                return [.fail("port", "\(error)", todo: "choose another with --listen HOST:PORT")]
            }
            return Self.judge(wanted, health: await health(wanted))
        }
    }

    /// What `GET /health` says there, if it is one of ours.
    private func health(_ address: ListenAddress) async -> JSON? {
        guard case .tcp = address else { return nil }
        let request = UpstreamRequest(
            method: "GET", url: address.url + "/health", headers: HTTPFields(), body: [], model: "")
        guard let answer = try? await upstream.fetch(request), answer.head.status == 200 else { return nil }
        return try? JSON.parse(answer.body)
    }

    static func judge(_ address: ListenAddress, health: JSON?) -> [Finding] {
        guard let health, let version = health["version"]?.string, let backend = health["backend"]?.string else {
            return [
                .fail(
                    "port", "\(address) is in use by another program",
                    todo: "choose another with --port; 0 takes any free one")
            ]
        }
        let proxy = "claudecodex \(Text.printable(version)) with the backend \(Text.printable(backend))"
        var found = [Finding.ok("port", "\(address) is in use by \(proxy), which is running")]
        let recorder = health["recorder"]
        let missing = ["dropped_events", "dropped_bodies", "lost"].reduce(0) { $0 + (recorder?[$1]?.int ?? 0) }
        if missing > 0 {
            let error = recorder?["last_error"]?.string.map { ": " + Text.printable($0) } ?? ""
            found.append(
                .warn("dropped", "the running proxy has left \(missing) records or bodies out of its trace\(error)"))
        }
        return found
    }
}
