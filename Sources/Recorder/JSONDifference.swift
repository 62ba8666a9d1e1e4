/// What changed from one JSON value to another: pure, for `diff`, for replays and for checks. What means the same is no
/// change: the order of members, escapes, spellings of numbers.
public import Intercept

public struct JSONDifference: Sendable {
    public enum Kind: String, Sendable { case added, removed, changed }

    public struct Change: Sendable {
        public let kind: Kind
        /// Where it stands: in the new value, what was removed in the old one (behind the new one's indexes of the lists
        /// around it).
        public let place: JSONPlace
        /// Where it stands when the changes before it have been made, as JSON Patch asks.
        public let patchPlace: JSONPlace
        /// Nil for what was added.
        public let old: JSON?
        /// Nil for what was removed.
        public let new: JSON?
    }

    /// In the order of the new value. Empty when both mean the same.
    public private(set) var changes: [Change] = []

    /// Lists are aligned: what stands at another index because of others is no change.
    public init(from old: JSON, to new: JSON) { compare(old, new, JSONPlace()) }

    public var isEmpty: Bool { changes.isEmpty }

    private mutating func compare(_ old: JSON, _ new: JSON, _ place: JSONPlace) {
        if old.isSpelled(like: new) { return }
        if old.isObject, new.isObject {
            compareMembers(old, new, place)
        } else if old.isArray, new.isArray {
            compareElements(Array(old.elements), Array(new.elements), place)
        } else if !old.means(new) {
            note(.changed, place, old, new)
        }
    }

    private mutating func compareMembers(_ old: JSON, _ new: JSON, _ place: JSONPlace) {
        let (olds, news) = (old.lastMembers, new.lastMembers)
        for name in old.names {
            guard let before = olds[name] else { continue }
            if let after = news[name] {
                compare(before, after, place.member(name))
            } else {
                note(.removed, place.member(name), before, nil)
            }
        }
        for name in new.names where olds[name] == nil { note(.added, place.member(name), nil, news[name]) }
    }

    private mutating func compareElements(_ old: [JSON], _ new: [JSON], _ place: JSONPlace) {
        var at = 0
        for step in Alignment(old, new).steps {
            switch step {
            case .same: at += 1
            case .paired(let before, let after):
                compare(old[before], new[after], place.element(at))
                at += 1
            case .removed(let before):
                note(.removed, place.element(before), old[before], nil, patch: place.element(at))
            case .added(let after):
                note(.added, place.element(after), nil, new[after], patch: place.element(at))
                at += 1
            }
        }
    }

    private mutating func note(
        _ kind: Kind, _ place: JSONPlace, _ old: JSON?, _ new: JSON?, patch: JSONPlace? = nil
    ) {
        changes.append(Change(kind: kind, place: place, patchPlace: patch ?? place, old: old, new: new))
    }
}

extension JSONDifference {
    /// The first difference on the way through both values, lists compared index by index; nil when both mean the same.
    public static func first(from old: JSON, to new: JSON) -> Change? { first(old, new, JSONPlace()) }

    private static func first(_ old: JSON, _ new: JSON, _ place: JSONPlace) -> Change? {
        if old.isSpelled(like: new) { return nil }
        if old.isObject, new.isObject { return firstMember(old, new, place) }
        if old.isArray, new.isArray { return firstElement(old, new, place) }
        return old.means(new)
            ? nil : Change(kind: .changed, place: place, patchPlace: place, old: old, new: new)
    }

    private static func firstMember(_ old: JSON, _ new: JSON, _ place: JSONPlace) -> Change? {
        let (olds, news) = (old.lastMembers, new.lastMembers)
        for name in old.names {
            guard let before = olds[name] else { continue }
            guard let after = news[name] else { return lone(.removed, place.member(name), before) }
            if let found = first(before, after, place.member(name)) { return found }
        }
        let added = new.names.first { olds[$0] == nil }
        return added.flatMap { name in news[name].map { lone(.added, place.member(name), $0) } }
    }

    private static func firstElement(_ old: JSON, _ new: JSON, _ place: JSONPlace) -> Change? {
        var (olds, news) = (old.elements, new.elements)
        var index = 0
        while true {
            let place = place.element(index)
            switch (olds.next(), news.next()) {
            case (let before?, let after?): if let found = first(before, after, place) { return found }
            case (let before?, nil): return lone(.removed, place, before)
            case (nil, let after?): return lone(.added, place, after)
            case (nil, nil): return nil
            }
            index += 1
        }
    }

    private static func lone(_ kind: Kind, _ place: JSONPlace, _ value: JSON) -> Change {
        Change(
            kind: kind, place: place, patchPlace: place, old: kind == .removed ? value : nil,
            new: kind == .added ? value : nil)
    }
}

extension JSONDifference {
    /// The changes as JSON Patch (RFC 6902): applied to the old value it gives the new one.
    public var patch: [UInt8] {
        var out = JSONWriter()
        writePatch(into: &out)
        return out.bytes
    }

    public func writePatch(into out: inout JSONWriter) {
        out.beginArray()
        for change in changes {
            out.beginObject()
            out.field("op", change.kind == .added ? "add" : change.kind == .removed ? "remove" : "replace")
            out.field("path", change.patchPlace.pointer)
            out.field("value", ifPresent: change.new)
            out.endObject()
        }
        out.endArray()
    }
}

extension JSON {
    /// The members' names, each once, where it first stands.
    fileprivate var names: [String] {
        var seen: Set<String> = []
        return members.compactMap { $0.key.string }.filter { seen.insert($0).inserted }
    }
}
