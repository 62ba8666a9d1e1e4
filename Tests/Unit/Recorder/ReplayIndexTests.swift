import Testing

@testable import Intercept
@testable import Recorder

struct ReplayIndexTests {
    /// Records exchanges and reads them back.
    private struct Session {
        let bench: Bench
        private(set) var index = ReplayIndex()

        init(redact: RedactionLevel = .tokens, _ requests: [Asked]) throws {
            bench = try Bench(redact: redact)
            for (number, request) in requests.enumerated() {
                let exchange = request.exchange([bench.recorder])
                exchange.record(.request(request.moment))
                exchange.events(.client, "answer \(number)", isStream: false)
                let error = MessageError(request.status, nil, "no").body(requestID: nil)
                exchange.record(
                    .response(
                        .init(
                            status: request.status, model: "m", backend: "x", durationMS: 1,
                            body: request.status < 400 ? nil : error, pings: 0)))
                exchange.end()
            }
            bench.recorder.flush()
            var reader = ExchangeReader(session: nil, .init(types: nil, body: true))
            var found: [RecordedExchange] = []
            try reader.read(bench.recorder.path) { found.append($0) }
            for exchange in found { index.add(exchange, redact, key: Bench.key) }
            index.close()
        }

        /// `0 exact`, `2 place again`, `- `
        mutating func find(_ asked: Asked) -> String {
            let found = index.find(asked.moment, asked.exchange([]))
            guard let rung = found.rung else { return "miss \(found.entry.map(String.init) ?? "-")" }
            return "\(found.entry ?? -1) \(rung.rawValue)" + (found.isReused ? " again" : "")
        }
    }

    private struct Asked {
        var body: String
        var session: String? = "s"
        var agent: String?
        var kind = Exchange.Kind.main
        var path = "/v1/messages"
        var status = 200

        init(_ body: String, session: String? = "s", agent: String? = nil, kind: Exchange.Kind = .main) {
            (self.body, self.session, self.agent, self.kind) = (body, session, agent, kind)
        }

        var moment: Moment.Request {
            .init(
                method: "POST", path: path, headers: HTTPFields(), bytes: Array(body.utf8),
                body: try? JSON.parse(Array(body.utf8)))
        }

        func exchange(_ observers: [any Observer]) -> Exchange {
            Exchange(kind: kind, session: session, agent: agent, observers: observers)
        }
    }

    /// A conversation of so many turns of which the last user's text is `last`.
    private static func talk(_ texts: [String], tools: String = "Bash", user: String = "u", stream: Bool = false)
        -> String
    {
        var messages = ""
        for (number, text) in texts.enumerated() {
            if number > 0 { messages += #",{"role":"assistant","content":"ok \#(number)"},"# }
            messages += #"{"role":"user","content":"\#(text)"}"#
        }
        return
            #"{"model":"m","stream":\#(stream),"metadata":{"user_id":"\#(user)"},"tools":[{"name":"\#(tools)"}],"messages":[\#(messages)]}"#
    }

    @Test("the rungs of the ladder: bytes, form, place, last turn, nothing")
    func rungs() throws {
        var session = try Session([
            Asked(Self.talk(["a"])), Asked(Self.talk(["a", "b 14:22"])), Asked(Self.talk(["a", "b", "c"])),
        ])
        #expect(session.find(Asked(Self.talk(["a"]))) == "0 exact")
        #expect(session.find(Asked(Self.talk(["a", "b 09:01"], user: "v"))) == "1 normalised")
        #expect(session.find(Asked(Self.talk(["a", "other", "than that"]))) == "2 place")
        #expect(session.find(Asked(Self.talk(["a", "b", "c", "d"]))) == "miss 2")
        var other = try Session([Asked(Self.talk(["a", "b", "c"]))])
        #expect(other.find(Asked(Self.talk(["c"], tools: "Read"))) == "0 last_turn")
        #expect(other.find(Asked(Self.talk(["x"], tools: "Read"))) == "miss 0")
    }

    @Test("each exchange answers once, in order, and again where nothing else fits: the last one without an error")
    func order() throws {
        var refused = Asked(Self.talk(["a"]))
        refused.status = 429
        var session = try Session([refused, Asked(Self.talk(["a"]))])
        let asked = Asked(Self.talk(["a"]), session: "x")
        #expect(session.find(asked) == "0 exact")
        #expect(session.find(asked) == "1 exact")
        #expect(session.find(asked) == "1 exact again")
        #expect(
            session.find(Asked(Self.talk(["a"]), session: "y")) == "0 exact", "another client has a state of its own")
    }

    @Test("sub-agents at work in parallel are told apart by what they say, and by their place where that has changed")
    func agents() throws {
        func agent(_ name: String, _ text: String, session: String = "s") -> Asked {
            Asked(Self.talk([text]), session: session, agent: name, kind: .subagent)
        }
        var session = try Session([agent("a1", "left"), agent("a2", "right")])
        #expect(session.find(agent("b7", "right", session: "t")) == "1 exact")
        #expect(session.find(agent("b8", "left", session: "t")) == "0 exact")
        #expect(session.find(agent("c1", "left, please", session: "u")) == "0 place")
        #expect(session.find(agent("c2", "right, please", session: "u")) == "1 place")
    }

    @Test("a stream never answers who wants none, and a count never a message")
    func forms() throws {
        var session = try Session([Asked(Self.talk(["a"], stream: true))])
        #expect(session.find(Asked(Self.talk(["a"]))) == "miss -")
        var count = Asked(Self.talk(["a"], stream: true))
        count.path = "/v1/messages/count_tokens"
        #expect(session.find(count) == "miss -")
    }

    @Test(
        "requests with secrets are known again although the trace holds none",
        arguments: [RedactionLevel.tokens, .strict])
    func secrets(_ level: RedactionLevel) throws {
        let secret = "ghp_" + String(repeating: "aB3d", count: 9)
        var session = try Session(redact: level, [Asked(Self.talk(["use \(secret)"]))])
        #expect(try !session.bench.text().contains(secret))
        #expect(session.find(Asked(Self.talk(["use \(secret)"]))) == "0 exact")
        let later = Self.talk(["use \(secret)"], user: "w")
        #expect(session.find(Asked(later, session: "t")) == "0 normalised")
    }

    @Test("of two recorded sessions with the same beginning, the one that has answered goes on answering")
    func bound() throws {
        var session = try Session([
            Asked(Self.talk(["a"]), session: "one"), Asked(Self.talk(["a"], user: "2"), session: "two"),
            Asked(Self.talk(["a", "b"]), session: "one"), Asked(Self.talk(["a", "b"]), session: "two"),
        ])
        #expect(session.find(Asked(Self.talk(["a"], user: "2"), session: "x")) == "1 exact")
        #expect(session.find(Asked(Self.talk(["a", "b"]), session: "x")) == "3 exact")
    }

    @Test("of requests that differ only by a year, a date or an id each finds its own, whatever comes first")
    func years() throws {
        func asked(_ word: String, _ last: String, _ session: String) -> Asked {
            Asked(Self.talk(["count", "was \(word) in 14:22", last], user: session), session: session)
        }
        let id = "0190aaaa-0000-7000-8000-00000000000"
        for (one, other, third) in [
            ("2048", "2049", "2077"), ("2026-11-28", "2026-11-29", "2027-01-01"), (id + "1", id + "2", id + "3"),
        ] {
            var session = try Session([asked(one, "on", "s"), asked(other, "on", "s")])
            #expect(session.find(asked(other, "on", "x")) == "1 normalised")
            #expect(session.find(asked(other, "on", "x")) == "1 normalised again", "asked once more")
            #expect(session.find(asked(one, "on", "x")) == "0 normalised")
            #expect(session.find(asked(one, "on", "x")) == "0 normalised again")
            #expect(session.find(asked(other, "on", "x")) == "1 normalised again")
            #expect(session.find(asked(third, "on", "y")) == "0 normalised", "in order")
        }
    }

    @Test("the dates of a client's environment do not decide which request is the closest")
    func today() throws {
        func asked(_ day: String, _ year: String, _ session: String) -> Asked {
            let reminder = "<system-reminder>Today's date is \(day)</system-reminder>"
            let blocks = #"[{"type":"text","text":"\#(reminder)"},{"type":"text","text":"in \#(year)"}]"#
            return Asked(#"{"model":"m","messages":[{"role":"user","content":\#(blocks)}]}"#, session: session)
        }
        var session = try Session([asked("2026-11-29", "2048", "s"), asked("2026-11-30", "2049", "s")])
        #expect(session.find(asked("2026-11-29", "2049", "x")) == "1 normalised")
    }

    @Test("requests of several sessions in turn are known by their bytes")
    func inTurn() throws {
        let filler = String(repeating: "words and words. ", count: 700)
        let talks = (1...6).map { count in Self.talk((0..<count).map { "\($0) \(filler)" }) }
        var session = try Session(talks.map { Asked($0) })
        for (number, talk) in talks.enumerated() {
            for client in 0..<10 {
                #expect(session.find(Asked(talk, session: "c\(client)")) == "\(number) exact")
            }
        }
        #expect(session.find(Asked(talks[1], session: "c1")) == "1 exact again", "a shorter body than the last")
    }

    @Test("no more clients are remembered than is said")
    func clients() throws {
        var session = try Session([Asked(Self.talk(["a"]))])
        for number in 0..<300 { #expect(session.find(Asked(Self.talk(["a"]), session: "c\(number)")) == "0 exact") }
        #expect(session.find(Asked(Self.talk(["a"]), session: "c299")) == "0 exact again")
        #expect(session.find(Asked(Self.talk(["a"]), session: "c0")) == "0 exact", "forgotten")
    }
}
