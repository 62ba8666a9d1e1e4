/// RFC 3339 times, quickly: what stands before the milliseconds is the same for all records of one second.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import Intercept

struct SecondText {
    private var second = Int64.min
    private var bytes: [UInt8] = []

    /// `2026-11-21T12:09:03.980Z`
    mutating func text(_ time: Timestamp) -> [UInt8] {
        let now = time.nanoseconds / 1_000_000_000
        if now != second {
            second = now
            bytes = Array(time.rfc3339.utf8)
        }
        let milliseconds = Int(time.nanoseconds / 1_000_000 % 1000)
        let end = bytes.count - 4
        guard end > 0, milliseconds >= 0 else { return Array(time.rfc3339.utf8) }
        bytes[end] = UInt8(ascii: "0") + UInt8(milliseconds / 100)
        bytes[end + 1] = UInt8(ascii: "0") + UInt8(milliseconds / 10 % 10)
        bytes[end + 2] = UInt8(ascii: "0") + UInt8(milliseconds % 10)
        return bytes
    }
}

enum ProcessIdentity {
    static var pid: Int { Int(getpid()) }
}
