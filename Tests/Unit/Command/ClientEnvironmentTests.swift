/// The variables that make a client use this proxy.
import Testing

@testable import claudecodex

@Suite struct ClientEnvironmentTests {
    private let url = "http://127.0.0.1:9"

    @Test("the pass-through leaves credentials alone")
    func passThrough() {
        let shell = ["ANTHROPIC_API_KEY": "k", "ANTHROPIC_AUTH_TOKEN": "t"]
        #expect(
            ClientEnvironment.changes(url: url, needsCredentials: true, shell) == [.set("ANTHROPIC_BASE_URL", url)])
    }

    @Test("a translating backend needs no key of the client, so none is asked for or sent")
    func translated() {
        let shell = ["ANTHROPIC_API_KEY": "k", "ANTHROPIC_AUTH_TOKEN": "t"]
        #expect(
            ClientEnvironment.changes(url: url, needsCredentials: false, shell) == [
                .set("ANTHROPIC_BASE_URL", url), .set("ANTHROPIC_AUTH_TOKEN", "local"), .remove("ANTHROPIC_API_KEY"),
            ])
    }

    @Test("what sends the client elsewhere is removed")
    func elsewhere() {
        let shell = ["CLAUDE_CODE_USE_VERTEX": "1", "CLAUDE_CODE_USE_BEDROCK": "1", "CLAUDE_CODE_MAX_RETRIES": "3"]
        #expect(
            ClientEnvironment.changes(url: url, needsCredentials: true, shell).dropFirst() == [
                .remove("CLAUDE_CODE_USE_BEDROCK"), .remove("CLAUDE_CODE_USE_VERTEX"),
            ])
    }

    @Test(
        "P128: a client behind an HTTP proxy does not look for this machine there",
        arguments: [
            (["HTTPS_PROXY": "p"], "127.0.0.1,localhost"),
            (["http_proxy": "p", "NO_PROXY": "a, b"], "a,b,127.0.0.1,localhost"),
            (["ALL_PROXY": "p", "no_proxy": "*"], nil), (["HTTPS_PROXY": "p", "NO_PROXY": "127.0.0.1"], nil),
            ([:], nil),
        ] as [([String: String], String?)])
    func proxies(_ shell: [String: String], _ hosts: String?) {
        let changes = ClientEnvironment.changes(url: url, needsCredentials: true, shell).dropFirst()
        #expect(Array(changes) == (hosts.map { [.set("NO_PROXY", $0), .set("no_proxy", $0)] } ?? []))
    }

    @Test("entries that are not named stay byte for byte")
    func apply() {
        let entries = ["A=1", "B=x=y", "ODD", "AB=2"].map { Array($0.utf8) } + [[0x43, 0x3D, 0xFF]]
        let changed = ClientEnvironment.apply([.set("A", "9"), .remove("ODD"), .set("N", "")], to: entries)
        #expect(
            changed == [
                Array("B=x=y".utf8), Array("AB=2".utf8), [0x43, 0x3D, 0xFF], Array("A=9".utf8), Array("N=".utf8),
            ])
    }

    @Test(
        "every shell gets its own syntax and quotes",
        arguments: [
            (Env.Shell.sh, "export A='it'\\''s \\ $x'\nunset B\n"),
            (.fish, "set -gx A 'it\\'s \\\\ $x'\nset -e B\n"),
            (.ps1, "$Env:A = 'it''s \\ $x'\nRemove-Item Env:B -ErrorAction SilentlyContinue\n"),
        ])
    func shells(_ shell: Env.Shell, _ text: String) {
        #expect(Env.text([.set("A", "it's \\ $x"), .remove("B")], shell) == text)
    }

    @Test(
        "the shell is the one named, else the user's",
        arguments: [
            (nil, "/usr/bin/fish", .fish), (nil, "/bin/bash", .sh), (nil, nil, .sh), (nil, "pwsh", .ps1),
            ("sh", "fish", .sh),
        ] as [(String?, String?, Env.Shell)])
    func shell(_ wanted: String?, _ login: String?, _ shell: Env.Shell) {
        #expect(Env.Shell(wanted, login: login) == shell)
    }

    @Test(
        "the end of a command is read as shells read it",
        arguments: [(0, 0), (7 << 8, 7), (255 << 8, 255), (9, 137), (15, 143), (0x80 | 11, 139)] as [(Int32, Int32)])
    func endings(_ status: Int32, _ code: Int32) { #expect(Ending(status: status).code == code) }

    @Test("a stopped command has not ended")
    func stopped() { #expect(Ending(status: 0x137F) == .stopped) }
}
