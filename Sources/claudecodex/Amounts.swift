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

    static func tenths(_ value: Int, _ unit: Int) -> String {
        let tenths = (value * 10 + unit / 2) / unit
        return "\(tenths / 10).\(tenths % 10)"
    }
}
