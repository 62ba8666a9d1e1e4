/// Sizes ("64M") and durations ("15s") as flags and variables spell them.
enum Quantity {
    /// Bytes: a whole number, then nothing, `K`, `M` or `G` (steps of 1024; `KB` and `KiB` mean the same).
    static func bytes(_ text: String) -> Int? {
        let (number, spelled) = split(text)
        let unit =
            spelled.hasSuffix("ib") ? spelled.dropLast(2) : spelled.hasSuffix("b") ? spelled.dropLast() : spelled[...]
        let shifts = ["": 0, "k": 10, "m": 20, "g": 30]
        guard let value = Int(number), let shift = shifts[String(unit)] else { return nil }
        let (bytes, overflow) = value.multipliedReportingOverflow(by: 1 << shift)
        return overflow ? nil : bytes
    }

    /// The longest time: 500 hours.
    static let mostMilliseconds = 1_800_000_000
    static let mostTime = "500h"

    /// Milliseconds: a number with `ms`, `s`, `m` or `h`; without a unit it means seconds. Nil beyond ``mostMilliseconds``.
    static func milliseconds(_ text: String) -> Int? {
        let (number, unit) = split(text)
        let factors = ["ms": 1.0, "": 1000, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000]
        guard let value = Double(number), let factor = factors[unit], value.isFinite, value >= 0 else { return nil }
        let milliseconds = (value * factor).rounded()
        return milliseconds <= Double(mostMilliseconds) ? Int(milliseconds) : nil
    }

    /// Digits (and a point) first, the unit in lower case behind them.
    private static func split(_ text: String) -> (number: String, unit: String) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(number.count).drop { $0 == " " }
        return (String(number), unit.lowercased())
    }
}
