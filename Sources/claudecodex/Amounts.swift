/// Numbers as the lines show them: short, and of steady width.
enum Amounts {
    /// `155`, `9.2k`, `13.8k`, `212k`, `1.2M`
    static func tokens(_ count: Int) -> String {
        switch count {
        case ..<1000: "\(count)"
        case ..<99_950: tenths(count, 1000) + "k"
        case ..<999_500: "\((count + 500) / 1000)k"
        default: tenths(count, 1_000_000) + "M"
        }
    }

    /// `35ms`, `0.8s`, `12.3s`, `123s`, `12m`
    static func time(_ milliseconds: Double) -> String {
        let whole = Int(max(0, min(milliseconds, 1e12)).rounded())
        switch whole {
        case ..<100: return "\(whole)ms"
        case ..<99_950: return tenths(whole, 1000) + "s"
        case ..<600_000: return "\((whole + 500) / 1000)s"
        default: return "\((whole + 30_000) / 60_000)m"
        }
    }

    /// `81%`; of nothing, nothing.
    static func percent(_ part: Int, of whole: Int) -> String? {
        whole > 0 ? "\((part * 200 + whole) / (2 * whole))%" : nil
    }

    /// What one answer cost, in at most eight characters: `$0.0539`, `$12.34`.
    static func price(_ dollars: Double) -> String {
        if dollars > 0, dollars < 0.00005 { return "<$0.0001" }
        return dollars < 10 ? money(dollars, digits: 4) : money(dollars, digits: 2)
    }

    /// What many cost together: `$0.31`; small sums with four digits, and `+` where something more has no price.
    static func sum(_ dollars: Double, isPart: Bool = false) -> String {
        let text = dollars == 0 || dollars >= 0.1 ? money(dollars, digits: 2) : price(dollars)
        return text + (isPart ? "+" : "")
    }

    /// `$1234.50`
    private static func money(_ dollars: Double, digits: Int) -> String {
        let unit = digits == 2 ? 100 : 10_000
        let whole = Int((max(0, min(dollars, 1e11)) * Double(unit)).rounded())
        let rest = String(whole % unit)
        return "$\(whole / unit)." + String(repeating: "0", count: digits - rest.count) + rest
    }

    private static func tenths(_ value: Int, _ unit: Int) -> String {
        let tenths = (value * 10 + unit / 2) / unit
        return "\(tenths / 10).\(tenths % 10)"
    }
}
