#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The few files the command itself reads and makes.
enum Files {
    /// The whole of a regular file, or the system's reason why it cannot be read.
    static func read(_ path: String) -> Result<[UInt8], Unreadable> {
        let fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard fd >= 0 else { return .failure(.system()) }
        defer { close(fd) }
        var info = stat()
        guard fstat(fd, &info) == 0 else { return .failure(.system()) }
        guard info.st_mode & S_IFMT == S_IFREG else { return .failure(Unreadable(reason: "not a regular file")) }
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = systemRead(fd, &room)
            if count == 0 { return .success(bytes) }
            if count < 0, errno != EINTR { return .failure(.system()) }
            bytes += room.prefix(max(0, count))
        }
    }

    private static func systemRead(_ fd: Int32, _ room: inout [UInt8]) -> Int {
        room.withUnsafeMutableBytes { buffer in
            #if canImport(Glibc)
                Glibc.read(fd, buffer.baseAddress, buffer.count)
            #else
                Darwin.read(fd, buffer.baseAddress, buffer.count)
            #endif
        }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// How many bytes a file holds; nil when there is none.
    static func size(_ path: String) -> Int? {
        var found = stat()
        return stat(path, &found) == 0 ? Int(found.st_size) : nil
    }

    /// What stands behind the last slash.
    static func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// False when the file stays.
    static func remove(_ path: String) -> Bool { unlink(path) == 0 }

    /// Makes a directory and those above it, for this user alone.
    static func makeDirectory(_ path: String) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            mkdir(made, 0o700)
        }
    }

    /// Writes a file that must not exist yet, for this user alone. False when that fails, `errno` says why.
    static func create(_ path: String, _ bytes: [UInt8]) -> Bool {
        let fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard fd >= 0 else { return false }
        defer { close(fd) }
        return Output.write(bytes, to: fd)
    }
}

/// Why a file cannot be read.
struct Unreadable: Error, Equatable {
    let reason: String

    /// What the last failing call left in `errno`.
    static func system() -> Unreadable { Unreadable(reason: String(cString: strerror(errno))) }
}

/// The key under which traces mark secrets: equal secrets look equal in all traces of one user, and nowhere else.
enum RedactKey {
    static let length = 32

    /// The key kept in the state directory, made there if it is not yet. When it can be neither read nor kept, a key for
    /// this run alone, and a note for the user.
    static func load(_ directory: String, random: (Int) -> [UInt8]) -> (key: [UInt8], note: String?) {
        let path = directory + "/redact.key"
        if let known = usable(path) { return (known, nil) }
        Files.makeDirectory(directory)
        let fresh = random(length)
        if Files.create(path, fresh) { return (fresh, nil) }
        if let made = usable(path) { return (made, nil) }  // another process was faster
        return (fresh, "\(path) cannot be kept: redacted secrets of this trace cannot be compared with other traces'")
    }

    private static func usable(_ path: String) -> [UInt8]? {
        guard let key = try? Files.read(path).get(), key.count == length else { return nil }
        return key
    }
}
