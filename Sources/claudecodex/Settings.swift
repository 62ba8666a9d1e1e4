internal import Intercept

/// The configuration of one run of the program, checked and typed.
struct Settings {
    enum Format: String { case text, jsonl }

    /// Quiet, normal, tool inputs, text as well.
    enum Detail: Int, Comparable {
        case quiet = -1, normal = 0, inputs = 1, text = 2
        static func < (left: Detail, right: Detail) -> Bool { left.rawValue < right.rawValue }
    }

    var listen: ListenAddress
    /// Nil: whoever can connect may.
    var token: Token?
    /// Names that clients may call the proxy by, beside those of this machine.
    var hosts: [String]
    var backend: Setting?
    var upstream: Setting?
    var models: [ModelMap.Rule]
    var denied: [ToolGuard.Rule]
    var webSearch: WebSearchCommand?
    /// What goes wrong on purpose.
    var faults: [FaultRule]
    /// Of the faults' chances.
    var seed: UInt64
    /// A request that would lose something on its way is refused.
    var isStrict: Bool
    var prices: PriceList
    var logDirectory: Setting?
    var record: String
    var redact: String
    var format: Format
    var color: String
    var detail: Detail
    var limits: Limits

    init(_ arguments: Arguments, _ environment: Environment) throws(Failure) {
        let lookup = Lookup(arguments: arguments, environment: environment)
        let isForCommand = arguments.word == .run || !arguments.command.isEmpty
        listen = isForCommand ? .tcp(host: "127.0.0.1", port: 0) : try Self.listen(lookup)
        token = try isForCommand ? nil : Self.token(lookup)
        hosts = try Self.hosts(lookup)
        backend = try lookup(.backend).flatMap { $0.text == "auto" ? nil : $0 }
        upstream = try lookup(.upstream)
        models = try Self.rules(try lookup.list(.model, separators: [",", "\n"]), ModelMap.Rule.parse)
        denied = try Self.rules(try lookup.list(.denyTool, separators: ["\n"]), ToolGuard.Rule.parse)
        webSearch = try Self.rules(try lookup(.webSearch).map { [$0] } ?? [], WebSearchCommand.parse).first
        faults = try Self.faults(lookup)
        seed = try Self.seed(lookup, isNeeded: !faults.isEmpty)
        isStrict = try lookup.isOn(.strict)
        prices = try Self.prices(lookup)
        logDirectory = try lookup(.logDir)
        record = try lookup.choice(.record)
        redact = try Self.redaction(lookup)
        format = Format(rawValue: try lookup.choice(.format)) ?? .text
        color = try lookup.choice(.color)
        detail = try Self.detail(lookup)
        limits = try Self.limits(lookup)
    }

    private static func rules<Rule>(
        _ settings: [Setting], _ parse: (String) -> Result<Rule, RuleProblem>
    ) throws(Failure) -> [Rule] {
        var rules: [Rule] = []
        for setting in settings {
            switch parse(setting.text) {
            case .success(let rule): rules.append(rule)
            case .failure(let problem): throw setting.failure(problem.text)
            }
        }
        return rules
    }

    private static func redaction(_ lookup: Lookup) throws(Failure) -> String {
        let level = try lookup.choice(.redact)
        let isConfirmed = try lookup.isOn(.yesStoreSecrets)
        if level == "off", !isConfirmed, let setting = try lookup(.redact) {
            throw setting.failure(
                "keys would stand in the trace as they are",
                hints: ["add --yes-store-secrets if that is what you want, or use --redact headers"])
        }
        return level
    }

    private static func detail(_ lookup: Lookup) throws(Failure) -> Detail {
        let isQuiet = try lookup.isOn(.quiet)
        var level = lookup.arguments.values(.verbose).count
        if level == 0, !lookup.arguments.has(.quiet), let setting = try lookup.variable(["CLAUDECODEX_VERBOSE"]) {
            guard let number = Int(setting.text), (0...2).contains(number) else {
                throw setting.failure("expected 0, 1 or 2")
            }
            level = number
        }
        if isQuiet, level > 0 {
            if lookup.arguments.has(.quiet) { throw .usage("-q and -v contradict each other", "use one of them") }
            if !lookup.arguments.has(.verbose) {
                throw .configuration(
                    "CLAUDECODEX_QUIET and CLAUDECODEX_VERBOSE contradict each other", "unset one of them")
            }
        }
        return level > 0 ? Detail(rawValue: min(level, 2)) ?? .text : isQuiet ? .quiet : .normal
    }
}

/// Why a rule of the command line is no rule.
struct RuleProblem: Error, Equatable {
    let text: String
}
