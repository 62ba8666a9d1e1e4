public import Intercept
internal import Synchronization

/// What one model has taught us by refusing something.
struct BedrockFacts: Sendable, Equatable {
    /// Parts of a request that can be left out.
    enum Part: Sendable {
        case cachePoint, hour, status, strict, toolChoice, betas, format, counting
    }

    /// Instructions in the conversation go into user messages.
    var foldsSystem = false
    /// The most tokens of one answer.
    var maxOutput: Int?
    var rejected: Set<Part> = []
}

/// The models that were called, kept for the life of the process.
final class BedrockLessons: Sendable {
    private let known = Mutex<[String: BedrockFacts]>([:])
    /// Names come from clients: more than this many are not remembered.
    private static let most = 200

    subscript(_ id: String) -> BedrockFacts { known.withLock { $0[id] ?? BedrockFacts() } }

    /// Changes what is known; gives whether anything is new.
    func learn(_ id: String, _ change: (inout BedrockFacts) -> Void) -> Bool {
        known.withLock { known in
            let old = known[id] ?? BedrockFacts()
            var new = old
            change(&new)
            guard new != old, known[id] != nil || known.count < Self.most else { return false }
            known[id] = new
            return true
        }
    }
}

extension Bedrock {
    /// Mends what a refusal names: signs with new keys or by AWS's clock, leaves out what the model does not take.
    public func retry(
        _ request: MessageRequest, after sent: UpstreamRequest, head: UpstreamHead, body: [UInt8],
        _ losses: inout Losses
    ) -> UpstreamRequest? {
        let error = BedrockError(body, head, host: endpoint.address())
        if error.isAboutKeys || head.status == 401 { return access.isMended(error, head) ? sent : nil }
        guard head.status == 400, learnt.learn(sent.model, { Self.learn(error.unwrapped, request, &$0) }) else {
            return nil
        }
        var more = Losses()
        guard let again = try? translate(request, &more), again.body != sent.body else { return nil }
        for loss in more.all { losses.add(loss) }
        return again
    }

    /// A model that is being loaded will answer soon. AWS's SDKs send the same request up to five times then; all that is
    /// busy for longer is left to the client, which waits by itself.
    public func pause(after head: UpstreamHead, body: [UInt8], count: Int) -> Int? {
        let error = BedrockError(body, head, host: endpoint.address())
        guard error.kind == "modelnotready" else { return nil }
        return Self.loading.pause(count, retryAfter: head.headers["retry-after"])
    }

    private static let loading = Backoff(firstMS: 300, mostMS: 5_000, most: 4)

    /// What a refusal says about the model.
    static func learn(_ message: String, _ request: MessageRequest, _ facts: inout BedrockFacts) {
        let found = message.lowercased()
        if let most = mostOutput(found), most < request.maxTokens ?? 0 {
            facts.maxOutput = most
        } else if found.contains("role"), found.contains("system"), hasSystemMessage(request) {
            facts.foldsSystem = true
        } else if found.contains("ttl"), found.contains("cache") {
            facts.rejected.insert(.hour)
        } else if found.contains("prompt caching") || found.contains("cachepoint") {
            facts.rejected.insert(.cachePoint)
        } else if found.contains("status field") {
            facts.rejected.insert(.status)
        } else if found.contains("toolchoice") || found.contains("tool choice") {
            facts.rejected.insert(.toolChoice)
        } else if found.contains("invalid beta") || found.contains("anthropic_beta") || found.contains("anthropic-beta")
        {
            facts.rejected.insert(.betas)
        } else if found.contains("strict"), found.contains("not") {
            facts.rejected.insert(.strict)
        } else if found.contains("textformat") || found.contains("outputconfig") {
            facts.rejected.insert(.format)
        }
    }

    private static func hasSystemMessage(_ request: MessageRequest) -> Bool {
        request.messages.contains { $0["role"]?.equals("system") ?? false }
    }

    /// "The maximum tokens you requested exceeds the model limit of 8192."
    private static func mostOutput(_ found: String) -> Int? {
        guard found.contains("maximum tokens") || found.contains("max_tokens") || found.contains("maxtokens") else {
            return nil
        }
        return OutputLimit.number(after: "model limit of ", in: found)
    }
}

extension BedrockAccess {
    /// Whether another try can succeed: with new keys, or by AWS's clock.
    func isMended(_ error: BedrockError, _ head: UpstreamHead) -> Bool {
        guard case .keys(let credentials) = self else { return false }
        if let date = head.headers["date"].flatMap(Timestamp.init(httpDate:)), credentials.learn(date, now: .now()) {
            return true
        }
        return credentials.renew()
    }
}
