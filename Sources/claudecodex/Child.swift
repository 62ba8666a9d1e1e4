/// Starts the command of `run`, sends it signals, learns how it ended.
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept

/// How a command ended.
enum Ending: Equatable {
    case exited(Int32)
    case killed(signal: Int32)
    /// Waits for SIGCONT.
    case stopped

    /// Reads what waitpid(2) reports.
    init(status: Int32) {
        switch status & 0x7F {
        case 0: self = .exited((status >> 8) & 0xFF)
        case 0x7F: self = .stopped
        case let signal: self = .killed(signal: signal)
        }
    }

    /// As shells report it.
    var code: Int32 {
        switch self {
        case .exited(let code): code
        case .killed(let signal): 128 + signal
        case .stopped: 0
        }
    }
}

/// The command that `run` runs, in this terminal and process group.
struct Child {
    let id: pid_t

    /// - Parameters:
    ///   - environment: `NAME=value` entries.
    ///   - inherited: What this process changed for itself and the command gets back.
    /// - Throws: 127 when the command is not found, 126 when it cannot be executed.
    static func start(_ command: [String], environment: [[UInt8]], _ inherited: Inherited) throws(Failure) -> Child {
        #if os(Linux)
            var attributes = posix_spawnattr_t()
        #else
            var attributes: posix_spawnattr_t?
        #endif
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        if !inherited.ignoredPipe {
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGPIPE)
            posix_spawnattr_setsigdefault(&attributes, &signals)
            posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        }
        let ours = umask(inherited.mask)
        defer { umask(ours) }
        var id: pid_t = 0
        let code = CStrings.with(command.map { Array($0.utf8) }) { arguments in
            CStrings.with(environment) { posix_spawnp(&id, command[0], nil, &attributes, arguments, $0) }
        }
        if code != 0 { throw failure(code, command[0]) }
        return Child(id: id)
    }

    private static func failure(_ code: Int32, _ name: String) -> Failure {
        let why = "\(name): \(String(cString: strerror(code)))"
        switch code {
        case ENOENT: return Failure(.notFound, "\(name): command not found")
        case EACCES, ENOEXEC, EISDIR, ENOTDIR: return Failure(.notExecutable, why)
        default: return Failure(.runFailed, why)
        }
    }

    /// What became of it, if anything new did.
    func poll() -> Ending? {
        var status: Int32 = 0
        return waitpid(id, &status, WNOHANG | WUNTRACED) == id ? Ending(status: status) : nil
    }

    func send(_ signal: Int32) { kill(id, signal) }
}

/// What was set for this process before it changed it for itself.
struct Inherited {
    let mask: mode_t
    let ignoredPipe: Bool
}
