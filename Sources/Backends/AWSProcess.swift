#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept

/// Runs the command of `credential_process`: on a thread of its own, with bounds on time and output.
///
/// A shell runs it, as in AWS's SDKs for Go, Java, JavaScript and Rust: a command with a pipe, as in AWS's own test data,
/// needs one. Only Python's splits it into words itself; a command that works there works here too unless it holds
/// letters outside of quotes that mean something to a shell, like `$`, `&` and `;`.
enum AWSProcess {
    /// How a command ended.
    struct Outcome: Sendable {
        /// The exit status; nil when it was ended by us or by a signal.
        var status: Int32?
        var output: [UInt8] = []
        var errors: [UInt8] = []
        /// Why we ended it, or why it never began.
        var problem: String?
    }

    private static let mostBytes = 1 << 20

    static func run(_ command: String, milliseconds: Int = 60_000) async -> Outcome {
        await withUnsafeContinuation { continuation in
            let job = Job(command, milliseconds, continuation)
            if !job.start() { continuation.resume(returning: Outcome(problem: "no thread could be started")) }
        }
    }

    /// What a thread needs.
    private final class Job {
        private let command: String
        private let milliseconds: Int
        private let continuation: UnsafeContinuation<Outcome, Never>

        init(_ command: String, _ milliseconds: Int, _ continuation: UnsafeContinuation<Outcome, Never>) {
            self.command = command
            self.milliseconds = milliseconds
            self.continuation = continuation
        }

        func start() -> Bool {
            #if canImport(Glibc)
                var thread = pthread_t(0)
            #else
                var thread: pthread_t?
            #endif
            let context = Unmanaged.passRetained(self)
            guard pthread_create(&thread, nil, runJob, context.toOpaque()) == 0 else {
                context.release()
                return false
            }
            #if canImport(Glibc)
                pthread_detach(thread)
            #else
                if let thread { pthread_detach(thread) }
            #endif
            return true
        }

        func run() { continuation.resume(returning: AWSProcess.runHere(command, milliseconds)) }
    }

    private static let runJob: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        if let context { Unmanaged<Job>.fromOpaque(context).takeRetainedValue().run() }
        return nil
    }

    // MARK: On the thread

    private static func runHere(_ command: String, _ milliseconds: Int) -> Outcome {
        guard let output = Pipe(), let errors = Pipe() else {
            return Outcome(problem: String(cString: strerror(errno)))
        }
        defer {
            output.close()
            errors.close()
        }
        let (id, code) = spawn(command, output.writing, errors.writing)
        guard code == 0 else { return Outcome(problem: String(cString: strerror(code))) }
        output.closeWriting()
        errors.closeWriting()
        let deadline = Deadline(milliseconds)
        var outcome = collect(output.reading, errors.reading, deadline)
        var status: Int32 = 0
        if outcome.problem == nil, !ends(id, &status, deadline) { outcome.problem = deadline.words }
        if outcome.problem == nil {
            outcome.status = status & 0x7F == 0 ? status >> 8 & 0xFF : nil
            return outcome
        }
        kill(-id, SIGKILL)
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return outcome
    }

    /// When a command must have ended.
    private struct Deadline {
        let words: String
        private let moment: Monotonic

        init(_ milliseconds: Int) {
            words = "it did not end within \(milliseconds / 1000) s"
            moment = Monotonic.now().advanced(byMilliseconds: milliseconds)
        }

        var leftMS: Double { moment.milliseconds(since: .now()) }
    }

    /// Waits for the end of a command that has closed its output.
    private static func ends(_ id: pid_t, _ status: inout Int32, _ deadline: Deadline) -> Bool {
        while true {
            let ended = waitpid(id, &status, WNOHANG)
            if ended == id || ended < 0 && errno != EINTR { return true }
            if deadline.leftMS <= 0 { return false }
            usleep(2_000)
        }
    }

    /// Starts the command in a process group of its own.
    private static func spawn(_ command: String, _ output: Int32, _ errors: Int32) -> (pid_t, Int32) {
        #if canImport(Glibc)
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #else
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var words: [UnsafeMutablePointer<CChar>?] = []
        for word: String in ["sh", "-c", command] { words.append(strdup(word)) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var id: pid_t = 0
        let code = posix_spawn(&id, "/bin/sh", &actions, &attributes, words, environ)
        return (id, code)
    }

    /// Reads both ends until they are closed, for so long and so much.
    private static func collect(_ output: Int32, _ errors: Int32, _ deadline: Deadline) -> Outcome {
        var outcome = Outcome()
        var open = [output, errors]
        var room = [UInt8](repeating: 0, count: 16_384)
        while !open.isEmpty {
            let left = deadline.leftMS
            guard left > 0 else {
                outcome.problem = deadline.words
                return outcome
            }
            var ends = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            poll(&ends, nfds_t(ends.count), Int32(left.rounded(.up)))
            for end in ends where end.revents != 0 {
                let count = read(end.fd, &room, room.count)
                if count <= 0 { open.removeAll { $0 == end.fd } }
                if end.fd == output { outcome.output += room.prefix(max(0, count)) }
                if end.fd == errors { outcome.errors += room.prefix(max(0, count)) }
            }
            if outcome.output.count + outcome.errors.count > mostBytes {
                outcome.problem = "it printed more than \(mostBytes) bytes"
                return outcome
            }
        }
        return outcome
    }

    /// Two ends of a pipe that other programs do not inherit.
    private final class Pipe {
        let reading: Int32
        private(set) var writing: Int32

        init?() {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { return nil }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            (reading, writing) = (ends[0], ends[1])
        }

        func closeWriting() {
            #if canImport(Glibc)
                if writing >= 0 { Glibc.close(writing) }
            #else
                if writing >= 0 { Darwin.close(writing) }
            #endif
            writing = -1
        }

        func close() {
            closeWriting()
            #if canImport(Glibc)
                Glibc.close(reading)
            #else
                Darwin.close(reading)
            #endif
        }
    }
}

extension AWSKeyFetch {
    /// The keys that a command prints: `{"Version":1,"AccessKeyId":…}`.
    func run(_ command: String) async throws -> AWSKeys {
        let outcome = await AWSProcess.run(command)
        let said = HTTPFields.trim(String(decoding: outcome.errors.prefix(300), as: UTF8.self).filter { !$0.isNewline })
        let tail = said.isEmpty ? "" : ": \(said)"
        if let problem = outcome.problem { throw AWSKeyError("credential_process gave no keys: \(problem)\(tail)") }
        guard outcome.status == 0 else {
            let how = outcome.status.map { "it exited with \($0)" } ?? "it was ended by a signal"
            throw AWSKeyError("credential_process gave no keys: \(how)\(tail)")
        }
        guard let json = try? JSON.parse(outcome.output), json.isObject else {
            throw AWSKeyError("credential_process printed no JSON object")
        }
        guard json["Version"]?.int == 1 else {
            throw AWSKeyError("credential_process: expected \"Version\": 1 in what it prints")
        }
        return try Self.keys(outcome.output, "credential_process")
    }
}
