/// The three readings of base64.
import Testing

@testable import Intercept

struct Base64Tests {
    @Test("what was encoded comes back, at every length and in both alphabets")
    func roundTrip() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 251) }
            #expect(Base64.decode(Base64.encode(bytes).utf8) == bytes)
            #expect(Base64.decodeExactly(Array(Base64.encode(bytes).utf8)) == bytes)
            #expect(Base64URL.decode(Base64URL.encode(bytes).utf8) == bytes)
        }
    }

    @Test(
        "line ends and missing padding are forgiven, except where the exact form is asked for",
        arguments: ["QU\nI=", "QUI", "QUI=\r\n"])
    func forgiving(text: String) {
        #expect(Base64.decode(text.utf8) == Array("AB".utf8))
        #expect(Base64.decodeExactly(Array(text.utf8)) == nil)
        #expect(Base64URL.decode(text.utf8) == (text == "QUI" ? Array("AB".utf8) : nil))
    }

    @Test("what is no base64 is nil", arguments: ["A", "A===", "====", "QU=I", "=QUI", "QUJD====", "Q U=", "QU*="])
    func wrong(text: String) {
        #expect(Base64.decodeExactly(Array(text.utf8)) == nil)
    }
}
