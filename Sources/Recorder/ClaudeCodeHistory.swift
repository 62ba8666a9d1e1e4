/// The conversation before an answer in a session file: what its request must have held, system prompt and tools apart.
internal import Intercept

struct ClaudeCodeHistory {
    private typealias Message = (role: String, contents: [JSON])

    private var messages: [Message] = []
    /// When the last thing before the answer was there.
    private(set) var lastTime: Timestamp?
    /// The `uuid` with which it begins.
    fileprivate(set) var root = ""
    /// Begins in another file.
    fileprivate(set) var isCut = false
    /// What the trace holds of it, and how many messages are as they were then.
    private var written = WrittenConversation()
    private var unchanged = 0
    /// Lines of the user that are in it, the answer that came last, and the last line that belongs to any of its answers.
    private var used: Set<Int> = []
    private var last: Int?
    private(set) var lastOrder = 0

    /// What a request says: an answer's line and all before it.
    func request(model: String?) -> ConversationRequest {
        let messages = messages
        return ConversationRequest(
            model: model, conversation: written, kept: unchanged, encode: { Self.encode(messages[$0...]) })
    }

    /// The request has been written.
    fileprivate mutating func settle() { unchanged = messages.count }

    fileprivate mutating func go(on way: [ClaudeCodeFile.Node], _ file: ClaudeCodeFile, before order: Int) {
        for node in way {
            switch node {
            case .user(let place): add(place, file)
            case .answer(let place):
                if last == place { continue }
                last = place
                lastOrder = max(lastOrder, file.lastOrder(of: place))
                add("assistant", file.answers[place].blocks.filter { $0.order < order }.map(\.json))
                for result in file.results[place] ?? [] where file.userOrders[result] < order { add(result, file) }
            case .other: continue
            }
        }
    }

    private mutating func add(_ place: Int, _ file: ClaudeCodeFile) {
        guard used.insert(place).inserted else { return }
        let line = file.users[place]
        lastTime = max(lastTime ?? line.time, line.time)
        add("user", line.content.isString ? [line.content] : Array(line.content.elements))
    }

    /// Lines of the same role are one message.
    private mutating func add(_ role: String, _ contents: [JSON]) {
        if messages.last?.role == role {
            messages[messages.count - 1].contents += contents
            unchanged = min(unchanged, messages.count - 1)
        } else {
            messages.append((role, contents))
        }
    }

    private static func encode(_ messages: ArraySlice<Message>) -> [UInt8] {
        var out = JSONWriter(capacity: 4096)
        out.beginArray()
        for message in messages {
            out.beginObject()
            out.field("role", message.role)
            out.key("content")
            if message.contents.count == 1, message.contents[0].isString {
                out.value(message.contents[0])
            } else {
                write(message.contents, into: &out)
            }
            out.endObject()
        }
        out.endArray()
        return out.bytes
    }

    /// Blocks; a bare text becomes one.
    static func write(_ contents: [JSON], into out: inout JSONWriter) {
        out.beginArray()
        for content in contents {
            if content.isString {
                out.beginObject()
                out.field("type", "text")
                out.field("text", content)
                out.endObject()
            } else {
                out.value(content)
            }
        }
        out.endArray()
    }
}

/// The histories of a file's answers: each goes on from that of the answer before it, so that a turn costs what it adds.
struct ClaudeCodeHistories {
    /// Branches that are remembered; of the latest of them a new branch may be the continuation.
    static let mostBranches = 64
    private static let mostCompared = 8

    private let file: ClaudeCodeFile
    /// By the answer before which they stand.
    private var histories: [Int: ClaudeCodeHistory] = [:]
    /// The last used one is the last.
    private var order: [Int] = []
    /// Lines that were looked at.
    private(set) var steps = 0

    init(_ file: ClaudeCodeFile) { self.file = file }

    /// Follows `parentUuid` from the answer's first line back to the beginning, or to an answer whose history is known:
    /// branches that were given up, and what a compaction has replaced, are not on that way. Results of parallel calls hang
    /// beside it and are added. Hand it back with `keep`.
    mutating func history(before index: Int) -> ClaudeCodeHistory {
        let answer = file.answers[index]
        var history = ClaudeCodeHistory()
        var way: [ClaudeCodeFile.Node] = []
        var cursor = answer.parent
        var visited: Set<String> = []
        walk: while let uuid = cursor, visited.insert(uuid).inserted {
            steps += 1
            guard let node = file.nodes[uuid] else {
                history.isCut = true
                break
            }
            history.root = uuid
            switch node {
            case .user(let place):
                way.append(node)
                cursor = file.users[place].parent
            case .answer(let place):
                if place != index { way.append(node) }
                if let known = take(place) {
                    history = known
                    break walk
                }
                cursor = file.answers[place].parent
            case .other(let parent): cursor = parent
            }
        }
        let isNew = history.isEmpty
        history.go(on: way.reversed(), file, before: answer.order)
        if isNew { branch(&history) }
        return history
    }

    /// Later answers may go on from here.
    mutating func keep(_ history: ClaudeCodeHistory, before index: Int) {
        histories[index] = history
        histories[index]?.settle()
        order.append(index)
        if order.count > Self.mostBranches { histories[order.removeFirst()] = nil }
    }

    /// Not where an answer before it had more to say after that one had begun.
    private mutating func take(_ place: Int) -> ClaudeCodeHistory? {
        guard let known = histories[place], known.lastOrder < file.answers[place].order else { return nil }
        order.removeAll { $0 == place }
        return histories.removeValue(forKey: place)
    }

    /// A history that was put together anew may begin as another one does.
    private func branch(_ history: inout ClaudeCodeHistory) {
        let others = order.suffix(Self.mostCompared).compactMap { histories[$0] }
        let best = others.map { ($0, history.common(with: $0)) }.max { $0.1 < $1.1 }
        if let (other, common) = best, common > 0 { history.go(onFrom: other, common) }
    }
}

extension ClaudeCodeHistory {
    fileprivate var isEmpty: Bool { messages.isEmpty }

    /// How many leading messages are the same.
    fileprivate func common(with other: ClaudeCodeHistory) -> Int {
        zip(messages, other.messages).prefix { left, right in
            left.role == right.role && left.contents.count == right.contents.count
                && zip(left.contents, right.contents).allSatisfy { $0.raw == $1.raw }
        }.count
    }

    fileprivate mutating func go(onFrom other: ClaudeCodeHistory, _ common: Int) {
        written = WrittenConversation(branchOf: other.written)
        unchanged = common
    }
}
