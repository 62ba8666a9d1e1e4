/// Which variables make a recorded request again.
import Testing

@testable import Recorder

@Suite struct RecordedVariablesTests {
    private func values(
        _ backend: String, _ url: String, settings: [String: String] = [:], isPinned: Bool = false
    ) -> [String: String] {
        RecordedVariables(
            backend: backend, url: url, model: "claude-x[1m]", upstreamModel: "m", settings: settings,
            isPinned: isPinned
        ).values
    }

    @Test("the region is the recorded one, whatever the address looks like")
    func region() {
        let url = "https://bedrock.example/model/m/converse-stream"
        let recorded = ["AWS_REGION": "eu-central-1", "BEDROCK_API": "converse"]
        for isPinned in [true, false] {
            #expect(
                values("bedrock", url, settings: recorded, isPinned: isPinned)
                    == recorded.merging([
                        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://bedrock.example", "BEDROCK_MODEL_ID": "m",
                    ]) { $1 })
        }
        let amazon = values("bedrock", "https://bedrock-runtime.us-west-2.amazonaws.com/model/m/invoke")
        #expect(amazon["AWS_REGION"] == "us-west-2" && amazon["BEDROCK_API"] == "invoke")
    }

    @Test("one exchange names its API and its model, a backend for several chooses as it was recorded")
    func pinned() {
        let url = "https://x.test/v1/responses?api-version=1"
        let settings = ["OPENAI_API": "auto"]
        let free = RecordedVariables(
            backend: "openai_compatible", url: url, model: "m[1m]", upstreamModel: "m", settings: settings)
        #expect(free.wire == .responses)
        #expect(free.values == ["OPENAI_API": "auto", "OPENAI_BASE_URL": "https://x.test/v1?api-version=1"])
        let pinned = values("openai_compatible", url, settings: settings, isPinned: true)
        #expect(pinned["OPENAI_API"] == "responses" && pinned["OPENAI_MODEL"] == "m")
        #expect(values("openai_compatible", url)["OPENAI_API"] == "responses")
    }

    @Test(
        "what speaks the Messages API is known by its backend",
        arguments: [
            ("anthropic", RecordedVariables.Wire.messages, "ANTHROPIC_UPSTREAM_URL"),
            ("bedrock", .mantle, "AWS_ENDPOINT_URL_BEDROCK_MANTLE"),
        ])
    func messages(backend: String, wire: RecordedVariables.Wire, name: String) {
        let made = RecordedVariables(
            backend: backend, url: "https://h.test/anthropic/v1/messages?beta=true", model: "m", upstreamModel: "m",
            settings: [:])
        #expect(made.wire == wire && made.values[name] == "https://h.test/anthropic")
    }
}
