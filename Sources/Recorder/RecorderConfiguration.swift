
/// What a recorder is told, what it tells about itself, and why it cannot begin.
public import Intercept

public struct RecorderConfiguration: Sendable {
    /// How trace files are named.
    public enum File: Sendable, Equatable {
        /// `YYYY-MM-DD.jsonl`, another file each day (UTC) and after each 256 MB; closed files are compressed.
        case daily
        /// `run-ID.jsonl`, one file for one run.
        case run(String)
        /// One file of exactly this name.
        case named(String)
    }

    /// How request bodies are kept.
    public enum Mode: String, Sendable {
        /// Every body whole.
        case full
        /// As the difference from an earlier body of the session.
        case delta
    }

    /// Where the files are; made (0700) if it is missing.
    public var directory: String
    public var file: File
    public var mode: Mode
    public var redact: RedactionLevel
    /// The key under which secrets become digits: 32 random bytes, kept by the installation.
    public var redactKey: [UInt8]
    public var program: String
    public var version: String
    public var backend: String
    /// What answers cost.
    public var prices = PriceList()
    /// Variables that decide how the backend translates, in this order: see `Backend.translationVariables`.
    public var settings: [(name: String, value: String)] = []
    /// Bytes that may wait for the writer; above it moments are dropped by rank.
    public var queueLimit: Int
    /// Size at which a daily file is closed, in bytes.
    public var fileLimit: Int
    /// The recorded session that answers in this trace.
    public var replayOf: ReplayOrigin?
    /// Bytes of one exchange's streams that may wait for its answer before they are written.
    var streamLimit = 1 << 20
    /// Whose recording becomes a trace, and the file it was in; nil for what is recorded here.
    var source: (program: String, file: String)?

    public init(
        directory: String, file: File = .daily, mode: Mode = .delta, redact: RedactionLevel = .tokens,
        redactKey: [UInt8], program: String, version: String, backend: String, queueLimit: Int = 32 << 20,
        fileLimit: Int = 256 << 20
    ) {
        self.directory = directory
        self.file = file
        self.mode = mode
        self.redact = redact
        self.redactKey = redactKey
        self.program = program
        self.version = version
        self.backend = backend
        self.queueLimit = queueLimit
        self.fileLimit = fileLimit
    }
}

/// What a replay answers from, as `meta` names it.
public struct ReplayOrigin: Sendable, Equatable {
    /// Names of the trace's files.
    public var files: [String]
    /// The only session of them that answers.
    public var session: String?
    /// After so many requests the backend is asked: the trace is a fork.
    public var forkAfter: Int?

    public init(files: [String], session: String? = nil, forkAfter: Int? = nil) {
        self.files = files
        self.session = session
        self.forkAfter = forkAfter
    }

    /// `"replay_of":{"files":["run-….jsonl"],"session":"…","fork_after":3}`
    func write(into out: inout JSONWriter) {
        out.key("replay_of")
        out.beginObject()
        out.key("files")
        out.beginArray()
        for file in files { out.string(file) }
        out.endArray()
        out.field("session", ifPresent: session)
        out.field("fork_after", ifPresent: forkAfter)
        out.endObject()
    }
}

/// What a recorder has done so far, for `/health`.
public struct RecorderStatistics: Sendable, Equatable {
    /// Lines in the trace.
    public var records = 0
    /// Stretches of streams that were left out because the queue was full.
    public var droppedEvents = 0
    /// Bodies that were left out because the queue was full; their records stayed.
    public var droppedBodies = 0
    /// Fields that were left out because redaction could not vouch for them.
    public var redactionFailures = 0
    /// Records that could not be written.
    public var lost = 0
    /// Bytes waiting for the writer.
    public var queueBytes = 0
    /// Why the last write failed; nil once writing works again.
    public var lastError: String?
}

/// Why a trace cannot be written or read: names the path, what was seen, and what to do.
public struct TraceError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
