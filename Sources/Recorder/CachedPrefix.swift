/// Where the prefix that two Messages requests share ends, as a prompt cache sees it: tools first, then the system prompt,
/// then messages, block by block; cache marks themselves do not count.
public import Intercept

public struct CachedPrefix: Sendable {
    /// What became of the older request's cached part in the newer one.
    public enum Fate: Sendable, Equatable {
        /// The older request marked nothing.
        case unmarked
        /// The newer one begins with all that the older one had marked, up to this place.
        case holds(upTo: JSONPlace)
        /// They part here, before the last mark.
        case breaks(at: JSONPlace)
    }

    /// A stretch that a cache keeps or loses as a whole.
    private struct Element {
        let place: JSONPlace
        let value: JSON
        let isMarked: Bool
    }

    public let fate: Fate
    /// The first element that differs at all, marked or not: where a cache that needs no marks stops. Nil when the newer
    /// request begins with the whole older one.
    public let firstDifference: JSONPlace?

    /// - Parameters: the requests as they were written.
    public init(from old: JSON, to new: JSON) {
        let (before, after) = (Self.elements(old), Self.elements(new))
        let same = zip(before, after).prefix { $0.value.isSpelled(like: $1.value) && Self.isSameKind($0, $1) }.count
        let hasEnded = same == before.count
        firstDifference = hasEnded ? nil : (same < after.count ? Self.earlier(before, after, same) : before[same].place)
        guard let mark = before.lastIndex(where: \.isMarked) else {
            fate = .unmarked
            return
        }
        if same > mark {
            fate = .holds(upTo: before[mark].place)
        } else {
            fate = .breaks(at: firstDifference ?? before[mark].place)
        }
    }

    /// A list that has grown differs at its new element, not at what stands behind the list.
    private static func earlier(_ before: [Element], _ after: [Element], _ same: Int) -> JSONPlace {
        after[same].place.rank <= before[same].place.rank ? after[same].place : before[same].place
    }

    private static func isSameKind(_ left: Element, _ right: Element) -> Bool { left.place.rank == right.place.rank }

    /// In the order of the cache. Parameters that a cache depends on stand before what they spoil.
    private static func elements(_ body: JSON) -> [Element] {
        let plain = PlainRequest(body)
        let marked = Set(plain.marks.map { JSONPlace($0.steps.dropLast()) })
        let folded = Set(plain.unfolded)
        func element(_ place: JSONPlace, _ value: JSON) -> Element {
            let isMarked = marked.contains(place) || folded.contains(place) && marked.contains(place.element(0))
            return Element(place: place, value: value, isMarked: isMarked || place.holds(marked))
        }
        func parameters(_ names: [String]) -> [Element] {
            names.compactMap { name in plain.json[name].map { element(JSONPlace().member(name), $0) } }
        }
        let tools = JSONPlace().member("tools")
        return parameters(["model"])
            + (plain.json["tools"]?.elements.enumerated().map { element(tools.element($0), $1) } ?? [])
            + blocks(plain.json["system"], JSONPlace().member("system"), element)
            + parameters(["tool_choice", "thinking"])
            + messages(plain.json, element)
    }

    private static func messages(_ body: JSON, _ element: (JSONPlace, JSON) -> Element) -> [Element] {
        let place = JSONPlace().member("messages")
        return body["messages"]?.elements.enumerated().flatMap { index, message -> [Element] in
            let place = place.element(index)
            let role = message["role"].map { [element(place.member("role"), $0)] } ?? []
            return role + blocks(message["content"], place.member("content"), element)
        } ?? []
    }

    /// A string, or each block.
    private static func blocks(
        _ content: JSON?, _ place: JSONPlace, _ element: (JSONPlace, JSON) -> Element
    ) -> [Element] {
        guard let content else { return [] }
        guard content.isArray else { return [element(place, content)] }
        return content.elements.enumerated().map { element(place.element($0), $1) }
    }
}

extension JSONPlace {
    /// Where the top-level member stands in a cache's order.
    fileprivate var rank: Int {
        guard case .member(let name)? = steps.first else { return 0 }
        return ["model", "tools", "system", "tool_choice", "thinking", "messages"].firstIndex(of: name) ?? 6
    }

    /// Whether one of the places lies below this block: in a tool result's content.
    fileprivate func holds(_ places: Set<JSONPlace>) -> Bool {
        steps.count >= 4 && places.contains { $0.steps.count > steps.count && $0.steps.starts(with: steps) }
    }
}
