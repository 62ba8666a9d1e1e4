/// What `doctor --online` makes of a service's answer.
import Testing

@testable import Intercept
@testable import claudecodex

@Suite struct DoctorOnlineTests {
    private static func judge(
        _ status: Int, _ body: String = "", hasKey: Bool = true, model: String? = nil
    ) -> [Finding] {
        let answer = FetchedAnswer(
            head: UpstreamHead(status: status, headers: HTTPFields()), body: Array(body.utf8), connectMS: 12, tlsMS: 30)
        return DoctorOnline.judge(answer, "https://h/v1/models", hasKey: hasKey, model: model)
    }

    @Test("a model list says that address and key are right")
    func fine() {
        #expect(
            Self.judge(200, "{}") == [
                .ok("online", "https://h/v1/models answered 200, connected in 12ms (TLS 30ms) and takes the key")
            ])
    }

    @Test("a refused key is a problem, in the service's words; without a key of our own it is none")
    func refused() {
        let found = Self.judge(401, #"{"error":{"message":"Incorrect API key\u001b\nprovided"}}"#)
        #expect(found.map(\.level) == [.fail])
        #expect(found[0].text == #"https://h/v1/models refuses the key (401): Incorrect API key\x1b\x0aprovided"#)
        #expect(Self.judge(401, hasKey: false).map(\.level) == [.ok])
    }

    @Test(
        "other answers",
        arguments: [
            (404, Finding.Level.note), (405, .note), (429, .warn), (500, .warn), (302, .warn), (403, .fail),
        ])
    func others(status: Int, level: Finding.Level) {
        #expect(Self.judge(status, "<html>").map(\.level) == [level])
    }

    @Test("a model that the service does not list is pointed out")
    func model() {
        let list = #"{"data":[{"id":"qwen3:latest"},{"id":"models/gemini-x"},{"id":"gpt-5-mini"}]}"#
        for known in ["gpt-5-mini", "gemini-x", "qwen3"] {
            #expect(Self.judge(200, list, model: known).map(\.level) == [.ok, .ok])
        }
        let missing = Self.judge(200, list, model: "gpt-5-min")
        #expect(missing.map(\.level) == [.ok, .warn] && missing[1].todo == ["OPENAI_MODEL=gpt-5-mini"])
        for odd in ["", "[]", #"{"data":[]}"#, #"{"data":7}"#] {
            #expect(Self.judge(200, odd, model: "x").map(\.level) == [.ok])
        }
    }

    @Test(
        "the clock is compared with the service's",
        arguments: [
            (0, nil), (20, nil), (-31, Finding.Level.warn), (120, .warn), (301, .fail), (-4000, .fail),
        ] as [(Int, Finding.Level?)])
    func skew(seconds: Int, level: Finding.Level?) throws {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT"
        let there = try #require(HTTPDate.parse(date))
        let now = Timestamp(nanoseconds: there.nanoseconds + Int64(seconds) * 1_000_000_000)
        #expect(DoctorOnline.skew(date, now: now).map(\.level) == (level.map { [$0] } ?? []))
        #expect(DoctorOnline.skew(nil, now: now).isEmpty && DoctorOnline.skew("nonsense", now: now).isEmpty)
    }

    @Test("why a service cannot be reached, and what may help", arguments: [5, 6, 7, 28, 35, 60, 52, nil])
    func unreached(code: Int?) {
        let found = DoctorOnline.unreached(FetchFailure(message: "h: no", code: code), "http://h")
        #expect(found.level == .fail && found.text == "http://h cannot be reached: h: no" && found.todo.count == 1)
    }
}
