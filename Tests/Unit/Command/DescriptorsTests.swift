/// Descriptors and what they are enough for.
import Testing

@testable import claudecodex

@Suite struct DescriptorsTests {
    @Test(
        "a connection may need two descriptors, and some are for other things",
        arguments: [(1024, 480), (256, 96), (8256, 4096), (10, 8), (0, 8)])
    func connections(limit: Int, count: Int) { #expect(Descriptors.connections(limit) == count) }

    @Test("the system's limit is known") func limit() { #expect(Descriptors.limit > 0) }
}
