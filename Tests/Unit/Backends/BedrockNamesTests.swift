import Testing

@testable import Backends
@testable import Intercept

/// From the client's names of models to Bedrock's ids.
@Suite struct BedrockNamesTests {
    private func names(_ region: String = "eu-central-1", _ variables: [String: String] = [:]) -> BedrockNames {
        BedrockNames(Environment(variables), region: region)
    }

    @Test(
        "P108: names become ids with the geography of the region",
        arguments: [
            ("claude-sonnet-4-5-20250929", "eu-central-1", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
            ("claude-opus-4-6", "us-east-1", "us.anthropic.claude-opus-4-6-v1"),
            ("claude-sonnet-4-6", "us-west-2", "us.anthropic.claude-sonnet-4-6"),
            ("claude-opus-4-8", "us-gov-west-1", "us-gov.anthropic.claude-opus-4-8"),
            ("claude-opus-5", "ap-northeast-1", "jp.anthropic.claude-opus-5"),
            ("claude-opus-5", "ap-southeast-4", "au.anthropic.claude-opus-5"),
            ("claude-opus-5", "ap-south-1", "apac.anthropic.claude-opus-5"),
            ("claude-opus-5", "sa-east-1", "global.anthropic.claude-opus-5"),
            ("claude-3-7-sonnet-20250219", "ap-northeast-1", "apac.anthropic.claude-3-7-sonnet-20250219-v1:0"),
            ("claude-3-5-sonnet-20241022", "us-east-1", "us.anthropic.claude-3-5-sonnet-20241022-v2:0"),
            ("claude-haiku-4-5", "eu-west-1", "eu.anthropic.claude-haiku-4-5-20251001-v1:0"),
            ("haiku", "eu-west-1", "eu.anthropic.claude-haiku-4-5-20251001-v1:0"),
            ("claude-opus-5", "cn-north-1", "anthropic.claude-opus-5"),
        ])
    func geographies(name: String, region: String, id: String) { #expect(names(region).id(for: name).id == id) }

    @Test(
        "ids and ARNs are used as they are",
        arguments: [
            "anthropic.claude-opus-4-6-v1", "us.amazon.nova-2-lite-v1:0", "meta.llama4-scout-17b-instruct-v1:0",
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123",
        ])
    func asGiven(id: String) {
        #expect(names("eu-central-1", ["BEDROCK_MODEL_ID": "other.model"]).id(for: id).id == id)
    }

    @Test("the long context window is asked for by a suffix that no id has")
    func suffix() {
        #expect(names().id(for: "claude-sonnet-4-6[1m]") == ("eu.anthropic.claude-sonnet-4-6", true))
        #expect(names().id(for: "us.anthropic.claude-sonnet-4-6[1M]") == ("us.anthropic.claude-sonnet-4-6", true))
        let mapped = names("eu-central-1", ["BEDROCK_MODEL_ID_SONNET": "eu.anthropic.claude-sonnet-4-6[1m]"])
        #expect(mapped.id(for: "claude-sonnet-4-5") == ("eu.anthropic.claude-sonnet-4-6", true))
    }

    @Test("variables name the model, for all or for one tier")
    func variables() {
        let map = names("eu-central-1", ["BEDROCK_MODEL_ID": "a.b", "BEDROCK_MODEL_ID_HAIKU": "a.c"])
        #expect(map.id(for: "claude-opus-5").id == "a.b")
        #expect(map.id(for: "claude-haiku-4-5-20251001").id == "a.c")
        #expect(map.id(for: "my-model").id == "my-model")
    }

    @Test(
        "BEDROCK_GEOGRAPHY chooses another geography, or none",
        arguments: [("global", "global.anthropic.claude-opus-5"), ("none", "anthropic.claude-opus-5")])
    func override(value: String, id: String) {
        #expect(names("eu-central-1", ["BEDROCK_GEOGRAPHY": value]).id(for: "claude-opus-5").id == id)
    }

    @Test(
        "a model's maker and version are read from its id",
        arguments: [
            ("anthropic.claude-3-5-sonnet-20241022-v2:0", BedrockModel.Family.claude(major: 3, minor: 5)),
            ("us.anthropic.claude-opus-4-6-v1", .claude(major: 4, minor: 6)),
            ("global.anthropic.claude-opus-5", .claude(major: 5, minor: 0)),
            ("anthropic.claude-sonnet-4-20250514-v1:0", .claude(major: 4, minor: 0)),
            ("anthropic.claude-v2", .claude(major: 1, minor: 0)),
            ("eu.amazon.nova-2-lite-v1:0", .nova(generation: 2)), ("amazon.nova-pro-v1:0", .nova(generation: 1)),
            ("openai.gpt-oss-120b-1:0", .gptOSS), ("qwen.qwen3-32b-v1:0", .qwen), ("meta.llama4-v1:0", .other),
            ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-8", .claude(major: 4, minor: 8)),
            ("arn:aws:bedrock:us-east-1:1:application-inference-profile/ab12", .claude(major: .max, minor: 0)),
        ])
    func families(id: String, family: BedrockModel.Family) { #expect(BedrockModel(id).family == family) }
}
