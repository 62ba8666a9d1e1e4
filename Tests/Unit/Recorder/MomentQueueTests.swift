/// The queue: bounded in bytes, gives up by rank, never blocks.
import Testing

@testable import Intercept
@testable import Recorder

struct MomentQueueTests {
    static func moment(_ event: Moment.Event, _ exchange: Exchange = Exchange()) -> Moment {
        Moment(exchange: exchange, time: .now(), event: event)
    }

    static func request(_ count: Int) -> Moment {
        moment(
            .request(
                .init(method: "POST", path: "/", headers: HTTPFields(), bytes: [UInt8](repeating: 0x20, count: count))))
    }

    static func events(_ count: Int) -> Moment {
        moment(
            .events(
                .init(
                    side: .client, part: 0, bytes: [UInt8](repeating: 0x20, count: count), marks: [],
                    isEventStream: true)))
    }

    static func response(_ count: Int) -> Moment {
        moment(
            .response(
                .init(
                    status: 200, model: "", backend: "", durationMS: 1, message: [UInt8](repeating: 0x20, count: count),
                    pings: 0)))
    }

    static let end = Moment.Event.end(.init(outcome: .ok, bytesIn: 0, bytesOut: 0))

    /// What is in the queue, as words.
    static func take(_ queue: MomentQueue) -> (words: [String], batch: MomentQueue.Batch) {
        var entries: [MomentQueue.Entry] = []
        let batch = queue.next(&entries, pause: 0, block: false)
        let words = entries.map { entry in
            switch entry {
            case .moment(let moment): name(moment.event)
            case .bare(let moment, let bytes): "bare \(name(moment.event)) \(bytes)"
            case .dropped: "dropped"
            }
        }
        return (words, batch)
    }

    static func name(_ event: Moment.Event) -> String { "\(event)".prefix { $0 != "(" }.description }

    @Test("moments come out in the order in which they went in")
    func order() {
        let queue = MomentQueue(limit: 1 << 20)
        queue.push(Self.request(10))
        queue.push(Self.events(10))
        queue.push(Self.moment(Self.end))
        #expect(Self.take(queue).words == ["request", "events", "end"])
        #expect(Self.take(queue).words.isEmpty)
        #expect(queue.waitingBytes == 0)
    }

    @Test("one moment larger than the limit is taken when nothing waits")
    func oversized() {
        let queue = MomentQueue(limit: 1000)
        queue.push(Self.request(50_000))
        #expect(Self.take(queue).words == ["request"])
    }

    @Test("P169: new stretches of streams are given up first")
    func newEvents() {
        let queue = MomentQueue(limit: 10_000)
        queue.push(Self.request(8000))
        queue.push(Self.events(5000))
        queue.push(Self.moment(Self.end))
        let (words, batch) = Self.take(queue)
        #expect(words == ["request", "dropped", "end"])
        #expect(batch.droppedEvents == 1 && batch.droppedBodies == 0)
    }

    @Test("waiting stretches make room for a request")
    func waitingEvents() {
        let queue = MomentQueue(limit: 10_000)
        queue.push(Self.events(4000))
        queue.push(Self.events(4000))
        queue.push(Self.request(5000))
        #expect(Self.take(queue).words == ["dropped", "dropped", "request"])
    }

    @Test("then bodies go, and their records stay")
    func bodies() {
        let queue = MomentQueue(limit: 10_000)
        queue.push(Self.request(9000))
        queue.push(Self.request(8000))
        queue.push(Self.request(9500))
        let (words, batch) = Self.take(queue)
        #expect(words == ["bare request 9000", "bare request 8000", "bare request 9500"])
        #expect(batch.droppedBodies == 3)
    }

    @Test("tool calls, answers, errors and ends always stay")
    func kept() {
        let queue = MomentQueue(limit: 2000)
        queue.push(Self.request(1900))
        let call = ToolCall(id: "t", name: "Bash", input: [UInt8](repeating: 0x20, count: 3000), index: 0)
        queue.push(Self.moment(.toolCall(.init(call: call, milliseconds: 1, isServerSide: false))))
        queue.push(Self.response(5000))
        queue.push(Self.moment(.error(.init(stage: "upstream", kind: "api_error", message: "m", isRetried: false))))
        queue.push(Self.moment(Self.end))
        #expect(Self.take(queue).words == ["bare request 1900", "toolCall", "response", "error", "end"])
    }

    @Test("nothing is taken after the end, and nobody waits for a writer that has ended")
    func closed() {
        let queue = MomentQueue(limit: 1000)
        queue.close()
        queue.push(Self.moment(Self.end))
        #expect(Self.take(queue).words.isEmpty)
        queue.finished()
        queue.flush()
    }

    @Test("what was given up is said in the record, in the end and in the statistics")
    func counted() throws {
        let bench = try Bench(queueLimit: 3000, system: .slow)
        let exchange = bench.exchange()
        bench.recorder.observe(Self.moment(.check(rule: "first", message: "keeps the writer busy"), exchange))
        Turnstile.shared.waitUntilEntered()
        exchange.request(#"{"model":"m","text":"\#(String(repeating: "x", count: 2000))"}"#)
        exchange.events(.client, String(repeating: "x", count: 3000))
        exchange.response(#"{"content":"\#(String(repeating: "y", count: 3000))"}"#)
        exchange.end()
        Turnstile.shared.open()
        let records = try bench.records()
        #expect(records.map(\.type) == ["meta", "check", "request", "response", "end"])
        #expect(records[2]["body_dropped"]?.string == "overflow")
        #expect(records[2]["body_bytes"]?.int == 2023)
        #expect(records[4]["dropped"]?.int == 2)
        #expect(bench.recorder.statistics.droppedEvents == 1)
        #expect(bench.recorder.statistics.droppedBodies == 1)
        #expect(bench.recorder.statistics.records == 5)
    }
}
