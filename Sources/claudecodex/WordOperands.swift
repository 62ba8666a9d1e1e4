/// What stands behind a word on the command line, for help and for shells that complete it.
extension Word {
    enum Operands: Equatable {
        case none
        /// One of these, then traces if `thenTraces`.
        case choice([String], thenTraces: Bool)
        /// Traces, sessions, filters.
        case traces
        /// Recordings of other tools.
        case files
        /// `--` and a command.
        case command
        /// Commands, flags, variables.
        case topics
    }

    var operands: Operands {
        switch self {
        case .sessions, .show, .tools, .cache, .context, .cost, .diff, .cat, .replay: .traces
        case .export: .choice(Export.Form.allCases.map(\.rawValue), thenTraces: true)
        case .import: .files
        case .run: .command
        case .completions: .choice(Completions.Shell.allCases.map(\.rawValue), thenTraces: false)
        case .help: .topics
        case .serve, .demo, .doctor, .env, .statusline, .man, .version: .none
        }
    }

    /// The headings under which short help and the manual list the words.
    enum Group: String, CaseIterable {
        case traffic = "Make traffic"
        case reading = "Read traces"
        case housekeeping = "Housekeeping"
    }

    var group: Group {
        switch self {
        case .serve, .run, .replay, .demo: .traffic
        case .sessions, .show, .tools, .cache, .context, .cost, .diff, .cat, .export, .import: .reading
        case .doctor, .env, .statusline, .completions, .man, .version, .help: .housekeeping
        }
    }

    /// What `help` takes beside the words: flags, variables, pages.
    static var topics: [String] {
        Flags.all.map { "--\($0.name.rawValue)" } + Variable.all.map(\.name) + ["--markdown", "--providers"]
    }
}

extension Flag {
    /// What a shell offers for the value.
    enum Completion: Equatable {
        case choices([String])
        case file
        case directory
        case anything
    }

    /// Nil for a flag without a value.
    var completion: Completion? {
        guard let value else { return nil }
        if !choices.isEmpty { return .choices(choices) }
        switch value {
        case "FILE": return .file
        case "DIR": return .directory
        default: return .anything
        }
    }

    /// The flags that go with a word.
    static func all(for word: Word) -> [Flag] { Flags.all.filter { $0.words.contains(word) } }
}
