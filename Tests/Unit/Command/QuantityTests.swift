/// Sizes, durations and the short forms of numbers.
import Testing

@testable import claudecodex

@Suite struct QuantityTests {
    @Test(
        "sizes step by 1024",
        arguments: [
            ("0", 0), ("1024", 1024), ("500K", 512_000), ("64M", 67_108_864), ("64 MiB", 67_108_864),
            ("64mb", 67_108_864),
            ("1G", 1_073_741_824), ("7B", 7),
        ] as [(String, Int)])
    func sizes(_ text: String, _ bytes: Int) { #expect(Quantity.bytes(text) == bytes) }

    @Test(
        "what is no size is refused", arguments: ["", "M", "1.5M", "-1", "64X", "64M!", "9999999999999G", "1 2", "IB"])
    func badSizes(_ text: String) { #expect(Quantity.bytes(text) == nil) }

    @Test(
        "durations know ms, s, m and h; a bare number means seconds",
        arguments: [
            ("500ms", 500), ("15s", 15_000), ("15", 15_000), ("1.5s", 1500), ("10m", 600_000), ("1h", 3_600_000),
            ("0", 0),
        ] as [(String, Int)])
    func durations(_ text: String, _ milliseconds: Int) { #expect(Quantity.milliseconds(text) == milliseconds) }

    @Test("what is no duration is refused", arguments: ["", "s", "-1s", "10x", "1..5s", "99999h", "1e3"])
    func badDurations(_ text: String) { #expect(Quantity.milliseconds(text) == nil) }

    @Test(
        "token counts stay short",
        arguments: [
            (0, "0"), (999, "999"), (1000, "1.0k"), (9_249, "9.2k"), (13_840, "13.8k"), (99_949, "99.9k"),
            (99_950, "100k"),
            (212_400, "212k"), (999_499, "999k"), (999_500, "1.0M"), (1_250_000, "1.3M"),
        ] as [(Int, String)])
    func tokens(_ count: Int, _ text: String) { #expect(Amounts.tokens(count) == text) }

    @Test(
        "times stay short",
        arguments: [
            (0, "0ms"), (99.4, "99ms"), (99.6, "0.1s"), (812, "0.8s"), (12_345, "12.3s"), (123_456, "123s"),
            (3_600_000, "60m"),
            (-5, "0ms"), (.infinity, "16666667m"),
        ] as [(Double, String)])
    func times(_ milliseconds: Double, _ text: String) { #expect(Amounts.time(milliseconds) == text) }

    @Test("a percentage of nothing is none")
    func percent() {
        #expect(Amounts.percent(1, of: 3) == "33%")
        #expect(Amounts.percent(2, of: 3) == "67%")
        #expect(Amounts.percent(0, of: 0) == nil)
    }
}
