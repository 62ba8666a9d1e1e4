/// The directory of traces and the names of the files in it.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import Intercept

struct TraceDirectory: Sendable {
    let path: String

    /// Makes the directory (0700, whatever the umask) and those above it if they are missing. A directory of ours tells
    /// version control and search tools to stay out: an agent must not find its own traces and quote them.
    func make() throws(TraceError) {
        if Self.isDirectory(path) { return }
        try makeParents()
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("cannot make the directory") }
        chmod(path, 0o700)
        for name in [".gitignore", ".ignore"] {
            let fd = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard fd >= 0 else { continue }
            let text: [UInt8] = [UInt8(ascii: "*"), 0x0A]
            let written = text.withUnsafeBytes { write(fd, $0.baseAddress, $0.count) }
            close(fd)
            if written != text.count { throw failure("cannot write \(name) in the directory") }
        }
    }

    private func makeParents() throws(TraceError) {
        var at = path.startIndex
        while let slash = path[at...].firstIndex(of: "/") {
            at = path.index(after: slash)
            let parent = String(path[..<slash])
            if parent.isEmpty || Self.isDirectory(parent) { continue }
            guard mkdir(parent, 0o700) == 0 || errno == EEXIST else { throw failure("cannot make \(parent) for") }
        }
    }

    private func failure(_ what: String) -> TraceError {
        TraceError("\(what) \(path): \(SystemCall.reason(errno)); choose another with --log-dir")
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in the directory, sorted.
    var names: [String] { allNames.filter { !$0.hasPrefix(".") } }

    /// Removes unfinished files that a process left when it was killed: this name with a number behind it. One whose lock is
    /// held is being written.
    func removeAbandoned(_ name: String) {
        for found in allNames where found.hasPrefix(name) && Int(found.dropFirst(name.count)) != nil {
            let file = "\(path)/\(found)"
            let descriptor = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(file) }
            close(descriptor)
        }
    }

    private var allNames: [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names.sorted()
    }

    /// `YYYY-MM-DD.jsonl`, and from the second file of a day on `YYYY-MM-DD_02.jsonl`: sorts in the order of writing.
    static func name(day: String, number: Int) -> String {
        number == 1 ? "\(day).jsonl" : "\(day)_\(number < 10 ? "0" : "")\(number).jsonl"
    }

    /// Whether this is a file that `name(day:number:)` made: compressed when it is no longer written.
    static func isDaily(_ name: String) -> Bool {
        guard name.hasSuffix(".jsonl") else { return false }
        let stem = Array(name.dropLast(6).utf8)
        guard stem.count == 10 || stem.count == 13 && stem[10] == UInt8(ascii: "_") else { return false }
        return stem.enumerated().allSatisfy { index, byte in
            index == 4 || index == 7 ? byte == UInt8(ascii: "-") : index == 10 || ByteClass.digit.holds(byte)
        }
    }
}

/// What the operating system said.
enum SystemCall {
    /// "No space left on device (28)"
    static func reason(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(code, &buffer, buffer.count - 1) == 0 else { return "error \(code)" }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "\(text) (\(code))"
    }
}
