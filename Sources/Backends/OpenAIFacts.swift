internal import Synchronization

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
    /// Results of calls are strings, also in the Responses API.
    var takesTextResultsOnly = false
    /// The API that the service asked us to use instead of the other.
    var api: OpenAIAPI?
    /// Keys of reasoning items that the service could not read (``ReasoningItem/key(_:)``).
    var refusedReasoning: Set<UInt64> = []
    /// Keywords of JSON Schema that are left out.
    var keywords: [String] = []
    var mostTools: Int?
    var callIDs: ServiceProfile.CallIDs?
    var thinkingBack: ServiceProfile.ThinkingBack?
    var alternates = false
    var bridgesResults = false
    var wantsPlainText = false
    /// The content of an assistant's message is never null.
    var wantsContent = false
}

/// All that is known of one model of an upstream. An object, since many hold it and nobody changes it.
final class KnownModel: Sendable {
    let model: ChatModel
    let profile: ServiceProfile
    let facts: ModelFacts

    init(model: ChatModel, profile: ServiceProfile, facts: ModelFacts = ModelFacts()) {
        self.model = model
        self.profile = profile
        self.facts = facts
    }

    /// How this model's requests name the most tokens of the answer, as long as the service has not objected.
    var maxField: ServiceProfile.MaxField { profile.maxField ?? (model.isOpenAI ? .completion : .plain) }
}

/// The models of one upstream, kept for the life of the process.
final class KnownModels: Sendable {
    private let profile: ServiceProfile
    private let known = Mutex<[String: KnownModel]>([:])
    /// Names come from clients: more than this many are not remembered.
    private let limit = 200

    init(_ profile: ServiceProfile) { self.profile = profile }

    subscript(_ name: String) -> KnownModel { known.withLock { find(name, &$0) } }

    /// Changes what is known; gives whether anything is new.
    func learn(_ name: String, _ change: (inout ModelFacts) -> Void) -> Bool {
        known.withLock { known in
            let old = find(name, &known)
            var facts = old.facts
            change(&facts)
            if known[name] != nil { known[name] = KnownModel(model: old.model, profile: old.profile, facts: facts) }
            return facts != old.facts
        }
    }

    private func find(_ name: String, _ known: inout [String: KnownModel]) -> KnownModel {
        if let old = known[name] { return old }
        let new = KnownModel(model: ChatModel(name), profile: profile)
        if known.count < limit { known[name] = new }
        return new
    }
}
