internal import CSystem

/// Unpacks gzip and deflate (zlib or raw) with a cap on the result.
enum Inflate {
    /// The unpacked bytes. Throws 415 for another coding, 400 for broken data, 413 beyond `limits`.
    static func decode(_ bytes: [UInt8], coding: String, _ limits: Limits) throws(HTTPError) -> [UInt8] {
        switch coding.lowercased() {
        case "", "identity": return bytes
        case "gzip", "x-gzip": return try run(bytes, .gzip, limits)
        case "deflate":
            // "deflate" means the zlib format (RFC 9110), but raw deflate is sent under that name too.
            let isZlib = bytes.count > 1 && bytes[0] & 0x0F == 8 && (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0
            return try run(bytes, isZlib ? .zlib : .raw, limits)
        default:
            throw HTTPError(415, "Content-Encoding: \(coding) is not understood; send gzip, deflate or no encoding")
        }
    }

    private static func run(_ bytes: [UInt8], _ format: Inflater.Format, _ limits: Limits) throws(HTTPError) -> [UInt8]
    {
        let stream = Inflater(format)
        let dense = max(
            limits.freeInflation, bytes.count.multipliedReportingOverflow(by: limits.inflation).partialValue)
        let most = min(limits.maxBody, dense)
        var out: [UInt8] = []
        guard stream.feed(bytes, into: &out, limit: most), stream.isDone || stream.isOverLimit else {
            throw HTTPError(400, "the compressed request body is damaged or incomplete")
        }
        if stream.isOverLimit {
            throw HTTPError(
                413,
                most == limits.maxBody
                    ? "the unpacked request body has more than \(most) bytes (--max-body)"
                    : "the compressed request body of \(bytes.count) bytes unpacks to more than \(limits.inflation) times its size; send it without Content-Encoding"
            )
        }
        guard !stream.hasTrailer else {
            throw HTTPError(
                400, "bytes behind the end of the compressed request body, or more than 1024 gzip members in it")
        }
        return out
    }
}

/// One compressed stream being unpacked, piece by piece. A gzip stream may have several members, one behind the other
/// (RFC 1952 section 2.2).
final class Inflater {
    /// What stands around the compressed data.
    enum Format: Int32 {
        case gzip = 31
        case zlib = 15
        case raw = -15
        /// gzip or zlib by the first bytes.
        case detect = 47

        var hasMembers: Bool { self == .gzip || self == .detect }
    }

    /// zlib remembers the address of its stream, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let isStarted: Bool
    private let format: Format
    /// The last member that began has ended.
    private(set) var isDone = false
    /// There is more than was asked for.
    private(set) var isOverLimit = false
    /// Bytes behind the stream's end that belong to no member; they are left out.
    private(set) var hasTrailer = false
    private var members = 1
    /// So many that only an attack has more: each costs time, also an empty one.
    private static let mostMembers = 1024
    private static let room = 65_536

    init(_ format: Format) {
        self.format = format
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        isStarted = zlibx_inflate_start(stream, format.rawValue) == Z_OK
    }

    /// Appends what `bytes` unpack to, until `out` has more than `limit`; false when the data is damaged.
    func feed(_ bytes: [UInt8], into out: inout [UInt8], limit: Int = .max) -> Bool {
        guard isStarted else { return false }
        var consumed = 0
        while !isOverLimit {
            if isDone {
                guard consumed < bytes.count, beginMember(bytes[consumed]) else { break }
            }
            let before = out.count
            guard let used = step(bytes, from: consumed, into: &out) else { return false }
            consumed += used
            if out.count > limit { isOverLimit = true }
            // Room left over means that zlib has nothing more to give for this input.
            if !isDone, consumed == bytes.count, out.count - before < Self.room { break }
        }
        return true
    }

    /// Whether another member begins with this byte.
    private func beginMember(_ first: UInt8) -> Bool {
        guard format.hasMembers, !hasTrailer, first == 0x1F, members < Self.mostMembers, inflateReset(stream) == Z_OK
        else {
            hasTrailer = true
            return false
        }
        members += 1
        isDone = false
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
