/// What a translator could not carry over.
import Testing

@testable import Intercept

struct LossesTests {
    @Test(
        "the place of a loss is its path without the numbers of elements",
        arguments: [
            ("max_tokens", "max_tokens"), ("tools[3].input_schema.$schema", "tools[].input_schema.$schema"),
            ("messages[12].content[0]", "messages[].content[]"), ("", ""), ("a[", "a["), ("a]b[1", "a]b["),
        ])
    func place(path: String, place: String) { #expect(Losses.place(path) == place) }

    @Test("the same operation on the same path is noted once")
    func once() {
        var losses = Losses()
        losses.add(.drop, "top_k", "one")
        losses.add(.drop, "top_k", "two")
        losses.add(.clamp, "top_k", "three")
        #expect(losses.all.map(\.why) == ["one", "three"])
    }
}
