/// A whole proxy inside the test: its loop on a thread of its own, real sockets on 127.0.0.1, an observer that keeps moments.
import Foundation
import Testing

@testable import Intercept

/// A running proxy. It listens when it is made; `stop()` ends its thread.
final class Proxy: @unchecked Sendable {
    let trace: Trace
    let port: Int
    private let loop: EventLoop
    private let server: Server
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - observers: told what happens, beside `trace`.
    ///   - more: interceptors that need the loop.
    init(
        _ backend: any Backend, limits: Limits = Limits(), interceptors: [any Interceptor] = [],
        source: (any AnswerSource)? = nil,
        observers: [any Observer] = [], token: AccessToken? = nil, hosts: [String] = [],
        listen: ListenAddress = .tcp(host: "127.0.0.1", port: 0), isStrict: Bool = false,
        faults: (any FaultSource)? = nil,
        making more: @escaping @Sendable (EventLoop) -> [any Interceptor] = { _ in [] }
    ) throws {
        signal(SIGPIPE, SIG_IGN)
        let trace = Trace()
        let make: @Sendable (EventLoop) -> Service = { loop in
            Service(
                backend: backend, faults: faults, interceptors: interceptors + more(loop), source: source,
                observers: [trace] + observers,
                isStrict: isStrict)
        }
        let started = Started()
        let ended = ended
        Thread.detachNewThread {
            defer { ended.signal() }
            let made = Result { try Self.make(make, limits, listen, token, hosts) }
            started.tell(made)
            if let parts = try? made.get() { parts.loop.run() }
        }
        let parts = try started.wait()
        (self.trace, loop, server, port) = (trace, parts.loop, parts.server, parts.port)
    }

    fileprivate struct Parts: @unchecked Sendable {
        let loop: EventLoop
        let server: Server
        let port: Int
    }

    private static func make(
        _ service: (EventLoop) -> Service, _ limits: Limits, _ listen: ListenAddress, _ token: AccessToken?,
        _ hosts: [String]
    ) throws -> Parts {
        let loop = try EventLoop()
        let upstream = try Upstream(loop, limits: limits, environment: Environment())
        let server = Server(
            loop: loop, listen: listen, limits: limits, service: service(loop), upstream: upstream,
            token: token,
            hosts: hosts)
        let address = try server.listen()
        if case .tcp(_, let port) = address { return Parts(loop: loop, server: server, port: port) }
        return Parts(loop: loop, server: server, port: 0)
    }

    /// Takes no new connections; gives what becomes ready when the last exchange has ended.
    func drain() -> DispatchSemaphore {
        let drained = DispatchSemaphore(value: 0)
        loop.spawn { [server] in server.drain { drained.signal() } }
        return drained
    }

    /// Exchanges that are being answered.
    var openExchanges: Int {
        let count = Locked(0)
        let known = DispatchSemaphore(value: 0)
        loop.spawn { [server] in
            count.value = server.openExchanges
            known.signal()
        }
        known.wait()
        return count.value
    }

    /// Ends all connections and the thread.
    func stop() {
        loop.spawn { [server, loop] in
            server.drain {}
            server.drainNow()
            loop.after(milliseconds: 5) { loop.stop() }
        }
        ended.wait()
    }

    func client() throws -> Client { try Client(port: port) }

    /// One request on a connection of its own.
    func ask(_ request: String, body: String = "") throws -> Answer {
        let client = try client()
        defer { client.close() }
        try client.send(Wire.request(request, body: body))
        return try client.answer(isHead: request.hasPrefix("HEAD"))
    }
}

/// Carries the outcome of starting from one thread to another.
private final class Started: @unchecked Sendable {
    private var outcome: Result<Proxy.Parts, any Error>?
    private let told = DispatchSemaphore(value: 0)

    func tell(_ outcome: Result<Proxy.Parts, any Error>) {
        self.outcome = outcome
        told.signal()
    }

    func wait() throws -> Proxy.Parts {
        told.wait()
        guard let outcome else { throw HarnessError("the proxy's thread said nothing") }
        return try outcome.get()
    }
}

/// Keeps what the proxy tells its observers.
final class Trace: Observer, @unchecked Sendable {
    private let moments = Locked<[Moment]>([])

    func observe(_ moment: Moment) { moments.change { $0.append(moment) } }

    var all: [Moment] { moments.value }

    /// How exchanges ended, in order.
    var outcomes: [Outcome] {
        all.compactMap { if case .end(let end) = $0.event { end.outcome } else { nil } }
    }

    var errors: [Moment.Failure] {
        all.compactMap { if case .error(let error) = $0.event { error } else { nil } }
    }

    var responses: [Moment.Response] {
        all.compactMap { if case .response(let response) = $0.event { response } else { nil } }
    }

    var heads: [Moment.Head] {
        all.compactMap { if case .head(let head) = $0.event { head } else { nil } }
    }

    var toolCalls: [ToolCall] {
        all.compactMap { if case .toolCall(let made) = $0.event { made.call } else { nil } }
    }

    var intercepts: [String] {
        all.compactMap { moment in
            if case .intercept(let what) = moment.event { "\(what.hook) \(what.action)" } else { nil }
        }
    }

    /// Bytes seen on one side, joined.
    func bytes(_ side: Moment.Events.Side) -> [UInt8] {
        all.flatMap { moment -> [UInt8] in
            if case .events(let events) = moment.event, events.side == side { events.bytes } else { [] }
        }
    }
}

/// A value behind a lock.
final class Locked<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var held: Value

    init(_ value: Value) { held = value }

    var value: Value {
        get { lock.withLock { held } }
        set { lock.withLock { held = newValue } }
    }

    func change(_ body: (inout Value) -> Void) { lock.withLock { body(&held) } }
}

struct HarnessError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Looks again and again until the condition holds, at most `milliseconds`. Gives how long it took.
@discardableResult
func eventually(
    _ what: String, within milliseconds: Int = 5000, sourceLocation: SourceLocation = #_sourceLocation,
    _ holds: () throws -> Bool
) rethrows -> Double {
    let began = Monotonic.now()
    while try !holds() {
        let passed = Monotonic.now().milliseconds(since: began)
        guard passed < Double(milliseconds) else {
            Issue.record("\(what): not within \(milliseconds) ms", sourceLocation: sourceLocation)
            return passed
        }
        usleep(500)
    }
    return Monotonic.now().milliseconds(since: began)
}
