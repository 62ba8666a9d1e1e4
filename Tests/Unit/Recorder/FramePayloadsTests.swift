/// A binary stream that broke off is recorded where it is known to hold no secret, and only there.
import Testing

@testable import Intercept
@testable import Recorder

@Suite struct FramePayloadsTests {
    private static func word(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }

    private static func frame(_ payload: String, header: String = "chunk") -> [UInt8] {
        let headers = [11] + Array(":event-type".utf8) + [7, 0, UInt8(header.utf8.count)] + Array(header.utf8)
        let total = 16 + headers.count + payload.utf8.count
        var bytes = word(total) + word(headers.count)
        bytes += word(Int(CRC32.of(bytes.span)))
        bytes += headers + Array(payload.utf8)
        return bytes + word(Int(CRC32.of(bytes.span)))
    }

    private static func delta(_ text: String, block: Int = 0) -> [UInt8] {
        frame(#"{"contentBlockIndex":\#(block),"delta":{"text":"\#(text)"},"p":"abc"}"#)
    }

    /// InvokeModel wraps each event in base64.
    private static func chunk(_ text: String) -> [UInt8] {
        let event = #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\#(text)"}}"#
        return frame(#"{"bytes":"\#(Base64.encode(Array(event.utf8)))","p":"abc"}"#)
    }

    private static let key = "sk-ant-api03-" + String(repeating: "aB3dE5gH7", count: 11)
    private static var halves: (String, String) { (String(key.prefix(9)), String(key.dropFirst(9))) }

    private static func isHarmless(_ bytes: [UInt8]) -> Bool {
        FramePayloads.holdNoSecret(bytes, Redactor(.tokens, key: Bench.key))
    }

    @Test("frames without a secret may stay")
    func harmless() {
        #expect(Self.isHarmless(Self.delta("Hello, ") + Self.frame("") + Self.delta("häuser.")))
        #expect(Self.isHarmless(Self.chunk("Hello, ") + Self.chunk("you.")))
        #expect(Self.isHarmless(Self.frame(#"{"message":"Slow down"}"#, header: "throttlingException")))
    }

    @Test("a secret is found in one frame and across several, in base64 and in a header too")
    func secret() {
        let (first, second) = Self.halves
        #expect(!Self.isHarmless(Self.delta("It is \(Self.key).")))
        #expect(!Self.isHarmless(Self.delta("It is \(first)") + Self.delta(second)))
        #expect(
            !Self.isHarmless(Self.delta("word", block: 0) + Self.delta(first, block: 1) + Self.delta(second, block: 1)))
        #expect(!Self.isHarmless(Self.chunk("It is \(Self.key).")))
        #expect(!Self.isHarmless(Self.chunk("It is \(first)") + Self.chunk(second)))
        #expect(!Self.isHarmless(Self.frame("{}", header: Self.key)))
    }

    @Test("what cannot be read is not called harmless")
    func unknown() {
        let whole = Self.delta("Hello")
        var wrong = whole
        wrong[wrong.count - 6] ^= 1
        for bytes in [
            Array(whole.dropLast()), whole + [0], Array(whole.dropFirst()), wrong, Self.frame("no JSON"),
            Self.frame(#"{"bytes":"no base64"}"#), Self.frame(#"{"bytes":"bm8gSlNPTg=="}"#),
            Self.frame(#"{"bytes":7}"#),
            [UInt8](repeating: 0, count: 16), [UInt8](repeating: 0xFF, count: 64), Array("text".utf8),
        ] {
            #expect(!Self.isHarmless(bytes), "\(bytes)")
        }
    }

    /// The `events` of an exchange: whether they hold events or were dropped.
    private func kept(
        _ bench: Bench, _ stretches: [[UInt8]], _ more: (Exchange) -> Void = { _ in }
    ) throws -> [Bool] {
        let exchange = bench.exchange()
        exchange.request("{}")
        for (part, bytes) in stretches.enumerated() {
            exchange.events(.upstream, bytes, part: part, isStream: false)
        }
        more(exchange)
        exchange.end(.upstreamError)
        return try bench.records("events").map { $0["events"] != nil }
    }

    @Test("a stream that broke off stays, byte for byte, however it was cut")
    func broken() throws {
        let bench = try Bench()
        let all = Self.delta("Hello, ") + Self.delta("you")
        #expect(try kept(bench, [Array(all[..<30]), Array(all[30...])]) == [true, true])
        var side = RecordedSide()
        for record in try bench.records("events") { side.add(record) }
        #expect(side.bytes(isEventStream: false) == all)
    }

    @Test("a stream that broke off with a secret in it, or after a change, is dropped")
    func dropped() throws {
        let (first, second) = Self.halves
        #expect(try kept(try Bench(), [Self.delta(first), Self.delta(second)]) == [false, false])
        let plain = Self.delta("Hello")
        let told = { (exchange: Exchange) in exchange.response(#"{"content":"\#(Self.key)"}"#, stopReason: nil) }
        #expect(try kept(try Bench(), [plain], told) == [false])
        let called = { (exchange: Exchange) in exchange.toolCall("t", "Bash", #"{"command":"\#(Self.key)"}"#) }
        #expect(try kept(try Bench(), [plain], called) == [false])
        #expect(try kept(try Bench(streamLimit: 10), [plain, plain]) == [false, false])
        #expect(try kept(try Bench(redact: .strict), [plain]) == [false])
    }
}
