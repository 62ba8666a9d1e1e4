internal import Intercept
internal import Recorder

/// What an exchange lost in translation, in one line.
enum LossLine {
    /// One loss in full: `clamp max_tokens: outside the limits of gpt-4o`. Several by kind:
    /// `5 losses: drop tools[].strict x4, clamp max_tokens 64000 -> 16384`.
    static func text(_ losses: [Losses.Loss]) -> String {
        guard losses.count != 1 else { return losses.map(whole).joined() }
        return "\(losses.count) losses: " + kinds(losses).joined(separator: ", ")
    }

    static func whole(_ loss: Losses.Loss) -> String {
        "\(loss.operation.rawValue) \(loss.path)\(change(loss.from, loss.to)): \(loss.why)"
    }

    /// A kind of loss in a trace: `6x drop speed: Chat Completions has no such field`.
    static func text(_ loss: TraceSummary.Loss) -> String {
        let path = loss.count == 1 ? loss.path + change(loss.from, loss.to) : loss.place
        return Text.printable("\(loss.count)x \(loss.operation) \(path): \(loss.why)")
    }

    /// ` 64000 -> 16384`, or nothing.
    static func change(_ from: String?, _ to: String?) -> String {
        switch (from, to) {
        case (let from?, let to?): " \(from) -> \(to)"
        case (nil, let to?): " -> \(to)"
        default: ""
        }
    }

    /// In the order of the first of each kind.
    private static func kinds(_ losses: [Losses.Loss]) -> [String] {
        var kinds: [(name: String, first: Losses.Loss, count: Int)] = []
        for loss in losses {
            let name = "\(loss.operation.rawValue) \(loss.place)"
            if let index = kinds.firstIndex(where: { $0.name == name }) {
                kinds[index].count += 1
            } else {
                kinds.append((name, loss, 1))
            }
        }
        return kinds.map { kind in
            kind.count > 1
                ? "\(kind.name) x\(kind.count)"
                : "\(kind.first.operation.rawValue) \(kind.first.path)\(change(kind.first.from, kind.first.to))"
        }
    }
}
