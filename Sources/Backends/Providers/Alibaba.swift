/// Alibaba's Model Studio (DashScope): the Qwen models.
extension ServiceProfile {
    static let alibaba = ServiceProfile(
        name: "alibaba",
        aliases: ["dashscope", "qwen", "modelstudio"],
        title: "Alibaba Model Studio",
        domains: ["dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com"],
        baseURL: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        root: "/compatible-mode/v1",
        adds: [.topK],
        effort: .enableThinking,
        instructions: .system,
        note: "In mainland China the base URL is `https://dashscope.aliyuncs.com/compatible-mode/v1`.")
}
