/// SHA-256 (FIPS 180-4) and HMAC (FIPS 198-1) as values: bytes go in piece by piece, a copy is a checkpoint.
internal import CSystem

/// A hash in progress. Copying it keeps the state reached so far, so that two texts with a common beginning are hashed
/// once up to where they part.
public struct SHA256: Sendable {
    /// Whether this processor has SHA instructions.
    public static let isAccelerated = sha256x_available() != 0

    private var state = SIMD8<UInt32>(
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19)
    /// Bytes that do not fill a block yet.
    private var pending = SIMD64<UInt8>()
    private var pendingCount = 0
    private var isPortable: Bool
    /// How many bytes have gone in.
    public private(set) var count = 0

    public init() { isPortable = !Self.isAccelerated }

    /// For comparing the two ways of computing the same thing.
    init(portable: Bool) { isPortable = portable || !Self.isAccelerated }

    /// The digest of a whole text.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.digest
    }

    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    public mutating func update(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { update($0) } }

    /// Takes the next bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        count += rest.count
        if pendingCount > 0 {
            let taken = min(64 - pendingCount, rest.count)
            keep(rest.prefix(taken))
            rest = rest.dropFirst(taken)
            if pendingCount == 64 { foldPending() }
        }
        let whole = rest.count / 64
        if whole > 0 { fold(UnsafeRawBufferPointer(rebasing: rest.prefix(whole * 64)), blocks: whole) }
        keep(rest.dropFirst(whole * 64))
    }

    /// The 32 bytes of the hash of everything so far; more may follow.
    public var digest: [UInt8] {
        var last = self
        let bits = UInt64(count) * 8
        let zeros = (pendingCount < 56 ? 55 : 119) - pendingCount
        var padding = [UInt8](repeating: 0, count: 1 + zeros + 8)
        padding[0] = 0x80
        for index in 0..<8 {
            padding[padding.count - 1 - index] = UInt8(truncatingIfNeeded: bits >> (8 * UInt64(index)))
        }
        last.update(padding)
        var out: [UInt8] = []
        out.reserveCapacity(32)
        for word in 0..<8 {
            for shift in [24, 16, 8, 0] { out.append(UInt8(truncatingIfNeeded: last.state[word] >> UInt32(shift))) }
        }
        return out
    }

    /// The digest in lower-case hexadecimal.
    public var hex: String { Identifier.hex(digest) }

    private mutating func keep(_ bytes: Slice<UnsafeRawBufferPointer>) {
        guard !bytes.isEmpty else { return }
        let from = pendingCount
        withUnsafeMutableBytes(of: &pending) { buffer in
            UnsafeMutableRawBufferPointer(rebasing: buffer[from..<from + bytes.count]).copyBytes(from: bytes)
        }
        pendingCount += bytes.count
    }

    private mutating func foldPending() {
        let block = pending
        withUnsafeBytes(of: block) { fold($0, blocks: 1) }
        pendingCount = 0
    }

    private mutating func fold(_ data: UnsafeRawBufferPointer, blocks: Int) {
        guard let start = data.baseAddress else { return }
        if isPortable { return foldPortably(data, blocks: blocks) }
        withUnsafeMutableBytes(of: &state) { words in
            guard let words = words.baseAddress else { return }
            Self.constants.withUnsafeBufferPointer { k in
                sha256x_blocks(
                    words.assumingMemoryBound(to: UInt32.self), start.assumingMemoryBound(to: UInt8.self), blocks,
                    k.baseAddress)
            }
        }
    }

    private mutating func foldPortably(_ data: UnsafeRawBufferPointer, blocks: Int) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
            for block in 0..<blocks {
                for index in 0..<16 {
                    let word = data.loadUnaligned(fromByteOffset: block * 64 + index * 4, as: UInt32.self)
                    schedule[index] = UInt32(bigEndian: word)
                }
                for index in 16..<64 {
                    let s0 = Self.mix(schedule[index - 15], 7, 18) ^ (schedule[index - 15] >> 3)
                    let s1 = Self.mix(schedule[index - 2], 17, 19) ^ (schedule[index - 2] >> 10)
                    schedule[index] = schedule[index - 16] &+ s0 &+ schedule[index - 7] &+ s1
                }
                state = Self.rounds(state, schedule)
            }
        }
    }

    private static func rounds(_ state: SIMD8<UInt32>, _ schedule: UnsafeMutableBufferPointer<UInt32>) -> SIMD8<UInt32>
    {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        constants.withUnsafeBufferPointer { k in
            for index in 0..<64 {
                let s1 = mix(e, 6, 11) ^ rotate(e, 25)
                let t1 = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ k[index] &+ schedule[index]
                let s0 = mix(a, 2, 13) ^ rotate(a, 22)
                let t2 = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
                (h, g, f, e) = (g, f, e, d &+ t1)
                (d, c, b, a) = (c, b, a, t1 &+ t2)
            }
        }
        return state &+ SIMD8(a, b, c, d, e, f, g, h)
    }

    private static func rotate(_ value: UInt32, _ by: UInt32) -> UInt32 { value >> by | value << (32 - by) }

    private static func mix(_ value: UInt32, _ first: UInt32, _ second: UInt32) -> UInt32 {
        rotate(value, first) ^ rotate(value, second)
    }

    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}

/// A keyed hash. The key is folded in once; every authentication starts from there.
public struct HMAC: Sendable {
    private var inner = SHA256()
    private var outer = SHA256()

    public init(key: [UInt8]) {
        var block = key.count > 64 ? SHA256.hash(key) : key
        block.append(contentsOf: repeatElement(0, count: 64 - block.count))
        inner.update(block.map { $0 ^ 0x36 })
        outer.update(block.map { $0 ^ 0x5C })
    }

    /// The 32 bytes that prove `message` under the key.
    public func authenticate(_ message: some Sequence<UInt8>) -> [UInt8] {
        var inner = inner
        inner.update(Array(message))
        var outer = outer
        outer.update(inner.digest)
        return outer.digest
    }

    /// HMAC-SHA-256 in one call.
    public static func sha256(key: [UInt8], _ message: some Sequence<UInt8>) -> [UInt8] {
        HMAC(key: key).authenticate(message)
    }
}
