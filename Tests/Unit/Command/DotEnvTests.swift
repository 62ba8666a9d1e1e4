/// Files of variables, and what `./.env` may bring.
import Intercept
import Testing

@testable import claudecodex

@Suite struct DotEnvTests {
    @Test(
        "one line, one variable",
        arguments: [
            ("A=b", ["A": "b"]), ("export A=b", ["A": "b"]), ("export=b", ["export": "b"]), ("  A = b  ", ["A": "b"]),
            ("A=", ["A": ""]), ("# A=b", [:]), ("", [:]), ("A=b # note", ["A": "b"]), ("A=b#c", ["A": "b#c"]),
            ("A=#c", ["A": ""]), ("A='b # c' # d", ["A": "b # c"]), (#"A="x\n\"\$y\\""#, ["A": "x\n\"$y\\"]),
            (#"A='x\n'"#, ["A": #"x\n"#]), ("A=$HOME", ["A": "$HOME"]),
            ("A=\"two\nlines\"\nB=c", ["A": "two\nlines", "B": "c"]),
            ("A=b\r\nB=c\r\n", ["A": "b", "B": "c"]), ("\u{FEFF}A=b", ["A": "b"]), ("A=b\nA=c", ["A": "c"]),
            ("A=x=y", ["A": "x=y"]), ("A=http://h:1/v1", ["A": "http://h:1/v1"]), ("A=ü", ["A": "ü"]),
        ])
    func lines(_ text: String, _ values: [String: String]) {
        let file = DotEnv(Array(text.utf8))
        #expect(file.values == values)
        #expect(file.problems.isEmpty)
    }

    @Test("a bad line is named and the others are read")
    func problems() {
        let file = DotEnv(Array("A=b\nnonsense\n1X=2\nB='open\nC=d\n".utf8))
        #expect(file.values == ["A": "b", "C": "d"])
        #expect(file.problems.map(\.line) == [2, 3, 4])
        #expect(file.problems.last?.text == "the quote of B is not closed")
    }

    @Test(
        "any bytes are read without harm",
        arguments: [[0xFF, 0x3D, 0xFF], [0x41, 0x3D, 0xC3], [0x22], [0x41, 0x3D, 0x22, 0x5C]] as [[UInt8]])
    func junk(_ bytes: [UInt8]) { #expect(DotEnv(bytes).entries.count + DotEnv(bytes).problems.count == 1) }

    private func configuration(
        _ arguments: [String] = [], shell: [String: String] = [:], files: [String: String] = [:]
    ) throws -> Configuration {
        try Configuration(Arguments(arguments), shell: shell) {
            files[$0].map { .success(Array($0.utf8)) } ?? .failure(Unreadable(reason: "No such file or directory"))
        }
    }

    @Test("shell > --env-file > --config > ./.env")
    func order() throws {
        var files = [".env": "OPENAI_MODEL=d", "u": "OPENAI_MODEL=c", "e": "OPENAI_MODEL=b"]
        let flags = ["--env-file", "e", "--config", "u"]
        func model(_ shell: [String: String]) throws -> Environment.Entry? {
            try configuration(flags, shell: shell, files: files).environment.entry("OPENAI_MODEL")
        }
        #expect(try model(["OPENAI_MODEL": "a"])?.source == .shell)
        #expect(try model([:])?.source == .envFile)
        files["e"] = ""
        #expect(try model([:])?.source == .userFile)
        files["u"] = ""
        #expect(try model([:])?.source == .dotEnv)
    }

    @Test("the user's file is found where XDG says")
    func userFile() throws {
        let home = ["HOME": "/h"],
            file = ["/h/.config/claudecodex/config.env": "A=1", "/x/claudecodex/config.env": "A=2"]
        #expect(try configuration(shell: home, files: file).environment["A"] == "1")
        let moved = home.merging(["XDG_CONFIG_HOME": "/x"]) { $1 }
        #expect(try configuration(shell: moved, files: file).environment["A"] == "2")
        let relative = home.merging(["XDG_CONFIG_HOME": "x"]) { $1 }
        #expect(try configuration(shell: relative, files: file).environment["A"] == "1")
    }

    @Test("a named file that is missing or malformed ends the program; ./.env does not")
    func broken() throws {
        #expect(throws: Failure.usage("--env-file gone: cannot be read: No such file or directory")) {
            try configuration(["--env-file", "gone"])
        }
        #expect(throws: Failure.configuration("e, line 2: expected NAME=value")) {
            try configuration(["--env-file", "e"], files: ["e": "A=1\nnope"])
        }
        #expect(
            throws: Failure.configuration("CLAUDECODEX_CONFIG (shell) gone: cannot be read: No such file or directory")
        ) {
            try configuration(shell: ["CLAUDECODEX_CONFIG": "gone"])
        }
        #expect(try configuration(files: [".env": "nope\nOPENAI_MODEL=m"]).environment["OPENAI_MODEL"] == "m")
    }

    @Test("./.env has no say in what is recorded, who may connect, or which program runs")
    func notAdmitted() throws {
        let text = "CLAUDECODEX_REDACT=off\nPATH=/evil\nHTTPS_PROXY=http://evil\nSERVER_PORT=9\nXDG_STATE_HOME=/evil"
        let configuration = try configuration(files: [".env": text])
        #expect(Array(configuration.environment.entries.keys) == ["SERVER_PORT"])
        #expect(
            configuration.notes == [
                "./.env sets CLAUDECODEX_REDACT, which it may not; use --env-file .env if the file is yours"
            ])
    }

    @Test(
        "./.env names no program, no file of credentials, no token, and turns no check off",
        arguments: [
            "CLAUDECODEX_WEB_SEARCH", "CLAUDECODEX_TOKEN", "CLAUDECODEX_ALLOW_HOST", "CLAUDECODEX_LISTEN",
            "CLAUDECODEX_STRICT", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE",
            "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "SSL_CERT_FILE", "CURL_CA_BUNDLE",
            "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "HTTP_PROXY", "NO_PROXY", "HOME", "LD_PRELOAD",
        ])
    func dangerous(name: String) throws {
        let read = try configuration(files: [".env": "\(name)=x"])
        #expect(read.environment.entries.isEmpty)
        #expect(read.notes.isEmpty == !name.hasPrefix("CLAUDECODEX_"))
    }

    @Test("a misspelt variable of ours is pointed out")
    func misspelt() throws {
        let notes = try configuration(shell: ["CLAUDECODEX_LISEN": ":1", "CLAUDECODEX_LISTEN": ":1"]).notes
        #expect(notes == ["CLAUDECODEX_LISEN is no variable of this version; did you mean 'CLAUDECODEX_LISTEN'?"])
    }

    private func environment(dotEnv: [String: String], shell: [String: String] = [:], named: [String: String] = [:])
        -> Environment
    {
        var environment = Environment(shell, source: .shell)
        for (name, value) in named { environment.set(name, value, .envFile) }
        for (name, value) in DotEnvRule.admitted(dotEnv) { environment.set(name, value, .dotEnv) }
        return environment
    }

    @Test("./.env may bring a whole backend of its own")
    func whole() throws {
        let own = environment(dotEnv: ["OPENAI_BASE_URL": "https://x", "OPENAI_API_KEY": "k"])
        try DotEnvRule.check(own, backend: "openai_compatible")
        try DotEnvRule.check(
            environment(dotEnv: ["OPENAI_BASE_URL": "http://localhost:1"]), backend: "openai_compatible")
        try DotEnvRule.check(
            environment(dotEnv: ["AWS_PROFILE": "dev", "AWS_REGION": "eu-central-1"]), backend: "bedrock")
    }

    @Test(
        "./.env cannot lead AWS's tools to files or addresses of its own: a configuration file can name a command to run",
        arguments: [
            "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_LOGIN_CACHE_DIRECTORY",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_ENDPOINT_URL_STS",
            "AWS_ENDPOINT_URL_BEDROCK_MANTLE", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_ENDPOINT_URL_SSO_OIDC",
        ])
    func filesOfAWS(name: String) { #expect(DotEnvRule.admitted([name: "x"]) == [:]) }

    @Test("an address from ./.env never gets a key from the shell or a named file", arguments: [true, false])
    func mixed(isShell: Bool) {
        let key = ["OPENAI_API_KEY": "mine"]
        let mix = environment(
            dotEnv: ["OPENAI_BASE_URL": "https://evil", "OPENAI_API_KEY": "theirs"], shell: isShell ? key : [:],
            named: isShell ? [:] : key)
        #expect(
            throws: Failure.configuration(
                "./.env sets OPENAI_BASE_URL, but the key would be yours: OPENAI_API_KEY (\(isShell ? "shell" : "--env-file"))",
                "an address from ./.env is used only with a key from ./.env: a cloned repository could collect yours",
                "if the file is yours, say so: --env-file .env")
        ) { try DotEnvRule.check(mix, backend: "openai_compatible") }
    }

    @Test("./.env may not send a key of the shell to another provider either")
    func provider() {
        let mix = environment(dotEnv: ["OPENAI_PROVIDER": "mistral"], shell: ["OPENAI_API_KEY": "mine"])
        #expect(throws: Failure.self) { try DotEnvRule.check(mix, backend: "openai_compatible") }
    }

    @Test("another spelling of the key or the address makes no difference")
    func spellings() {
        let mix = environment(dotEnv: ["OPENAICOMPATIBLE_BASE_URL": "https://evil"], shell: ["OPENAI_API_KEY": "mine"])
        #expect(throws: Failure.self) { try DotEnvRule.check(mix, backend: "openai_compatible") }
    }

    @Test("the shell's own address makes the mix harmless")
    func shellWins() throws {
        let safe = environment(
            dotEnv: ["OPENAI_BASE_URL": "https://evil"],
            shell: ["OPENAI_BASE_URL": "https://mine", "OPENAI_API_KEY": "k"])
        try DotEnvRule.check(safe, backend: "openai_compatible")
    }

    @Test("an address of another backend than the one in use does not matter")
    func otherBackend() throws {
        let mix = environment(dotEnv: ["OPENAI_BASE_URL": "https://evil"], shell: ["OPENAI_API_KEY": "mine"])
        try DotEnvRule.check(mix, backend: "anthropic")
    }

    @Test("the client's own credentials and ~/.aws are keys of the user too")
    func hiddenKeys() throws {
        #expect(throws: Failure.self) {
            try DotEnvRule.check(environment(dotEnv: ["ANTHROPIC_UPSTREAM_URL": "https://evil"]), backend: "anthropic")
        }
        let evil = ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://evil", "AWS_PROFILE": "dev"]
        #expect(throws: Failure.self) { try DotEnvRule.check(environment(dotEnv: evil), backend: "bedrock") }
        let own = ["ANTHROPIC_UPSTREAM_URL": "https://x", "ANTHROPIC_UPSTREAM_API_KEY": "k"]
        try DotEnvRule.check(environment(dotEnv: own), backend: "anthropic")
    }

    @Test("a region from ./.env cannot be an address in disguise")
    func region() {
        let evil = environment(dotEnv: ["AWS_REGION": "evil.com/"])
        #expect(throws: Failure.self) { try DotEnvRule.check(evil, backend: "bedrock") }
    }
}
