import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// Frames of AWS event streams: the vectors of two SDKs, streams cut anywhere, and what is no frame.
@Suite struct EventStreamTests {
    static let root = Chat.fixtures.appendingPathComponent("eventstream")

    static func files(_ directory: String, _ isWanted: (String) -> Bool = { _ in true }) -> [String] {
        let url = root.appendingPathComponent(directory)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        return names.filter(isWanted).sorted().map { "\(directory)/\($0)" }
    }

    static func bytes(_ file: String) throws -> [UInt8] { try Chat.bytes(root.appendingPathComponent(file)) }

    /// Frames of bytes that come in pieces of this size, and the error they end with.
    static func parse(_ bytes: [UInt8], pieces: Int = .max) -> (frames: [EventStreamFrame], error: EventStreamError?) {
        var parser = EventStreamParser()
        var frames: [EventStreamFrame] = []
        var at = 0
        while at < bytes.count {
            let end = min(bytes.count, at + min(pieces, bytes.count))
            parser.feed(bytes.span.extracting(at..<end))
            do { while let frame = try parser.next() { frames.append(frame) } } catch { return (frames, error) }
            at = end
        }
        return (frames, parser.isInsideFrame ? EventStreamError("cut") : nil)
    }

    // MARK: What is right

    @Test(
        "messages of the Go SDK are read as it reads them",
        arguments: files("aws-sdk-go/positive") { $0.hasSuffix(".json") })
    func positive(file: String) throws {
        let expected = try JSON.parse(try Self.bytes(file))
        let (frames, error) = Self.parse(try Self.bytes(file.split(separator: ".").dropLast().joined() + ".bytes"))
        #expect(error == nil)
        let frame = try #require(frames.first)
        #expect(frames.count == 1)
        #expect(Data(frame.payload).base64EncodedString() == expected["payload"]?.string ?? "")
        let headers = expected["headers"]?.elements.map { $0 } ?? []
        #expect(frame.headers.map(\.name) == headers.map { $0["name"]?.string ?? "" })
        #expect(frame.headers.map { Self.spelled($0.value) } == headers.map(Self.spelled))
    }

    /// A header as the Go SDK's expectations spell it: type and value.
    private static func spelled(_ value: EventStreamFrame.Value) -> String {
        switch value {
        case .bool(let flag): flag ? "0 true" : "1 false"
        case .int8(let number): "2 \(number)"
        case .int16(let number): "3 \(number)"
        case .int32(let number): "4 \(number)"
        case .int64(let number): "5 \(number)"
        case .bytes(let bytes): "6 \(Data(bytes).base64EncodedString())"
        case .string(let text): "7 \(Data(text.utf8).base64EncodedString())"
        case .timestamp(let milliseconds): "8 \(milliseconds)"
        case .uuid(let bytes): "9 \(Data(bytes).base64EncodedString())"
        }
    }

    private static func spelled(_ header: JSON) -> String {
        let value = header["value"]
        return "\(header["type"]?.int ?? -1) \(value?.string ?? String(decoding: value?.raw ?? [], as: UTF8.self))"
    }

    @Test(
        "valid messages of the Rust SDK are taken", arguments: files("smithy-rs") { $0.hasPrefix("valid") })
    func valid(file: String) throws {
        let (frames, error) = Self.parse(try Self.bytes(file))
        #expect(error == nil)
        #expect(frames.count == 1)
    }

    @Test(
        "P101: streams give the same frames however they are cut",
        arguments: files("synthetic") { $0.hasSuffix("stream") })
    func cut(file: String) throws {
        let bytes = try Self.bytes(file)
        let manifest = try JSON.parse(try Self.bytes("synthetic/manifest.json"))
        let expected = try #require(manifest["files"]?[String(file.dropFirst("synthetic/".count))])
        for pieces in [Int.max, 7, 1] {
            let (frames, _) = Self.parse(bytes, pieces: pieces)
            #expect(frames.count == expected["frames"]?.int)
            for (frame, message) in zip(frames, expected["messages"]?.elements.map { $0 } ?? []) {
                #expect(String(decoding: frame.payload, as: UTF8.self) == message["payload"]?.string)
                for (name, value) in message["headers"]?.members.map({ $0 }) ?? [] {
                    #expect(frame[name.string ?? ""] == value.string)
                }
            }
        }
    }

    @Test("the longest message is taken, one byte more is not")
    func longest() {
        let payload = [UInt8](repeating: 0x41, count: EventStreamParser.mostBytes - 16)
        let (frames, error) = Self.parse(Frames.frame([], payload), pieces: 1 << 20)
        #expect(frames.first?.payload.count == payload.count)
        #expect(error == nil)
        let more = Self.parse(Frames.frame([], payload + [0x41]))
        #expect(more.error?.description == "a message of 16777217 bytes, allowed are 16 to 16777216")
    }

    // MARK: What is wrong

    @Test(
        "damaged messages are refused",
        arguments: files("aws-sdk-go/negative") { $0.hasSuffix(".bytes") }
            + files("smithy-rs") { $0.hasPrefix("invalid") }, [Int.max, 1])
    func negative(file: String, pieces: Int) throws {
        let (frames, error) = Self.parse(try Self.bytes(file), pieces: pieces)
        #expect(frames.isEmpty)
        #expect(error != nil)
    }

    @Test(
        "an error says what is wrong",
        arguments: [
            ("smithy-rs/invalid_prelude_checksum", "the checksum of a message's lengths is 0x"),
            ("smithy-rs/invalid_message_checksum", "the checksum of a message is 0x"),
        ])
    func words(file: String, words: String) throws {
        let error = try #require(Self.parse(try Self.bytes(file)).error)
        #expect(error.description.hasPrefix(words))
    }

    @Test(
        "headers that are none are refused, even with right checksums",
        arguments: [
            ([0, 7, 0, 0], "a header without a name"), ([3, 65, 66], "a header's name is cut off"),
            ([1, 65, 10], "a header of the unknown type 10"), ([1, 65, 7, 0], "a header's value is cut off"),
            ([1, 65, 7, 0, 2, 66], "a header's value is cut off"),
            ([1, 65, 5, 0, 0, 0], "a header's value is cut off"),
            ([1, 65, 7, 0, 1, 0xFF], "a header's text is no UTF-8"),
        ])
    func headers(bytes: [UInt8], words: String) {
        #expect(Self.parse(Frames.frame(fields: bytes, [])).error?.description == words)
    }

    @Test("a stream with one bit wrong, wherever it is, never gives a frame that was not sent")
    func bits() throws {
        let whole = Frames.event("messageStop", #"{"stopReason":"end_turn"}"#) + Frames.event("metadata", "{}")
        let frames = Self.parse(whole).frames
        for at in whole.indices {
            for bit in 0..<8 {
                var damaged = whole
                damaged[at] ^= 1 << bit
                let (found, error) = Self.parse(damaged)
                #expect(error != nil)
                #expect(frames.starts(with: found))
            }
        }
    }

    @Test("a length of two gigabytes is refused at once, even with a right checksum")
    func huge() {
        let error = Self.parse(Frames.prelude(total: 0x8000_0000, headers: 0)).error
        #expect(error?.description == "a message of 2147483648 bytes, allowed are 16 to 16777216")
    }

    @Test("headers cannot be longer than their message or than 128 KB", arguments: [1, 200_000])
    func longHeaders(headers: Int) {
        let total = headers == 1 ? 16 : 1_000_000
        let error = Self.parse(Frames.prelude(total: UInt32(total), headers: UInt32(headers))).error
        #expect(error?.description == "headers of \(headers) bytes in a message of \(total)")
    }

    @Test("bytes that are no event stream are refused by their first twelve")
    func html() { #expect(Self.parse(Array("<html><body>502</body></html>".utf8)).error != nil) }
}

/// Makes frames, for tests.
enum Frames {
    static func prelude(total: UInt32, headers: UInt32) -> [UInt8] {
        let lengths = word(total) + word(headers)
        return lengths + word(CRC32.of(lengths.span))
    }

    /// A frame with text headers.
    static func frame(_ headers: [(String, String)], _ payload: [UInt8]) -> [UInt8] {
        var fields: [UInt8] = []
        for (name, value) in headers {
            fields += [UInt8(name.utf8.count)] + Array(name.utf8) + [7]
            fields += [UInt8(value.utf8.count >> 8), UInt8(value.utf8.count & 255)] + Array(value.utf8)
        }
        return frame(fields: fields, payload)
    }

    /// A frame with these bytes for headers.
    static func frame(fields: [UInt8], _ payload: [UInt8]) -> [UInt8] {
        let total = UInt32(16 + fields.count + payload.count)
        let message = prelude(total: total, headers: UInt32(fields.count)) + fields + payload
        return message + word(CRC32.of(message.span))
    }

    /// An event of Bedrock.
    static func event(_ type: String, _ payload: String) -> [UInt8] {
        frame(
            [(":event-type", type), (":content-type", "application/json"), (":message-type", "event")],
            Array(payload.utf8))
    }

    static func exception(_ type: String, _ payload: String) -> [UInt8] {
        frame(
            [(":exception-type", type), (":content-type", "application/json"), (":message-type", "exception")],
            Array(payload.utf8))
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
