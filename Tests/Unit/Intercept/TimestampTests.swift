/// Dates by the calendar.
import Testing

@testable import Intercept

struct TimestampTests {
    static let dates: [(Int64, String)] = [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_399, "2000-02-28T23:59:59.000Z"),
        (951_782_400, "2000-02-29T00:00:00.000Z"),
        (951_868_800, "2000-03-01T00:00:00.000Z"), (1_000_000_000, "2001-09-09T01:46:40.000Z"),
        (1_709_164_800, "2024-02-29T00:00:00.000Z"), (1_709_251_199, "2024-02-29T23:59:59.000Z"),
        (1_740_787_199, "2025-02-28T23:59:59.000Z"), (1_740_787_200, "2025-03-01T00:00:00.000Z"),
        (1_767_225_599, "2025-12-31T23:59:59.000Z"), (1_767_225_600, "2026-01-01T00:00:00.000Z"),
        (4_107_542_399, "2100-02-28T23:59:59.000Z"), (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        (9_223_372_036, "2262-04-11T23:47:16.000Z"),
    ]

    @Test("known moments are written as the calendar has them", arguments: dates)
    func known(seconds: Int64, text: String) {
        #expect(Timestamp(nanoseconds: seconds * 1_000_000_000).rfc3339 == text)
        #expect(Timestamp(nanoseconds: seconds * 1_000_000_000).day == String(text.prefix(10)))
    }

    @Test(
        "fractions are cut to milliseconds, not rounded",
        arguments: [
            (1, "000"), (999_999, "000"), (1_000_000, "001"), (42_000_000, "042"), (980_500_000, "980"),
            (999_999_999, "999"),
        ])
    func fraction(nanoseconds: Int64, text: String) {
        #expect(Timestamp(nanoseconds: 1_000_000_000 + nanoseconds).rfc3339 == "1970-01-01T00:00:01.\(text)Z")
    }

    @Test("differences are in milliseconds")
    func differences() {
        #expect(Timestamp(nanoseconds: 2_500_000).milliseconds(since: Timestamp(nanoseconds: 1_000_000)) == 1.5)
        let now = Monotonic(nanoseconds: 7)
        #expect(now.advanced(byMilliseconds: 3).milliseconds(since: now) == 3)
        #expect(now < now.advanced(byMilliseconds: 1) && !(now < now))
    }

    @Test("identifiers of later moments sort behind and have the form of a UUID of version 7")
    func identifiers() {
        let early = Identifier.uuid7(at: Timestamp(nanoseconds: 1_700_000_000_000_000_000))
        let late = Identifier.uuid7(at: Timestamp(nanoseconds: 1_700_000_000_001_000_000))
        #expect(early < late && early.hasPrefix("018bcfe5-6800-7"))
        #expect(early.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
        #expect("89ab".contains(early[early.index(early.startIndex, offsetBy: 19)]))
        #expect(Identifier.random(5).count == 5 && Identifier.hex([0, 255, 16]) == "00ff10")
    }
}
