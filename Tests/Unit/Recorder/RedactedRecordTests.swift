/// Secrets on their way through whole records: bodies, deltas, streams.
import Testing

@testable import Intercept
@testable import Recorder

struct RedactedRecordTests {
    static let secret = "sk-ant-api03-aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gH3jK5mN7p"
    static let mark = "[redacted sk-ant-api03 hmac:"

    @Test("a secret in a body goes, the hash is that of what is recorded, and the rest of the session is still a delta")
    func body() throws {
        let bench = try Bench()
        let long = String(repeating: "word ", count: 300)
        let bodies = (1...4).map { turn in
            let more = (1..<turn).map { #","turn \#($0)""# }.joined()
            return #"{"system":"\#(long)","messages":["key \#(Self.secret) end"\#(more)]}"#
        }
        for body in bodies { bench.exchange().request(body) }
        #expect(try !bench.text().contains(Self.secret))
        let found = try BodyRecordTests.bodies(bench)
        #expect(found.map { $0.record["delta"] != nil } == [false, true, true, true])
        #expect(found.map { $0.record["redacted"]?.int } == [1, 1, 1, 1])
        for (body, found) in zip(bodies, found) {
            let parts = body.split(separator: Self.secret)
            let text = String(decoding: found.bytes, as: UTF8.self)
            #expect(text.hasPrefix(parts[0] + Self.mark) && text.hasSuffix("]" + parts[1]))
            #expect(found.record["body_bytes"]?.int == body.utf8.count)
        }
    }

    @Test("a new secret behind a clean history is found")
    func laterSecret() throws {
        let bench = try Bench()
        let long = String(repeating: "word ", count: 300)
        bench.exchange().request(#"{"messages":["\#(long)"]}"#)
        bench.exchange().request(#"{"messages":["\#(long)","\#(Self.secret)"]}"#)
        #expect(try !bench.text().contains("aB3dE5gH7jK9"))
        #expect(try bench.records("request").map { $0["redacted"]?.int } == [nil, 1])
        #expect(try BodyRecordTests.bodies(bench).count == 2)
    }

    @Test(
        "bodies that are no compact JSON are looked through too",
        arguments: [
            "{ \"a\": \"SECRET\" }", "{\n\"a\":\"SECRET\"}", "just SECRET", "[\"SECRET\"]",
            "{\"a\":\"SECRET\",\"a\":1}",
        ])
    func looseBody(template: String) throws {
        let bench = try Bench()
        bench.exchange().request(template.replacing("SECRET", with: Self.secret))
        #expect(try !bench.text().contains("aB3dE5gH7jK9"))
        let found = try #require(BodyRecordTests.bodies(bench).first)
        #expect(String(decoding: found.bytes, as: UTF8.self).contains(Self.mark))
    }

    @Test("no record lets a secret through")
    func everyField() throws {
        let bench = try Bench()
        let exchange = bench.exchange()
        let secret = Self.secret
        var losses = Losses()
        losses.add(.drop, "metadata", "unknown", from: secret, to: secret)
        exchange.request(
            #"{"model":"\#(secret)"}"#, headers: HTTPFields([.init("x-api-key", secret), .init("x-other", secret)]))
        exchange.record(.translation(.init(backend: "b", upstreamModel: "m", microseconds: 1, losses: losses)))
        exchange.record(
            .upstream(
                .init(
                    attempt: 1, method: "POST", url: "https://h/?key=\(secret)",
                    headers: HTTPFields([.init("authorization", "Bearer \(secret)")]),
                    model: "m", body: Array(#"{"a":"\#(secret)"}"#.utf8), bodyBytes: 9)))
        exchange.record(
            .head(
                .init(
                    attempt: 1, head: .init(status: 200, headers: HTTPFields([.init("set-cookie", secret)])),
                    reused: false, firstByteMS: 1)))
        exchange.events(.client, "data: {\"text\":\"\(secret)\"}\n\n")
        exchange.toolCall("t", "Bash", #"{"command":"echo \#(secret)"}"#)
        exchange.toolCall("t2", "Bash", "broken \(secret)")
        exchange.record(
            .intercept(.init(by: "x", hook: "request", action: "edit", before: secret, after: secret, error: secret)))
        exchange.record(.check(rule: "r", message: secret))
        exchange.record(.error(.init(stage: "connect", kind: "api_error", message: secret, isRetried: false)))
        exchange.record(
            .response(
                .init(
                    status: 400, model: secret, backend: "b", durationMS: 1,
                    message: Array(#"{"content":"\#(secret)"}"#.utf8), body: Array("no \(secret)".utf8), pings: 0)))
        exchange.end()
        let text = try bench.text()
        #expect(!text.contains("aB3dE5gH7jK9"))
        #expect(text.pieces(around: Self.mark).count > 16)
        #expect(try Set(bench.records().map(\.type)).count == 12)
    }

    /// The secret in pieces of `size` characters, as a stream of events.
    static func stream(_ text: String, size: Int, event: (String) -> String) -> String {
        var out = ""
        var rest = text[...]
        while !rest.isEmpty {
            out += event(String(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return out
    }

    static func anthropic(_ piece: String) -> String {
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"\(piece)\"}}\n\n"
    }

    static func chat(_ piece: String) -> String {
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\(piece)\"}}]}\n\n"
    }

    /// What the pieces of one side say when they are put together.
    static func said(_ records: [TraceRecord], _ side: String) -> String {
        records.filter { $0.type == "events" && $0["side"]?.string == side }.map { record in
            (record["events"]?.elements.map { event in
                let data = Array(event.elements)[2]
                return data["delta"]?["text"]?.string ?? data["choices"]?.elements.first { _ in true }?["delta"]?[
                    "content"]?.string ?? ""
            } ?? []).joined()
        }.joined()
    }

    @Test("a secret streamed in pieces leaks on neither side", arguments: [1, 2, 3, 5, 8, 13, 40, 100])
    func inPieces(size: Int) throws {
        let bench = try Bench()
        let exchange = bench.exchange()
        let text = "Your key is \(Self.secret), keep it."
        exchange.events(.upstream, Self.stream(text, size: size, event: Self.chat))
        exchange.events(.client, Self.stream(text, size: size, event: Self.anthropic))
        exchange.response(#"{"role":"assistant","content":[{"type":"text","text":"\#(text)"}]}"#)
        exchange.end()
        let records = try bench.records()
        for side in ["upstream", "client"] {
            let said = Self.said(records, side)
            #expect(said.hasPrefix("Your key is \(Self.mark)") && said.hasSuffix("], keep it."))
        }
        #expect(records.map(\.type) == ["meta", "events", "events", "response", "end"])
        let counts = records.compactMap { $0["events"]?.count }
        #expect(counts == [(text.count + size - 1) / size, (text.count + size - 1) / size])
    }

    @Test("the same when the pieces lie in several parts, when the answer is cut off, and when the call was denied")
    func inPartsAndCut() throws {
        let bench = try Bench()
        let half = Self.secret.prefix(20)
        let rest = Self.secret.dropFirst(20)
        for ending in ["whole", "cut", "denied"] {
            let exchange = bench.exchange()
            exchange.events(.upstream, Self.stream("\(ending) \(half)", size: 7, event: Self.anthropic), part: 0)
            exchange.events(.upstream, Self.stream("\(rest) done", size: 7, event: Self.anthropic), part: 1)
            if ending == "denied" { exchange.record(.intercept(.init(by: "x", hook: "tool_call", action: "deny"))) }
            let shown = ending == "whole" ? Self.secret : "nothing"
            exchange.response(#"{"content":"\#(shown)"}"#, stopReason: ending == "cut" ? nil : "end_turn")
            exchange.end()
        }
        let said = Self.said(try bench.records(), "upstream")
        for piece in stride(from: 14, to: 44, by: 7) { #expect(!said.contains(Self.secret.dropFirst(piece).prefix(7))) }
        #expect(said.pieces(around: Self.mark).count == 4)
    }

    @Test("tool input in pieces: each block is a text of its own")
    func toolInput() throws {
        let bench = try Bench()
        let exchange = bench.exchange()
        func piece(_ index: Int, _ text: some StringProtocol) -> String {
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":\(index),\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\(text)\"}}\n\n"
        }
        let first = Self.secret.prefix(25)
        let second = Self.secret.dropFirst(25)
        exchange.events(
            .client,
            piece(1, #"{\"k\":\""#) + piece(1, first) + piece(2, "other block") + piece(1, second) + piece(1, #"\"}"#))
        exchange.toolCall("t", "Bash", #"{"k":"\#(Self.secret)"}"#)
        exchange.response(#"{"content":[]}"#)
        let text = try bench.text()
        #expect(!text.contains(second) && !text.contains(first))
        #expect(text.contains("other block"))
    }

    @Test(
        "events wait for the answer only at the level tokens",
        arguments: [(RedactionLevel.tokens, 0), (.headers, 1), (.off, 1), (.strict, 1)])
    func holding(level: RedactionLevel, expected: Int) throws {
        let bench = try Bench(redact: level)
        let exchange = bench.exchange()
        exchange.events(.client, Self.anthropic("hello"))
        #expect(try bench.records("events").count == expected)
        exchange.response(#"{"content":"hello"}"#)
        #expect(try bench.records("events").count == 1)
    }

    @Test("a stream above the limit does not wait, and is looked at as a whole")
    func longStream() throws {
        let bench = try Bench(streamLimit: 300)
        let exchange = bench.exchange()
        exchange.events(.client, Self.anthropic("first sk-ant-api03-"), part: 0)
        #expect(try bench.records("events").isEmpty)
        exchange.events(.client, Self.anthropic("aB3dE5gH7jK9mN1pQ3sT5vX7 ") + Self.anthropic("last"), part: 1)
        let records = try bench.records()
        #expect(records.filter { $0.type == "events" }.count == 2)
        #expect(Self.said(records, "client").hasSuffix("] last"))
        #expect(try !bench.text().contains("aB3dE5"))
    }

    @Test("what still waits is written at the end")
    func closing() throws {
        let bench = try Bench()
        bench.exchange().events(.client, Self.anthropic("sk-ant-") + Self.anthropic("api03-aB3dE5gH7jK9mN1pQ3"))
        bench.recorder.close()
        let records = Array(try TraceReader(path: bench.recorder.path))
        #expect(records.map(\.type) == ["meta", "events"])
        #expect(Self.said(records, "client").hasPrefix(Self.mark))
    }

    @Test("strict: no text of a body, an event, a call or an answer stays")
    func strict() throws {
        let bench = try Bench(redact: .strict)
        let exchange = bench.exchange()
        let body =
            #"{"model":"m","system":"PRIVATE words","messages":[{"role":"user","content":"PRIVATE"}],"max_tokens":5}"#
        exchange.request(body)
        exchange.upstream("PRIVATE no json")
        exchange.events(.client, Self.anthropic("PRIVATE"))
        exchange.events(.client, "PRIVATE", isStream: false)
        exchange.toolCall("t", "Bash", #"{"name":"PRIVATE"}"#)
        exchange.response(#"{"role":"assistant","content":[{"type":"text","text":"PRIVATE"}]}"#)
        exchange.record(.error(.init(stage: "connect", kind: "api_error", message: "PRIVATE", isRetried: false)))
        exchange.end()
        let text = try bench.text()
        #expect(!text.contains("PRIVATE"))
        let records = try bench.records()
        #expect(records.first { $0.type == "request" }?["max_tokens"]?.int == 5)
        #expect(records.first { $0.type == "tool_call" }?["tool"]?.string == "Bash")
        #expect(
            records.first { $0.type == "events" }?["events"].map { String(decoding: $0.raw, as: UTF8.self) }?.contains(
                #""text":"[text 7]""#) == true)
        #expect(try BodyRecordTests.bodies(bench).count == 2)
    }

    @Test("off keeps everything")
    func off() throws {
        let bench = try Bench(redact: .off)
        bench.exchange().request(#"{"a":"\#(Self.secret)"}"#, headers: HTTPFields([.init("x-api-key", Self.secret)]))
        #expect(try bench.text().pieces(around: Self.secret).count == 3)
    }

    @Test("redaction that would damage the JSON drops the field instead")
    func failsClosed() throws {
        let greedy = SecretPattern(anchor: (0x51, 0x51)) { text, at, found in
            found.append(Secret(at..<min(text.count, at + 9), "bad"))
        }
        let bench = try Bench(patterns: [greedy])
        let exchange = bench.exchange()
        exchange.request(#"{"a":"QQ secret","b":"QQ"}"#)
        exchange.events(.client, Self.anthropic("QQ sec"))
        exchange.toolCall("t", "Bash", #"{"a":"QQ"}"#)
        exchange.response(#"{"a":"QQ"}"#)
        exchange.end()
        let records = try bench.records()
        let request = try #require(records.first { $0.type == "request" })
        #expect(request["body_dropped"]?.string == "redaction" && request["body"] == nil)
        #expect(records.first { $0.type == "tool_call" }?["input"]?.string == "[redaction failed]")
        #expect(records.first { $0.type == "response" }?["message"]?.string == "[redaction failed]")
        #expect(records.last?["dropped"]?.int == 1)
        #expect(bench.recorder.statistics.redactionFailures == 3)
        #expect(try !bench.text().contains("QQ"))
    }
}
