internal import Intercept
internal import Synchronization

/// Tool lists that were translated lately. A client sends the same list, tens of kilobytes, with every request of a session.
final class ToolMemory: Sendable {
    /// A list and what became of it.
    struct Entry: Sendable {
        /// The list as the client spelled it.
        let list: [UInt8]
        /// What else decides how it is written.
        let mostTools: Int
        let wantsItems: Bool
        /// The member `tools` with the comma before it; empty when no tool is left.
        let text: [UInt8]
        let losses: [Losses.Loss]
    }

    /// A session has a list for its main agent and one for each kind of sub-agent.
    private static let most = 8
    private let entries = Mutex<[Entry]>([])

    /// What this list became the last time.
    func find(_ list: JSON, _ profile: ServiceProfile, _ facts: ModelFacts) -> Entry? {
        entries.withLock { entries in
            guard
                let place = entries.firstIndex(where: {
                    $0.mostTools == profile.mostTools && $0.wantsItems == facts.wantsItems && list.isSpelled($0.list)
                })
            else { return nil }
            let entry = entries.remove(at: place)
            entries.append(entry)
            return entry
        }
    }

    func remember(_ entry: Entry) {
        entries.withLock { entries in
            if entries.count == Self.most { entries.removeFirst() }
            entries.append(entry)
        }
    }
}

extension ChatRequestWriter {
    /// Writes `tools` unless none is left, or copies what the same list became before. Gives whether there is one.
    mutating func writeToolList(_ tools: JSON) -> Bool {
        if let known = memory.find(tools, profile, facts) {
            for loss in known.losses { losses.add(loss) }
            out.verbatim(bytes: known.text)
            return !known.text.isEmpty
        }
        let (start, losts) = (out.bytes.count, losses.all.count)
        let isAny = writeTools(tools)
        memory.remember(
            ToolMemory.Entry(
                list: Array(tools.raw), mostTools: profile.mostTools, wantsItems: facts.wantsItems,
                text: Array(out.bytes[start...]), losses: Array(losses.all[losts...])))
        return isAny
    }
}
