internal import Intercept

/// What answers cost, among the settings.
extension Settings {
    /// The built-in prices, behind those of `--prices`. Commands that show no prices do not read the file.
    static func prices(_ lookup: Lookup) throws(Failure) -> PriceList {
        guard Flags.row(.prices)?.words.contains(lookup.arguments.word) ?? false, let setting = try lookup(.prices)
        else { return PriceList() }
        switch Files.read(setting.text) {
        case .failure(let unreadable): throw setting.failure("cannot be read: \(unreadable.reason)")
        case .success(let bytes):
            do { return PriceList(try PriceFile(bytes, path: setting.text)) } catch {
                throw Failure(
                    setting.strength == .flag ? .usage : .configuration, "\(setting.source): \(error)",
                    hints: ["for example: qwen3:* = 0.10 0.40"])
            }
        }
    }
}
