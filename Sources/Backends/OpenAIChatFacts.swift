internal import Intercept
internal import Synchronization

/// What the address and the model's name say about the dialect.
struct ServiceProfile: Sendable, Equatable {
    /// How a request names the most tokens of its answer.
    enum MaxField: String, Sendable {
        case completion = "max_completion_tokens"
        case plain = "max_tokens"

        var other: MaxField { self == .completion ? .plain : .completion }
    }

    let maxField: MaxField
    /// Takes `prompt_cache_key`.
    let takesCacheKey: Bool
    /// Takes `service_tier`.
    let takesServiceTier: Bool
    /// How many tools one request may offer.
    let mostTools: Int

    init(_ address: ServiceAddress, _ model: ChatModel) {
        let isOpenAI = address.isAt("openai.com")
        let knowsNewName = isOpenAI || ["azure.com", "groq.com", "cerebras.ai"].contains { address.isAt($0) }
        maxField = knowsNewName || model.isOpenAI ? .completion : .plain
        takesCacheKey = isOpenAI || address.isAt("cerebras.ai")
        takesServiceTier = isOpenAI
        mostTools = isOpenAI ? 128 : .max
    }
}

/// What one model of an upstream has taught us by refusing something.
struct ModelFacts: Sendable, Equatable {
    /// Where instructions go.
    enum SystemRole: Int, Sendable {
        case developer, system
        /// `system`, but only as the first message.
        case systemFirst
        /// Into user messages.
        case none
    }

    var maxField: ServiceProfile.MaxField?
    var maxOutput: Int?
    var contextWindow: Int?
    var systemRole: SystemRole?
    /// Accepted values of `reasoning_effort`.
    var efforts: [String]?
    /// Fields that are left out.
    var rejected: Set<String> = []
    var takesNoImages = false
    var takesNoFiles = false
    /// Arrays in schemas need `items`.
    var wantsItems = false
}

/// The facts of all models of one upstream, kept for the life of the process.
final class LearntFacts: Sendable {
    private let models = Mutex<[String: ModelFacts]>([:])
    /// Names come from clients: more than this many are not remembered.
    private let limit = 200

    subscript(_ model: String) -> ModelFacts { models.withLock { $0[model] ?? ModelFacts() } }

    /// Changes what is known; gives whether anything is new.
    func learn(_ model: String, _ change: (inout ModelFacts) -> Void) -> Bool {
        models.withLock { models in
            let old = models[model] ?? ModelFacts()
            var new = old
            change(&new)
            if models.count < limit || models[model] != nil { models[model] = new }
            return new != old
        }
    }
}
