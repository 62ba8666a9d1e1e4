#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How many descriptors this process may have, and what follows for its connections: each may need another one to the
/// model service.
enum Descriptors {
    /// What the process needs beside its connections: traces, pipes, the loop itself.
    private static let others = 64

    /// Connections that `limit` descriptors are enough for.
    static func connections(_ limit: Int) -> Int { max(8, (limit - others) / 2) }

    /// The system's limit for this process.
    static var limit: Int {
        var limits = rlimit()
        guard get(&limits) else { return 256 }
        return Int(clamping: limits.rlim_cur)
    }

    /// Asks for as many as `connections` need. Programs that are started later inherit it.
    static func raise(for connections: Int) {
        var limits = rlimit()
        guard get(&limits) else { return }
        let wanted = min(limits.rlim_max, rlim_t(connections * 2 + others))
        guard wanted > limits.rlim_cur else { return }
        limits.rlim_cur = wanted
        #if os(Linux)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        #else
            setrlimit(RLIMIT_NOFILE, &limits)
        #endif
    }

    private static func get(_ limits: inout rlimit) -> Bool {
        #if os(Linux)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0
        #else
            getrlimit(RLIMIT_NOFILE, &limits) == 0
        #endif
    }
}
