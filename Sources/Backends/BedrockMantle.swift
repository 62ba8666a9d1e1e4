internal import Intercept

/// The Messages API as Bedrock itself offers it, under an address and a signing name of its own: bodies and events go
/// through unchanged, but for the model's name, credentials, and thinking of other services.
/// https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html
extension Bedrock {
    func mantle(_ request: MessageRequest, _ losses: inout Losses) throws(TranslationError) -> UpstreamRequest {
        let id = names.mantle(for: request.model)
        var request = request
        request.model = id
        var fields = HTTPFields.endToEnd(request.headers)
        // Without a coding the trace reads the same bytes as the client.
        for name in ["x-api-key", "authorization", "accept-encoding", "content-encoding"] { fields[name] = nil }
        fields["content-type"] = "application/json"
        let body = ClaudeHistory.mended(request.body, &losses) ?? request.body.document.bytes
        return UpstreamRequest(
            url: endpoint.mantle + "/anthropic/v1/messages", headers: fields, body: body, model: id,
            authorization: access.authorization(region: endpoint.region, service: "bedrock-mantle"))
    }
}

extension BedrockNames {
    /// Here models have no date and no geography: `anthropic.claude-haiku-4-5`.
    func mantle(for asked: String) -> String {
        let (id, _) = id(for: asked)
        guard !Self.isID(asked), id.hasSuffix(Self.foundation(asked)) else { return id }
        let words = asked.lowercased().split(separator: "-").filter { !($0.utf8.count == 8 && Int($0) != nil) }
        let name = words.joined(separator: "-")
        return name.hasPrefix("claude") ? "anthropic.\(name)" : id
    }
}
