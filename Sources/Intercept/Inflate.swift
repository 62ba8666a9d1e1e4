internal import CSystem

/// Unpacks gzip and deflate (zlib or raw) with a cap on the result.
enum Inflate {
    /// The unpacked bytes. Throws 415 for another coding, 400 for broken data, 413 beyond `limit`.
    static func decode(_ bytes: [UInt8], coding: String, limit: Int) throws(HTTPError) -> [UInt8] {
        switch coding.lowercased() {
        case "", "identity": return bytes
        case "gzip", "x-gzip": return try run(bytes, windowBits: 31, limit)
        case "deflate":
            // "deflate" means the zlib format (RFC 9110), but raw deflate is sent under that name too.
            let isZlib = bytes.count > 1 && bytes[0] & 0x0F == 8 && (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0
            return try run(bytes, windowBits: isZlib ? 15 : -15, limit)
        default:
            throw HTTPError(415, "Content-Encoding: \(coding) is not understood; send gzip, deflate or no encoding")
        }
    }

    private static func run(_ bytes: [UInt8], windowBits: Int32, _ limit: Int) throws(HTTPError) -> [UInt8] {
        let stream = Inflater(windowBits: windowBits)
        var out: [UInt8] = []
        guard stream.feed(bytes, into: &out, limit: limit), stream.isDone || stream.isOverLimit else {
            throw HTTPError(400, "the compressed request body is damaged or incomplete")
        }
        if stream.isOverLimit { throw HTTPError(413, "the unpacked request body has more than \(limit) bytes") }
        return out
    }
}

/// One zlib stream being unpacked, piece by piece.
final class Inflater {
    /// zlib remembers the address of its stream, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let isStarted: Bool
    private(set) var isDone = false
    private(set) var isOverLimit = false
    private static let room = 65_536

    /// - Parameter windowBits: 31 gzip, 15 zlib, -15 raw, 47 gzip or zlib by its first bytes.
    init(windowBits: Int32) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        isStarted = zlibx_inflate_start(stream, windowBits) == Z_OK
    }

    /// Appends what `bytes` unpack to; false when the data is damaged. Bytes behind the stream's end are ignored.
    func feed(_ bytes: [UInt8], into out: inout [UInt8], limit: Int = .max) -> Bool {
        guard isStarted else { return false }
        var consumed = 0
        while !isDone, !isOverLimit {
            let before = out.count
            guard let used = step(bytes, from: consumed, into: &out) else { return false }
            consumed += used
            if out.count > limit { isOverLimit = true }
            // Room left over means that zlib has nothing more to give for this input.
            if consumed == bytes.count, out.count - before < Self.room { break }
        }
        return true
    }

    private func step(_ bytes: [UInt8], from start: Int, into out: inout [UInt8]) -> Int? {
        var code = Z_OK
        var used = 0
        out.append(addingCapacity: Self.room) { span in
            span.withUnsafeMutableBufferPointer { free, initialized in
                bytes.withUnsafeBufferPointer { all in
                    stream.pointee.next_in = UnsafeMutablePointer(mutating: all.baseAddress?.advanced(by: start))
                    stream.pointee.avail_in = UInt32(min(all.count - start, 1 << 30))
                    let before = stream.pointee.avail_in
                    stream.pointee.next_out = free.baseAddress
                    stream.pointee.avail_out = UInt32(Self.room)
                    code = inflate(stream, Z_NO_FLUSH)
                    used = Int(before - stream.pointee.avail_in)
                    initialized = Self.room - Int(stream.pointee.avail_out)
                }
            }
        }
        if code == Z_STREAM_END { isDone = true }
        // Z_BUF_ERROR only says that there was nothing to do.
        return code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR ? used : nil
    }

    deinit {
        if isStarted { inflateEnd(stream) }
        stream.deinitialize(count: 1)
        stream.deallocate()
    }
}
