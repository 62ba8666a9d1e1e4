/// The first word of the command line.
enum Word: String, CaseIterable, Sendable {
    case serve, run, replay, demo
    case sessions, show, tools, cache, context, cost, diff, cat, export
    case `import`
    case doctor, env, statusline, completions, man, version, help

    /// The word that a text on the command line means; some have a second name.
    init?(spelled text: String) {
        let known = ["inspect": Word.tools, "ls": .sessions][text] ?? Word(rawValue: text)
        guard let known else { return nil }
        self = known
    }

    /// Takes traces, filters or other words behind itself.
    var readsTraces: Bool { Self.readers.contains(self) || self == .replay || self == .completions }

    /// Print what traces hold.
    static let readers: [Word] = [
        .sessions, .show, .tools, .cache, .context, .cost, .diff, .cat, .export, .import,
    ]

    /// How it is written.
    var usage: String {
        switch self {
        case .serve: "claudecodex [serve] [flags]"
        case .run: "claudecodex run [flags] -- CMD [ARG...]"
        case .sessions: "claudecodex sessions [TRACE...] [FILTER...] [--json]"
        case .tools: "claudecodex tools [TRACE...|SESSION|last] [FILTER...] [--calls] [--json]"
        case .replay: Replay.usage
        case .show: Show.usage
        case .cache: Cache.usage
        case .context: Context.usage
        case .cost: Cost.usage
        case .diff: DiffCommand.usage
        case .cat: Cat.usage
        case .export: Export.usage
        case .import: Import.usage
        case .statusline: StatusLine.usage
        case .completions: Completions.usage
        case .man: ManPage.usage
        case .demo: "claudecodex demo"
        case .doctor: "claudecodex doctor [--online] [--json] [flags]"
        case .env: "claudecodex env [--shell sh|fish|ps1] [flags]"
        case .version: "claudecodex version"
        case .help: "claudecodex help [COMMAND|FLAG|VARIABLE]"
        }
    }

    var doc: String {
        switch self {
        case .serve: "Record and forward what clients send; the default."
        case .run: "Start a proxy for one command, run it, print a summary."
        case .sessions: "List the recorded sessions, newest first (also: ls)."
        case .tools: "Show how tools were used: calls, failures, time, sequences, repetitions (also: inspect)."
        case .replay: Replay.doc
        case .show: Show.doc
        case .cache: Cache.doc
        case .context: Context.doc
        case .cost: Cost.doc
        case .diff: DiffCommand.doc
        case .cat: Cat.doc
        case .export: Export.doc
        case .import: Import.doc
        case .statusline: StatusLine.doc
        case .completions: Completions.doc
        case .man: ManPage.doc
        case .demo: "Show a scripted conversation through a real proxy; no key needed."
        case .doctor: "Check the configuration, and say what to do about problems."
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
        case .sessions:
            """
            Without a TRACE (a file, or a directory of them) it reads the directory of traces. A row is a session: when it began,
            how long it took, the models asked for, the backends, agents, exchanges (Messages requests), tool calls, prompt
            tokens, how many of them came from the cache, tokens written, what it cost at list prices (`+`: a part of it has no known
            price; see `help cost`), and exchanges without an answer of the model; `1 open`: its end
            is not in the trace. In a narrow terminal columns are left out, --json has them all.

            \(Self.filters(Sessions.fields.names)) `session=5f0c` wants the whole id, `session~5f0c` a part of it.

            --json prints an array of objects: session, started, ended, models, backends, files, subagents, exchanges, tool_calls,
            failed_tool_calls, prompt_tokens, cache_read_tokens, output_tokens, cost_usd, unpriced_tokens, errors, unended. Exit code: 0; 1 when
            there is none; 65 when there is no trace.
            """
        case .tools:
            """
            Reads the traces named (files or directories), a session by the beginning of its id, the `last` one, or without any
            the whole directory of traces. `median gap` and `p95` are the time from the end of the answer to the request with the
            result: the tool's time and the user's, who may have been asked for permission. `input` and `output` are tokens,
            estimated as a quarter of the bytes; `share` is a bar of both together, the longest for the tool with most. Below the table: which tools follow one another; calls that were repeated with
            the same arguments, and what that brought into the conversation again; what came after a failure; circles;
            answers with several calls; calls without a result and results without a call; tools that were offered and never
            called, with the size of their definitions, a turn and in all.

            --calls lists the calls; those of one answer are drawn on one time line, each from when the model had written it to the
            request with its result. \(Self.filters(Tools.fields.names))

            --json prints one object: `tools` (tool, calls, failed, open, input_bytes, output_bytes, median_gap_ms, p95_gap_ms),
            `sequences` (tools, count), `repeated` (tool, tool_id, id, session, input, count, repeated_bytes), `after_failure` (tool,
            same_call, other_input, other_tool, no_call), `loops` (tools, rounds, id, session), `parallel` (calls, answers),
            `open_calls`, `stray_results`, `offered` (tool, requests, bytes, bytes_per_request, called), `unused` (tools, bytes,
            requests, bytes_per_request), `skipped` (lines, bytes, newer, failures).
            With --calls: one object a line, with the trace's names. Exit code: 0; 1 when no call fits; 65 when there is no trace.
            """
        case .replay: Replay.detail
        case .show: Show.detail
        case .cache: Cache.detail
        case .context: Context.detail
        case .cost: Cost.detail
        case .diff: DiffCommand.detail
        case .cat: Cat.detail
        case .export: Export.detail
        case .import: Import.detail
        case .statusline: StatusLine.detail
        case .completions: Completions.detail
        case .man: ManPage.detail
        case .demo:
            """
            An agent's conversation (thinking, a tool call, calls in parallel, a sub-agent, an error) with the backend `demo`,
            a script in place of a model, goes through a proxy of its own; nothing leaves this machine and no tool is run. Then
            says on stdout what was recorded. The trace goes where all traces go. Exit code: 0; 2 when the conversation went
            wrong; 74 when the trace cannot be written.
            """
        case .doctor:
            """
            Give it the same flags and variables as the proxy. It looks at this machine only, --online asks the backend's
            service too. Each line is ok, note, warn or FAIL; below stands what to type. --json prints one object: `version`,
            `problems`, `warnings`, and `findings`, a list of objects with `level` (ok, note, warn, fail), `check`, `text`, and,
            where there are any, `details` and `todo` (lists of lines). Checks: program, configuration, dotenv, backend, key,
            address, port, logs, client, network, trace, losses, dropped, online; with Bedrock also credentials, region,
            endpoint. Keys are fetched with --online only. Exit code: 0; 1 when a check failed.
            """
        case .env:
            """
            For `eval "$(claudecodex env)"`. Give it the same flags and variables as the proxy, so that both agree on the
            address and on whether the client needs credentials of its own.
            """
        case .version: "One line each: claudecodex, libcurl, zlib."
        case .help:
            """
            Without a topic the same as --help. `-h` is the short form. `help --providers` describes the services that the
            backend openai_compatible knows, `help --markdown` everything else.
            """
        }
    }

    static func filters(_ names: [String]) -> String {
        """
        A FILTER is `field op value`; several must all hold: `tool=Bash error gap>2s since=1h`. Fields:
        \(names.joined(separator: " ")), and since (a duration or a date). Operators: = != ~ (contains) !~ > >= < <=. A field alone asks whether it is so (`error`); any other word is looked for in the texts.
        """
    }
}
