/// What must hold for everything that Bedrock could send.
@testable import Backends
@testable import Intercept

extension FuzzTarget {
    /// The same frames, or the same error, however the bytes are cut.
    static func frames(_ bytes: [UInt8]) -> String? {
        func read(_ pieces: Int) -> ([EventStreamFrame], EventStreamError?) {
            var (parser, frames) = (EventStreamParser(), [EventStreamFrame]())
            for from in stride(from: 0, to: bytes.count, by: pieces) {
                parser.feed(bytes[from..<min(bytes.count, from + pieces)].span)
                do { while let frame = try parser.next() { frames.append(frame) } } catch { return (frames, error) }
            }
            return (frames, nil)
        }
        let whole = read(max(1, bytes.count))
        for frame in whole.0 where frame.headers.contains(where: { $0.name.isEmpty }) {
            return "a header without a name"
        }
        return read(1) == whole && read(7) == whole ? nil : "other frames in pieces"
    }

    /// Each line is the name of an event and, behind a blank, its payload. The events keep the grammar.
    static func converse(_ bytes: [UInt8]) -> String? {
        let frames = bytes.split(separator: 0x0A).flatMap { line in
            let name = line.prefix { $0 != 0x20 }.prefix(100)
            return frame(Array(name), Array(line.dropFirst(name.count + 1)))
        }
        guard let whole = converseEvents(frames, max(1, frames.count)) else { return "no decoder" }
        var grammar = Grammar()
        for event in whole {
            if let violation = grammar.check(event) { return "\(violation.rule): \(violation.message)" }
        }
        let isBroken = whole.contains { if case .error = $0 { true } else { false } }
        if !isBroken, let violation = grammar.finish() { return "\(violation.rule): \(violation.message)" }
        return converseEvents(frames, 7)?.map(said) == whole.map(said) ? nil : "other events in pieces"
    }

    private static func frame(_ event: [UInt8], _ payload: [UInt8]) -> [UInt8] {
        let fields = [UInt8(11)] + Array(":event-type".utf8) + [7, 0, UInt8(event.count)] + event
        let lengths = word(UInt32(16 + fields.count + payload.count)) + word(UInt32(fields.count))
        let message = lengths + word(CRC32.of(lengths.span)) + fields + payload
        return message + word(CRC32.of(message.span))
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static let bedrock = try? Bedrock(
        AWSSettings(
            Environment(["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1"]),
            AWSFiles { _ in nil }))

    private static func converseEvents(_ frames: [UInt8], _ pieces: Int) -> [MessageEvent]? {
        let body = #"{"model":"c","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"stream":true}"#
        guard
            let request = try? MessageRequest(
                endpoint: .messages, path: "/v1/messages", query: nil, headers: HTTPFields(),
                body: JSON.parse(Array(body.utf8))), var reply = bedrock?.reply(to: request)
        else { return nil }
        var events: [MessageEvent] = []
        do throws(TranslationError) {
            for from in stride(from: 0, to: frames.count, by: pieces) {
                try reply.feed(frames[from..<min(frames.count, from + pieces)].span) { events.append($0) }
            }
            try reply.finish { events.append($0) }
        } catch {
            events.append(.error(error.error))
        }
        return events
    }
}
