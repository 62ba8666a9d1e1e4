#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept

/// What the system says about a file or a directory, without opening it.
struct FileFacts: Equatable {
    let isDirectory: Bool
    /// Permission bits: `0o700`.
    let mode: UInt32
    let bytes: Int
    /// When it was last written.
    let modified: Timestamp
    let isWritable: Bool
    /// Device and number: the same for all names of one file.
    let identity: [UInt64]

    /// Nil when there is no such file.
    init?(_ path: String) {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        isDirectory = info.st_mode & S_IFMT == S_IFDIR
        mode = UInt32(info.st_mode) & 0o7777
        bytes = Int(info.st_size)
        #if os(Linux)
            let time = info.st_mtim
        #else
            let time = info.st_mtimespec
        #endif
        modified = Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
        identity = [UInt64(truncatingIfNeeded: info.st_dev), UInt64(info.st_ino)]
        isWritable = access(path, isDirectory ? W_OK | X_OK : W_OK) == 0
    }

    /// Others than the owner may read it.
    var isOpenToOthers: Bool { mode & 0o077 != 0 }

    /// `0750`
    var shownMode: String { "0" + String(mode & 0o777, radix: 8) }

    /// Bytes that this user may still write where a path is.
    static func freeBytes(_ path: String) -> Int? {
        var info = statvfs()
        guard statvfs(path, &info) == 0 else { return nil }
        return Int(info.f_bavail) * Int(info.f_frsize)
    }

    /// Why the system does not let us make the first directory of `path` that is missing in `parent`; nil when it does. It is
    /// made and removed again: permissions alone do not say it.
    static func refusal(of path: String, in parent: String) -> String? {
        let rest = path.hasPrefix(parent) && parent != "." ? path.dropFirst(parent.count) : path[...]
        guard let name = rest.split(separator: "/").first else { return nil }
        let first = parent + "/" + name
        guard mkdir(first, 0o700) == 0 else { return errno == EEXIST ? nil : String(cString: strerror(errno)) }
        rmdir(first)
        return nil
    }

    /// The nearest directory above a path, or the path itself, that exists.
    static func existingParent(_ path: String) -> String {
        var path = path
        while FileFacts(path) == nil {
            guard let slash = path.lastIndex(of: "/") else { return "." }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
        return path
    }
}
