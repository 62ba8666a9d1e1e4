/// The first word of the command line.
enum Word: String, CaseIterable, Sendable {
    case serve, run, env, version, help

    /// How it is written.
    var usage: String {
        switch self {
        case .serve: "claudecodex [serve] [flags]"
        case .run: "claudecodex run [flags] -- CMD [ARG...]"
        case .env: "claudecodex env [--shell sh|fish|ps1] [flags]"
        case .version: "claudecodex version"
        case .help: "claudecodex help [COMMAND|FLAG|VARIABLE]"
        }
    }

    var doc: String {
        switch self {
        case .serve: "Record and forward what clients send; the default."
        case .run: "Start a proxy for one command, run it, print a summary."
        case .env: "Print the variables with which a client uses this proxy."
        case .version: "Print the versions of this program and of what it is built on."
        case .help: "Explain a command, a flag or a variable."
        }
    }

    var detail: String {
        switch self {
        case .serve:
            """
            Listens on 127.0.0.1:8082, sends every request on to the backend, writes a trace, and prints one line for each
            exchange on stderr. ^C lets the exchanges that are under way finish; a second ^C ends at once (exit code 130).
            SIGTERM drains too and ends with 0.
            """
        case .run:
            """
            Listens on a free port under a secret path, sets ANTHROPIC_BASE_URL for the command, runs it with your terminal,
            and prints a summary on stderr when it has ended. With a backend that translates, the command gets a placeholder
            ANTHROPIC_AUTH_TOKEN and no ANTHROPIC_API_KEY, because no key of its own is needed; the pass-through leaves
            credentials alone. Exit code: the command's own; 128+N when signal N ended it; 127 not found; 126 not executable;
            125 when the proxy failed; 64 for a mistake on the command line.
            """
        case .env:
            """
            For `eval "$(claudecodex env)"`. Give it the same flags and variables as the proxy, so that both agree on the
            address and on whether the client needs credentials of its own.
            """
        case .version: "One line each: claudecodex, libcurl, zlib."
        case .help: "Without a topic the same as --help. `-h` is the short form."
        }
    }
}
