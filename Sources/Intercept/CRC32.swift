/// The checksum of zlib, gzip and AWS's event streams (CRC-32 of IEEE 802.3).
internal import CSystem

public enum CRC32 {
    /// The checksum of these bytes; of more than one piece when `before` is that of what stands in front.
    public static func of(_ bytes: Span<UInt8>, after before: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBufferPointer { UInt32(truncatingIfNeeded: crc32_z(UInt(before), $0.baseAddress, $0.count)) }
    }
}
