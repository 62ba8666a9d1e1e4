/// Claude Code's own session files (`~/.claude/projects/*/*.jsonl`): a line for each block of each message, linked by
/// `parentUuid`. They have no system prompt, no tools, no header fields and no streams.
internal import Intercept

struct ClaudeCodeFile {
    /// A line of the user: words or tool results.
    struct UserLine {
        let uuid: String
        let parent: String?
        let time: Timestamp
        let content: JSON
    }

    /// A message of the model: its blocks stand on lines of their own, under the same `message.id`.
    struct Answer {
        /// Of its first line.
        let order: Int
        let parent: String?
        let line: JSON
        let message: JSON
        let started: Timestamp
        var ended: Timestamp
        /// Of the last line: earlier ones may have been written before the answer was complete.
        var usage: JSON?
        var stopReason: String?
        var blocks: [(order: Int, time: Timestamp, json: JSON)]
    }

    /// What a `uuid` stands for.
    enum Node {
        case user(Int)
        case answer(Int)
        /// A line without a message; the one before it.
        case other(String?)
    }

    private(set) var users: [UserLine] = []
    private(set) var userOrders: [Int] = []
    private(set) var answers: [Answer] = []
    private(set) var nodes: [String: Node] = [:]
    /// The lines that bring results of an answer's calls.
    private(set) var results: [Int: [Int]] = [:]
    private var answerOf: [String: Int] = [:]
    private var callOwners: [String: Int] = [:]
    private var order = 0

    static func isLine(_ json: JSON) -> Bool {
        json["type"]?.isString ?? false
            && (json["sessionId"] != nil || json["uuid"] != nil || json["message"] != nil || json["leafUuid"] != nil)
            && json["v"] == nil
    }

    static func read(
        _ reader: TraceReader, _ report: inout TraceImport.Report, _ seen: inout Set<String>,
        take: (ImportedExchange) -> Void
    ) {
        var file = ClaudeCodeFile()
        while let line = reader.nextLine() {
            if line.isEmpty { continue }
            guard let json = try? JSON.parse(line) else {
                report.leftOut["no JSON", default: 0] += 1
                continue
            }
            if !file.take(json) { report.leftOut[json["type"]?.string ?? "no type", default: 0] += 1 }
        }
        var histories = ClaudeCodeHistories(file)
        for index in file.answers.indices {
            let answer = file.answers[index]
            guard seen.insert(file.identity(of: answer)).inserted else {
                report.repeated += 1
                continue
            }
            let history = histories.history(before: index)
            if history.isCut { report.cut += 1 }
            let exchange = file.exchange(answer, history)
            report.exchanges += 1
            if let session = exchange.session { report.sessions.insert(session) }
            take(exchange)
            histories.keep(history, before: index)
        }
    }

    /// The last line that brings a block of an answer or a result of its calls.
    func lastOrder(of answer: Int) -> Int {
        max(answers[answer].blocks.last?.order ?? 0, results[answer]?.last.map { userOrders[$0] } ?? 0)
    }

    /// False for a line without a message.
    mutating func take(_ json: JSON) -> Bool {
        order += 1
        let uuid = json["uuid"]?.string
        let parent = json["parentUuid"]?.string
        guard let message = json["message"], message.isObject, let time = Self.time(json),
            let type = json["type"]?.string, type == "user" || type == "assistant"
        else {
            if let uuid { nodes[uuid] = .other(parent) }
            return false
        }
        if type == "user" {
            takeUser(uuid ?? "line \(order)", parent, time, message["content"])
        } else {
            takeBlock(uuid, parent, time, json, message)
        }
        return true
    }

    private mutating func takeUser(_ uuid: String, _ parent: String?, _ time: Timestamp, _ content: JSON?) {
        guard let content else { return }
        nodes[uuid] = .user(users.count)
        for block in content.elements where block["type"]?.equals("tool_result") ?? false {
            guard let id = block["tool_use_id"]?.string, let owner = callOwners[id] else { continue }
            results[owner, default: []].append(users.count)
        }
        users.append(UserLine(uuid: uuid, parent: parent, time: time, content: content))
        userOrders.append(order)
    }

    private mutating func takeBlock(
        _ uuid: String?, _ parent: String?, _ time: Timestamp, _ json: JSON, _ message: JSON
    ) {
        let agent = json["agentId"]?.string ?? ""
        let key = "\(agent) \(message["id"]?.string ?? json["requestId"]?.string ?? uuid ?? "line \(order)")"
        let index = answerOf[key] ?? answers.count
        if index == answers.count {
            answerOf[key] = index
            answers.append(
                Answer(
                    order: order, parent: parent, line: json, message: message, started: time, ended: time, blocks: []))
        }
        if let uuid { nodes[uuid] = .answer(index) }
        answers[index].ended = max(answers[index].ended, time)
        if let usage = message["usage"], !usage.isNull { answers[index].usage = usage }
        answers[index].stopReason = message["stop_reason"]?.string ?? answers[index].stopReason
        let blocks = message["content"].map { $0.isString ? [$0] : Array($0.elements) } ?? []
        for block in blocks {
            answers[index].blocks.append((order, time, block))
            if let id = block["id"]?.string { callOwners[id] = index }
        }
    }

    private static func time(_ json: JSON) -> Timestamp? { json["timestamp"]?.string.flatMap(ImportedExchange.time) }
}

extension ClaudeCodeFile {
    /// The same in every file that repeats it.
    private func identity(of answer: Answer) -> String {
        let id = answer.message["id"]?.string ?? answer.line["uuid"]?.string ?? ""
        return "claude-code \(id) \(answer.line["requestId"]?.string ?? "")"
    }

    private func exchange(_ answer: Answer, _ history: ClaudeCodeHistory) -> ImportedExchange {
        let line = answer.line
        let isSidechain = line["isSidechain"]?.bool ?? false
        let agent = line["agentId"]?.string ?? (isSidechain ? "sidechain-\(history.root.prefix(8))" : nil)
        let started = min(history.lastTime ?? answer.started, answer.started)
        let model = isSynthetic(answer) ? nil : answer.message["model"]?.string
        var exchange = ImportedExchange(
            identity: identity(of: answer), started: started, ended: answer.ended,
            kind: agent == nil ? .main : .subagent, session: line["sessionId"]?.string, agent: agent,
            request: .conversation(history.request(model: model)))
        if isSynthetic(answer) {
            exchange.outcome = .upstreamError
            exchange.failure = .init(
                stage: "upstream", kind: "api_error", message: text(of: answer), isRetried: false)
        } else {
            exchange.outcome = .ok
            exchange.calls = calls(of: answer)
            exchange.response = response(answer, since: started)
        }
        return exchange
    }

    /// Written by the client in the model's place: an error, an interruption.
    private func isSynthetic(_ answer: Answer) -> Bool {
        answer.line["isApiErrorMessage"]?.bool ?? false || answer.message["model"]?.equals("<synthetic>") ?? false
    }

    private func text(of answer: Answer) -> String {
        answer.blocks.compactMap { ($0.json["text"] ?? $0.json).string }.joined(separator: "\n")
    }

    private func calls(of answer: Answer) -> [ImportedExchange.Call] {
        answer.blocks.enumerated().compactMap { place, block in
            guard let type = block.json["type"]?.string, type.hasSuffix("tool_use"), let id = block.json["id"]?.string
            else { return nil }
            let input = block.json["input"].map { Array($0.raw) } ?? Array("{}".utf8)
            let call = ToolCall(id: id, name: block.json["name"]?.string ?? "", input: input, index: place)
            return .init(call: call, time: block.time, isServerSide: type != "tool_use")
        }
    }

    private func response(_ answer: Answer, since started: Timestamp) -> Moment.Response {
        var out = JSONWriter()
        out.beginObject()
        out.field("role", "assistant")
        out.key("content")
        ClaudeCodeHistory.write(answer.blocks.map(\.json), into: &out)
        out.endObject()
        var usage = answer.usage.map { Usage($0) }
        usage?.cacheCreationHour = answer.usage?["cache_creation"]?["ephemeral_1h_input_tokens"]?.int
        return .init(
            status: 200, model: answer.message["model"]?.string ?? "", backend: backend(answer),
            stopReason: answer.stopReason, usage: usage,
            durationMS: answer.ended.milliseconds(since: started), message: out.bytes, pings: 0)
    }

    /// Who answered, as far as the ids show it.
    private func backend(_ answer: Answer) -> String {
        let id = answer.message["id"]?.string ?? ""
        if id.hasPrefix("msg_bdrk_") { return "bedrock" }
        if id.hasPrefix("msg_vrtx_") { return "vertex" }
        return answer.line["requestId"]?.string?.hasPrefix("req_") ?? false ? "anthropic" : "unknown"
    }
}
