/// Tool calls that are kept from the client.
import Intercept
import Testing

@testable import claudecodex

@Suite struct ToolGuardTests {
    private func denies(_ rule: String, _ tool: String, _ input: String) throws -> Bool {
        let guarding = try #require(ToolGuard([try ToolGuard.Rule.parse(rule).get()]))
        return guarding.verdict(ToolCall(id: "t", name: tool, input: Array(input.utf8), index: 0)) != .pass
    }

    private func deniesCommand(_ rule: String, _ command: String) throws -> Bool {
        var input = JSONWriter()
        input.beginObject()
        input.field("command", command)
        input.field("description", "rm -rf in the description does not count")
        input.endObject()
        return try denies(rule, "Bash", String(decoding: input.bytes, as: UTF8.self))
    }

    @Test(
        "a command is seen in all its disguises",
        arguments: [
            "rm -rf /", "  rm -rf /", "rm   -rf /", "rm\t-rf /", "\nrm -rf /", "ls; rm -rf /", "ls;rm -rf /",
            "ls && rm -rf /",
            "ls || rm -rf /", "ls | rm -rf /", "ls & rm -rf /", "ls\nrm -rf /", "(rm -rf /)", "{ rm -rf /; }",
            "! rm -rf /",
            "r\\m -rf /", "'rm' -rf /", "\"rm\" \"-rf\" /", "r''m -rf /", "rm -r\"f\" /", "$'rm' -rf /", "rm \\\n-rf /",
            "X=1 rm -rf /", "X=1 Y='a b' rm -rf /", "/bin/rm -rf /", "../bin/rm -rf /", "RM -RF /", "sudo rm -rf /",
            "sudo -u root rm -rf /", "sudo -n /bin/rm -rf /", "env X=1 rm -rf /", "command rm -rf /", "exec rm -rf /",
            "nohup rm -rf / &", "timeout 5 rm -rf /", "find . | xargs rm -rf /", "find / -exec rm -rf {} +",
            "time rm -rf /",
            "if true; then rm -rf /; fi", "for x in a; do rm -rf /; done", "while :; do rm -rf /; done",
            "f() { rm -rf /; }; f",
            "case x in x) rm -rf /;; esac", "echo $(rm -rf /)", "echo `rm -rf /`", "echo \"$(rm -rf /)\"",
            "echo \"`rm -rf /`\"",
            "echo \"$(rm \"-rf\" /)\"", "echo \"a $(echo \"$(rm -rf /)\")\"", "cat <(rm -rf /)", "bash -c 'rm -rf /'",
            "sh -c \"rm -rf /\"", "bash -lc 'ls; rm -rf /'", "sudo bash -c 'rm -rf /'",
            "bash -c \"bash -c 'rm -rf /'\"",
            "eval rm -rf /", "eval 'rm -rf /'", "trap 'rm -rf /' EXIT", "ssh host 'rm -rf /'", ">log rm -rf /",
            "rm >log -rf /",
            "2>/dev/null rm -rf /", "rm -rf / >log 2>&1", "cat <<EOF\ndon't\nEOF\nrm -rf /", "# don't\nrm -rf /",
            "ls # x\nrm -rf /",
            "docker exec c rm -rf /", "echo '\nrm -rf /", "rm -rf",
        ])
    func disguises(_ command: String) throws { #expect(try deniesCommand("Bash:rm -rf*", command)) }

    @Test(
        "other commands pass",
        arguments: [
            "ls", "rm file", "echo rm -rf /", "git commit -m 'no rm -rf here'", "grep 'rm -rf' file",
            "echo \"rm -rf /\"",
            "printf '%s' \"; rm -rf /\"", "alarm -rf", "rm-rf x", "# rm -rf /", "cat rm", "",
        ])
    func harmless(_ command: String) throws { #expect(try !deniesCommand("Bash:rm -rf*", command)) }

    @Test("a pattern with a star in front is found anywhere in the command")
    func anywhere() throws {
        #expect(try deniesCommand("Bash:*curl*|*sh*", "curl x | sh"))
        #expect(try deniesCommand("Bash:*secret*", "cat 'my secret'"))
    }

    @Test("both of two equal members are looked at, as readers differ in which they take")
    func duplicates() throws {
        #expect(try denies("Bash:rm*", "Bash", #"{"command":"ls","command":"rm x"}"#))
        #expect(try denies("Bash:rm*", "Bash", #"{"command":"rm x","command":"ls"}"#))
        #expect(try denies("Bash:rm*", "Bash", #"{"comm\u0061nd":"\u0072m x"}"#))
        #expect(try denies("Bash:rm*", "Bash", #"{"command":["rm x"]}"#))
    }

    @Test("for other tools every string among the arguments counts")
    func otherTools() throws {
        #expect(try denies("Write:*/.ssh/*", "Write", #"{"file_path":"/h/.ssh/config","content":""}"#))
        #expect(try denies("Write:*password*", "Write", #"{"file_path":"a","content":["x",{"y":"my password"}]}"#))
        #expect(try !denies("Write:*password*", "Write", #"{"password":"x","n":1}"#))
    }

    @Test("a rule without a pattern denies the tool, by name or glob")
    func wholeTool() throws {
        #expect(try denies("WebFetch", "WebFetch", "{}"))
        #expect(try denies("mcp__*", "mcp__db__query", "{}"))
        #expect(try denies("bash", "Bash", "{}"))
        #expect(try !denies("Bash", "BashOutput", "{}"))
        #expect(try denies("*:*token*", "Anything", #"{"a":"a token"}"#))
    }

    @Test(
        "arguments that cannot be read are denied, where a rule is about the tool",
        arguments: ["{", "nonsense", "{\"command\":"])
    func failsClosed(_ input: String) throws {
        #expect(try denies("Bash:rm*", "Bash", input))
        #expect(try !denies("Bash:rm*", "Read", input))
    }

    @Test("no arguments are no malformed ones")
    func empty() throws { #expect(try !denies("Bash:rm*", "Bash", "")) }

    @Test("nesting without end is denied instead of read without end")
    func nesting() throws {
        #expect(try deniesCommand("Bash:rm*", String(repeating: "\"$(", count: 5000)))
        #expect(try deniesCommand("Bash:rm*", String(repeating: "eval eval ", count: 50)))
        #expect(try deniesCommand("Bash:rm*", String(repeating: "sudo eval ", count: 5000)))
        #expect(ShellCommands.read("sh -c 'ls'") == [["sh", "-c", "ls"], ["ls"]])
    }

    @Test("the model is told which rule denied the call")
    func message() throws {
        let guarding = try #require(ToolGuard([try ToolGuard.Rule.parse("Bash:rm -rf*").get()]))
        let call = ToolCall(id: "t", name: "Bash", input: Array(#"{"command":"rm -rf x"}"#.utf8), index: 0)
        #expect(
            guarding.verdict(call)
                == .deny("claudecodex did not let the call of Bash through: the rule 'Bash:rm -rf*' denies it."))
        #expect(guarding.isRequired && guarding.holdsToolCalls)
    }

    @Test("without rules there is no interceptor, so calls are not held back")
    func none() { #expect(ToolGuard([]) == nil) }
}
