/// Prices that a user gives in a file: one model or glob a line.
///
///     # dollars for a million tokens
///     # GLOB     = INPUT OUTPUT [CACHE_READ [CACHE_WRITE [CACHE_WRITE_1H]]]
///     qwen3:*    = 0 0 0 0
///     gpt-5.5    = 4.00 24.00 0.40
public struct PriceFile: Sendable, Equatable {
    private struct Rule: Sendable, Equatable {
        let glob: Glob
        let prices: TokenPrices
    }

    private let rules: [Rule]
    /// `file prices.txt`
    public let source: String

    /// Throws at the first line that is no price.
    ///
    /// - Parameter path: For messages; its last part is the file's name in traces.
    public init(_ bytes: [UInt8], path: String) throws(PriceFileError) {
        source = "file " + (path.split(separator: "/").last.map(String.init) ?? path)
        var rules: [Rule] = []
        let text = String(decoding: bytes, as: UTF8.self)
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let plain = Self.trim(line.prefix { $0 != "#" })
            if plain.isEmpty { continue }
            guard let rule = Self.rule(plain) else {
                throw PriceFileError(
                    "\(path):\(index + 1): '\(plain.prefix(100))' is no price; expected GLOB = INPUT OUTPUT "
                        + "[CACHE_READ [CACHE_WRITE [CACHE_WRITE_1H]]], in dollars for a million tokens")
            }
            rules.append(rule)
        }
        self.rules = rules
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text.drop { $0.isWhitespace }
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return text
    }

    private static func rule(_ line: Substring) -> Rule? {
        guard let equals = line.lastIndex(of: "=") else { return nil }
        let glob = trim(line[..<equals])
        let numbers = line[line.index(after: equals)...].split(whereSeparator: \.isWhitespace).map { Double($0) }
        guard !glob.isEmpty, (2...5).contains(numbers.count) else { return nil }
        var prices: [Double?] = []
        for number in numbers {
            guard let number, number.isFinite, number >= 0 else { return nil }
            prices.append(number)
        }
        prices += [Double?](repeating: nil, count: 5 - prices.count)
        guard let input = prices[0], let output = prices[1] else { return nil }
        return Rule(
            glob: Glob(String(glob)),
            prices: TokenPrices(
                input: input, output: output, cacheRead: prices[2], cacheWrite: prices[3], cacheWriteHour: prices[4]))
    }

    /// The prices of the first line that fits the name, with or without a `[1m]` behind it.
    func prices(of model: String) -> TokenPrices? {
        let short = model.lowercased().hasSuffix("[1m]") ? String(model.dropLast(4)) : model
        return rules.first { $0.glob.matches(model) || $0.glob.matches(short) }?.prices
    }
}

/// Why a file holds no prices: names the file, the line, and what a line must be.
public struct PriceFileError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
