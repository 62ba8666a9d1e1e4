#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import Synchronization

/// Identifiers that we make.
public enum Identifier {
    /// Random bytes from the system, drawn in advance: a system call for each identifier would cost more than all the rest.
    private static let pool = Mutex<[UInt8]>([])
    private static let digits = Array("0123456789abcdef".utf8)

    /// A UUIDv7: sorts by time.
    public static func uuid7(at time: Timestamp = .now()) -> String {
        var bytes = random(16)
        let milliseconds = UInt64(time.nanoseconds / 1_000_000)
        for index in 0..<6 { bytes[index] = UInt8(truncatingIfNeeded: milliseconds >> (40 - 8 * UInt64(index))) }
        bytes[6] = bytes[6] & 0x0F | 0x70
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, byte) in bytes.enumerated() {
            if index == 4 || index == 6 || index == 8 || index == 10 { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Random bytes that nobody can guess.
    public static func random(_ count: Int) -> [UInt8] {
        pool.withLock { pool in
            while pool.count < count { pool += fresh() }
            let bytes = Array(pool.suffix(count))
            pool.removeLast(count)
            return bytes
        }
    }

    /// As many bytes as the system gives at once; eight of them where it gives none that way.
    private static func fresh() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 256)
        if getentropy(&bytes, bytes.count) == 0 { return bytes }
        var generator = SystemRandomNumberGenerator()
        return withUnsafeBytes(of: generator.next()) { Array($0) }
    }

    public static func hex(_ bytes: some Sequence<UInt8>) -> String {
        var out: [UInt8] = []
        for byte in bytes {
            out.append(digits[Int(byte >> 4)])
            out.append(digits[Int(byte & 15)])
        }
        return String(decoding: out, as: UTF8.self)
    }
}
