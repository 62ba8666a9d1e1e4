/// A request without what its client varies by itself: hashes by which it is known again in another run.
internal import Intercept

struct RequestForm: Sendable, Equatable {
    /// Everything.
    var whole: UInt64 = 0
    /// The top-level members but `system`, `tools`, `messages` and `metadata`.
    var others: [UInt64: UInt64] = [:]
    var system: UInt64 = 0
    var tools: UInt64 = 0
    var toolNames: UInt64 = 0
    /// One for each message: everything up to and with it.
    var prefixes: [UInt64] = []
    /// One for each message: the dates, years and ids that were left out of it.
    var leftOut: [UInt64] = []
    /// The last user's text and tool results.
    var lastTurn: UInt64 = 0
    /// How many answers of the assistant stand in it.
    var turns = 0
    var isStream = false
}

/// Makes forms of the requests of one session: what a request shares with the ones before is looked at once.
struct RequestForms: Sendable {
    /// One message, one block of the system prompt, one list of tools.
    private struct Part {
        var hash: UInt64 = 0
        /// Ids of tool calls in it, in order.
        var ids: [UInt64] = []
        /// Of a user's message.
        var turn: UInt64?
        var isAssistant = false
        var names: UInt64 = 0
        var leftOut: UInt64 = 0
    }

    private(set) var mask = TextMask()
    private var surroundings: UInt64?
    private var parts: [Part] = []
    /// Where a text's part stands, by the hash of the text.
    private var known: [UInt64: Int] = [:]
    /// More are not remembered.
    private static let most = 20_000

    init() {}

    mutating func form(_ body: JSON) -> RequestForm {
        look(at: body)
        var form = RequestForm()
        for (key, value) in body.members {
            switch key.string ?? "" {
            case "messages": add(messages: value, to: &form)
            case "system": form.system = system(value)
            case "tools":
                let part = parts[remembered(value) { walk, value in walk.tools(value) }]
                (form.tools, form.toolNames) = (part.hash, part.names)
            case "metadata": break
            default:
                form.others[QuickHash.of(key.raw)] = parts[remembered(value) { $0.value(value: $1) }].hash
            }
        }
        form.isStream = body["stream"]?.bool ?? false
        form.whole = whole(form)
        return form
    }

    private func whole(_ form: RequestForm) -> UInt64 {
        var hash = QuickHash()
        hash.add(form.others.reduce(0) { $0 &+ QuickHash.mix($1.key, $1.value) })
        for part in [form.system, form.tools, form.prefixes.last ?? 0] { hash.add(part) }
        return hash.value
    }

    /// Where the client works; it says so at the beginning.
    private mutating func look(at body: JSON) {
        var hash = QuickHash()
        var texts: [JSON] = body["system"].map { [$0] } ?? []
        if let messages = body["messages"] { texts += messages.elements.prefix(3) }
        for text in texts { hash.add(text.raw.span) }
        guard hash.value != surroundings else { return }
        surroundings = hash.value
        let found = Surroundings(texts.map(\.raw))
        let mask = TextMask(directory: found.directory, home: found.home)
        guard mask != self.mask else { return }
        self.mask = mask
        forget()
    }

    private mutating func forget() {
        known = [:]
        parts = []
    }

    /// The place of a text's part.
    private mutating func remembered(_ json: JSON, _ make: (inout FormWalk, JSON) -> Void) -> Int {
        let key = QuickHash.of(json.raw)
        if let place = known[key] { return place }
        var walk = FormWalk(mask)
        make(&walk, json)
        let part = Part(
            hash: walk.hash.value, ids: walk.ids, turn: walk.turn, isAssistant: walk.isAssistant, names: walk.names,
            leftOut: walk.leftOut.value)
        if parts.count >= Self.most { forget() }
        known[key] = parts.count
        parts.append(part)
        return parts.count - 1
    }

    private mutating func system(_ value: JSON) -> UInt64 {
        var hash = QuickHash()
        for block in value.blocks where !(block["text"].map(ClientMarks.isAttribution) ?? false) {
            hash.add(parts[remembered(block) { $0.block($1, isEnvironment: true) }].hash)
        }
        return hash.value
    }

    private mutating func add(messages: JSON, to form: inout RequestForm) {
        var hash = QuickHash()
        var ordinals: [UInt64: UInt64] = [:]
        form.prefixes.reserveCapacity(messages.count)
        form.leftOut.reserveCapacity(messages.count)
        for message in messages.elements {
            let place = remembered(message) { $0.message($1) }
            hash.add(parts[place].hash)
            for id in parts[place].ids {
                let next = UInt64(ordinals.count)
                let ordinal = ordinals[id] ?? next
                if ordinal == next { ordinals[id] = next }
                hash.add(ordinal)
            }
            form.prefixes.append(hash.value)
            form.leftOut.append(parts[place].leftOut)
            if parts[place].isAssistant { form.turns += 1 }
            if let turn = parts[place].turn { form.lastTurn = turn }
        }
    }
}

/// Where a client works, as its prompt says.
struct Surroundings: Equatable {
    var directory: [UInt8] = []
    var home: [UInt8] = []

    /// `texts` are JSON texts.
    init(_ texts: [ArraySlice<UInt8>]) {
        for text in texts {
            if directory.isEmpty, let at = Self.find("orking directory: ", in: text) {
                directory = Self.path(text, from: at)
            }
            if home.isEmpty, let at = Self.find("/.claude/", in: text) {
                home = Self.path(text, from: Self.start(of: at - 9, in: text), to: at - 9)
            }
        }
    }

    /// Behind the first place where `word` stands.
    private static func find(_ word: String, in text: ArraySlice<UInt8>) -> Int? {
        let found = text.span.find(Array(word.utf8), in: 0..<text.count)
        return found.map { text.startIndex + $0 + word.utf8.count }
    }

    private static func path(_ text: ArraySlice<UInt8>, from: Int, to: Int? = nil) -> [UInt8] {
        let path = text[from..<(to ?? text.endIndex)].prefix { $0 > 0x20 && !"\\\"<`".utf8.contains($0) }
        return path.first == UInt8(ascii: "/") ? Array(path) : []
    }

    private static func start(of end: Int, in text: ArraySlice<UInt8>) -> Int {
        var at = end
        while at > text.startIndex, text[at - 1] > 0x20, !"\"`(<".utf8.contains(text[at - 1]) { at -= 1 }
        return at
    }
}

/// Goes through one part of a request.
struct FormWalk {
    private(set) var hash = QuickHash()
    private(set) var leftOut = QuickHash()
    private(set) var ids: [UInt64] = []
    private(set) var turn: UInt64?
    private(set) var isAssistant = false
    private(set) var names: UInt64 = 0
    private let mask: TextMask

    init(_ mask: TextMask) { self.mask = mask }

    /// Members that say nothing of what is asked.
    static let silent: Set<String> = ["cache_control", "signature"]
    /// Members that hold ids of tool calls.
    static let identifying: Set<String> = ["id", "tool_use_id"]
    /// How a text begins that the client puts in by itself.
    static let reminder = Array("<system-reminder>".utf8)

    mutating func message(_ message: JSON) {
        let role = message["role"]?.string ?? ""
        isAssistant = role == "assistant"
        hash.add(QuickHash.of(role))
        guard let content = message["content"] else { return }
        var last = FormWalk(mask)
        for block in content.blocks {
            self.block(block, isEnvironment: role == "system" || Self.isReminder(block))
            if role == "user", !Self.isReminder(block) { last.block(block, isEnvironment: false) }
        }
        if role == "user" { turn = last.hash.value }
    }

    static func isReminder(_ block: JSON) -> Bool {
        block["text"]?.raw.dropFirst().starts(with: reminder) ?? false
    }

    mutating func tools(_ tools: JSON) {
        var names = QuickHash()
        for tool in tools.elements {
            names.add(QuickHash.of(tool["name"]?.raw ?? []))
            block(tool, isEnvironment: false)
        }
        self.names = names.value
    }

    mutating func value(value: JSON) { add(value, isEnvironment: false) }

    /// An object in which some members do not count.
    mutating func block(_ block: JSON, isEnvironment: Bool) {
        hash.add(0x7B)
        let hasType = block["type"] != nil
        for (key, value) in block.members {
            let name = key.string ?? ""
            if Self.silent.contains(name) { continue }
            hash.add(key.raw.span)
            if hasType, Self.identifying.contains(name), value.isString {
                ids.append(QuickHash.of(value.raw))
            } else if name == "content", value.isString || value.isArray {
                for part in value.blocks { self.block(part, isEnvironment: isEnvironment) }
                hash.add(0x5D)
            } else {
                add(value, isEnvironment: isEnvironment)
            }
        }
        hash.add(0x7D)
    }

    private mutating func add(_ value: JSON, isEnvironment: Bool) {
        switch value.kind {
        case .object: block(value, isEnvironment: isEnvironment)
        case .array:
            hash.add(0x5B)
            for element in value.elements { add(element, isEnvironment: isEnvironment) }
            hash.add(0x5D)
        case .string:
            let text = value.raw.dropFirst().dropLast()
            mask.add(text.span, isEnvironment: isEnvironment, to: &hash, leftOut: &leftOut)
        default: hash.add(value.raw.span)
        }
    }
}
