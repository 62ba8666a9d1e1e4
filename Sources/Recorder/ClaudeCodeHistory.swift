/// The conversation before an answer in a session file: what its request must have held, system prompt and tools apart.
internal import Intercept

struct ClaudeCodeHistory {
    private var messages: [(role: String, contents: [JSON])] = []
    /// When the last thing before the answer was there.
    private(set) var lastTime: Timestamp?
    /// The `uuid` with which it begins.
    private(set) var root = ""
    /// Begins in another file.
    private(set) var isCut = false

    /// Follows `parentUuid` from the answer's first line back to the beginning: branches that were given up, and what a
    /// compaction has replaced, are not on that way. Results of parallel calls hang beside it and are added.
    init(_ file: ClaudeCodeFile, before index: Int) {
        let answer = file.answers[index]
        var way: [ClaudeCodeFile.Node] = []
        var cursor = answer.parent
        var visited: Set<String> = []
        while let uuid = cursor, visited.insert(uuid).inserted {
            guard let node = file.nodes[uuid] else {
                isCut = true
                break
            }
            root = uuid
            switch node {
            case .user(let place):
                way.append(node)
                cursor = file.users[place].parent
            case .answer(let place):
                if place != index { way.append(node) }
                cursor = file.answers[place].parent
            case .other(let parent): cursor = parent
            }
        }
        build(way.reversed(), file, before: answer.order)
    }

    private mutating func build(_ way: [ClaudeCodeFile.Node], _ file: ClaudeCodeFile, before order: Int) {
        var used: Set<Int> = []
        var last: Int?
        for node in way {
            switch node {
            case .user(let place): add(place, file, &used)
            case .answer(let place):
                if last == place { continue }
                last = place
                add("assistant", file.answers[place].blocks.filter { $0.order < order }.map(\.json))
                for result in file.results[place] ?? [] where file.userOrders[result] < order {
                    add(result, file, &used)
                }
            case .other: continue
            }
        }
    }

    private mutating func add(_ place: Int, _ file: ClaudeCodeFile, _ used: inout Set<Int>) {
        guard used.insert(place).inserted else { return }
        let line = file.users[place]
        lastTime = max(lastTime ?? line.time, line.time)
        add("user", line.content.isString ? [line.content] : Array(line.content.elements))
    }

    /// Lines of the same role are one message.
    private mutating func add(_ role: String, _ contents: [JSON]) {
        if messages.last?.role == role {
            messages[messages.count - 1].contents += contents
        } else {
            messages.append((role, contents))
        }
    }

    /// The request's body, as far as the file says it.
    func body(model: String?) -> [UInt8] {
        var out = JSONWriter(capacity: 4096)
        out.beginObject()
        out.field("model", ifPresent: model)
        out.key("messages")
        out.beginArray()
        for message in messages {
            out.beginObject()
            out.field("role", message.role)
            out.key("content")
            if message.contents.count == 1, message.contents[0].isString {
                out.value(message.contents[0])
            } else {
                Self.write(message.contents, into: &out)
            }
            out.endObject()
        }
        out.endArray()
        out.endObject()
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
