/// What changed from one Messages request to another, part by part: parameters, tools, system, messages. Cache marks and
/// the two forms of a lone text block are left out and counted.
public import Intercept

public struct RequestDifference: Sendable {
    /// A tool or a block of the system prompt that both have, in another form.
    public struct Altered: Sendable {
        /// The tool's name, or `system[2]`.
        public let name: String
        /// The first difference in it; its place begins in the whole request.
        public let change: JSONDifference.Change
    }

    /// One message.
    public enum MessageStep: Sendable {
        case added(index: Int, JSON)
        case removed(index: Int, JSON)
        case altered(index: Int, JSONDifference.Change)
    }

    /// Top-level members other than tools, system and messages: those that are equal, and the changes of the others.
    public let sameParameters: [String]
    public let parameters: [JSONDifference.Change]
    public let addedTools: [String]
    public let removedTools: [String]
    public let alteredTools: [Altered]
    /// The tools that both have stand in another order.
    public let hasReorderedTools: Bool
    public let tools: Int
    public let system: [JSONDifference.Change]
    /// Messages that both have.
    public let sameMessages: Int
    public let messages: [MessageStep]
    /// Marks that stand where the other request has none.
    public let movedMarks: Int
    /// Lone text blocks that the other request has as a string, or a string that it has as a block.
    public let reshaped: Int
    public let prefix: CachedPrefix
    /// Whether both are the same JSON, marks and forms included.
    public let isSame: Bool

    public init(from old: JSON, to new: JSON) {
        let (before, after) = (PlainRequest(old), PlainRequest(new))
        isSame = old.means(new)
        prefix = CachedPrefix(from: old, to: new)
        let marks = (Set(before.marks), Set(after.marks))
        movedMarks = max(marks.0.subtracting(marks.1).count, marks.1.subtracting(marks.0).count)
        let forms = Set(before.unfolded).symmetricDifference(after.unfolded)
        reshaped = forms.count { place in old.value(at: place) != nil && new.value(at: place) != nil }
        let names = Self.parameterNames(before.json, after.json)
        let changes = JSONDifference(
            from: Self.only(names, of: before.json), to: Self.only(names, of: after.json)
        ).changes
        parameters = changes
        sameParameters = names.filter { name in !changes.contains { $0.place.steps.first == .member(name) } }
        system = Self.systemChanges(before.json["system"], after.json["system"])
        let tools = ToolLists(before.json["tools"], after.json["tools"])
        (addedTools, removedTools, alteredTools) = (tools.added, tools.removed, tools.altered)
        (hasReorderedTools, self.tools) = (tools.isReordered, tools.count)
        let (same, steps) = Self.messages(before.json["messages"], after.json["messages"])
        (sameMessages, messages) = (same, steps)
    }

    private static let parts = ["tools", "system", "messages"]

    private static func parameterNames(_ old: JSON, _ new: JSON) -> [String] {
        var seen = Set(parts)
        return (old.members.map(\.key) + new.members.map(\.key)).compactMap(\.string).filter {
            seen.insert($0).inserted
        }
    }

    private static func only(_ names: [String], of body: JSON) -> JSON {
        var out = JSONWriter()
        out.beginObject()
        for name in names {
            guard let value = body[name] else { continue }
            out.key(text: name)
            out.value(value)
        }
        out.endObject()
        return (try? JSON.parse(out.bytes)) ?? body
    }

    private static func systemChanges(_ old: JSON?, _ new: JSON?) -> [JSONDifference.Change] {
        wrapped(old, new, "system")
    }

    /// The changes of one top-level member.
    private static func wrapped(_ old: JSON?, _ new: JSON?, _ name: String) -> [JSONDifference.Change] {
        func wrap(_ value: JSON?) -> JSON? {
            var out = JSONWriter()
            out.beginObject()
            if let value {
                out.key(text: name)
                out.value(value)
            }
            out.endObject()
            return try? JSON.parse(out.bytes)
        }
        guard let old = wrap(old), let new = wrap(new) else { return [] }
        return JSONDifference(from: old, to: new).changes
    }

    private static func messages(_ old: JSON?, _ new: JSON?) -> (Int, [MessageStep]) {
        let (before, after) = (old.map { Array($0.elements) } ?? [], new.map { Array($0.elements) } ?? [])
        var same = 0
        var at = 0
        var steps: [MessageStep] = []
        for step in Alignment(before, after).steps {
            switch step {
            case .same:
                same += 1
                at += 1
            case .added(let index):
                steps.append(.added(index: index, after[index]))
                at += 1
            case .removed(let index): steps.append(.removed(index: index, before[index]))
            case .paired(let one, let two):
                if let change = JSONDifference.first(from: before[one], to: after[two]) {
                    steps.append(.altered(index: two, change.below(JSONPlace().member("messages").element(two))))
                }
                at += 1
            }
        }
        return (same, steps)
    }
}

/// Lists of tools, compared by name.
private struct ToolLists {
    let added: [String]
    let removed: [String]
    let altered: [RequestDifference.Altered]
    let isReordered: Bool
    let count: Int

    init(_ old: JSON?, _ new: JSON?) {
        let (before, after) = (Self.named(old), Self.named(new))
        let (names, others) = (Set(before.map(\.name)), Set(after.map(\.name)))
        added = after.map(\.name).filter { !names.contains($0) }
        removed = before.map(\.name).filter { !others.contains($0) }
        isReordered = before.map(\.name).filter(others.contains) != after.map(\.name).filter(names.contains)
        count = after.count
        altered = after.enumerated().compactMap { index, tool in
            guard let known = before.first(where: { $0.name == tool.name }),
                let change = JSONDifference.first(from: known.json, to: tool.json)
            else { return nil }
            let place = JSONPlace().member("tools").element(index)
            return RequestDifference.Altered(name: tool.name, change: change.below(place))
        }
    }

    private static func named(_ list: JSON?) -> [(name: String, json: JSON)] {
        list?.elements.map { ($0["name"]?.string ?? $0["type"]?.string ?? "?", $0) } ?? []
    }
}

extension JSONDifference.Change {
    /// The same change of a value that stands at `place`.
    func below(_ place: JSONPlace) -> JSONDifference.Change {
        let whole = JSONPlace(place.steps + self.place.steps)
        return JSONDifference.Change(kind: kind, place: whole, patchPlace: whole, old: old, new: new)
    }
}

extension JSON {
    /// What stands there, if anything does.
    public func value(at place: JSONPlace) -> JSON? {
        var value: JSON? = self
        for step in place.steps {
            switch step {
            case .member(let name): value = value?[name]
            case .element(let index): value = value?.elements.dropFirst(index).first { _ in true }
            }
        }
        return value
    }
}
