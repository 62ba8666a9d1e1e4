public import Intercept

/// What the pass-through does for vendors other than Anthropic: counting, credentials, and learning from refusals.
extension Anthropic {
    /// Whether a count is worth asking the service for.
    public var countsTokens: Bool {
        switch vendor.counting {
        case .none: false
        case .endpoint, .unknown: !memory.hasNoCounting
        }
    }

    /// Anthropic's own counts are never replaced.
    public var mayEstimate: Bool { !vendor.isAnthropic }

    /// Remembers that there is no such endpoint. Anthropic's own 404 is about the model.
    public func lacksCounting(_ head: UpstreamHead) -> Bool {
        guard !vendor.isAnthropic, [404, 405, 501].contains(head.status) else { return false }
        memory.noteNoCounting()
        return true
    }

    /// Sends a request again without what was refused, where the refusal says what that is.
    public func retry(
        _ request: MessageRequest, after sent: UpstreamRequest, head: UpstreamHead, body: [UInt8],
        _ losses: inout Losses
    ) -> UpstreamRequest? {
        guard !vendor.isAnthropic, let asked = try? JSON.parse(sent.body) else { return nil }
        let betas = sent.headers["anthropic-beta"]
        guard let lesson = VendorRefusal(body, sent: asked, betas: betas), memory.learn(lesson, of: request.model)
        else {
            return nil
        }
        guard let again = try? translate(request, &losses) else { return nil }
        return again.body == sent.body && again.headers["anthropic-beta"] == betas ? nil : again
    }

    /// Leaves out the beta field where it is refused, and the betas of members that are left out.
    func limitBetas(_ quirks: Quirks, _ model: String, _ fields: inout HTTPFields, _ losses: inout Losses) {
        guard let sent = fields["anthropic-beta"] else { return }
        if quirks.refusesBetas {
            losses.add(.drop, "anthropic-beta", "the service takes no betas", from: sent)
            fields["anthropic-beta"] = nil
            return
        }
        guard !quirks.takes(field: "context_management", model: model) else { return }
        let betas = sent.split(separator: ",")
        let kept = betas.filter { !HTTPFields.trim(String($0)).hasPrefix("context-management-") }
        guard kept.count < betas.count else { return }
        losses.add(.drop, "anthropic-beta", "the beta of a field that the service does not take", from: sent)
        fields["anthropic-beta"] = kept.isEmpty ? nil : kept.joined(separator: ",")
    }

    /// Configured credentials take the place of the client's. Those of the client go on, but a key of Anthropic's is
    /// nobody else's business, and a vendor that takes only bearer tokens gets one.
    func authorize(_ fields: inout HTTPFields) {
        if let credentials {
            fields["x-api-key"] = nil
            fields["authorization"] = nil
            fields.fields.append(credentials)
            return
        }
        guard !vendor.isAnthropic, vendor.isKnown else { return }
        if fields["x-api-key"]?.hasPrefix("sk-ant-") ?? false { fields["x-api-key"] = nil }
        if fields["authorization"]?.hasPrefix("Bearer sk-ant-") ?? false { fields["authorization"] = nil }
        guard vendor.wantsBearer, let key = fields["x-api-key"] else { return }
        fields["x-api-key"] = nil
        if fields["authorization"] == nil { fields.append("authorization", "Bearer \(key)") }
    }
}
