/// What the proxy bears and how long it waits. Times in milliseconds, sizes in bytes.
public struct Limits: Sendable, Equatable {
    /// The longest request body, packed or unpacked.
    public var maxBody = 64 << 20
    public var head = HeadLimits()
    /// From the first byte of a request head to its end.
    public var headTimeoutMS = 10_000
    /// Without a byte of a request body.
    public var bodyTimeoutMS = 30_000
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
    /// The longest answer that must be held in memory whole.
    public var maxAnswer = 256 << 20
    public var maxConnections = 4096

    public init() {}

    /// How often deadlines must be looked at so that the shortest is not missed by much.
    var tickMS: Int {
        let times = [headTimeoutMS, bodyTimeoutMS, keepAliveMS, firstByteTimeoutMS, idleTimeoutMS, pingIntervalMS]
        return max(10, min(1000, (times.filter { $0 > 0 }.min() ?? 1000) / 4))
    }
}
