/// The model list of `GET /v1/models` in Anthropic's form, for backends that have none of their own in that form. Claude
/// Code's picker keeps ids that contain "claude".
struct ModelCatalog {
    private struct Model {
        let id: String
        let name: String
        let created: String
    }

    private let all: [Model]

    /// Names that Claude Code 2.1.330 asks for, newest first (checked 2026-11-21).
    private static let known = [
        Model(id: "claude-opus-5-5", name: "Claude Opus 5.5", created: "2026-10-01T00:00:00Z"),
        Model(id: "claude-sonnet-5-5", name: "Claude Sonnet 5.5", created: "2026-10-01T00:00:00Z"),
        Model(id: "claude-haiku-5-5", name: "Claude Haiku 5.5", created: "2026-10-01T00:00:00Z"),
        Model(id: "claude-opus-4-5-20251101", name: "Claude Opus 4.5", created: "2025-11-01T00:00:00Z"),
        Model(id: "claude-sonnet-4-5-20250929", name: "Claude Sonnet 4.5", created: "2025-09-29T00:00:00Z"),
        Model(id: "claude-haiku-4-5-20251001", name: "Claude Haiku 4.5", created: "2025-10-01T00:00:00Z"),
    ]

    /// - Parameter extra: names that this backend also takes.
    init(extra: [String]) {
        let more = extra.filter { id in !Self.known.contains { $0.id == id } }
        all = Self.known + more.map { Model(id: $0, name: $0, created: "1970-01-01T00:00:00Z") }
    }

    /// One page; `query` may hold `limit` (1 to 1000, 20 when absent), `after_id`, `before_id`.
    func page(query: String?) throws(MessageError) -> [UInt8] {
        let options = Self.options(query)
        let limit = options["limit"].map { Int($0) ?? 0 } ?? 20
        guard (1...1000).contains(limit) else {
            throw .invalidRequest("limit: expected 1 to 1000, got \(options["limit"] ?? "")")
        }
        var rest = all[...]
        if let after = options["after_id"] { rest = all[(try position(after, "after_id") + 1)...] }
        if let before = options["before_id"] { rest = all[..<(try position(before, "before_id"))] }
        let shown = options["before_id"] == nil ? rest.prefix(limit) : rest.suffix(limit)
        return write(shown, hasMore: shown.count < rest.count)
    }

    /// One model, or nil when there is none of this name.
    func model(_ id: String) -> [UInt8]? {
        guard let model = all.first(where: { $0.id == id }) else { return nil }
        var out = JSONWriter()
        write(model, into: &out)
        return out.bytes
    }

    private func position(_ id: String, _ option: String) throws(MessageError) -> Int {
        guard let index = all.firstIndex(where: { $0.id == id }) else {
            throw .invalidRequest("\(option): no model \(id)")
        }
        return index
    }

    private func write(_ shown: ArraySlice<Model>, hasMore: Bool) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.key("data")
        out.beginArray()
        for model in shown { write(model, into: &out) }
        out.endArray()
        out.field("has_more", hasMore)
        for (name, id) in [("first_id", shown.first?.id), ("last_id", shown.last?.id)] {
            out.key(text: name)
            if let id { out.string(id) } else { out.null() }
        }
        out.endObject()
        return out.bytes
    }

    private func write(_ model: Model, into out: inout JSONWriter) {
        out.beginObject()
        out.field("type", "model")
        out.field("id", model.id)
        out.field("display_name", model.name)
        out.field("created_at", model.created)
        out.field("lifecycle", "active")
        out.endObject()
    }

    private static func options(_ query: String?) -> [String: String] {
        var options: [String: String] = [:]
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { options[String(parts[0])] = String(parts[1]) }
        }
        return options
    }
}
