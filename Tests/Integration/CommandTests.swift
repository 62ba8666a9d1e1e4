/// The command line by its exact output. Runs only where `CLAUDECODEX_BIN` says where the program is.
import Foundation
import Testing

@testable import Intercept

@Suite(.enabled(if: RecordingTests.program != nil))
struct CommandTests {
    static let wrong: [([String], String)] = [
        (["--nonsense"], "claudecodex: unknown flag --nonsense\n  `claudecodex --help` lists all flags\n"),
        (
            ["serve", "--listen", "1.2.3:x"],
            "claudecodex: --listen: listen address 1.2.3:x: expected HOST:PORT, :PORT or unix:/path, for example 127.0.0.1:8082\n"
        ),
        (["help", "nothing"], "claudecodex: no help for 'nothing'\n  `claudecodex --help` lists everything\n"),
        (["serve", "--max-body", "x"], "claudecodex: --max-body x: expected a size of at least 1K, for example 64M\n"),
    ]

    @Test("a wrong command line is refused with code 64, one line of why and one of what to do", arguments: wrong)
    func usage(arguments: [String], text: String) throws {
        let run = try CommandRun(arguments)
        #expect(run.code == 64 && run.out == "" && run.err == text)
    }

    @Test("a wrong variable is refused with code 78 and its name")
    func configuration() throws {
        let run = try CommandRun(
            ["serve", "--listen", "127.0.0.1:0"], environment: ["ANTHROPIC_UPSTREAM_URL": "nowhere"])
        #expect(run.code == 78 && run.out == "")
        #expect(run.err.hasPrefix("claudecodex: ANTHROPIC_UPSTREAM_URL=nowhere: expected an address"))
    }

    @Test("an address in use is refused with code 69 and another one offered")
    func inUse() throws {
        let (socket, port) = try RawSocket.listen()
        defer { socket.close() }
        let run = try CommandRun(["serve", "--listen", "127.0.0.1:\(port)", "--record", "off"])
        #expect(run.code == 69)
        #expect(
            run.err == "claudecodex: 127.0.0.1:\(port) is in use by another process (claudecodex doctor says by whom); "
                + "choose another port with --port, 0 for any free one\n")
    }

    @Test("version and help go to the standard output")
    func information() throws {
        let version = try CommandRun(["version"])
        #expect(version.code == 0 && version.err == "" && version.out.hasPrefix("claudecodex 0."))
        let help = try CommandRun(["--help"])
        #expect(help.code == 0 && help.err == "" && help.out.contains("--listen"))
    }

    @Test("two processes write the same bytes for the same request")
    func deterministic() throws {
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(500, #"{"error":{"message":"x"}}"#) }
        let tools = (0..<30).map {
            #"{"name":"tool\#($0)","input_schema":{"type":"object","properties":{"b":{},"a":{}}}}"#
        }
        let folder = NSTemporaryDirectory()
        for _ in 0..<2 {
            let child = try Child(
                arguments: ["--record", "off"], folder: folder,
                variables: [
                    "OPENAI_BASE_URL": upstream.url, "OPENAI_API_KEY": "key-of-the-test", "OPENAI_MODEL": "gpt-4o",
                ])
            let client = try Client(port: child.port)
            try client.send(Samples.request(#""tools":[\#(tools.joined(separator: ","))],"temperature":0.30"#))
            #expect(try client.answer().status == 500)
            #expect(child.terminate() == 0)
        }
        let bodies = upstream.requests.map(\.body)
        #expect(bodies.count >= 2 && bodies.allSatisfy { $0 == bodies[0] })
    }
}
