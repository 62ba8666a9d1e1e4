/// The command line taken apart.
import Testing

@testable import claudecodex

@Suite struct ArgumentsTests {
    private func failure(_ arguments: [String]) -> Failure? {
        do throws(Failure) {
            _ = try Arguments(arguments)
            return nil
        } catch {
            return error
        }
    }

    @Test("no word at all means serve")
    func serveIsDefault() throws {
        #expect(try Arguments([]).word == .serve)
        #expect(try Arguments(["-q"]).word == .serve)
    }

    @Test(
        "every flag with a value takes it behind a blank and behind =", arguments: Flags.all.filter { $0.value != nil })
    func values(_ flag: Flag) throws {
        let value = flag.choices.first ?? "x"
        let words = flag.words.contains(.serve) ? [] : [flag.words[0].rawValue]
        let wanted = [Arguments.Given(name: flag.name, value: value)]
        let long = "--\(flag.name.rawValue)"
        #expect(try Arguments(words + [long, value]).given == wanted)
        #expect(try Arguments(words + ["\(long)=\(value)"]).given == wanted)
        if let short = flag.short {
            #expect(try Arguments(words + ["-\(short)", value]).given == wanted)
            #expect(try Arguments(words + ["-\(short)\(value)"]).given == wanted)
            #expect(try Arguments(words + ["-\(short)=\(value)"]).given == wanted)
        }
    }

    @Test("every flag with a value complains when there is none", arguments: Flags.all.filter { $0.value != nil })
    func missingValues(_ flag: Flag) {
        let long = "--\(flag.name.rawValue)"
        for arguments in [[long], ["\(long)="], [long, "--"]] {
            let failure = failure(arguments)
            #expect(failure?.code == .usage)
            #expect(failure?.message.hasPrefix("\(long) needs a value") == true)
        }
    }

    @Test("every flag without a value refuses one", arguments: Flags.all.filter { $0.value == nil })
    func needlessValues(_ flag: Flag) {
        #expect(failure(["--\(flag.name.rawValue)=1"])?.message == "--\(flag.name.rawValue) takes no value, got '1'")
    }

    @Test("every flag of few values refuses others", arguments: Flags.all.filter { !$0.choices.isEmpty })
    func choices(_ flag: Flag) {
        let failure = failure(["--\(flag.name.rawValue)", "nonsense"])
        #expect(failure?.code == .usage)
        #expect(failure?.message.contains("expected \(flag.choices.joined(separator: ", "))") == true)
    }

    @Test("one-letter flags stand together, the last may have a value")
    func shorts() throws {
        let arguments = try Arguments(["-vvp8000"])
        #expect(arguments.values(.verbose).count == 2)
        #expect(arguments.values(.port) == ["8000"])
    }

    @Test("flags may stand before the word and behind it")
    func order() throws {
        let arguments = try Arguments(["-b", "anthropic", "env", "--shell", "fish"])
        #expect(arguments.word == .env)
        #expect(arguments.values(.backend) == ["anthropic"])
        #expect(arguments.values(.shell) == ["fish"])
    }

    @Test("behind -- everything belongs to the command")
    func command() throws {
        let arguments = try Arguments(["run", "-v", "--", "claude", "-p", "--", "--help", ""])
        #expect(arguments.operands == ["claude", "-p", "--", "--help", ""])
        #expect(arguments.values(.verbose).count == 1)
        #expect(arguments.help == nil)
    }

    @Test("-h is the short help, --help the long one, and both win over mistakes in what goes with what")
    func help() throws {
        #expect(try Arguments(["-h"]).help == .short)
        #expect(try Arguments(["--help"]).help == .long)
        #expect(try Arguments(["run", "--help"]).help == .long)
        #expect(try Arguments(["run", "-p", "1", "-h"]).help == .short)
        #expect(try Arguments(["help", "--listen"]).operands == ["--listen"])
        #expect(try Arguments(["--version"]).word == .version)
    }

    @Test(
        "mistakes end with 64 and a sentence that helps",
        arguments: [
            (["serv"], "unknown command 'serv'; did you mean 'serve'?"),
            (["frob", "x.jsonl"], "unknown command 'frob'"),
            (["--lisetn", "x"], "unknown flag --lisetn; did you mean '--listen'?"),
            (["-z"], "unknown flag -z"),
            (["--record", "ful"], "--record ful: expected full, delta, off; did you mean 'full'?"),
            (["serve", "now"], "serve takes no argument, got 'now'"),
            (["run", "claude"], "run: put -- before the command"),
            (["run"], "run: no command"),
            (["run", "--"], "run: no command"),
            (["--", "claude"], "-- belongs to run and to replay"),
            (["run", "-p", "1", "--", "x"], "--port does not go with run, only with serve, replay, env, doctor"),
            (
                ["version", "-q"],
                "--quiet does not go with version, only with serve, run, replay, "
                    + Word.readers.map(\.rawValue).joined(separator: ", ")
            ),
            (["serve", "--shell", "sh"], "--shell does not go with serve, only with env"),
        ])
    func mistakes(_ arguments: [String], _ message: String) {
        let failure = failure(arguments)
        #expect(failure?.code == .usage)
        #expect(failure?.message == message)
    }

    @Test("a failure is printed with its next steps below")
    func failureText() {
        #expect(Failure.usage("bad", "do this", "or that").text == "claudecodex: bad\n  do this\n  or that\n")
    }
}
