/// Unpacking request bodies. The packed bytes were made by other programs (gzip, Python's zlib).
import Testing

@testable import Intercept

struct InflateTests {
    static let text = "hello hello hello hello, packed world"
    static let gzip: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x57, 0xC8,
        0x40, 0x27, 0x75, 0x14, 0x0A, 0x12, 0x93, 0xB3, 0x53, 0x53, 0x14, 0xCA, 0xF3, 0x8B, 0x72, 0x52, 0x00,
        0x16, 0x72, 0x89, 0x59, 0x25, 0x00, 0x00, 0x00,
    ]
    static let zlib: [UInt8] = [
        0x78, 0x9C, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x57, 0xC8, 0x40, 0x27, 0x75, 0x14, 0x0A, 0x12, 0x93, 0xB3,
        0x53, 0x53, 0x14, 0xCA, 0xF3, 0x8B, 0x72, 0x52, 0x00, 0x04, 0x19, 0x0D, 0xAD,
    ]
    static let raw: [UInt8] = [
        0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x57, 0xC8, 0x40, 0x27, 0x75, 0x14, 0x0A, 0x12, 0x93, 0xB3, 0x53, 0x53,
        0x14, 0xCA, 0xF3, 0x8B, 0x72, 0x52, 0x00,
    ]
    /// A million zeros.
    static let bomb: [UInt8] =
        [
            0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xED, 0xC1, 0x01, 0x01, 0x00, 0x00, 0x00, 0x82,
            0x20, 0xFF, 0xAF, 0x6E, 0x48, 0x40, 0x01,
        ]
        + [UInt8](repeating: 0x00, count: 968)
        + [0xAF, 0x06, 0x9E, 0xCB, 0x79, 0x12, 0x40, 0x42, 0x0F, 0x00]

    /// Only the size matters.
    static func limited(_ bytes: Int) -> Limits {
        var limits = Limits()
        limits.maxBody = bytes
        return limits
    }

    @Test(
        "gzip, zlib and raw deflate unpack to the same",
        arguments: [("gzip", gzip), ("x-gzip", gzip), ("GZIP", gzip), ("deflate", zlib), ("deflate", raw)])
    func decode(coding: String, packed: [UInt8]) throws {
        #expect(Core.text(try Inflate.decode(packed, coding: coding, Self.limited(1000))) == Self.text)
    }

    @Test("identity and no coding change nothing", arguments: ["", "identity", "Identity"])
    func identity(coding: String) throws {
        #expect(try Inflate.decode([1, 2, 3], coding: coding, Self.limited(1000)) == [1, 2, 3])
    }

    @Test("P125: other codings are refused by name", arguments: ["br", "zstd", "gzip, gzip", "compress"])
    func unknown(coding: String) {
        let error = #expect(throws: HTTPError.self) { try Inflate.decode([1], coding: coding, Self.limited(1000)) }
        #expect(error?.status == 415)
        #expect(error?.message.contains(coding) ?? false)
    }

    @Test("an incomplete body is refused wherever it ends")
    func incomplete() {
        for length in 0..<Self.gzip.count {
            #expect(throws: HTTPError(400, "the compressed request body is damaged or incomplete")) {
                try Inflate.decode(Array(Self.gzip[..<length]), coding: "gzip", Self.limited(1000))
            }
        }
    }

    @Test(
        "a damaged body is refused wherever the damage is",
        arguments: [0, 1, 2, 12, 20, gzip.count - 8, gzip.count - 1])
    func damaged(position: Int) {
        var packed = Self.gzip
        packed[position] ^= 0x5A
        let error = #expect(throws: HTTPError.self) { try Inflate.decode(packed, coding: "gzip", Self.limited(1000)) }
        #expect(error?.status == 400)
    }

    @Test(
        "a body that unpacks to more than the limit is refused before it is all unpacked",
        arguments: [36, 1000, 65_535, 999_999])
    func overLimit(limit: Int) {
        let packed = limit < 100 ? Self.gzip : Self.bomb
        #expect(throws: HTTPError(413, "the unpacked request body has more than \(limit) bytes (--max-body)")) {
            try Inflate.decode(packed, coding: "gzip", Self.limited(limit))
        }
    }

    @Test("a body that unpacks to exactly the limit is taken")
    func exact() throws {
        #expect(try Inflate.decode(Self.bomb, coding: "gzip", Self.limited(1_000_000)).count == 1_000_000)
    }

    @Test("a stream unpacks piece by piece", arguments: [1, 3, 16])
    func pieces(size: Int) {
        let inflater = Inflater(.detect)
        var out: [UInt8] = []
        for piece in Core.pieces(Self.gzip, of: size) { #expect(inflater.feed(piece, into: &out)) }
        #expect(inflater.isDone)
        #expect(Core.text(out) == Self.text)
    }

    @Test("all members of a gzip body are read (RFC 1952)", arguments: [1, 2, 5, 1024])
    func members(count: Int) throws {
        let packed = Array(repeating: Self.gzip, count: count).flatMap(\.self)
        let text = String(repeating: Self.text, count: count)
        #expect(Core.text(try Inflate.decode(packed, coding: "gzip", Limits())) == text)
    }

    @Test("an empty member is no end")
    func emptyMember() throws {
        let empty: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let packed = empty + Self.gzip + empty + Self.gzip
        #expect(Core.text(try Inflate.decode(packed, coding: "gzip", Limits())) == Self.text + Self.text)
    }

    @Test("members are read piece by piece", arguments: [1, 3, 16, 41, 42, 43])
    func memberPieces(size: Int) {
        let inflater = Inflater(.detect)
        var out: [UInt8] = []
        for piece in Core.pieces(Self.gzip + Self.gzip, of: size) { #expect(inflater.feed(piece, into: &out)) }
        #expect(inflater.isDone && !inflater.hasTrailer)
        #expect(Core.text(out) == Self.text + Self.text)
    }

    @Test("the limit holds for all members together")
    func membersOverLimit() {
        let limit = Self.text.utf8.count * 2 - 1
        #expect(throws: HTTPError(413, "the unpacked request body has more than \(limit) bytes (--max-body)")) {
            try Inflate.decode(Self.gzip + Self.gzip, coding: "gzip", Self.limited(limit))
        }
    }

    @Test(
        "a second member that is damaged or cut, and bytes that are no member, are refused",
        arguments: [
            Array(gzip.dropLast()), [0x1F], [0x1F, 0x8C], [0], [0x7B], gzip + [0],
        ])
    func trailer(behind: [UInt8]) {
        let error = #expect(throws: HTTPError.self) {
            try Inflate.decode(Self.gzip + behind, coding: "gzip", Limits())
        }
        #expect(error?.status == 400)
    }

    @Test("bytes behind a deflate body are refused", arguments: [zlib, raw])
    func deflateTrailer(packed: [UInt8]) {
        #expect(throws: HTTPError.self) { try Inflate.decode(packed + [0x1F], coding: "deflate", Limits()) }
    }

    @Test("more than 1024 members are refused")
    func tooManyMembers() {
        let packed = Array(repeating: Self.gzip, count: 1025).flatMap(\.self)
        let error = #expect(throws: HTTPError.self) { try Inflate.decode(packed, coding: "gzip", Limits()) }
        #expect(error?.status == 400 && error?.message.contains("1024 gzip members") ?? false)
    }

    @Test("a body that unpacks to far more than its size is refused, a small one is not")
    func ratio() throws {
        var limits = Limits()
        limits.freeInflation = 100_000
        let most = limits.inflation * Self.bomb.count
        let error = #expect(throws: HTTPError.self) { try Inflate.decode(Self.bomb, coding: "gzip", limits) }
        #expect(most < 1_000_000 && error?.status == 413)
        #expect(error?.message.contains("more than 250 times its size") ?? false)
        limits.freeInflation = 1_000_000
        #expect(try Inflate.decode(Self.bomb, coding: "gzip", limits).count == 1_000_000)
    }
}
