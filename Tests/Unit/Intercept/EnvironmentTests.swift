/// Variables and where they came from.
import Testing

@testable import Intercept

struct EnvironmentTests {
    static let sources: [Environment.Source] = [.defaults, .dotEnv, .userFile, .envFile, .shell, .flag]

    @Test("the stronger source wins, whichever is set first", arguments: sources, sources)
    func precedence(first: Environment.Source, second: Environment.Source) {
        var environment = Environment()
        environment.set("A", "first", first)
        environment.set("A", "second", second)
        #expect(environment["A"] == (first > second ? "first" : "second"))
        #expect(environment.entry("A")?.source == max(first, second))
    }

    @Test("an empty value counts as absent and yields to any source")
    func empty() {
        var environment = Environment(["A": ""])
        #expect(environment["A"] == nil && environment.entry("A") == nil)
        environment.set("A", "x", .dotEnv)
        #expect(environment["A"] == "x" && environment.entry("A")?.source == .dotEnv)
    }

    @Test("the first spelling that is set is found, with its name")
    func first() {
        let environment = Environment(["OLD": "1", "NEW": ""])
        #expect(environment.first("NEW", "OLD")?.name == "OLD")
        #expect(environment.first("NEW") == nil)
        #expect(environment.first() == nil)
    }

    @Test("a count is a whole number above 0, anything else is named with its source")
    func count() throws {
        let environment = Environment(["A": "32768", "B": "0", "C": "32k", "D": ""])
        #expect(try environment.count("A") == 32768 && environment.count("D") == nil)
        for name in ["B", "C"] {
            let error = #expect(throws: ConfigError.self) { try environment.count(name) }
            #expect(error?.description.hasPrefix("\(name)=\(environment[name] ?? "") (shell): expected") ?? false)
        }
    }

    @Test(
        "sources name themselves as a person would",
        arguments: zip(sources, ["default", "./.env", "configuration file", "--env-file", "shell", "flag"]))
    func names(source: Environment.Source, name: String) { #expect("\(source)" == name) }
}
