/// Where traces go.
import Intercept
import Testing

@testable import claudecodex

@Suite struct LogDirectoryTests {
    private let home = Environment(["HOME": "/h"])

    private func flag(_ text: String) -> Setting { Setting(text: text, origin: .flag("log-dir")) }

    @Test("the flag wins over the marked ./logs")
    func flagWins() throws {
        #expect(try LogDirectory.choose(flag("/t"), hasMarker: true, home) == "/t")
        #expect(try LogDirectory.choose(flag("t"), hasMarker: true, home) == "t")
        #expect(try LogDirectory.choose(flag("~/t"), hasMarker: true, home) == "/h/t")
        #expect(try LogDirectory.choose(flag("~x/t"), hasMarker: true, home) == "~x/t")
    }

    @Test("a marked ./logs wins over the state directory")
    func marker() throws {
        #expect(try LogDirectory.choose(nil, hasMarker: true, home) == "logs")
        #expect(try LogDirectory.choose(nil, hasMarker: true, Environment()) == "logs")
    }

    @Test("else the state directory, where XDG says if it says an absolute path")
    func state() throws {
        #expect(try LogDirectory.choose(nil, hasMarker: false, home) == "/h/.local/state/claudecodex/logs")
        let moved = Environment(["HOME": "/h", "XDG_STATE_HOME": "/s"])
        #expect(try LogDirectory.choose(nil, hasMarker: false, moved) == "/s/claudecodex/logs")
        let relative = Environment(["HOME": "/h", "XDG_STATE_HOME": "s"])
        #expect(try LogDirectory.choose(nil, hasMarker: false, relative) == "/h/.local/state/claudecodex/logs")
    }

    @Test("without a home there is no place, and the message says what to do")
    func nowhere() {
        #expect(
            throws: Failure.configuration(
                "neither HOME nor XDG_STATE_HOME is set, so there is no place for traces", "use --log-dir DIR")
        ) { try LogDirectory.choose(nil, hasMarker: false, Environment()) }
    }

    @Test("a path below the home directory is shown with ~")
    func shown() {
        #expect(LogDirectory.shown("/h/a", home) == "~/a")
        #expect(LogDirectory.shown("/hh/a", home) == "/hh/a")
        #expect(LogDirectory.shown("logs/a", home) == "logs/a")
    }

    @Test(
        "a trace that holds only its beginning is empty",
        arguments: [
            ("", true), (#"{"v":1,"type":"meta"}"# + "\n", true), (#"{"v":1,"type":"request"}"# + "\n", false),
            (#"{"v":1,"type":"meta"}"# + "\n" + #"{"v":1,"type":"gap"}"# + "\n", false), ("torn", false),
        ])
    func empty(_ trace: String, _ isEmpty: Bool) { #expect(LogDirectory.isEmpty(Array(trace.utf8)) == isEmpty) }

    @Test("what cannot be read has a reason, and is not removed")
    func unreadable() {
        #expect(Files.read("/nowhere/x") == .failure(Unreadable(reason: "No such file or directory")))
        #expect(Files.read("/") == .failure(Unreadable(reason: "not a regular file")))
        #expect(!LogDirectory.removeIfEmpty("/nowhere/x"))
    }
}
