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

/// All that is known of one model of an upstream.
struct KnownModel: Sendable, Equatable {
    let model: ChatModel
    let profile: ServiceProfile
    var facts = ModelFacts()
}

/// The models of one upstream, kept for the life of the process.
final class KnownModels: Sendable {
    private let address: ServiceAddress
    private let known = Mutex<[String: KnownModel]>([:])
    /// Names come from clients: more than this many are not remembered.
    private let limit = 200

    init(_ address: ServiceAddress) { self.address = address }

    subscript(_ name: String) -> KnownModel { known.withLock { find(name, &$0) } }

    /// Changes what is known; gives whether anything is new.
    func learn(_ name: String, _ change: (inout ModelFacts) -> Void) -> Bool {
        known.withLock { known in
            let old = find(name, &known)
            var new = old
            change(&new.facts)
            if known[name] != nil { known[name] = new }
            return new != old
        }
    }

    private func find(_ name: String, _ known: inout [String: KnownModel]) -> KnownModel {
        if let old = known[name] { return old }
        let model = ChatModel(name)
        let new = KnownModel(model: model, profile: ServiceProfile(address, model))
        if known.count < limit { known[name] = new }
        return new
    }
}
