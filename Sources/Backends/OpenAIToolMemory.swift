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
        let rules: SchemaRules
        let isStrictTaken: Bool
        let needed: Set<String>
        /// The member `tools` with the comma before it; empty when no tool is left.
        let text: [UInt8]
        let losses: [Losses.Loss]
    }

    /// A session has a list for its main agent and one for each kind of sub-agent.
    private static let most = 8
    private let entries = Mutex<[Entry]>([])

    /// What this list became the last time under the same circumstances.
    func find(_ list: JSON, _ isSame: (Entry) -> Bool) -> Entry? {
        entries.withLock { entries in
            guard let place = entries.firstIndex(where: { list.isSpelled($0.list) && isSame($0) }) else { return nil }
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

extension OpenAIRequestWriter {
    /// Writes `tools` unless none is left, or copies what the same list became before. Gives whether there is one.
    mutating func writeToolList(_ tools: JSON) -> Bool {
        let (most, rules, isStrictTaken) = (mostTools, schemaRules, !isRejected("strict"))
        let needed = most < .max ? neededTools : []
        let known = memory.find(tools) {
            $0.mostTools == most && $0.rules == rules && $0.isStrictTaken == isStrictTaken && $0.needed == needed
        }
        if let known {
            for loss in known.losses { losses.add(loss) }
            out.verbatim(bytes: known.text)
            return !known.text.isEmpty
        }
        let (start, losts) = (out.bytes.count, losses.all.count)
        let isAny = writeTools(tools, needed: needed)
        memory.remember(
            ToolMemory.Entry(
                list: Array(tools.raw), mostTools: most, rules: rules, isStrictTaken: isStrictTaken,
                needed: needed, text: Array(out.bytes[start...]), losses: Array(losses.all[losts...])))
        return isAny
    }
}
