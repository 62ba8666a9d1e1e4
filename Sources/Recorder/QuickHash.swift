/// A quick hash of 64 bits by which requests are known again. Not for anything that an enemy could try to hit.
struct QuickHash: Sendable {
    private(set) var value: UInt64

    init(seed: UInt64 = 0x9E37_79B9_7F4A_7C15) { value = seed }

    mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0xFF51_AFD7_ED55_8CCD
        value ^= value >> 32
    }

    /// A stretch of bytes; where it is cut matters.
    mutating func add(_ bytes: Span<UInt8>) {
        add(UInt64(bytes.count))
        let raw = bytes.bytes
        var at = raw.byteCount < 64 ? 0 : addLanes(raw)
        while at + 8 <= raw.byteCount {
            add(raw.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self))
            at += 8
        }
        var last: UInt64 = 0
        while at < raw.byteCount {
            last = last << 8 | UInt64(bytes[at])
            at += 1
        }
        add(last)
    }

    /// All but the last bytes of a long stretch, four words at a time: a step need not wait for the one before it.
    private mutating func addLanes(_ raw: RawSpan) -> Int {
        var lanes = (QuickHash(seed: 1), QuickHash(seed: 2), QuickHash(seed: 3), QuickHash(seed: 4))
        var at = 0
        while at + 32 <= raw.byteCount {
            lanes.0.add(raw.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self))
            lanes.1.add(raw.unsafeLoadUnaligned(fromUncheckedByteOffset: at + 8, as: UInt64.self))
            lanes.2.add(raw.unsafeLoadUnaligned(fromUncheckedByteOffset: at + 16, as: UInt64.self))
            lanes.3.add(raw.unsafeLoadUnaligned(fromUncheckedByteOffset: at + 24, as: UInt64.self))
            at += 32
        }
        for lane in [lanes.0, lanes.1, lanes.2, lanes.3] { add(lane.value) }
        return at
    }

    static func of(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var hash = QuickHash()
        hash.add(bytes.span)
        return hash.value
    }

    static func of(_ text: String) -> UInt64 { of(Array(text.utf8)[...]) }

    /// Two values in this order.
    static func mix(_ one: UInt64, _ other: UInt64) -> UInt64 {
        var hash = QuickHash(seed: one)
        hash.add(other)
        return hash.value
    }
}
