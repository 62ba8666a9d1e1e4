#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A command that answers one question: bytes to its stdin, bytes from its stdout, and it must end in time. It runs in a
/// process group of its own, which is ended when the answer takes too long or too much room, or when the client has gone.
/// The loop goes on meanwhile. Belongs to the loop's thread.
public final class Subprocess: @unchecked Sendable {
    /// How it ended.
    public enum Ending: Sendable, Equatable {
        case exited(Int32)
        case killed(signal: Int32)
        case timedOut
        case tooMuch
        case clientGone
        /// It could not be started: `errno`.
        case notStarted(Int32)
    }

    public struct Answer: Sendable {
        public var ending: Ending
        public var output: [UInt8]
        /// The end of what it said on stderr.
        public var complaint: [UInt8]
    }

    /// What may be written to its stdin: what every pipe takes at once.
    public static let mostInput = 16 << 10
    private static let mostComplaint = 2000
    /// From the request to end to the end by force.
    private static let graceMS = 300

    private let loop: EventLoop
    private let most: Int
    private var id: pid_t = 0
    private var output: [UInt8] = []
    private var complaint: [UInt8] = []
    private var open = 0
    /// Why it was ended, if it did not end by itself.
    private var verdict: Ending?
    private var timers: [Timer] = []
    private var waiter: UnsafeContinuation<Ending, Never>?

    private init(_ loop: EventLoop, most: Int) {
        self.loop = loop
        self.most = most
    }

    /// Runs a command and gives what it said.
    ///
    /// - Parameters:
    ///   - words: The program and its arguments; no shell reads them.
    ///   - input: At most ``mostInput`` bytes.
    ///   - variables: `NAME=value` entries beside those of this process.
    ///   - most: Bytes of output.
    public static func run(
        _ words: [String], input: [UInt8], variables: [String], milliseconds: Int, most: Int, for exchange: Exchange,
        on loop: EventLoop
    ) async -> Answer {
        let command = Subprocess(loop, most: most)
        let ending = await command.run(words, input, variables, milliseconds, exchange)
        return Answer(ending: ending, output: command.output, complaint: command.complaint)
    }

    private func run(
        _ words: [String], _ input: [UInt8], _ variables: [String], _ milliseconds: Int, _ exchange: Exchange
    ) async -> Ending {
        precondition(input.count <= Self.mostInput, "more input than a pipe takes")
        if exchange.departure.hasHappened { return .clientGone }
        do throws(SystemError) {
            try start(words, variables, input)
        } catch {
            return .notStarted(error.code)
        }
        timers.append(loop.after(milliseconds: milliseconds) { [self] in end(.timedOut) })
        exchange.departure.tell { [self] in end(.clientGone) }
        let ending = await withUnsafeContinuation { waiter = $0 }
        exchange.departure.tell(nil)
        for timer in timers { loop.cancel(timer) }
        timers = []
        return ending
    }

    private func start(_ words: [String], _ variables: [String], _ input: [UInt8]) throws(SystemError) {
        let (stdin, stdout, stderr) = (try ChildPipe(), try ChildPipe(), try ChildPipe())
        let entries = CStrings.environment() + variables.map { Array($0.utf8) }
        var actions = FileActions()
        actions.put(stdin.readEnd, at: STDIN_FILENO)
        actions.put(stdout.writeEnd, at: STDOUT_FILENO)
        actions.put(stderr.writeEnd, at: STDERR_FILENO)
        let code = actions.spawn(&id, words, entries)
        for end in [stdin.readEnd, stdout.writeEnd, stderr.writeEnd] { close(end) }
        guard code == 0 else {
            for end in [stdin.writeEnd, stdout.readEnd, stderr.readEnd] { close(end) }
            throw SystemError("posix_spawn", code: code)
        }
        Descriptor.prepare(stdin.writeEnd)
        // A command that does not read what it is asked has closed its end: its own affair.
        _ = input.withUnsafeBytes { write(stdin.writeEnd, $0.baseAddress, $0.count) }
        close(stdin.writeEnd)
        try follow(stdout.readEnd) { [self] in take($0) }
        try follow(stderr.readEnd) { [self] in complaint = (complaint + $0).suffix(Self.mostComplaint) }
    }

    private func follow(_ fd: Int32, _ take: @escaping ([UInt8]) -> Void) throws(SystemError) {
        Descriptor.prepare(fd)
        open += 1
        try loop.add(fd, ChildOutput(fd, loop, take) { [self] in closed() }, .read, edge: false)
    }

    private func take(_ bytes: [UInt8]) {
        guard verdict == nil else { return }
        output += bytes
        if output.count > most { end(.tooMuch) }
    }

    /// Ends the command and all that it started.
    private func end(_ why: Ending) {
        guard verdict == nil, waiter != nil else { return }
        verdict = why
        kill(-id, SIGTERM)
        timers.append(loop.after(milliseconds: Self.graceMS) { [self] in kill(-id, SIGKILL) })
        reap(after: 1)
    }

    private func closed() {
        open -= 1
        if open == 0, verdict == nil { reap(after: 1) }
    }

    /// Looks for the end of the process, soon and then less often.
    private func reap(after milliseconds: Int) {
        guard waiter != nil else { return }
        var status: Int32 = 0
        guard waitpid(id, &status, WNOHANG) == id else {
            timers.append(
                loop.after(milliseconds: milliseconds) { [self] in reap(after: min(50, milliseconds * 2)) })
            return
        }
        let signal = status & 0x7F
        let own: Ending = signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal: signal)
        // What it started must not outlive an end by force.
        if verdict != nil { kill(-id, SIGKILL) }
        waiter?.resume(returning: verdict ?? own)
        waiter = nil
    }
}

/// The two ends of a pipe of which the child gets one.
private struct ChildPipe {
    let readEnd: Int32
    let writeEnd: Int32

    init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError("pipe") }
        for end in ends { Descriptor.keep(end) }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }
}

/// Reads one stream of the child until it ends.
private final class ChildOutput: EventSource {
    private let fd: Int32
    private unowned let loop: EventLoop
    private let take: ([UInt8]) -> Void
    private let atEnd: () -> Void

    init(_ fd: Int32, _ loop: EventLoop, _ take: @escaping ([UInt8]) -> Void, atEnd: @escaping () -> Void) {
        self.fd = fd
        self.loop = loop
        self.take = take
        self.atEnd = atEnd
    }

    func ready(_ readiness: Readiness) {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = read(fd, &bytes, bytes.count)
        if count > 0 { return take(Array(bytes.prefix(count))) }
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        loop.remove(fd)
        close(fd)
        atEnd()
    }
}

/// Which descriptors a child starts with.
private struct FileActions: ~Copyable {
    #if os(Linux)
        private var actions = posix_spawn_file_actions_t()
        private var attributes = posix_spawnattr_t()
    #else
        private var actions: posix_spawn_file_actions_t?
        private var attributes: posix_spawnattr_t?
    #endif

    init() {
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETPGROUP)
        posix_spawnattr_setflags(&attributes, flags)
    }

    mutating func put(_ fd: Int32, at target: Int32) { posix_spawn_file_actions_adddup2(&actions, fd, target) }

    mutating func spawn(_ id: inout pid_t, _ words: [String], _ entries: [[UInt8]]) -> Int32 {
        CStrings.with(words.map { Array($0.utf8) }) { arguments in
            CStrings.with(entries) { posix_spawnp(&id, words[0], &actions, &attributes, arguments, $0) }
        }
    }

    deinit {
        var (actions, attributes) = (actions, attributes)
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
    }
}
