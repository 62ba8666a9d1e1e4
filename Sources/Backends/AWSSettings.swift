#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept

/// Variables and shared files of AWS together: which profile counts, and what it says.
struct AWSSettings: Sendable {
    let environment: Environment
    let profiles: AWSProfiles
    /// The profile that counts.
    let profile: String
    /// By what it was chosen, for messages: "AWS_PROFILE", "default"
    let profileReason: String
    let files: AWSFiles

    /// - Throws: for a file that is none, and for a profile that a variable names and no file has.
    init(_ environment: Environment, _ files: AWSFiles = .system) throws(ConfigError) {
        self.environment = environment
        self.files = files
        profiles = try Self.read(environment, files)
        if let (name, entry) = environment.first("AWS_PROFILE", "AWS_DEFAULT_PROFILE") {
            profile = entry.value
            profileReason = name
            if profiles.profiles[entry.value] == nil { throw Self.unknown(name, entry, profiles) }
        } else if profiles.profiles["saml"] != nil {
            profile = "saml"
            profileReason = "it exists and AWS_PROFILE is not set"
        } else {
            profile = "default"
            profileReason = "default"
        }
    }

    /// A property of the profile; empty ones count as absent.
    subscript(_ property: String) -> String? {
        guard let value = profiles.profiles[profile]?[property], !value.isEmpty else { return nil }
        return value
    }

    /// The files once more: other tools write new keys into them.
    func readAgain() throws(ConfigError) -> AWSSettings { try AWSSettings(environment, files) }

    private static func read(_ environment: Environment, _ files: AWSFiles) throws(ConfigError) -> AWSProfiles {
        let config = path(environment, "AWS_CONFIG_FILE", "config")
        let credentials = path(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials")
        func text(_ path: String?) -> String {
            path.flatMap { files.read($0) }.map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        do { return try AWSProfiles(config: text(config), credentials: text(credentials)) } catch {
            let isConfig = (try? AWSProfiles(config: text(config), credentials: "")) == nil
            throw ConfigError("\((isConfig ? config : credentials) ?? "the AWS files"), \(error)")
        }
    }

    /// Where a file is; nil without a home.
    static func path(_ environment: Environment, _ variable: String, _ name: String) -> String? {
        let home = home(environment)
        guard let named = environment[variable] else { return home.map { "\($0)/.aws/\(name)" } }
        guard named.hasPrefix("~/"), let home else { return named }
        return home + named.dropFirst(1)
    }

    static func home(_ environment: Environment) -> String? { environment["HOME"] ?? environment["USERPROFILE"] }

    private static func unknown(
        _ variable: String, _ entry: Environment.Entry, _ profiles: AWSProfiles
    ) -> ConfigError {
        let known = profiles.profiles.keys.sorted().prefix(8).joined(separator: ", ")
        let hint = known.isEmpty ? "no file has a profile; run aws configure" : "there are \(known)"
        return ConfigError(
            "\(variable)=\(entry.value) (\(entry.source)): no such profile in ~/.aws/config or ~/.aws/credentials; \(hint)"
        )
    }
}

/// How files are read: the edge of all that is about AWS's files.
struct AWSFiles: Sendable {
    /// The whole file; nil when it cannot be read.
    let read: @Sendable (String) -> [UInt8]?
    /// Replaces a file at once, for this user alone; false when it stays as it was.
    let write: @Sendable (String, [UInt8]) -> Bool

    init(
        read: @escaping @Sendable (String) -> [UInt8]?,
        write: @escaping @Sendable (String, [UInt8]) -> Bool = { _, _ in false }
    ) {
        self.read = read
        self.write = write
    }

    static let system = AWSFiles(read: readFile, write: replaceFile)

    private static func replaceFile(_ path: String, _ bytes: [UInt8]) -> Bool {
        let new = "\(path).\(getpid())"
        let fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard fd >= 0 else { return false }
        let isWhole = bytes.withUnsafeBytes { systemWrite(fd, $0.baseAddress, $0.count) } == bytes.count
        guard close(fd) == 0, isWhole, rename(new, path) == 0 else {
            unlink(new)
            return false
        }
        return true
    }

    private static func readFile(_ path: String) -> [UInt8]? {
        let fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < mostBytes {
            let count = room.withUnsafeMutableBytes { systemRead(fd, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            if count < 0, errno != EINTR { return nil }
            bytes += room.prefix(max(0, count))
        }
        return nil
    }

    /// No file of AWS's is longer than this.
    private static let mostBytes = 4 << 20

    private static func systemWrite(_ fd: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.write(fd, bytes, count)
        #else
            Darwin.write(fd, bytes, count)
        #endif
    }

    private static func systemRead(_ fd: Int32, _ room: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.read(fd, room, count)
        #else
            Darwin.read(fd, room, count)
        #endif
    }
}
