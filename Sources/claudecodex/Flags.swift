/// The one table of flags. Parsing, help, variables and `docs/command.md` come from it.
enum Flags {
    static let all: [Flag] =
        traffic + traces + showing + costing + exporting + replaying + faults + tools + output + limits + files + other

    /// The row of a flag.
    static func row(_ name: Flag.Name) -> Flag? { all.first { $0.name == name } }

    /// By long name, without the dashes.
    static func named(_ long: String) -> Flag? { all.first { $0.name.rawValue == long } }

    static func short(_ letter: Character) -> Flag? { all.first { $0.short == letter } }

    private static let traffic: [Flag] = [
        Flag(
            name: .listen, short: "l", value: "ADDR", fallback: "127.0.0.1:8082", otherVariables: ["SERVER_HOST"],
            group: .traffic, words: [.serve, .replay, .env, .doctor], isCommon: true,
            doc: "Where to listen.",
            detail: """
                HOST:PORT, :PORT, :0 for any free port, or unix:/path. An address that other machines reach needs --token.
                SERVER_HOST gives the host alone; the port then comes from --port.
                """),
        Flag(
            name: .port, short: "p", value: "N", fallback: "8082", otherVariables: ["SERVER_PORT"],
            group: .traffic, words: [.serve, .replay, .env, .doctor], doc: "The port alone; 0 for any free one.",
            detail: "Not together with --listen."),
        Flag(
            name: .token, value: "TOKEN", group: .traffic, words: [.serve, .replay, .env],
            doc: "What clients must show.",
            detail: """
                16 to 200 letters, digits and -._~, or auto for one that this proxy makes and shows in its banner. Clients put it into the base URL,
                http://HOST:PORT/k/TOKEN, or into the field x-claudecodex-token. Set the variable rather than the flag: every user of the machine
                sees the command line. `run` makes a token of its own.
                """),
        Flag(
            name: .allowHost, value: "NAME", repeats: true, group: .traffic, words: [.serve, .replay],
            doc: "Another name to answer to; repeatable.",
            detail: """
                Requests must name this machine in Host (localhost, 127.0.0.1, [::1]; on an address that others reach: any address in numbers),
                so that no web page can use the proxy under a name of its own. In the variable, commas or line ends separate the names.
                """),
        Flag(
            name: .backend, short: "b", value: "NAME", fallback: "auto",
            otherVariables: ["LLM_BACKEND", "LLM_PROVIDER"],
            group: .traffic, isCommon: true, doc: "Who answers.",
            detail: """
                anthropic passes requests through with the client's own credentials; the others translate. demo is a script inside this
                program that needs no key. auto looks at the environment and says why; an explicit choice always wins.
                """),
        Flag(
            name: .upstream, value: "URL", group: .traffic, doc: "The backend's base URL.",
            detail: """
                Stands for the variable of the backend in use: ANTHROPIC_UPSTREAM_URL, OPENAI_BASE_URL or
                AWS_ENDPOINT_URL_BEDROCK_RUNTIME.
                """),
        Flag(
            name: .model, short: "m", value: "FROM=TO", repeats: true, group: .traffic, isCommon: true,
            doc: "Send model TO for FROM; repeatable.",
            detail: """
                FROM is a glob: `*haiku*=qwen3:8b`. The first match wins. Upper and lower case are the same, and a `[1m]` behind the client's name does not matter.
                In the variable, commas or line ends separate the pairs; flags come before the variable's.
                """),
        Flag(
            name: .strict, group: .traffic, words: [.serve, .run, .replay],
            doc: "Refuse requests that would lose something.",
            detail: """
                A part of a request that the backend has no form for is answered with status 400 and named; nothing is sent. What goes over in another
                form passes, and so does what is only advice (effort, speed, service tier, caching, context edits, a lower max_tokens).
                Without it all of this is recorded, as ever.
                """),
    ]

    private static let traces: [Flag] = [
        Flag(
            name: .logDir, value: "DIR", fallback: "the state directory", group: .traces,
            words: [.serve, .run, .replay, .demo, .doctor] + Word.readers,
            isCommon: true,
            doc: "Where traces are.",
            detail: """
                Without it: ./logs if it holds the marker file .claudecodex, else $XDG_STATE_HOME/claudecodex/logs, which
                is ~/.local/state/claudecodex/logs unless set.
                """),
        Flag(
            name: .record, value: "full|delta|off", choices: ["full", "delta", "off"], fallback: "delta",
            group: .traces, words: [.serve, .run, .replay, .doctor], isCommon: true,
            doc: "What traces hold: all, differences, nothing."),
        Flag(
            name: .redact, value: "LEVEL", choices: ["off", "headers", "tokens", "strict"], fallback: "tokens",
            group: .traces, words: [.serve, .run, .replay, .doctor, .import], isCommon: true,
            doc: "What traces leave out.",
            detail: """
                off: nothing. headers: credential headers. tokens: also the well-known shapes of keys in bodies. strict: all text;
                structure, names, sizes and usage stay. off needs
                --yes-store-secrets.
                """),
        Flag(
            name: .yesStoreSecrets, group: .traces, words: [.serve, .run, .replay, .doctor, .import],
            doc: "Confirms --redact off: traces will hold your keys."),
    ]

    private static let tools: [Flag] = [
        Flag(
            name: .denyTool, value: "TOOL:PATTERN", repeats: true, group: .tools,
            words: [.serve, .run, .replay, .doctor],
            isCommon: true,
            doc: "Keep such tool calls from the client.",
            detail: """
                'Bash:rm -rf*', or a tool's name alone; repeatable. TOOL and PATTERN are globs (`*`, `?`; a backslash takes the next character as it is), without regard to
                case. For Bash the pattern is compared with the whole command and with each simple command in it; for other
                tools with every string among the arguments. It is a fence, not a wall: a shell can spell a command in ways
                that no pattern sees (variables, globs, encodings, other languages). In the variable, line ends separate the
                rules; flags and variable add up.
                """),
        Flag(
            name: .webSearch, value: "CMD", group: .tools, words: [.serve, .run, .replay],
            doc: "Answers the client's web searches.",
            detail: """
                A program and its arguments, in quotes where they hold blanks; no shell reads them. It gets
                {"query": ..., "allowed_domains": [...], "blocked_domains": [...], "max_results": 20} on stdin and the query in CLAUDECODEX_SEARCH_QUERY,
                and writes [{"title": ..., "url": ..., "snippet": ...}], or lines of title, URL and snippet with tabs between them. It has 30 seconds.
                Without it, a backend without a search of its own answers with an error that the client understands.
                """),
    ]

    private static let output: [Flag] = [
        Flag(
            name: .format, value: "text|jsonl", choices: ["text", "jsonl"], fallback: "text", group: .output,
            words: [.serve, .run, .replay], doc: "How exchanges are shown.",
            detail:
                "text: lines on stderr. jsonl: JSON on stdout. Under `run` the command owns stdout, so JSON goes to stderr, and only with -v."
        ),
        Flag(
            name: .color, value: "WHEN", choices: ["auto", "always", "never"], fallback: "auto", group: .output,
            words: [.serve, .run, .replay, .demo, .doctor] + Word.readers, doc: "Whether to use colours.",
            detail: "auto: on a terminal; honours NO_COLOR, FORCE_COLOR and TERM=dumb."),
        Flag(
            name: .quiet, short: "q", group: .output, words: [.serve, .run, .replay] + Word.readers, isCommon: true,
            doc: "Say nothing but errors."),
        Flag(
            name: .verbose, short: "v", repeats: true, group: .output, words: [.serve, .run, .replay, .demo],
            isCommon: true,
            doc: "Say more; -vv even more.",
            detail: """
                -v: also tool inputs, losses by kind, whole error messages, token counts and probes. -vv: also the answers' text, and each loss
                with its reason. The variable holds 0, 1 or 2.
                """),
    ]

    private static let limits: [Flag] = [
        Flag(
            name: .maxBody, value: "SIZE", fallback: "64M", group: .limits, words: [.serve, .run, .replay, .doctor],
            doc: "The largest request body.", detail: "64M, 500K; steps of 1024. More is answered with 413."),
        Flag(
            name: .maxStreams, value: "N", fallback: "2048", group: .limits, words: [.serve, .run, .replay],
            doc: "How many requests are answered at once.", detail: "One more is told to try again (529)."),
        Flag(
            name: .timeout, value: "FIRST[/IDLE]", fallback: "10m/5m", group: .limits,
            words: [.serve, .run, .replay, .doctor],
            doc: "How long to wait for the upstream.",
            detail:
                "To its first byte, and between two bytes. One value is for both. 15s, 500ms, 10m, 1h; a bare number means seconds."
        ),
        Flag(
            name: .ping, value: "TIME", fallback: "15s", group: .limits, words: [.serve, .run, .replay, .doctor],
            doc: "How often a silent stream gets a ping event.",
            detail: "0: never. Keeps load balancers from cutting a silent stream."),
    ]

    private static let files: [Flag] = [
        Flag(
            name: .envFile, value: "FILE", group: .files, words: [.serve, .run, .replay, .env, .doctor] + Word.readers,
            doc: "Read variables from this file.",
            detail: "NAME=value lines; the shell's variables win. Unlike ./.env it may set any variable: you named it."),
        Flag(
            name: .config, value: "FILE", fallback: "the user's", group: .files,
            words: [.serve, .run, .replay, .env, .doctor] + Word.readers,
            doc: "The user's own file of variables.",
            detail: """
                The same form as --env-file, weaker than it. By default $XDG_CONFIG_HOME/claudecodex/config.env, which is
                ~/.config/claudecodex/config.env unless set, and may be missing.
                """),
    ]

    private static let other: [Flag] = [
        Flag(
            name: .shell, value: "sh|fish|ps1", choices: ["sh", "fish", "ps1"], fallback: "from $SHELL", isAction: true,
            group: .other, words: [.env], doc: "Whose syntax `env` prints."),
        Flag(
            name: .calls, isAction: true, group: .other, words: [.tools, .export],
            doc: "List the calls instead of counting them."),
        Flag(
            name: .online, isAction: true, group: .other, words: [.doctor],
            doc: "Ask the backend's service too: can it be reached, does it take the key."),
        Flag(
            name: .json, isAction: true, group: .other,
            words: [.doctor, .replay] + Word.readers.filter { $0 != .export && $0 != .import },
            doc: "Print JSON; help of the command says which."),
        Flag(
            name: .help, short: "h", isAction: true, group: .other, words: Word.allCases, isCommon: true,
            doc: "-h: one screen. --help: everything."),
        Flag(
            name: .version, isAction: true, group: .other, words: Word.allCases,
            doc: "The same as `claudecodex version`."),
    ]
}
