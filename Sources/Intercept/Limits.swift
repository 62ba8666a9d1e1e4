/// What the proxy bears and how long it waits. Times in milliseconds, sizes in bytes. `docs/security.md` lists all of them;
/// a test compares.
public struct Limits: Sendable, Equatable {
    /// The longest request body, packed or unpacked.
    public var maxBody = 64 << 20
    /// The bodies of all requests that are being read or answered, together.
    public var maxBodies = 1 << 30
    /// How many times its packed size a body may have unpacked ...
    public var inflation = 250
    /// ... unless it has no more bytes than this.
    public var freeInflation = 4 << 20
    public var head = HeadLimits()
    /// From the first byte of a request head to its end.
    public var headTimeoutMS = 10_000
    /// Without a byte of a request body, and the lead that a slow body gets.
    public var bodyTimeoutMS = 30_000
    /// Bytes of a request body in a second, once the lead is used up.
    public var bodyRate = 1000
    /// A connection between two requests.
    public var keepAliveMS = 300_000
    /// A client that does not take what is written.
    public var writeTimeoutMS = 300_000
    public var connectTimeoutMS = 10_000
    /// From sending a request to the first byte of the upstream's answer.
    public var firstByteTimeoutMS = 600_000
    /// Without a byte in the middle of an answer.
    public var idleTimeoutMS = 300_000
    /// After this much silence of the upstream a stream gets a `ping`. 0: never.
    public var pingIntervalMS = 15_000
    /// How long open exchanges may take to finish when the proxy is told to stop.
    public var drainMS = 600_000
    /// The longest answer, packed or unpacked: it is kept whole until it ends.
    public var maxAnswer = 256 << 20
    /// The longest arguments of one tool call.
    public var maxToolCall = 8 << 20
    /// Connections of clients. One more takes the place of the one that has been idle for longest.
    public var maxConnections = 4096
    /// Requests being answered at once.
    public var maxExchanges = 2048
    /// The command of `--web-search`, from its start to its end.
    public var searchTimeoutMS = 30_000
    /// Bytes that it may write.
    public var maxSearch = 1 << 20

    public init() {}

    /// A time in words: `600 s`, `60 ms`.
    static func words(_ milliseconds: Int) -> String {
        milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }

    /// How often deadlines must be looked at so that the shortest is not missed by much.
    var tickMS: Int {
        let times = [
            headTimeoutMS, bodyTimeoutMS, keepAliveMS, writeTimeoutMS, firstByteTimeoutMS, idleTimeoutMS,
            pingIntervalMS,
        ]
        return max(10, min(1000, (times.filter { $0 > 0 }.min() ?? 1000) / 4))
    }
}
