/// `claudecodex statusline` against a real proxy, and against everything that is none.
import Foundation
import Testing

@testable import Intercept

@Suite(.enabled(if: RecordingTests.program != nil))
struct StatusLineProgramTests {
    private static let message = """
        {"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5-5","content":[{"type":"text","text":"hi"}],\
        "stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1000,"cache_creation_input_tokens":0,\
        "cache_read_input_tokens":24000,"output_tokens":500}}
        """

    /// Runs the command with `stdin`, and says how long it took.
    private func run(_ stdin: String, _ variables: [String: String]) throws -> (line: String, code: Int32, ms: Double) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: RecordingTests.program ?? "")
        process.arguments = ["statusline"]
        process.environment = ["PATH": "/usr/bin:/bin"].merging(variables) { $1 }
        let (given, printed) = (Pipe(), Pipe())
        process.standardInput = given
        process.standardOutput = printed
        process.standardError = FileHandle.nullDevice
        let began = Monotonic.now()
        try process.run()
        try given.fileHandleForWriting.write(contentsOf: Data(stdin.utf8))
        try given.fileHandleForWriting.close()
        let line = String(decoding: printed.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (line, process.terminationStatus, Monotonic.now().milliseconds(since: began))
    }

    private func request(_ path: String, session: String) -> String {
        Wire.request(
            "POST \(path)/v1/messages", body: #"{"model":"claude-opus-5-5","max_tokens":9,"messages":[]}"#,
            fields: "x-claude-code-session-id: \(session)\r\nx-api-key: k\r\n")
    }

    @Test("it shows what the session came to, through the client's base URL with its token; others see an empty line")
    func shows() throws {
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(200, Self.message) }
        let token = "0123456789abcdef0123456789abcdef"
        let child = try Child(
            arguments: ["-b", "anthropic", "--upstream", upstream.url, "--record", "off"],
            folder: NSTemporaryDirectory(),
            variables: ["CLAUDECODEX_TOKEN": token])
        for _ in 0..<2 {
            let client = try Client(port: child.port)
            try client.send(request("/k/\(token)", session: "5f0c-1"))
            #expect(try client.answer().status == 200)
        }
        let url = "http://127.0.0.1:\(child.port)"
        let asked = #"{"hook_event_name":"Status","session_id":"5f0c-1","cwd":"/","model":{"id":"m"}}"#
        let known = try run(asked, ["ANTHROPIC_BASE_URL": "\(url)/k/\(token)"])
        // 1,000 at $4, 24,000 read at $0.20, 500 out at $20 for a million, twice.
        #expect(known.code == 0 && known.line.hasPrefix("hit 96%  $0.0376  ttft "), "\(known.line)")
        #expect(known.line.split(separator: "\n").count == 1)
        let listen = ["CLAUDECODEX_LISTEN": "127.0.0.1:\(child.port)", "CLAUDECODEX_TOKEN": token]
        #expect(try run(asked, listen).line.hasPrefix("hit 96%  $0.0376"))
        let others: [(String, [String: String])] = [
            (asked, ["ANTHROPIC_BASE_URL": url]),
            (asked, ["ANTHROPIC_BASE_URL": "\(url)/k/wrong-token-of-some-length"]),
            (#"{"session_id":"other"}"#, ["ANTHROPIC_BASE_URL": "\(url)/k/\(token)"]),
            ("nonsense", ["ANTHROPIC_BASE_URL": "\(url)/k/\(token)"]), ("", [:]),
            (asked, ["ANTHROPIC_BASE_URL": "https://api.anthropic.com"]),
        ]
        for (stdin, variables) in others {
            let empty = try run(stdin, variables)
            #expect(empty.line == "\n" && empty.code == 0, "\(variables)")
        }
        // Questions are no exchanges.
        #expect(upstream.requests.count == 2)
        #expect(child.terminate() == 0)
        let gone = try run(asked, ["ANTHROPIC_BASE_URL": "\(url)/k/\(token)"])
        #expect(gone.line == "\n" && gone.code == 0)
    }

    @Test("a place that takes the question and never answers costs a moment, not more")
    func silent() throws {
        let (socket, port) = try RawSocket.listen()
        defer { socket.close() }
        let empty = try run(#"{"session_id":"s"}"#, ["ANTHROPIC_BASE_URL": "http://127.0.0.1:\(port)"])
        #expect(empty.line == "\n" && empty.code == 0)
        // 150 ms of its own; the rest is for a busy machine.
        #expect(empty.ms < 5000)
    }
}
