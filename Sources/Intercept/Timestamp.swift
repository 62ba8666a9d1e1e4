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
        var text = Self.date(parts.year, parts.month, parts.day)
        text.append(UInt8(ascii: "T"))
        Self.append(parts.hour, digits: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        Self.append(parts.minute, digits: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        Self.append(parts.second, digits: 2, to: &text)
        text.append(UInt8(ascii: "."))
        Self.append(Int(nanoseconds % 1_000_000_000) / 1_000_000, digits: 3, to: &text)
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    /// The moment that `rfc3339` writes so, to the millisecond; nil for any other spelling, and outside the years 1970 to 2199:
    /// differences of two such moments never overflow.
    public init?(rfc3339 text: String) {
        let digits = text.utf8.map { Int($0) - 48 }
        guard digits.count == 24, text.utf8.last == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            digits[range].allSatisfy { 0...9 ~= $0 } ? digits[range].reduce(0) { $0 * 10 + $1 } : nil
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), let milli = number(20..<23),
            (1970..<2200).contains(year)
        else { return nil }
        let shifted = month > 2 ? (year, month - 3) : (year - 1, month + 9)
        let yearOfEra = shifted.0 % 400
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + (153 * shifted.1 + 2) / 5 + day - 1
        let days = shifted.0 / 400 * 146_097 + dayOfEra - 719_468
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
        self.init(nanoseconds: Int64(seconds * 1000 + milli) * 1_000_000)
    }

    /// `2026-11-21`, UTC.
    public var day: String {
        let parts = civil
        return String(decoding: Self.date(parts.year, parts.month, parts.day), as: UTF8.self)
    }

    private static func date(_ year: Int, _ month: Int, _ day: Int) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(24)
        append(year, digits: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        append(month, digits: 2, to: &text)
        text.append(UInt8(ascii: "-"))
        append(day, digits: 2, to: &text)
        return text
    }

    private static func append(_ number: Int, digits: Int, to text: inout [UInt8]) {
        var unit = digits == 4 ? 1000 : digits == 3 ? 100 : 10
        while unit > 0 {
            text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / unit % 10))
            unit /= 10
        }
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
