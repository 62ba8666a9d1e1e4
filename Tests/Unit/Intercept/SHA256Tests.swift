/// SHA-256 and HMAC against published vectors, and the two implementations against each other.
import Testing

@testable import Intercept

struct SHA256Tests {
    static let vectors: [(String, String)] = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ]

    @Test("published vectors, with and without the processor's instructions", arguments: vectors)
    func vector(text: String, expected: String) {
        for portable in [true, false] {
            var hash = SHA256(portable: portable)
            hash.update(Array(text.utf8))
            #expect(hash.hex == expected)
        }
    }

    @Test("a million letters a")
    func million() {
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        #expect(
            Identifier.hex(SHA256.hash(bytes)) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("both ways agree on every length, however the text is cut")
    func agreement() {
        var random = SystemRandomNumberGenerator()
        for length in 0..<300 {
            let bytes = Identifier.random(length)
            var portable = SHA256(portable: true)
            var pieces = SHA256(portable: false)
            portable.update(bytes)
            var rest = bytes[...]
            while !rest.isEmpty {
                let taken = Int.random(in: 1...rest.count, using: &random)
                pieces.update(rest.prefix(taken))
                rest = rest.dropFirst(taken)
            }
            #expect(portable.digest == pieces.digest)
            #expect(pieces.count == length)
        }
    }

    @Test("a copy is a checkpoint")
    func checkpoint() {
        var hash = SHA256()
        hash.update(Array("common beginning, ".utf8))
        var other = hash
        hash.update(Array("one end".utf8))
        other.update(Array("another end".utf8))
        #expect(hash.digest == SHA256.hash(Array("common beginning, one end".utf8)))
        #expect(other.digest == SHA256.hash(Array("common beginning, another end".utf8)))
    }

    static let keyed: [(key: [UInt8], message: [UInt8], expected: String)] = [
        (
            Array(repeating: 0x0b, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            Array(repeating: 0xaa, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ]

    @Test("HMAC gives the vectors of RFC 4231", arguments: keyed)
    func hmac(key: [UInt8], message: [UInt8], expected: String) {
        #expect(Identifier.hex(HMAC.sha256(key: key, message)) == expected)
    }
}
