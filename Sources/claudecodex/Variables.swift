/// The variables that are no flag's own.
struct Variable: Sendable {
    let name: String
    let group: String
    let doc: String

    private static let openAI = "Backends openai_compatible and openai_responses"
    private static let client = "Backend anthropic"
    private static let bedrock = "Backend bedrock"
    private static let network = "Network"
    private static let terminal = "Terminal and files"

    static let all: [Variable] = [
        Variable(
            name: "OPENAI_BASE_URL", group: openAI,
            doc: "The service's base URL; a service without a key needs only this."),
        Variable(name: "OPENAI_API_KEY", group: openAI, doc: "The key. Alone it means api.openai.com."),
        Variable(
            name: "OPENAI_PROVIDER", group: openAI,
            doc: "Whose service it is, if the base URL does not show it; alone it means that service's own address."),
        Variable(name: "OPENAI_MODEL", group: openAI, doc: "The model that answers for every Claude model."),
        Variable(name: "OPENAI_MODEL_OPUS", group: openAI, doc: "The model that answers for Opus models."),
        Variable(name: "OPENAI_MODEL_SONNET", group: openAI, doc: "The model that answers for Sonnet models."),
        Variable(name: "OPENAI_MODEL_HAIKU", group: openAI, doc: "The model that answers for Haiku models."),
        Variable(
            name: "OPENAI_API", group: openAI,
            doc:
                "The API to ask by: chat, responses, or auto (Responses for reasoning models of OpenAI and Azure with tools)."
        ),
        Variable(name: "OPENAI_ORG_ID", group: openAI, doc: "Sent as OpenAI-Organization."),
        Variable(name: "OPENAI_PROJECT_ID", group: openAI, doc: "Sent as OpenAI-Project."),
        Variable(name: "OPENAICOMPATIBLE_BASE_URL", group: openAI, doc: "Another spelling of OPENAI_BASE_URL."),
        Variable(name: "OPENAICOMPATIBLE_API_KEY", group: openAI, doc: "Another spelling of OPENAI_API_KEY."),
        Variable(
            name: "ANTHROPIC_UPSTREAM_URL", group: client,
            doc: "Where requests go; https://api.anthropic.com unless set."),
        Variable(
            name: "ANTHROPIC_UPSTREAM_VENDOR", group: client,
            doc: "Whose service answers there, where the address does not show it: docs/vendors.md."),
        Variable(
            name: "ANTHROPIC_UPSTREAM_API_KEY", group: client,
            doc: "Sent as x-api-key in place of the client's credentials."),
        Variable(
            name: "ANTHROPIC_UPSTREAM_AUTH_TOKEN", group: client,
            doc: "Sent as a bearer token in place of the client's credentials."),
        Variable(
            name: "ANTHROPIC_BASE_URL", group: client,
            doc: "A gateway that the client was told to use: requests go there, unless it is this proxy itself."),
        Variable(
            name: "AWS_REGION", group: bedrock, doc: "The region to call; else AWS_DEFAULT_REGION, else the profile's."),
        Variable(name: "AWS_DEFAULT_REGION", group: bedrock, doc: "The same as AWS_REGION, which goes first."),
        Variable(
            name: "AWS_PROFILE", group: bedrock,
            doc: "The profile of ~/.aws that has the keys; saml where there is one, else default."),
        Variable(name: "AWS_ACCESS_KEY_ID", group: bedrock, doc: "Keys without a profile, with the two that follow."),
        Variable(name: "AWS_SECRET_ACCESS_KEY", group: bedrock, doc: "The secret of AWS_ACCESS_KEY_ID."),
        Variable(name: "AWS_SESSION_TOKEN", group: bedrock, doc: "Belongs to keys that end."),
        Variable(
            name: "AWS_BEARER_TOKEN_BEDROCK", group: bedrock,
            doc: "An API key for Bedrock; sent in place of a signature."),
        Variable(name: "AWS_CONFIG_FILE", group: bedrock, doc: "Another place of ~/.aws/config."),
        Variable(name: "AWS_SHARED_CREDENTIALS_FILE", group: bedrock, doc: "Another place of ~/.aws/credentials."),
        Variable(
            name: "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", group: bedrock,
            doc: "Where requests go in place of AWS's address, for example a VPC endpoint; else AWS_ENDPOINT_URL."),
        Variable(
            name: "AWS_ENDPOINT_URL_BEDROCK_MANTLE", group: bedrock, doc: "The same for BEDROCK_API=mantle."),
        Variable(name: "AWS_ENDPOINT_URL", group: bedrock, doc: "The same for all services of AWS."),
        Variable(
            name: "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", group: bedrock, doc: "true: AWS's own address in any case."),
        Variable(name: "AWS_USE_FIPS_ENDPOINT", group: bedrock, doc: "true: the FIPS address of the region."),
        Variable(name: "AWS_USE_DUALSTACK_ENDPOINT", group: bedrock, doc: "true: the address that has IPv6 too."),
        Variable(
            name: "BEDROCK_MODEL_ID", group: bedrock,
            doc: "The id, profile or ARN that answers for every Claude model; unset, names become ids by a table."),
        Variable(name: "BEDROCK_MODEL_ID_OPUS", group: bedrock, doc: "The one that answers for Opus models."),
        Variable(name: "BEDROCK_MODEL_ID_SONNET", group: bedrock, doc: "The one that answers for Sonnet models."),
        Variable(name: "BEDROCK_MODEL_ID_HAIKU", group: bedrock, doc: "The one that answers for Haiku models."),
        Variable(
            name: "BEDROCK_GEOGRAPHY", group: bedrock,
            doc: "us, eu, apac, jp, au, us-gov or global in front of ids, or none; unset, by the region."),
        Variable(
            name: "BEDROCK_API", group: bedrock,
            doc:
                "converse (unless set); invoke: Claude models get the Messages body; mantle: the Messages API on Bedrock."
        ),
        Variable(name: "BEDROCK_GUARDRAIL_ID", group: bedrock, doc: "A guardrail for every request, id or ARN."),
        Variable(name: "BEDROCK_GUARDRAIL_VERSION", group: bedrock, doc: "Its version; DRAFT unless set."),
        Variable(name: "BEDROCK_GUARDRAIL_TRACE", group: bedrock, doc: "enabled, disabled or enabled_full."),
        Variable(name: "BEDROCK_SERVICE_TIER", group: bedrock, doc: "default, priority, flex or reserved."),
        Variable(
            name: "HTTPS_PROXY", group: network,
            doc: "The proxy for https upstreams; HTTP_PROXY and ALL_PROXY likewise."),
        Variable(name: "HTTP_PROXY", group: network, doc: "The proxy for http upstreams."),
        Variable(name: "ALL_PROXY", group: network, doc: "The proxy where the other two say nothing."),
        Variable(
            name: "NO_PROXY", group: network,
            doc: "Hosts that are reached without a proxy; this machine always is."),
        Variable(name: "SSL_CERT_FILE", group: network, doc: "The certificates to trust, in one file."),
        Variable(name: "CURL_CA_BUNDLE", group: network, doc: "Another spelling of SSL_CERT_FILE."),
        Variable(
            name: "XDG_STATE_HOME", group: terminal,
            doc: "Traces and the redaction key live below; ~/.local/state unless set."),
        Variable(
            name: "XDG_CONFIG_HOME", group: terminal,
            doc: "claudecodex/config.env is read from it; ~/.config unless set."),
        Variable(name: "NO_COLOR", group: terminal, doc: "No colours, whatever its value."),
        Variable(name: "FORCE_COLOR", group: terminal, doc: "Colours also without a terminal, unless it is 0."),
        Variable(name: "CLICOLOR_FORCE", group: terminal, doc: "The same as FORCE_COLOR."),
        Variable(name: "TERM", group: terminal, doc: "dumb: treated as no terminal."),
        Variable(name: "COLUMNS", group: terminal, doc: "The width of lines; below 90 they go without the session."),
        Variable(name: "SHELL", group: terminal, doc: "Whose syntax `env` prints, unless --shell says."),
    ]

    static func named(_ name: String) -> Variable? { all.first { $0.name == name } }
}
