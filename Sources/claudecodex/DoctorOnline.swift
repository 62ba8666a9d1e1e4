internal import Backends
internal import Intercept

/// The check `online`: the backend's service by one cheap request, as the proxy itself would send it.
enum DoctorOnline {
    static func findings(_ backend: any Backend, _ upstream: Upstream, _ environment: Environment) async -> [Finding] {
        guard let probe = backend.probe else {
            return [.note("online", "the backend \(type(of: backend).name) has nobody to ask")]
        }
        let host = DoctorConfiguration.shown(probe.url)
        do throws(FetchFailure) {
            let answer = try await upstream.fetch(probe)
            let hasKey = if case .none = probe.authorization { false } else { true }
            let own = backend.judge(probe: answer.head, body: answer.body).map { [Finding($0)] }
            return (own ?? judge(answer, host, hasKey: hasKey, model: environment["OPENAI_MODEL"]))
                + skew(answer.head.headers["date"], now: .now())
        } catch {
            if error.isUnsigned { return [.note("online", Text.printable(error.message))] }
            return [unreached(error, host)]
        }
    }

    // MARK: An answer

    static func judge(_ answer: FetchedAnswer, _ host: String, hasKey: Bool, model: String?) -> [Finding] {
        let time = answer.connectMS.map { ", connected in \(Amounts.time($0))" } ?? ""
        let tls = answer.tlsMS.map { " (TLS \(Amounts.time($0)))" } ?? ""
        let status = answer.head.status
        switch status {
        case 200..<300:
            return [.ok("online", "\(host) answered \(status)\(time)\(tls)" + (hasKey ? " and takes the key" : ""))]
                + listed(answer.body, model)
        case 401, 403:
            if !hasKey {
                return [.ok("online", "\(host) can be reached\(time)\(tls); it wants the credentials of the client")]
            }
            return [
                .fail(
                    "online", "\(host) refuses the key (\(status)): \(words(answer.body))",
                    todo: "make another key, or check that it belongs to this service")
            ]
        case 404, 405:
            return [
                .note(
                    "online",
                    "\(host) can be reached\(time)\(tls) but lists no models (\(status)); the key is not checked")
            ]
        case 429: return [.warn("online", "\(host) takes no more requests now (429): \(words(answer.body))")]
        default: return [.warn("online", "\(host) answered \(status): \(words(answer.body))")]
        }
    }

    /// The service's own message, short and on one line.
    private static func words(_ body: [UInt8]) -> String {
        let json = try? JSON.parse(body)
        let error = json?["error"]
        let text = error?["message"]?.string ?? error?.string ?? json?["message"]?.string
        let plain = text ?? String(decoding: body.prefix(400), as: UTF8.self)
        return plain.isEmpty ? "(no words)" : Text.cut(Text.wrap(Text.printable(plain), 10_000), 160)
    }

    /// Whether the model that answers is one of the service's.
    private static func listed(_ body: [UInt8], _ model: String?) -> [Finding] {
        guard let model, let list = (try? JSON.parse(body))?["data"], list.isArray, !list.isEmpty else { return [] }
        let names = list.elements.compactMap { $0["id"]?.string }
        // Ollama lists `qwen3:8b`, Gemini `models/gemini-…`.
        if names.contains(where: { $0 == model || $0.hasSuffix("/" + model) || $0 == model + ":latest" }) {
            return [.ok("online", "the service lists the model \(Text.printable(model))")]
        }
        let nearest = Suggestion.nearest(to: model, in: names).map { "OPENAI_MODEL=\(Text.printable($0))" }
        return [
            Finding(
                level: .warn, check: "online",
                text: "the service does not list the model \(Text.printable(model)) among its \(names.count)",
                todo: nearest.map { [$0] } ?? [])
        ]
    }

    // MARK: The clock

    private static let noticeable = 30.0
    /// Signatures of AWS are valid for five minutes.
    private static let tooMuch = 300.0

    static func skew(_ date: String?, now: Timestamp) -> [Finding] {
        guard let date, let there = HTTPDate.parse(date) else { return [] }
        let seconds = now.milliseconds(since: there) / 1000
        let text = "this machine's clock is \(Amounts.time(abs(seconds) * 1000)) \(seconds < 0 ? "behind" : "ahead")"
        if abs(seconds) < noticeable { return [] }
        let todo = "set the clock: timedatectl set-ntp true"
        return [abs(seconds) < tooMuch ? .warn("online", text, todo: todo) : .fail("online", text, todo: todo)]
    }

    // MARK: No answer

    static func unreached(_ failure: FetchFailure, _ host: String) -> Finding {
        let advice: String
        switch failure.code {
        case 5: advice = "check HTTPS_PROXY"
        case 6: advice = "check the spelling of the address, and the name service"
        case 7: advice = "start the service, or check the port"
        case 35, 60, 77: advice = "if the certificate is your own: SSL_CERT_FILE=FILE"
        case 28, nil: advice = "check firewalls and HTTPS_PROXY"
        default: advice = "check the address"
        }
        return .fail("online", "\(host) cannot be reached: \(Text.printable(failure.message))", todo: advice)
    }
}
