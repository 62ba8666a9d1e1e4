/// What a strict proxy refuses.
import Testing

@testable import Intercept

struct StrictnessTests {
    private func losses(_ all: (Losses.Operation, String)...) -> Losses {
        var losses = Losses()
        for (operation, path) in all { losses.add(operation, path, "because") }
        return losses
    }

    @Test("nothing lost, nothing refused")
    func nothing() { #expect(Losses().refusal(by: "x") == nil) }

    @Test(
        "what goes over in another form is no reason",
        arguments: [Losses.Operation.rename, .clamp, .move, .emulate])
    func otherForm(operation: Losses.Operation) {
        #expect(losses((operation, "messages[3].content[1]"), (operation, "max_tokens")).refusal(by: "x") == nil)
    }

    @Test(
        "advice may be dropped",
        arguments: [
            "output_config.effort", "speed", "service_tier", "context_management", "stream", "cache_control",
            "tools[12].input_examples", "tools[0].cache_control", "messages[3].content[0].cache_control",
        ])
    func advice(path: String) { #expect(losses((.drop, path)).refusal(by: "x") == nil) }

    @Test(
        "anything else that is dropped is refused by name",
        arguments: [
            "tools[3]", "top_k", "messages[0].content[2]", "safeguards", "mcp_servers", "a_field_of_next_year",
            "tool_choice.disable_parallel_tool_use", "tools[1].input_schema.anyOf", "output_config.format",
        ])
    func content(path: String) {
        let error = losses((.clamp, "max_tokens"), (.drop, path)).refusal(by: "openai_compatible")
        #expect(
            error?.message
                == "claudecodex --strict: 1 part of the request cannot be carried to openai_compatible: drop \(path) (because)"
        )
        #expect(error?.status == 400 && error?.type == "invalid_request_error" && error?.shouldRetry == false)
    }

    @Test("of many the first five are named and all are counted")
    func many() {
        var losses = Losses()
        for index in 0..<8 { losses.add(.drop, "tools[\(index)]", "why") }
        let message = losses.refusal(by: "x")?.message
        #expect(message?.contains(": 8 parts of the request") ?? false)
        #expect(message?.hasSuffix("drop tools[4] (why); and 3 more") ?? false)
    }
}
