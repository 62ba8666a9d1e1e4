/// The vendors whose endpoints for the Messages API are known, with the sources of what is said about them. A new one is
/// one more element; `docs/vendors.md` shows the table.
extension Vendor {
    static let anthropic = Vendor(
        name: "anthropic", title: "Anthropic, and its models at AWS and Microsoft",
        hosts: ["*.anthropic.com", "*.claude.com", "*.amazonaws.com", "*.api.aws", "*.services.ai.azure.com"],
        counting: .endpoint, quirks: .anthropic, mendsStreams: false, modelNames: "its own")

    /// An address that no other entry knows. Relayed byte for byte; what it refuses is learnt.
    static let other = Vendor(
        name: "other", title: "Any other address", quirks: .unknown, mendsStreams: false, modelNames: "as sent")

    static let all = [
        anthropic, deepSeek, zai, moonshot, miniMax, openRouter, alibaba, ollama, ollamaCloud, lmStudio, llamaCpp, vLLM,
    ]

    private static let deepSeek = Vendor(
        name: "deepseek", title: "DeepSeek", hosts: ["api.deepseek.com"], path: "/anthropic",
        otherPaths: ["/v1", "/beta"],
        quirks: Quirks(
            foldsSystem: true, hasNoDeferredTools: true, takesNoDocuments: true, typedTools: ["web_search_"],
            thinking: .foreignUnsigned),
        modelNames: "mapped by it: `claude-opus*` to `deepseek-v4-pro`, other `claude*` to `deepseek-flash`",
        sources: [
            "https://api-docs.deepseek.com/guides/anthropic_api",
            "https://api-docs.deepseek.com/zh-cn/api/create-message",
            "https://github.com/aattaran/deepclaude/issues/29",
            "https://github.com/QuantumNous/new-api/issues/4763",
        ])

    private static let zai = Vendor(
        name: "zai", title: "z.ai and BigModel", hosts: ["api.z.ai", "open.bigmodel.cn"], path: "/api/anthropic",
        otherPaths: ["/api/paas/v4", "/api/coding/paas/v4"], quirks: Quirks(foldsSystem: true),
        sources: [
            "https://github.com/zai-org/GLM-5/issues/74", "https://github.com/zai-org/GLM-5/issues/139",
        ])

    private static let moonshot = Vendor(
        name: "moonshot", title: "Moonshot (Kimi)", hosts: ["api.moonshot.ai", "api.moonshot.cn"], path: "/anthropic",
        otherPaths: ["/v1"], wantsBearer: true, quirks: Quirks(hasNoDeferredTools: true),
        sources: [
            "https://github.com/MoonshotAI/Kimi-K2/issues/129", "https://github.com/MoonshotAI/Kimi-K2/issues/118",
        ])

    private static let miniMax = Vendor(
        name: "minimax", title: "MiniMax", hosts: ["api.minimax.io", "api.minimaxi.com"], path: "/anthropic",
        otherPaths: ["/v1"], quirks: Quirks(foldsSystem: true, typedTools: []),
        sources: [
            "https://platform.minimax.io/docs/api-reference/text-anthropic-api",
            "https://github.com/MiniMax-AI/MiniMax-M2.7/issues/43",
            "https://github.com/ding113/claude-code-hub/issues/1262",
        ])

    private static let openRouter = Vendor(
        name: "openrouter", title: "OpenRouter", hosts: ["openrouter.ai"], path: "/api", otherPaths: ["/v1"],
        wantsBearer: true,
        quirks: Quirks(claudeFields: ["context_management"], thinking: .ourEnvelopesDropped),
        modelNames: "`vendor/model`, with `--model`",
        sources: [
            "https://www.developersdigest.tech/setup/openrouter/claude-code",
            "https://github.com/YishenTu/claudian/issues/433",
        ])

    private static let alibaba = Vendor(
        name: "alibaba", title: "Alibaba Model Studio (coding plan)", hosts: ["coding-intl.dashscope.aliyuncs.com"],
        path: "/apps/anthropic", otherPaths: ["/v1"], quirks: Quirks(foldsSystem: true),
        sources: ["https://github.com/diegosouzapw/OmniRoute/issues/1445"])

    private static let ollamaQuirks = Quirks(
        foldsSystem: true, hasNoDeferredTools: true, takesNoDocuments: true, typedTools: ["web_search"],
        thinking: .foreignUnsigned)

    private static let ollama = Vendor(
        name: "ollama", title: "Ollama", port: 11_434, counting: .none, quirks: ollamaQuirks,
        sources: [
            "https://docs.ollama.com/api/anthropic-compatibility",
            "https://github.com/ollama/ollama/blob/017eb8ae/anthropic/anthropic.go",
            "https://github.com/ollama/ollama/issues/18241",
        ])

    private static let ollamaCloud = Vendor(
        name: "ollamacloud", title: "Ollama's cloud", hosts: ["ollama.com"], wantsBearer: true, counting: .none,
        quirks: ollamaQuirks, sources: ["https://docs.ollama.com/api/anthropic-compatibility"])

    private static let lmStudio = Vendor(
        name: "lmstudio", title: "LM Studio", port: 1_234, quirks: Quirks(foldsSystem: true),
        sources: [
            "https://lmstudio.ai/docs/developer/anthropic-compat",
            "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/2204",
        ])

    private static let llamaCpp = Vendor(
        name: "llamacpp", title: "llama.cpp", counting: .endpoint,
        quirks: Quirks(
            foldsSystem: true, hasNoDeferredTools: true, takesNoDocuments: true, typedTools: [],
            thinking: .foreignUnsigned),
        modelNames: "any name",
        sources: [
            "https://github.com/ggml-org/llama.cpp/pull/17570",
            "https://github.com/ggml-org/llama.cpp/blob/03eb25f3/tools/server/server-chat.cpp",
            "https://github.com/ggml-org/llama.cpp/issues/20733",
        ])

    private static let vLLM = Vendor(
        name: "vllm", title: "vLLM", wantsBearer: true, counting: .endpoint,
        quirks: Quirks(takesNoDocuments: true, typedTools: [], thinking: .foreignUnsigned),
        sources: [
            "https://github.com/vllm-project/vllm/blob/00589e56/vllm/entrypoints/anthropic/protocol.py",
            "https://github.com/vllm-project/vllm/issues/44000", "https://github.com/vllm-project/vllm/issues/51572",
        ])
}
