/// The one table of flags, and what is made from it.
import Testing

@testable import Intercept
@testable import claudecodex

@Suite struct FlagsTests {
    @Test("each flag has one row, one letter and one variable of its own")
    func rows() {
        #expect(Flags.all.map(\.name.rawValue).sorted() == Flag.Name.allCases.map(\.rawValue).sorted())
        let letters = Flags.all.compactMap(\.short)
        #expect(Set(letters).count == letters.count)
        let variables = Flags.all.flatMap(\.variables) + Variable.all.map(\.name)
        #expect(Set(variables).count == variables.count)
    }

    @Test("a flag's variable is its name in capitals")
    func variables() {
        #expect(Flags.row(.logDir)?.variable == "CLAUDECODEX_LOG_DIR")
        #expect(Flags.row(.port)?.variables == ["CLAUDECODEX_PORT", "SERVER_PORT"])
        #expect(Flags.row(.backend)?.variables == ["CLAUDECODEX_BACKEND", "LLM_BACKEND", "LLM_PROVIDER"])
        #expect(Flags.row(.help)?.variable == nil)
    }

    @Test("-h fits on one screen")
    func shortHelp() {
        let lines = Help.short.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(lines.count <= 24)
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(Help.short.contains("--deny-tool"))
    }

    @Test("--help names every command, flag and variable", arguments: [Help.long(Current([:])), HelpMarkdown.text])
    func longHelp(_ text: String) {
        for word in Word.allCases {
            #expect(text.contains("claudecodex \(word == .serve ? "[serve]" : word.rawValue)"))
        }
        for flag in Flags.all { #expect(text.contains("--\(flag.long)")) }
        for variable in Variable.all { #expect(text.contains(variable.name)) }
    }

    @Test("--help shows the value in effect and where it comes from")
    func effective() {
        #expect(Help.long(Current([:])).contains("Who answers.   [auto]"))
        let text = Help.long(Current(["LLM_BACKEND": "anthropic"]))
        #expect(text.contains("Who answers.   [anthropic, from LLM_BACKEND]"))
    }

    @Test(
        "help explains a command, a flag in any spelling, a variable",
        arguments: [
            ("run", "claudecodex run [flags] -- CMD"), ("listen", "unix:/path"), ("--listen", "unix:/path"),
            ("-l", "unix:/path"), ("SERVER_PORT", "--port N"), ("OPENAI_BASE_URL", "base URL"),
            ("CLAUDECODEX_DENY_TOOL", "a fence, not a wall"), ("--redact", "One of off, headers, tokens, strict."),
        ])
    func topics(_ topic: String, _ part: String) throws {
        #expect(try Help.explain(topic, Current([:])).contains(part))
    }

    @Test("help shows a variable's value, but no key")
    func secrets() throws {
        let current = Current(["OPENAI_API_KEY": "sk-secret", "OPENAI_MODEL": "gpt-5"])
        #expect(try Help.explain("OPENAI_MODEL", current).contains("OPENAI_MODEL is set in the shell: gpt-5"))
        let text = try Help.explain("OPENAI_API_KEY", current)
        #expect(text.contains("OPENAI_API_KEY is set in the shell"))
        #expect(!text.contains("sk-secret"))
        let token = Current(["CLAUDECODEX_TOKEN": "secret-of-the-proxy"])
        for text in [Help.long(token), try Help.explain("token", token)] {
            #expect(text.contains("CLAUDECODEX_TOKEN") && !text.contains("secret-of-the-proxy"))
        }
    }

    @Test("help about an unknown thing suggests a known one")
    func unknownTopic() {
        #expect(
            throws: Failure.usage(
                "no help for 'lisen'; did you mean 'listen'?", "`claudecodex --help` lists everything")
        ) { try Help.explain("lisen", Current([:])) }
    }

    @Test(
        "the distance counts insertions, deletions, replacements and swaps",
        arguments: [
            ("serve", "serve", 0), ("serv", "serve", 1), ("esrve", "serve", 1), ("", "abc", 3),
            ("kitten", "sitting", 3),
        ])
    func distance(_ left: String, _ right: String, _ distance: Int) {
        #expect(Suggestion.distance(left, right) == distance)
        #expect(Suggestion.distance(right, left) == distance)
    }

    @Test("nothing is suggested for a word that is like none")
    func noSuggestion() {
        #expect(Suggestion.nearest(to: "kubernetes", in: ["serve", "run", "env"]) == nil)
        #expect(Suggestion.nearest(to: "RUN", in: ["serve", "run", "env"]) == "run")
    }
}
