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

    @Test(
        "gzip, zlib and raw deflate unpack to the same",
        arguments: [("gzip", gzip), ("x-gzip", gzip), ("GZIP", gzip), ("deflate", zlib), ("deflate", raw)])
    func decode(coding: String, packed: [UInt8]) throws {
        #expect(Core.text(try Inflate.decode(packed, coding: coding, limit: 1000)) == Self.text)
    }

    @Test("identity and no coding change nothing", arguments: ["", "identity", "Identity"])
    func identity(coding: String) throws {
        #expect(try Inflate.decode([1, 2, 3], coding: coding, limit: 1000) == [1, 2, 3])
    }

    @Test("P125: other codings are refused by name", arguments: ["br", "zstd", "gzip, gzip", "compress"])
    func unknown(coding: String) {
        let error = #expect(throws: HTTPError.self) { try Inflate.decode([1], coding: coding, limit: 1000) }
        #expect(error?.status == 415)
        #expect(error?.message.contains(coding) ?? false)
    }

    @Test("an incomplete body is refused wherever it ends")
    func incomplete() {
        for length in 0..<Self.gzip.count {
            #expect(throws: HTTPError(400, "the compressed request body is damaged or incomplete")) {
                try Inflate.decode(Array(Self.gzip[..<length]), coding: "gzip", limit: 1000)
            }
        }
    }

    @Test(
        "a damaged body is refused wherever the damage is",
        arguments: [0, 1, 2, 12, 20, gzip.count - 8, gzip.count - 1])
    func damaged(position: Int) {
        var packed = Self.gzip
        packed[position] ^= 0x5A
        let error = #expect(throws: HTTPError.self) { try Inflate.decode(packed, coding: "gzip", limit: 1000) }
        #expect(error?.status == 400)
    }

    @Test(
        "a body that unpacks to more than the limit is refused before it is all unpacked",
        arguments: [36, 1000, 65_535, 999_999])
    func overLimit(limit: Int) {
        let packed = limit < 100 ? Self.gzip : Self.bomb
        #expect(throws: HTTPError(413, "the unpacked request body has more than \(limit) bytes")) {
            try Inflate.decode(packed, coding: "gzip", limit: limit)
        }
    }

    @Test("a body that unpacks to exactly the limit is taken")
    func exact() throws {
        #expect(try Inflate.decode(Self.bomb, coding: "gzip", limit: 1_000_000).count == 1_000_000)
    }

    @Test("a stream unpacks piece by piece", arguments: [1, 3, 16])
    func pieces(size: Int) {
        let inflater = Inflater(windowBits: 47)
        var out: [UInt8] = []
        for piece in Core.pieces(Self.gzip, of: size) { #expect(inflater.feed(piece, into: &out)) }
        #expect(inflater.isDone)
        #expect(Core.text(out) == Self.text)
    }
}
