#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept

/// What the place where we write to can show.
struct Terminal: Equatable {
    let isTerminal: Bool
    let hasColor: Bool
    /// Characters in a line; nil when it does not matter.
    let columns: Int?

    /// `color` is auto, always or never; `width` is what the terminal itself says.
    init(color: String, isTerminal: Bool, width: Int?, _ environment: Environment) {
        self.isTerminal = isTerminal && environment["TERM"] != "dumb"
        hasColor =
            switch color {
            case "always": true
            case "never": false
            default: Self.automatic(isTerminal: self.isTerminal, environment)
            }
        let wanted = environment["COLUMNS"].flatMap(Int.init).flatMap { $0 >= 20 ? $0 : nil }
        columns = wanted ?? (self.isTerminal ? width : nil)
    }

    /// NO_COLOR wins over FORCE_COLOR, as its convention asks.
    private static func automatic(isTerminal: Bool, _ environment: Environment) -> Bool {
        if environment["NO_COLOR"] != nil { return false }
        if let force = environment["FORCE_COLOR"] ?? environment["CLICOLOR_FORCE"] { return force != "0" }
        return isTerminal
    }

    /// What this process sees at a descriptor.
    static func current(_ fd: Int32, color: String, _ environment: Environment) -> Terminal {
        var size = winsize()
        let hasSize = ioctl(fd, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return Terminal(
            color: color, isTerminal: isatty(fd) == 1, width: hasSize ? Int(size.ws_col) : nil, environment)
    }

    enum Color: String {
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
        case dim = "2"
    }

    func paint(_ text: String, _ color: Color) -> String {
        hasColor && !text.isEmpty ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
    }
}
