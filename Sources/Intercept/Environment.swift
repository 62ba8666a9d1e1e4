/// Variables that know where they came from, so that messages can name the source and keys are never joined with
/// addresses of another origin.
public struct Environment: Sendable {
    /// Where a value was set. The higher case wins.
    public enum Source: Int, Sendable, Comparable, CustomStringConvertible {
        case defaults, dotEnv, userFile, envFile, shell, flag

        public static func < (left: Source, right: Source) -> Bool { left.rawValue < right.rawValue }

        public var description: String {
            switch self {
            case .defaults: "default"
            case .dotEnv: "./.env"
            case .userFile: "configuration file"
            case .envFile: "--env-file"
            case .shell: "shell"
            case .flag: "flag"
            }
        }
    }

    /// One variable.
    public struct Entry: Sendable, Equatable {
        public let value: String
        public let source: Source
    }

    public private(set) var entries: [String: Entry] = [:]

    public init(_ values: [String: String] = [:], source: Source = .shell) {
        for (name, value) in values { set(name, value, source) }
    }

    /// A value; empty ones count as absent.
    public subscript(_ name: String) -> String? { entry(name)?.value }

    /// The first of these names that is set: all spellings of one thing, the modern one first.
    public func first(_ names: String...) -> (name: String, entry: Entry)? {
        for name in names {
            if let entry = entry(name) { return (name, entry) }
        }
        return nil
    }

    public func entry(_ name: String) -> Entry? {
        guard let entry = entries[name], !entry.value.isEmpty else { return nil }
        return entry
    }

    /// A whole number above 0, or nil when the variable is not set.
    public func count(_ name: String) throws(ConfigError) -> Int? {
        guard let entry = entry(name) else { return nil }
        guard let value = Int(entry.value), value > 0 else {
            throw ConfigError("\(name)=\(entry.value) (\(entry.source)): expected a whole number above 0")
        }
        return value
    }

    /// Sets a variable unless a stronger source has set it.
    public mutating func set(_ name: String, _ value: String, _ source: Source) {
        if let old = entries[name], old.source > source, !old.value.isEmpty { return }
        entries[name] = Entry(value: value, source: source)
    }
}
