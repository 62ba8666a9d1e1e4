/// What must hold for every input whatsoever, parser by parser. Mutated samples go through it in the unit tests, and
/// libFuzzer through the same in `scripts/fuzz`.
@testable import Backends
@testable import Intercept

enum FuzzTarget: String, CaseIterable, Sendable {
    case json, head, chunked, sse, messages, chat, responses, frames, converse

    /// Nil, or what does not hold.
    func fault(_ bytes: [UInt8]) -> String? {
        switch self {
        case .json: Self.json(bytes)
        case .head: Self.head(bytes)
        case .chunked: Self.chunked(bytes)
        case .sse: Self.sse(bytes)
        case .messages: Self.messages(bytes)
        case .chat: Self.reply(bytes, Self.chatBackend)
        case .responses: Self.reply(bytes, Self.responsesBackend)
        case .frames: Self.frames(bytes)
        case .converse: Self.converse(bytes)
        }
    }

    // MARK: JSON

    /// The index is the same with an earlier text's help, every part is JSON itself, and an error stands in the text.
    private static func json(_ bytes: [UInt8]) -> String? {
        let half = bytes.count / 2
        let earlier = [Array(bytes[..<half]), Array(bytes[half...]), bytes].compactMap { try? JSON.parse($0) }
        do throws(JSONError) {
            let json = try JSON.parse(bytes)
            for helper in earlier where nodes(try JSON.parse(bytes, like: helper)) != nodes(json) {
                return "another index with an earlier text"
            }
            return parts(json, depth: 0)
        } catch {
            guard (0...bytes.count).contains(error.offset) else { return "an error at \(error.offset)" }
            for helper in earlier where (try? JSON.parse(bytes, like: helper)) != nil {
                return "refused alone, taken with an earlier text"
            }
            return nil
        }
    }

    private static func nodes(_ json: JSON) -> [[UInt32]] {
        json.document.nodes.map { [$0.start, $0.end, $0.next, UInt32($0.kind.rawValue), $0.escaped ? 1 : 0] }
    }

    private static func parts(_ json: JSON, depth: Int) -> String? {
        if depth < 2, (try? JSON.parse(Array(json.raw))) == nil { return "a part that is no JSON" }
        if let text = json.text, text.string != json.string { return "two readings of one string" }
        for (key, value) in json.members {
            guard key.isString else { return "a key that is no string" }
            if let fault = parts(value, depth: depth + 1) { return fault }
        }
        for element in json.elements {
            if let fault = parts(element, depth: depth + 1) { return fault }
        }
        return nil
    }

    // MARK: HTTP

    /// A head that is taken holds nothing with which another request could be smuggled in.
    private static func head(_ bytes: [UInt8]) -> String? {
        var searched = 0
        guard let end = HTTPHeadParser.end(of: bytes, from: 0, searched: &searched) else { return nil }
        guard (1...bytes.count).contains(end) else { return "an end outside the bytes" }
        guard let head = try? HTTPHeadParser.parse(bytes, 0..<end, HeadLimits()) else { return nil }
        for field in head.headers.fields {
            if field.name.isEmpty || !field.name.utf8.allSatisfy(HTTPHeadParser.isToken) {
                return "a name that is none"
            }
            if field.value.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) {
                return "a line break in a value"
            }
        }
        if let framing = try? head.framing(), framing != .none, head.headers.values("content-length").count > 1 {
            return "two lengths were taken"
        }
        for token in [nil, AccessToken("token-of-the-fuzzer")] {
            var admitted = head
            guard (try? Gate(token: token, isLoopback: true).admit(&admitted)) != nil else { continue }
            if admitted.headers[Gate.tokenField] != nil { return "a token behind the gate" }
        }
        return head.keepsAlive && head.headers.lists("connection", "close") ? "kept alive although closed" : nil
    }

    /// A chunked body is the same whole and byte by byte, up to the first fault.
    private static func chunked(_ bytes: [UInt8]) -> String? {
        func read(_ pieces: Int) -> ([UInt8], Bool, String) {
            var (parser, body) = (ChunkedBody(), [UInt8]())
            do throws(HTTPError) {
                for from in stride(from: 0, to: bytes.count, by: pieces) where !parser.isDone {
                    _ = try parser.feed(Array(bytes[from..<min(bytes.count, from + pieces)]), from: 0, into: &body)
                }
            } catch {
                return (body, parser.isDone, "\(error.status) \(error.message)")
            }
            return (body, parser.isDone, "")
        }
        let whole = read(max(1, bytes.count))
        return read(1) == whole && read(7) == whole ? nil : "another body in pieces"
    }

    // MARK: Streams

    /// The same events, or the same error, however the bytes are cut.
    private static func sse(_ bytes: [UInt8]) -> String? {
        func read(_ pieces: Int) -> ([SSEEvent], String) {
            var (parser, events) = (SSEParser(limit: 4096), [SSEEvent]())
            do throws(TranslationError) {
                for from in stride(from: 0, to: bytes.count, by: pieces) {
                    try parser.feed(bytes[from..<min(bytes.count, from + pieces)].span) { events.append($0) }
                }
                try parser.finish { events.append($0) }
            } catch {
                return (events, error.error.message)
            }
            return (events, "")
        }
        let whole = read(max(1, bytes.count))
        return read(1) == whole && read(7) == whole ? nil : "other events in pieces"
    }

    /// What is written of any events reads back as itself, and what they describe is JSON.
    private static func messages(_ bytes: [UInt8]) -> String? {
        let events = messageEvents(bytes)
        var (once, twice) = (JSONWriter(), JSONWriter())
        for event in events { event.write(into: &once) }
        for event in messageEvents(once.bytes) { event.write(into: &twice) }
        guard once.bytes == twice.bytes else { return "written twice, events differ" }
        var assembly = Assembly()
        for event in events { assembly.add(event) }
        guard (try? JSON.parse(assembly.message())) != nil, (try? JSON.parse(assembly.roleAndContent())) != nil else {
            return "the message is no JSON"
        }
        return nil
    }

    private static func messageEvents(_ bytes: [UInt8]) -> [MessageEvent] {
        var (parser, events) = (SSEParser(), [MessageEvent]())
        let whole = bytes[...]
        try? parser.feed(whole.span) { if !$0.isComment { events.append(MessageEvent($0)) } }
        try? parser.finish { if !$0.isComment { events.append(MessageEvent($0)) } }
        return events
    }

    /// The first byte chooses what was asked for. The events keep the grammar, and say the same however the bytes are cut.
    private static func reply(_ bytes: [UInt8], _ backend: (some Backend)?) -> String? {
        guard let options = bytes.first else { return nil }
        let answer = Array(bytes.dropFirst())
        guard let backend, let whole = events(answer, options, max(1, answer.count), backend) else {
            return "no decoder"
        }
        var grammar = Grammar()
        for event in whole {
            if let violation = grammar.check(event) { return "\(violation.rule): \(violation.message)" }
        }
        let isEnded = whole.contains { if case .error = $0 { true } else { false } }
        if !isEnded, let violation = grammar.finish() { return "\(violation.rule): \(violation.message)" }
        for size in [1, 7] where events(answer, options, size, backend)?.map(said) != whole.map(said) {
            return "other events in pieces of \(size)"
        }
        return nil
    }

    private static let environment = Environment(["OPENAI_API_KEY": "key-of-the-test", "OPENAI_MODEL": "m"])
    private static let chatBackend = try? OpenAICompatible(environment)
    private static let responsesBackend = try? OpenAIResponses(environment)

    private static func events(
        _ answer: [UInt8], _ options: UInt8, _ pieces: Int, _ backend: some Backend
    ) -> [MessageEvent]? {
        let (isStream, stops) = (options & 1 == 0, options & 2 == 0 ? "" : #","stop_sequences":["stop","\n\n"]"#)
        let thinks = options & 8 == 0 ? #","thinking":{"type":"adaptive"}"# : ""
        let body =
            #"{"model":"c","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"stream":\#(isStream)\#(stops)\#(thinks)}"#
        guard
            let request = try? MessageRequest(
                endpoint: .messages, path: "/v1/messages", query: nil, headers: HTTPFields(),
                body: JSON.parse(Array(body.utf8)))
        else { return nil }
        var reply = backend.reply(to: request)
        var events: [MessageEvent] = []
        do throws(TranslationError) {
            let type = options & 4 == 0 ? "text/event-stream" : "application/json"
            try reply.head(UpstreamHead(status: 200, headers: HTTPFields([.init("content-type", type)]))) {
                events.append($0)
            }
            for from in stride(from: 0, to: answer.count, by: pieces) {
                try reply.feed(answer[from..<min(answer.count, from + pieces)].span) { events.append($0) }
            }
            try reply.finish { events.append($0) }
        } catch {
            events.append(.error(error.error))
        }
        return events
    }

    /// An event in words, without what changes from run to run.
    static func said(_ event: MessageEvent) -> String {
        switch event {
        case .messageStart: return "start"
        case .blockStart(let index, .toolUse(_, let name)): return "call \(index) \(name)"
        case .messageDelta(let delta): return "end \(String(describing: delta.stopReason)) \(delta.stopSequence ?? "")"
        default: return "\(event)"
        }
    }
}
