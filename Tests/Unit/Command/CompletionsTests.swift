/// What shells and the manual are told comes from the tables, all of it.
import Testing

@testable import Intercept
@testable import claudecodex

@Suite struct CompletionsTests {
    @Test("every script names every word, flag and choice", arguments: Completions.Shell.allCases)
    func complete(shell: Completions.Shell) {
        let text = Completions.text(shell)
        for word in Word.allCases { #expect(text.contains(word.rawValue), "\(word)") }
        for flag in Flags.all {
            #expect(text.contains((shell == .fish ? "-l " : "--") + flag.long), "\(flag.name)")
            for choice in flag.choices { #expect(text.contains(choice)) }
        }
        #expect(text.hasSuffix("\n") && !text.contains("  \n"))
    }

    @Test("each word is in one group, and short help lists them all")
    func groups() {
        for word in Word.allCases { #expect(Help.short.contains(word.rawValue), "\(word)") }
        for group in Word.Group.allCases {
            #expect(Help.short.contains(group.rawValue))
            #expect(Word.allCases.contains { $0.group == group })
        }
    }

    @Test("flags with a file or a directory are known as such")
    func values() {
        #expect(Flags.row(.config)?.completion == .file)
        #expect(Flags.row(.logDir)?.completion == .directory)
        #expect(Flags.row(.redact)?.completion == .choices(["off", "headers", "tokens", "strict"]))
        #expect(Flags.row(.listen)?.completion == .anything)
        #expect(Flags.row(.json)?.completion == nil)
    }

    @Test("words that take operands take them on the command line too")
    func operands() throws {
        for word in Word.allCases {
            switch word.operands {
            case .none:
                #expect(throws: Failure.self, "\(word)") { try Arguments([word.rawValue, "x"]) }
            case .traces, .files, .choice: #expect(try Arguments([word.rawValue, "x"]).operands == ["x"])
            case .command, .topics: continue
            }
        }
    }

    @Test("the manual names every word, flag, variable and exit code, and no line of text begins like a request")
    func manual() {
        let text = ManPage.text
        for flag in Flags.all {
            #expect(text.contains(flag.long.replacing("-", with: "\\-")), "\(flag.name)")
        }
        for variable in Variable.all { #expect(text.contains(variable.name)) }
        for word in Word.allCases { #expect(text.contains(word.rawValue)) }
        let requests = [".TH", ".SH", ".SS", ".TP", ".IP", ".br"]
        for line in text.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
            #expect(requests.contains { line.hasPrefix($0) }, "\(line)")
        }
    }
}
