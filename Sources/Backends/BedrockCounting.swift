public import Intercept

/// Token counts by Bedrock itself, for Claude models that are called by their own id or by a profile over regions.
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
extension Bedrock {
    /// The request for CountTokens, which wants the Anthropic body and the id without its geography. nil for models
    /// that have no count, or have refused one.
    public func counting(_ request: MessageRequest) -> TokenCounting? {
        let (id, isLong) = names.id(for: request.model)
        let model = BedrockModel(id)
        guard model.isClaude, !id.hasPrefix("arn:"), !learnt[id].rejected.contains(.counting) else { return nil }
        var writer = InvokeWriter(request, model, learnt[id], isLong: isLong)
        do { try writer.write() } catch { return nil }
        guard let body = Self.withLimit(writer.out.bytes) else { return nil }
        var out = JSONWriter(capacity: body.count * 4 / 3 + 64)
        out.verbatim(#"{"input":{"invokeModel":{"body":""#)
        out.verbatim(text: Base64.encode(body))
        out.verbatim(#""}}}"#)
        let sent = send(out.bytes, to: BedrockModel.base(id), "count-tokens", [])
        return TokenCounting(request: sent) { [learnt] head, body in
            if head.status == 200 { return (try? JSON.parse(body))?["inputTokens"]?.int }
            // Throttling passes; everything else will be the same the next time.
            if head.status != 429, head.status < 500 { _ = learnt.learn(id) { $0.rejected.insert(.counting) } }
            return nil
        }
    }

    /// The body with the `max_tokens` that a count does not have and the model demands.
    private static func withLimit(_ body: [UInt8]) -> [UInt8]? {
        guard let json = try? JSON.parse(body) else { return nil }
        return json["max_tokens"] == nil ? body.dropLast() + Array(#","max_tokens":1}"#.utf8) : body
    }
}
