/// Models of OpenAI's on Azure, with and without `api-version`.
extension ServiceProfile {
    static let azure = ServiceProfile(
        name: "azure",
        aliases: ["azure-openai", "foundry"],
        title: "Azure OpenAI",
        domains: ["azure.com"],
        root: "/openai/v1",
        datedRoot: "/openai/deployments/{model}",
        keyHeader: .apiKey,
        maxField: .completion,
        mostTools: 128,
        schemas: SchemaRules(wantsItems: true),
        takesFiles: true,
        note: """
            The base URL is `https://RESOURCE.openai.azure.com`; the model is the name of a deployment. With \
            `?api-version=DATE` in the base URL the deployment stands in the path, as the dated API wants it. A token of \
            Entra in OPENAI_API_KEY goes out as a bearer token.
            """)
}
