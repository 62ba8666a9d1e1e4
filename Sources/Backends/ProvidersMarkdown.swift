/// The service profiles as Markdown: `docs/providers.md` is its output.
public enum ProvidersMarkdown {
    public static var text: String {
        """
        # Providers

        Made by `claudecodex help --providers` from the profiles in `Sources/Backends/Providers`; `scripts/check` compares the two.

        The backend `openai_compatible` speaks Chat Completions with every service that has them. What sets a service apart is
        a profile: it is found from the host or the port of OPENAI_BASE_URL, or named by OPENAI_PROVIDER, and the banner says
        which one it is and why. With OPENAI_PROVIDER alone the service's own base URL is used:

            OPENAI_PROVIDER=mistral OPENAI_API_KEY=... OPENAI_MODEL=devstral-medium-latest claudecodex

        A request that loses something on the way says so in the trace, in the record `translation`.

        | name | service | found by | base URL |
        |---|---|---|---|
        \(ServiceProfile.all.map(row).joined(separator: "\n"))

        \(ServiceProfile.all.map(section).joined(separator: "\n"))
        ## What is read from every service

        \(list(readings))
        ## What refusals teach

        A refusal (400, 404, 422 or 500) that names its reason is mended and the request sent once more, before the client sees
        anything. What was learnt holds for this model until the proxy ends, and each request that loses something by it has
        a loss in its trace. \(lessons)

        ## Add a provider in 40 lines

        1. A file in `Sources/Backends/Providers` with what differs from OpenAI; every field of `ServiceProfile` has a value
           that holds for most services. This one is whole:

        ```swift
        \(example)
        ```

        2. Its name in the list `ServiceProfile.all` in `Sources/Backends/ServiceProfiles.swift`.
        3. A folder in `Tests/Fixtures/openai_chat` with a `request.json` and a `variables.json` that sets OPENAI_PROVIDER. With
           CLAUDECODEX_WRITE_FIXTURES set, `scripts/test --filter Fixture` writes what is sent into `upstream.json`: read it.
        4. `claudecodex help --providers > docs/providers.md`.

        """
    }

    private static func row(_ profile: ServiceProfile) -> String {
        let names = ([profile.name] + profile.aliases).map(code).joined(separator: ", ")
        let places = profile.domains.map(code) + (profile.port.map { ["port \($0)"] } ?? [])
        let address = profile.baseURL.map(code) ?? "OPENAI_BASE_URL says it"
        return "| \(names) | \(profile.title) | \(places.joined(separator: ", ")) | \(address) |"
    }

    private static func section(_ profile: ServiceProfile) -> String {
        let lines = profile.differences
        let note = profile.note.isEmpty ? "" : profile.note + "\n\n"
        return "## \(profile.title)\n\n\(note)\(list(lines.isEmpty ? ["as OpenAI's own service"] : lines))"
    }

    private static func list(_ lines: [String]) -> String { lines.map { "- \($0)\n" }.joined() }
    private static func code(_ text: String) -> String { "`\(text)`" }

    private static let readings = [
        "Reasoning in `reasoning_content`, in `reasoning`, in `reasoning_details`, or in parts of type `thinking`.",
        "Calls whole or in pieces, with or without `index`, with ids that are repeated, empty, missing, or longer than 64 characters; "
            + "arguments as a string or as an object.",
        "Text as a string or as a list of parts; blanks that nothing visible follows are left out.",
        "Usage in the last chunk, in a chunk of its own, in every chunk, or in `x_groq`; cached tokens in `prompt_tokens_details`, in "
            + "`prompt_cache_hit_tokens` or in `cached_tokens`; reasoning that the output does not include, where the total shows it.",
        "Streams with and without `[DONE]`, without a `finish_reason`, with comments, with an error inside; a stream where a whole "
            + "answer was asked for, and the other way round.",
        "Errors as an object, as a text, in an array, in `detail`, as lists of problems, as HTML; errors inside an answer with status 200.",
    ]

    private static let lessons = """
        Known are: another name or a lower limit for `max_tokens`; any field that is not needed; the words of \
        `reasoning_effort`; roles and their order; ids of nine characters; a limit on tools; keywords of JSON Schema; \
        `items` that are missing; images, files and lists of parts that are not taken; thinking that must go back, or must not.
        """

    /// The file `Providers/Together.swift`.
    static let example = """
        /// Together.
        extension ServiceProfile {
            static let together = ServiceProfile(
                name: "together",
                aliases: ["togetherai"],
                title: "Together",
                domains: ["together.xyz", "together.ai"],
                baseURL: "https://api.together.xyz/v1",
                adds: [.topK],
                lacks: [.streamOptions, .parallelToolCalls],
                instructions: .system,
                hasThinkTags: true)
        }
        """
}

extension ServiceProfile {
    /// What differs from OpenAI, one thing a line.
    var differences: [String] {
        (fieldLines + limitLines + messageLines + [hasThinkTags ? "text that begins with `<think>` is thinking" : nil])
            .compactMap { $0 }
    }

    private var fieldLines: [String?] {
        let added = adds.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        let lacked = lacks.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        return [
            keyHeader == .apiKey ? "the key goes into the header `api-key`" : nil,
            datedRoot.map { "with `api-version` the path is `\($0)/chat/completions`" },
            maxField.map { "the limit is called `\($0.rawValue)`" }
                ?? "the limit is called as the model's name suggests",
            adds.isEmpty ? nil : "also takes \(added)", lacks.isEmpty ? nil : "does not take \(lacked)", effortLine,
            format == .object ? "a schema for the answer becomes the wish for JSON" : nil, choiceLine,
        ]
    }

    private var effortLine: String? {
        func listed(_ words: [String]) -> String { words.map { "`\($0)`" }.joined(separator: ", ") }
        return switch effort {
        case .byModel: nil
        case .words(let words): "`reasoning_effort` for every model: \(listed(words))"
        case .reasoning(let words): "thinking is set by `reasoning`, with a budget or an effort: \(listed(words))"
        case .thinking([]): "thinking is turned on and off by `thinking`"
        case .thinking(let words): "thinking is turned on and off by `thinking`; `reasoning_effort`: \(listed(words))"
        case .enableThinking: "thinking is turned on and off by `enable_thinking`, limited by `thinking_budget`"
        case .template: "thinking is turned on and off by `chat_template_kwargs`"
        }
    }

    private var choiceLine: String? {
        if !toolChoice.isCertain { return "older versions do not look at `tool_choice`" }
        guard let required = toolChoice.required else {
            return "no tool can be forced" + (toolChoice.none ? "" : ", and none be ruled out")
        }
        if !toolChoice.named { return "a tool cannot be forced by its name: `\(required)` goes out instead" }
        return required == "required" ? nil : "a tool is forced with `\(required)`"
    }

    private var limitLines: [String?] {
        [
            mostTools < .max ? "at most \(mostTools) tools" : nil,
            namesBeginWithLetter ? "names of tools begin with a letter" : nil,
            callIDs == .nine
                ? "ids of calls are nine letters and digits: others are replaced, the same by the same" : nil,
            schemas.lacks.isEmpty
                ? nil : "schemas go without " + schemas.lacks.map { "`\($0)`" }.joined(separator: ", "),
            schemas.formats.map { "formats that stay: " + $0.map { "`\($0)`" }.joined(separator: ", ") },
            schemas.wantsOneType ? "lists of types become one type and `nullable`" : nil,
            schemas.wantsItems ? "arrays get the `items` they lack" : nil,
        ]
    }

    private var messageLines: [String?] {
        let role: String? =
            switch instructions {
            case .developer: nil
            case .system: "instructions in the role `system` for every model"
            case .systemFirst: "instructions only at the beginning; later ones stand in user messages"
            case .none: "instructions stand in user messages"
            }
        return [
            role, alternates ? "neighbouring user messages become one" : nil,
            bridgesResults ? "an assistant's message stands between results and a user's words" : nil,
            wantsPlainText ? "texts of one message become one string" : nil,
            takesImageAddresses ? nil : "images only as data", takesFiles ? nil : "documents become a note", backLine,
        ]
    }

    private var backLine: String? {
        switch thinkingBack {
        case .dropped: nil
        case .field(let name, nil): "thinking goes back in `\(name)`"
        case .field(let name, _): "thinking goes back in `\(name)`, which every message with calls has"
        case .details: "thinking goes back in `reasoning_details`"
        case .parts: "thinking goes back in parts of the content"
        case .signatures: "signatures of calls go back in `extra_content`"
        }
    }
}
