/// Which backend answers, and what is said about it.
import Intercept
import Testing

@testable import claudecodex

@Suite struct BackendChoiceTests {
    private func choice(_ arguments: [String], _ shell: [String: String] = [:]) throws -> BackendChoice {
        let environment = Environment(shell)
        return try BackendChoice(Settings(Arguments(arguments), environment), environment)
    }

    private func failure(_ arguments: [String], _ shell: [String: String] = [:]) -> Failure? {
        do { _ = try choice(arguments, shell) } catch { return error as? Failure }
        return nil
    }

    @Test("--upstream is the reason, not the variable that it stands for")
    func upstream() throws {
        let plain = try choice(["--upstream", "http://h:1/v1"])
        #expect(plain.name == "anthropic" && plain.because == "--upstream http://h:1/v1")
        let translated = try choice(["--upstream", "http://h:1/v1"], ["OPENAI_API_KEY": "k12345678"])
        #expect(translated.name == "openai_compatible" && translated.because == "--upstream http://h:1/v1")
        let variable = try choice([], ["CLAUDECODEX_UPSTREAM": "http://h:1"])
        #expect(variable.because == "CLAUDECODEX_UPSTREAM=http://h:1 (shell)")
        #expect(try choice([], ["OPENAI_BASE_URL": "http://h:1/v1"]).because == "OPENAI_BASE_URL=http://h:1/v1")
        #expect(try choice(["-b", "anthropic", "--upstream", "http://h"]).because == "--backend anthropic")
    }

    @Test(
        "a wrong --upstream is a mistake on the command line",
        arguments: [
            ([], "foo", "expected an address that begins with https:// or http://"),
            (["-b", "openai"], "foo", "expected an address that begins with https:// or http://"),
            (
                ["-b", "openai"], "http://me@h",
                "the URL holds a user name; put the key into OPENAI_API_KEY; it should look like https://api.openai.com/v1"
            ),
        ])
    func wrong(_ flags: [String], _ url: String, _ problem: String) {
        #expect(failure(flags + ["--upstream", url]) == .usage("--upstream \(url): \(problem)"))
        let variable = failure(flags, ["CLAUDECODEX_UPSTREAM": url])
        #expect(variable == .configuration("CLAUDECODEX_UPSTREAM (shell) \(url): \(problem)"))
    }

    @Test("an unknown backend is answered with those that there are")
    func unknown() {
        #expect(failure(["-b", "gpt"])?.message == "--backend gpt: no backend has this name")
        #expect(
            failure(["-b", "gpt"])?.hints == [
                "backends: auto, bedrock, openai_compatible, openai_responses, anthropic, demo"
            ])
    }
}
