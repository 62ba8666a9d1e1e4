internal import Intercept

/// Recognises a prompt that is too long, whoever says so, and says it in the words by which the client shortens it.
enum ContextOverflow {
    private static let wordings = [
        "context_length_exceeded", "maximum context length", "exceeds the context window", "context window exceeds",
        "longer than the model's context length", "exceeds the available context size", "exceed_context_size",
        "exceeded model token limit", "input token length too long", "input token count", "prompt exceeds max length",
        "tokens in request more than max tokens allowed", "range of input length should be",
        "reduce the length of the messages", "reduce the length of your prompt", "context exceeds your deployment",
        "maximum prompt length", "prompt is too long", "input is too long", "prompt contains",
        "too many tokens in the prompt",
        "exceeds the model's maximum context", "but model only supports up to",
    ]

    static func isOverflow(_ error: UpstreamError) -> Bool {
        let found = error.searchable
        guard !found.contains("policy_blocked"), !found.contains("dlp_request_denied") else { return false }
        if error.promptTokens != nil, error.contextWindow != nil { return true }
        guard wordings.contains(where: found.contains) else { return false }
        return !(found.contains("tokens per min") || found.contains("rate_limit_exceeded"))
    }

    /// `prompt is too long: A tokens > B maximum`, or nil when the error is another one.
    static func rewrite(_ error: UpstreamError, model: String, promptEstimate: () -> Int) -> String? {
        guard isOverflow(error) else { return nil }
        if let prompt = error.promptTokens, let window = error.contextWindow { return tooLong(prompt, window) }
        if error.message.lowercased().contains("prompt is too long:"), error.message.contains(">") {
            return error.message
        }
        let found = Numbers(error.message)
        if let split = found.split, split.prompt < split.window {
            return
                "input length and `max_tokens` exceed context limit: \(split.prompt) + \(split.answer) > \(split.window), "
                + "decrease input length or `max_tokens` and try again"
        }
        let window = found.window ?? ChatModel(model).contextWindow
        if let window {
            let prompt = found.prompt(above: window) ?? max(promptEstimate(), window + 1)
            return tooLong(prompt, window)
        }
        return "prompt is too long: \(error.message)"
    }

    private static func tooLong(_ prompt: Int, _ window: Int) -> String {
        "prompt is too long: \(prompt) tokens > \(window) maximum"
    }

    /// The whole numbers of a message and the words before them.
    struct Numbers {
        private let all: [(value: Int, before: String, after: String)]

        init(_ message: String) {
            var found: [(value: Int, before: String, after: String)] = []
            let bytes = Array(message.lowercased().utf8)
            var at = 0
            var wordsFrom = 0
            while at < bytes.count {
                guard isDigit(bytes[at]), at == 0 || !isWord(bytes[at - 1]) else {
                    at += 1
                    continue
                }
                let start = at
                while at < bytes.count,
                    isDigit(bytes[at]) || bytes[at] == 0x2C && at + 1 < bytes.count && isDigit(bytes[at + 1])
                {
                    at += 1
                }
                let value = Int(String(decoding: bytes[start..<at].filter(isDigit), as: UTF8.self)) ?? 0
                let after = String(decoding: bytes[at..<min(at + 40, bytes.count)], as: UTF8.self)
                if value >= 256 {
                    found.append((value, String(decoding: bytes[wordsFrom..<start], as: UTF8.self), after))
                    wordsFrom = at
                }
            }
            all = found
        }

        private static let windowWords = [
            "maximum context length", "context length", "maximum prompt length", "context window", "context size",
            "limit",
            "maximum number of tokens", "maximum", "up to", "model with", "allowed", "must be <=", "should be",
            "at most", ">",
        ]

        /// What the model takes.
        var window: Int? {
            for word in Self.windowWords {
                if let number = all.first(where: { tail($0.before).contains(word) }) { return number.value }
            }
            if let number = all.first(where: { $0.after.hasPrefix(" maximum") }) { return number.value }
            return all.count > 1 ? all.map(\.value).min() : nil
        }

        func prompt(above window: Int) -> Int? { all.map(\.value).filter { $0 > window }.max() }

        /// Prompt and answer that are too long only together: `(A in the messages, B in the completion)`.
        var split: (prompt: Int, answer: Int, window: Int)? {
            guard let window else { return nil }
            let prompts = [
                " in the messages", " of text input", " input tokens", " in your prompt", " `inputs` tokens",
            ]
            let answers = [" in the completion", " in the output", " output tokens", " for the completion"]
            guard let prompt = all.first(where: { number in prompts.contains { number.after.hasPrefix($0) } }),
                let answer = all.first(where: { number in answers.contains { number.after.hasPrefix($0) } })
            else { return nil }
            return (prompt.value, answer.value, window)
        }

        /// The last words before a number, without a number before it.
        private func tail(_ words: String) -> String { String(words.suffix(48)) }
    }
}

private func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

/// Letters, and signs that make a number part of a name.
private func isWord(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
}

/// A limit on the length of answers that an error names.
struct OutputLimit: Equatable {
    /// What was sent, if the message repeats it.
    let asked: Int?
    let most: Int

    /// Reads the limit, or gives nil when the error speaks of something else or names none.
    static func read(_ error: UpstreamError, sent: Int? = nil) -> OutputLimit? {
        let found = error.searchable
        guard
            ["max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens"].contains(
                where: found.contains)
        else { return nil }
        let numbers = integers(error.message)
        let asked = sent ?? numbers.max()
        // vLLM: the window less the prompt is what is left for the answer.
        if found.contains("maximum context length"), let window = number(after: "maximum context length is ", in: found)
        {
            let prompt =
                number(after: "your request has ", in: found)
                ?? number(after: "your prompt contains at least ", in: found)
            return prompt.map { OutputLimit(asked: asked, most: max(1, window - $0)) }
        }
        guard let asked, let most = numbers.filter({ $0 < asked && $0 >= 16 }).max() else { return nil }
        return OutputLimit(asked: asked, most: most)
    }

    static func number(after words: String, in text: String) -> Int? {
        guard let start = text.indices.first(where: { text[$0...].hasPrefix(words) }) else { return nil }
        return Int(text[start...].dropFirst(words.count).prefix { $0.isNumber })
    }

    private static func integers(_ text: String) -> [Int] {
        text.utf8.split { !isDigit($0) }.compactMap { Int(String(decoding: Array($0), as: UTF8.self)) }
    }
}
