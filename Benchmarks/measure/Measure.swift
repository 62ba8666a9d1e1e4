/// What parts of the way to Bedrock cost, in this process, without sockets and without recording:
///
///     CLAUDECODEX_MEASURE=1 swift build -c release --product Measure --build-path .build/measure
///     .build/measure/release/Measure decode|sign [rounds]
///
/// One line each: nanoseconds of CPU for an event or a request, the least of ten runs.
import Backends
import Intercept

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@main enum Measure {
    static func main() async throws {
        let words = CommandLine.arguments
        let rounds = words.count > 2 ? Int(words[2]) ?? 20 : 20
        switch words.count > 1 ? words[1] : "" {
        case "decode":
            for piece in [1, 8, 64] { try decode(framesAtOnce: piece, rounds) }
        case "sign":
            for kilobytes in [60, 600] { try await sign(kilobytes, rounds) }
        default: print("usage: Measure decode|sign [rounds]")
        }
    }

    /// Runs `body` ten times; gives the least CPU time of one run in nanoseconds.
    static func least(_ body: () throws -> Void) rethrows -> Int {
        var least = Int.max
        for _ in 0..<10 {
            let began = clock()
            try body()
            least = min(least, clock() - began)
        }
        return least
    }

    static func clock() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    static func backend() throws -> Bedrock {
        try Bedrock(
            Environment([
                "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI",
                "AWS_REGION": "eu-central-1",
                "AWS_SESSION_TOKEN": String(repeating: "t", count: 600), "HOME": "/nonexistent",
            ]))
    }

    static func request(_ text: String) throws -> MessageRequest {
        var out = JSONWriter()
        out.beginObject()
        out.field("model", "claude-opus-4-6")
        out.field("max_tokens", 1000)
        out.field("stream", true)
        out.key("messages")
        out.beginArray()
        out.beginObject()
        out.field("role", "user")
        out.field("content", text)
        out.endObject()
        out.endArray()
        out.endObject()
        return try MessageRequest(
            endpoint: .messages, path: "/v1/messages", query: nil, headers: HTTPFields(), body: JSON.parse(out.bytes))
    }

    // MARK: Frames to server-sent events

    static let events = 4000

    static func decode(framesAtOnce: Int, _ rounds: Int) throws {
        let backend = try backend()
        let request = try request("hi")
        let pieces = stream(framesAtOnce)
        var count = 0
        let nanoseconds = try least {
            for _ in 0..<rounds {
                var reply = backend.reply(to: request)
                var out = JSONWriter(capacity: 4096)
                for piece in pieces {
                    try reply.feed(piece.span) { $0.write(into: &out) }
                    count += out.bytes.count
                    out.removeAll()
                }
                try reply.finish { $0.write(into: &out) }
            }
        }
        print("decode, \(framesAtOnce) frames at once: \(nanoseconds / rounds / events) ns an event (\(count) bytes)")
    }

    /// A whole answer of many small pieces of text, as Bedrock frames it, so many frames in one read.
    static func stream(_ framesAtOnce: Int) -> [[UInt8]] {
        let words = [
            "Let", " me", " look", " at", " the", " file", "\\n", " first", ",", " \\\"then\\\"", " decide", ".",
        ]
        var frames = [frame("messageStart", #"{"p":"abcdefg","role":"assistant"}"#)]
        for index in 0..<events {
            let padding = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".prefix(index * 7 % 40)
            let text = words[index % words.count]
            frames.append(
                frame("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"text":"\#(text)"},"p":"\#(padding)"}"#))
        }
        frames.append(frame("contentBlockStop", #"{"contentBlockIndex":0,"p":"abc"}"#))
        frames.append(frame("messageStop", #"{"p":"abc","stopReason":"end_turn"}"#))
        frames.append(
            frame("metadata", #"{"metrics":{"latencyMs":1},"p":"a","usage":{"inputTokens":3,"outputTokens":4000}}"#))
        return stride(from: 0, to: frames.count, by: framesAtOnce).map { from in
            Array(frames[from..<min(frames.count, from + framesAtOnce)].joined())
        }
    }

    static func frame(_ event: String, _ payload: String) -> [UInt8] {
        var fields: [UInt8] = []
        for (name, value) in [
            (":event-type", event), (":content-type", "application/json"), (":message-type", "event"),
        ] {
            fields += [UInt8(name.utf8.count)] + Array(name.utf8) + [7, 0, UInt8(value.utf8.count)] + Array(value.utf8)
        }
        let lengths = word(UInt32(16 + fields.count + payload.utf8.count)) + word(UInt32(fields.count))
        let message = lengths + word(CRC32.of(lengths.span)) + fields + Array(payload.utf8)
        return message + word(CRC32.of(message.span))
    }

    static func word(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }

    // MARK: Signatures

    static func sign(_ kilobytes: Int, _ rounds: Int) async throws {
        let backend = try backend()
        let request = try request(String(repeating: "All work and no play makes Jack. ", count: kilobytes * 31))
        var losses = Losses()
        let sent = try backend.translate(request, &losses)
        guard case .signer(let signer) = sent.authorization else { return print("no signer") }
        let errands = Errands(fetch: { _, _ in throw TranslationError("nothing to fetch") }, spawn: { _ in })
        var least = Int.max
        for _ in 0..<10 {
            let began = clock()
            for _ in 0..<rounds { _ = try await signer.sign(sent, at: .now(), errands) }
            least = min(least, clock() - began)
        }
        print("sign, \(sent.body.count) bytes: \(least / rounds) ns a request")
        let translating = try Self.least { for _ in 0..<rounds { _ = try backend.translate(request, &losses) } }
        print("translate, \(sent.body.count) bytes: \(translating / rounds) ns a request")
    }
}
