/// A recorded exchange as a golden folder of `Tests/Fixtures`: a bug report becomes a test.
internal import Intercept

public struct FixtureFolder: Sendable {
    /// The folder's own name and that of the one above it: `openai_chat`, `openai_responses`, `bedrock`, `anthropic`.
    public let backend: String
    public let name: String
    public let files: [(name: String, bytes: [UInt8])]
    /// What a person should know, in sentences; they stand in `notes.md` too.
    public let notes: [String]

    /// `exchange` with its bodies, `settings` of its `meta` record. Why there is no folder: the request went nowhere, to a
    /// service of which no folder can hold anything, or a body is missing.
    public static func make(
        _ exchange: RecordedExchange, settings: [String: String] = [:]
    ) -> Result<FixtureFolder, TraceError> {
        guard let upstream = exchange.records("upstream").first, let url = upstream["url"]?.string else {
            return .failure(TraceError("\(exchange.id) was not sent to a service: a fixture would hold nothing"))
        }
        let translation = exchange.last("translation")
        let variables = RecordedVariables(
            backend: translation?["backend"]?.string ?? "", url: url, model: exchange.model ?? "",
            upstreamModel: translation?["upstream_model"]?.string ?? upstream["model"]?.string ?? "",
            settings: settings, isPinned: true)
        guard let backend = folder(variables.wire) else {
            return .failure(TraceError("there are no fixtures of the service that \(exchange.id) was sent to: \(url)"))
        }
        guard let body = exchange.body, let sent = sent(exchange, upstream) else {
            let reason = exchange.problems.first ?? "the trace does not hold it"
            return .failure(TraceError("a body of \(exchange.id) is missing: \(reason)"))
        }
        return .success(FixtureFolder(exchange, variables, backend: backend, body: body, sent: sent))
    }

    private static func folder(_ wire: RecordedVariables.Wire) -> String? {
        switch wire {
        case .chat: "openai_chat"
        case .responses: "openai_responses"
        case .converse, .invoke: "bedrock"
        case .messages: "anthropic"
        case .mantle, .unknown: nil
        }
    }

    /// What the first attempt sent: the client's body where the record has none of its own.
    private static func sent(_ exchange: RecordedExchange, _ upstream: TraceRecord) -> [UInt8]? {
        if let own = exchange.upstreamBodies[upstream["try"]?.int ?? 1] { return own }
        let isClients = upstream["body"] == nil && upstream["delta"] == nil && upstream["body_dropped"] == nil
        return isClients ? exchange.body : nil
    }

    private init(
        _ exchange: RecordedExchange, _ variables: RecordedVariables, backend: String, body: [UInt8], sent: [UInt8]
    ) {
        let isStream = exchange.request["stream"]?.bool ?? false
        self.backend = backend
        name = "\(isStream ? "stream" : "whole")_\(Self.shortID(exchange.id))"
        var files = [
            ("request.json", body), ("upstream.json", sent), ("variables.json", Self.object(variables.values)),
        ]
        let kept = Self.headers(exchange.request)
        if !kept.isEmpty { files.append(("headers.json", Self.object(kept))) }
        let answer = FixtureAnswer(exchange, variables.wire)
        files += answer.files
        let notes = Self.notes(exchange) + answer.notes
        files.append(("notes.md", Self.page(exchange, notes)))
        self.files = files
        self.notes = notes
    }

    /// The end of an id; of one that is not of our making a hash, for it becomes a part of a path.
    private static func shortID(_ id: String) -> String {
        let end = id.utf8.suffix(12)
        let isOurs = !end.isEmpty && end.allSatisfy { "0123456789abcdef-".utf8.contains($0) }
        return isOurs ? String(decoding: end, as: UTF8.self) : Identifier.hex(SHA256.hash(Array(id.utf8)).prefix(6))
    }

    /// Fields that a translation looks at.
    private static func headers(_ request: TraceRecord) -> [String: String] {
        request.headers.reduce(into: [:]) { kept, header in
            let name = header.name.lowercased()
            if ["anthropic-beta", "anthropic-version"].contains(name) { kept[name] = header.value }
        }
    }

    private static func object(_ values: [String: String]) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            out.key(text: name)
            out.string(value)
        }
        out.endObject()
        out.newline()
        return out.bytes
    }

    private static func notes(_ exchange: RecordedExchange) -> [String] {
        var notes: [String] = []
        if exchange.records("upstream").count > 1 {
            notes.append("There were several attempts: upstream.json is the first, upstream.bytes answers the last.")
        }
        for record in exchange.records("intercept") where record["action"]?.equals("note") != true {
            notes.append(
                "\(record["by"]?.string ?? "An interceptor") acted at \(record["hook"]?.string ?? "a hook"): "
                    + "the translation alone may give something else.")
        }
        if (exchange.request["redacted"]?.int ?? 0) > 0 {
            notes.append("Secrets of the request are placeholders, in all files alike.")
        }
        return notes
    }

    private static func page(_ exchange: RecordedExchange, _ notes: [String]) -> [UInt8] {
        let losses = exchange.records("translation").reduce(0) { $0 + ($1["losses"]?.count ?? 0) }
        var lines = [
            "Recorded \(exchange.time), exchange \(exchange.id), outcome \(exchange.outcome ?? "unknown"), \(losses) losses.",
            "`variables.json` is made from the settings, addresses and models in the trace; keys are not recorded.",
        ]
        lines += notes
        return Array((lines.joined(separator: "\n\n") + "\n").utf8)
    }
}
