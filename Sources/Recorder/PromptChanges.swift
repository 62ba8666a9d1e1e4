/// What is different in a prompt from the one before it, section by section.
internal import Intercept

struct PromptChanges {
    let old: PromptOutline
    let new: PromptOutline

    /// What was added, removed, changed or moved among the tools or the system blocks.
    func list(_ section: PromptOutline.Section) -> [PromptChange] {
        let (old, new) = (Array(old.pieces(section)), Array(new.pieces(section)))
        let changes = section == .tools ? named(old, new) : inPlace(old, new)
        return changes.isEmpty ? moved(old, new) : changes
    }

    /// Parameters with another value.
    var settings: [PromptChange] {
        let (old, new) = (Self.values(old.settings), Self.values(new.settings))
        return Set(old.keys).union(new.keys).sorted().compactMap { name in
            guard old[name] != new[name] else { return nil }
            let how: PromptChange.How = old[name] == nil ? .added : new[name] == nil ? .removed : .changed
            return PromptChange(how: how, name: name, path: name, position: 1, count: 1)
        }
    }

    private static func values(_ settings: [(name: String, hash: Int)]) -> [String: Int] {
        Dictionary(settings.map { ($0.name, $0.hash) }) { $1 }
    }

    /// Tools are known by their names.
    private func named(_ old: [PromptOutline.Piece], _ new: [PromptOutline.Piece]) -> [PromptChange] {
        let before = Dictionary(old.map { ($0.name, $0.hash) }) { first, _ in first }
        let names = Set(new.map(\.name))
        let removed = old.enumerated().filter { !names.contains($0.element.name) }
            .map { change(.removed, $0.element, $0.offset, old.count) }
        let here = new.enumerated().compactMap { place, tool -> PromptChange? in
            guard let hash = before[tool.name] else { return change(.added, tool, place, new.count) }
            return hash == tool.hash ? nil : change(.changed, tool, place, new.count)
        }
        return here + removed
    }

    /// System blocks are known by their places: the same beginning and the same end are left out.
    private func inPlace(_ old: [PromptOutline.Piece], _ new: [PromptOutline.Piece]) -> [PromptChange] {
        let start = zip(old, new).prefix { $0.hash == $1.hash }.count
        let end = zip(old.dropFirst(start).reversed(), new.dropFirst(start).reversed()).prefix { $0.hash == $1.hash }
            .count
        let (before, after) = (old[start..<(old.count - end)], new[start..<(new.count - end)])
        let both = min(before.count, after.count)
        let changed = (start..<start + both).map { change(.changed, new[$0], $0, new.count) }
        let added = after.indices.dropFirst(both).map { change(.added, new[$0], $0, new.count) }
        let removed = before.indices.dropFirst(both).map { change(.removed, old[$0], $0, old.count) }
        return changed + added + removed
    }

    /// The same pieces in another order: the first that stands elsewhere.
    private func moved(_ old: [PromptOutline.Piece], _ new: [PromptOutline.Piece]) -> [PromptChange] {
        guard let place = zip(old, new).enumerated().first(where: { $0.element.0.hash != $0.element.1.hash })?.offset
        else { return [] }
        return [change(.moved, new[place], place, new.count)]
    }

    private func change(
        _ how: PromptChange.How, _ piece: PromptOutline.Piece, _ place: Int, _ count: Int
    ) -> PromptChange {
        PromptChange(
            how: how, name: piece.name, path: piece.path, position: place + 1, count: count,
            isAttribution: piece.kind == .attribution)
    }
}

// MARK: History

extension PromptChanges {
    /// How far a block is looked for that has moved.
    private static let reach = 200

    /// What happened at the first piece that differs, which is part of the history.
    ///
    /// - Parameter isAfterCompaction: The client has asked for a summary since.
    func edit(at place: Int, isAfterCompaction: Bool) -> HistoryEdit {
        let was = old.pieces[place]
        let now = place < new.pieces.count ? new.pieces[place] : nil
        let (how, blocks) = kind(at: place, was, now, isAfterCompaction)
        return HistoryEdit(
            how: how, before: was.path, after: now?.path, blocks: blocks, bytesBefore: was.bytes,
            bytesAfter: now?.bytes ?? 0)
    }

    private func kind(
        at place: Int, _ was: PromptOutline.Piece, _ now: PromptOutline.Piece?, _ isAfterCompaction: Bool
    ) -> (HistoryEdit.How, blocks: Int) {
        let isShorter = new.messages < old.messages
        if isAfterCompaction || now?.kind == .compaction { return (.compaction, 0) }
        guard let now else { return (.rewound, old.pieces.count - place) }
        if was.kind == .toolResult, now.kind == .toolResult, was.name == now.name {
            return (now.bytes < was.bytes ? .toolResultTrimmed : .toolResultChanged, 0)
        }
        if let gone = distance(to: now, in: old, behind: place) {
            let removed = old.pieces[place..<place + gone]
            if removed.allSatisfy({ $0.kind == .thinking }) { return (.thinkingCleared, clearedThinking) }
            return (removed.allSatisfy { $0.kind == .reminder } ? .reminderChanged : .blocksRemoved, gone)
        }
        if let come = distance(to: was, in: new, behind: place) {
            let isReminder = new.pieces[place..<place + come].allSatisfy { $0.kind == .reminder }
            return (isReminder ? .reminderChanged : .blocksInserted, come)
        }
        if isShorter { return (.rewound, old.pieces.count - place) }
        if was.kind == .thinking, now.kind != .thinking { return (.thinkingCleared, clearedThinking) }
        if was.kind == .reminder || now.kind == .reminder { return (.reminderChanged, 0) }
        return (was.kind == .text && now.kind == .text ? .textChanged : .other, 0)
    }

    private func distance(to piece: PromptOutline.Piece, in other: PromptOutline, behind place: Int) -> Int? {
        let range = other.pieces[place...].dropFirst().prefix(Self.reach)
        return range.firstIndex { $0.hash == piece.hash }.map { $0 - place }
    }

    private var clearedThinking: Int {
        let counts = [old, new].map { $0.pieces.filter { $0.kind == .thinking }.count }
        return max(1, counts[0] - counts[1])
    }
}
