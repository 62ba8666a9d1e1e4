internal import Intercept

/// What sets one service apart from the others that speak Chat Completions, as data: where it is, which fields it takes, how
/// it wants a conversation told. One file for each in `Providers`, the list of them in `ServiceProfiles.swift`.
struct ServiceProfile: Sendable, Equatable {
    // MARK: Who and where

    /// The word for `OPENAI_PROVIDER`.
    let name: String
    /// Other words for it.
    var aliases: [String] = []
    /// The name as its makers write it.
    let title: String
    /// The domains of its base URLs.
    var domains: [String] = []
    /// The port at which it listens on one's own machine.
    var port: Int?
    /// The base URL when nothing but the name is given.
    var baseURL: String?
    /// The path of a base URL that is only a host, or only the beginning of this path.
    var root = "/v1"
    /// The same for a base URL with `api-version`; `{model}` stands for the model.
    var datedRoot: String?
    var keyHeader = KeyHeader.bearer

    // MARK: Fields

    /// Fields it takes beside the usual ones.
    var adds: [Field] = []
    /// Usual fields that it does not take.
    var lacks: [Field] = []
    /// How it calls the most tokens of an answer; nil: as the model's name suggests.
    var maxField: MaxField? = .plain
    var effort = Effort.byModel
    var format = Format.schema
    var toolChoice = ToolChoice()

    // MARK: Limits

    /// How many tools one request may offer.
    var mostTools = Int.max
    /// Names of tools begin with a letter or an underscore.
    var namesBeginWithLetter = false
    var callIDs = CallIDs.names
    var schemas = SchemaRules()

    // MARK: Messages

    /// Where instructions go. `developer` holds for reasoning models only; others are told by `system`.
    var instructions = ModelFacts.SystemRole.developer
    /// Two user messages in a row are refused.
    var alternates = false
    /// A user message directly behind the results of tools is refused.
    var bridgesResults = false
    /// A message of nothing but text must be a string, not a list of parts.
    var wantsPlainText = false
    /// Takes images by their addresses.
    var takesImageAddresses = true
    /// Takes parts of type `file`.
    var takesFiles = false
    var thinkingBack = ThinkingBack.dropped

    // MARK: Answers

    /// Models may think aloud between `<think>` and `</think>` at the beginning of their text.
    var hasThinkTags = false

    /// What its users should know, in whole sentences.
    var note = ""
}

extension ServiceProfile {
    /// The header that carries the key.
    enum KeyHeader: Sendable {
        case bearer
        /// `api-key`, unless the key is a token of Entra.
        case apiKey
    }

    /// How a request names the most tokens of its answer.
    enum MaxField: String, Sendable {
        case completion = "max_completion_tokens"
        case plain = "max_tokens"

        var other: MaxField { self == .completion ? .plain : .completion }
    }

    /// Members of a request that some services take and others refuse.
    enum Field: String, CaseIterable, Sendable {
        case temperature, stop, strict
        case topP = "top_p"
        case topK = "top_k"
        case streamOptions = "stream_options"
        case parallelToolCalls = "parallel_tool_calls"
        case promptCacheKey = "prompt_cache_key"
        case serviceTier = "service_tier"

        /// Taken unless a profile says otherwise.
        var isUsual: Bool {
            switch self {
            case .temperature, .stop, .strict, .topP, .streamOptions, .parallelToolCalls: true
            case .topK, .promptCacheKey, .serviceTier: false
            }
        }
    }

    func takes(_ field: Field) -> Bool { field.isUsual ? !lacks.contains(field) : adds.contains(field) }

    /// How a request says whether and how hard the model thinks. Words from least to most.
    enum Effort: Sendable, Equatable {
        /// `reasoning_effort`, for models that are known to have it.
        case byModel
        /// `reasoning_effort`, for every model.
        case words([String])
        /// `reasoning: {effort | max_tokens | enabled}`.
        case reasoning([String])
        /// `thinking: {type}`, and `reasoning_effort` where there are words for it.
        case thinking([String])
        /// `enable_thinking` and `thinking_budget`.
        case enableThinking
        /// `chat_template_kwargs: {enable_thinking}`.
        case template
    }

    /// What it can be told about the form of the answer's text.
    enum Format: Sendable {
        /// A JSON Schema.
        case schema
        /// That it is a JSON object.
        case object
    }

    /// What `tool_choice` may say beside `auto`.
    struct ToolChoice: Sendable, Equatable {
        /// The word for "some tool"; nil when there is none.
        var required: String? = "required"
        /// Takes the name of one function.
        var named = true
        /// Takes `none`.
        var none = true
        /// Older versions of the service do not look at it.
        var isCertain = true
    }

    /// Which ids of tool calls are taken.
    enum CallIDs: Sendable {
        /// Up to 64 letters, digits, `_` and `-`.
        case names
        /// Exactly nine letters and digits.
        case nine
    }

    /// How thinking goes back to the service in later turns.
    enum ThinkingBack: Sendable, Equatable {
        case dropped
        /// A member of the assistant's message. `blank` stands there in a message with calls that has no thinking, for
        /// services that refuse such a message without it.
        case field(String, blank: String?)
        /// The list `reasoning_details`, as it came.
        case details
        /// Parts of type `thinking` in the content.
        case parts
        /// `extra_content` of the calls, as it came.
        case signatures
    }
}
