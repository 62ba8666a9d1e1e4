#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A moment on the wall clock, in nanoseconds since 1970 UTC.
public struct Timestamp: Sendable, Equatable, Comparable {
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static func now() -> Timestamp { Timestamp(nanoseconds: Clock.read(CLOCK_REALTIME)) }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Milliseconds from `earlier` to this.
    public func milliseconds(since earlier: Timestamp) -> Double {
        Double(nanoseconds - earlier.nanoseconds) / 1_000_000
    }

    /// `2026-11-21T12:09:03.980Z`
    public var rfc3339: String {
        let parts = civil
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let milliseconds = Int(nanoseconds % 1_000_000_000) / 1_000_000
        let fraction =
            milliseconds < 10 ? "00\(milliseconds)" : milliseconds < 100 ? "0\(milliseconds)" : "\(milliseconds)"
        return "\(day)T\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)).\(fraction)Z"
    }

    /// `2026-11-21`, UTC.
    public var day: String {
        let parts = civil
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(parts.year)-\(two(parts.month))-\(two(parts.day))"
    }

    /// The calendar fields in UTC (days to civil date after Howard Hinnant's published algorithm).
    public var civil: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        let seconds = Int(nanoseconds / 1_000_000_000)
        let days = seconds / 86_400
        let rest = seconds % 86_400
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, day, rest / 3600, rest % 3600 / 60, rest % 60)
    }
}

/// A moment on the clock that never jumps, in nanoseconds.
public struct Monotonic: Sendable, Equatable, Comparable {
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static func now() -> Monotonic { Monotonic(nanoseconds: Clock.read(CLOCK_MONOTONIC)) }

    public static func < (left: Monotonic, right: Monotonic) -> Bool { left.nanoseconds < right.nanoseconds }

    public func advanced(byMilliseconds milliseconds: Int) -> Monotonic {
        Monotonic(nanoseconds: nanoseconds + Int64(milliseconds) * 1_000_000)
    }

    public func milliseconds(since earlier: Monotonic) -> Double {
        Double(nanoseconds - earlier.nanoseconds) / 1_000_000
    }
}

enum Clock {
    static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
