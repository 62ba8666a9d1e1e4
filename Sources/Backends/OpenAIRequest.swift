internal import Intercept

/// Writes a Messages request as a request of one of OpenAI's two APIs. What both have in common stands in extensions of
/// this: which messages and tools are sent, which calls and results belong together, how fields are chosen. A writer adds
/// the forms of its API. What stays the same from turn to turn comes first (model, tools, messages), so that the bytes of
/// a conversation grow at the end and prompt caches keep fitting.
protocol OpenAIRequestWriter {
    /// The API's name, for the words of losses.
    static var api: StaticString { get }

    var request: MessageRequest { get }
    var known: KnownModel { get }
    var memory: ToolMemory { get }
    var out: JSONWriter { get set }
    var losses: Losses { get set }
    /// Hashes of the call ids used so far: a second use gets a name of its own.
    var usedIDs: Set<UInt64> { get set }
    /// Whether the request offers a tool.
    var hasTools: Bool { get set }
    /// Whether a file may be given by its address.
    static var takesFileAddresses: Bool { get }
    /// Whether the result of a call may hold images and files.
    var resultsTakeMedia: Bool { get }

    /// Writes the whole body.
    mutating func write() throws(TranslationError)

    /// Writes a message up to its content.
    mutating func beginMessage(_ role: StaticString)
    /// Writes neighbouring assistant messages. Gives their calls.
    mutating func writeAssistant(_ messages: [JSON], _ range: Range<Int>) -> [PendingCall]
    /// Writes the result of a call up to its content.
    mutating func beginResult(_ call: PendingCall)
    /// Writes one part of a message.
    mutating func write(_ part: MessagePart)
    /// Writes a function of the tool list up to its name.
    mutating func beginTool()
    /// Writes what comes behind a function's schema.
    mutating func endTool(isStrict: Bool)
    /// Writes the choice of one function up to its name, and what comes behind.
    mutating func writeForced(_ name: JSON)
}

/// The fields of the request that the translation reads, found in one pass.
struct RequestFields {
    var tools: JSON?
    var toolChoice: JSON?
    var system: JSON?
    var thinking: JSON?
    var effort: JSON?
    var format: JSON?
    var temperature: JSON?
    var topP: JSON?
    var topK: JSON?
    var stops: JSON?
    var serviceTier: JSON?
}

extension OpenAIRequestWriter {
    var model: ChatModel { known.model }
    var profile: ServiceProfile { known.profile }
    var facts: ModelFacts { known.facts }

    /// An empty body with room for the translated request.
    static func body(for request: MessageRequest) -> JSONWriter {
        JSONWriter(capacity: request.body.range.count + request.body.range.count / 16 + 256)
    }

    /// The conversation, which must not be empty.
    func messages() throws(TranslationError) -> [JSON] {
        guard let messages = request.body["messages"], !messages.isEmpty else {
            throw TranslationError(.invalidRequest("messages: at least one message is required"))
        }
        return Array(messages.elements)
    }

    /// Sorts the members of the body; notes those that no field of the API can carry.
    mutating func readFields() throws(TranslationError) -> RequestFields {
        var fields = RequestFields()
        for (key, value) in request.body.members where !value.isNull {
            switch key.string ?? "" {
            case "tools": fields.tools = value
            case "tool_choice": fields.toolChoice = value
            case "system": fields.system = value
            case "thinking": fields.thinking = value
            case "output_config": readOutputConfig(value, &fields)
            case "output_format": fields.format = value
            case "temperature": fields.temperature = value
            case "top_p": fields.topP = value
            case "top_k": fields.topK = value
            case "stop_sequences": fields.stops = value
            case "service_tier": fields.serviceTier = value
            case "thread", "compaction":
                throw TranslationError(
                    .invalidRequest("\(key.string ?? ""): not available with this backend; leave the field out"))
            case let name: noteOther(name, value)
            }
        }
        return fields
    }

    private mutating func readOutputConfig(_ config: JSON, _ fields: inout RequestFields) {
        for (key, value) in config.members where !value.isNull {
            if key.equals("effort") {
                fields.effort = value
            } else if key.equals("format") {
                fields.format = value
            } else {
                losses.add(.drop, "output_config.\(key.string ?? "")", "\(Self.api) has no such field")
            }
        }
    }

    private mutating func noteOther(_ name: String, _ value: JSON) {
        switch name {
        case "model", "messages", "max_tokens", "stream", "metadata", "cache_control", "diagnostics", "inference_geo",
            "user_profile_id", "workspace_id", "tags", "anthropic_version", "anthropic_beta", "betas":
            return
        case "context_management":
            let edits = value["edits"]?.elements ?? value.elements
            for edit in edits where !(edit["type"]?.string ?? "").hasPrefix("clear_thinking") {
                losses.add(.drop, "context_management", "the service does not edit the context")
            }
        case "mcp_servers", "container", "fallbacks":
            if !value.isEmpty || value.isString { losses.add(.drop, name, "only Anthropic's own service has it") }
        case "speed": if !value.equals("standard") { losses.add(.drop, name, "\(Self.api) has no such field") }
        case "safeguards":
            losses.add(.drop, name, "the service makes no safety check of tool calls; the client must ask the user")
        default: losses.add(.drop, name, "unknown to this version")
        }
    }
}
