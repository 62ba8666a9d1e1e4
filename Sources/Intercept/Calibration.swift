import Synchronization

/// What services report of their prompts, against our estimates of the same requests: a small fit for each backend and
/// model that makes the next estimate better. Bounded: a few numbers for each of at most 64 models.
public final class Calibration: Sendable {
    private let models = Mutex<[String: Fit]>([:])
    /// Names come from clients: more than this many are not remembered.
    private static let limit = 64

    public init() {}

    /// A count for a request to this model, rounded up: our estimate, corrected by what was learnt.
    public func count(_ body: JSON, model: String) -> Int {
        let sample = Sample(body, model: model)
        return models.withLock { $0[model] }?.predict(sample) ?? sample.estimate
    }

    /// Whether the next report is worth an estimate of its request: the first eight are, later one of 64. An estimate of
    /// 60 KB costs as much as the rest of an exchange.
    func isDue(_ model: String) -> Bool {
        models.withLock { models in
            guard models[model] != nil || models.count < Self.limit else { return false }
            return models[model, default: Fit()].isDue()
        }
    }

    /// Learns from the prompt that the service counted for a request, cached parts included.
    func learn(_ body: JSON, model: String, reported: Int) {
        guard reported > 0, !Sample.isForeign(body) else { return }
        let sample = Sample(body, model: model)
        models.withLock { models in
            guard models[model] != nil || models.count < Self.limit else { return }
            models[model, default: Fit()].learn(sample, reported)
        }
    }
}

extension Calibration {
    /// What a correction is based on.
    struct Sample {
        let estimate: Int
        let hasTools: Bool

        init(_ body: JSON, model: String) {
            estimate = TokenCounter.count(body, model: model)
            hasTools = body["tools"].map { !$0.isEmpty } ?? false
        }

        init(estimate: Int, hasTools: Bool) {
            self.estimate = estimate
            self.hasTools = hasTools
        }

        /// The service adds to such a prompt what the request does not hold: results of its own tools.
        static func isForeign(_ body: JSON) -> Bool {
            if let servers = body["mcp_servers"], !servers.isEmpty { return true }
            guard let tools = body["tools"] else { return false }
            let own = ["web_search_", "web_fetch_", "code_execution_", "tool_search_tool_", "mcp_toolset", "advisor_"]
            return tools.elements.contains { tool in
                guard let type = tool["type"]?.string else { return false }
                return own.contains { type.hasPrefix($0) }
            }
        }
    }

    /// `reported = base + tools + slope * estimate`, fitted by least squares of relative errors; older reports fade, and
    /// a report far from what was expected weighs less. Before the first report it is the estimate itself.
    struct Fit {
        /// Sums over the reports: the upper half of a symmetric matrix by rows, and the right side.
        private var matrix: [Double]
        private var right: [Double]
        private var reports = 0
        private var asked = 0

        private static let fading = 0.97
        /// Relative error that an estimate of one request has anyway.
        private static let noise = 0.05
        /// How far the constants and the slope are thought to lie from 0, 0 and 1 before there are reports.
        private static let spread = (constant: 60.0, slope: 0.35)
        /// From this relative error on a report weighs less.
        private static let surprise = 0.25

        init() {
            matrix = [0, 0, 0, 0, 0, 0]
            right = [0, 0, 0]
        }

        mutating func isDue() -> Bool {
            asked += 1
            return asked <= 8 || asked % 64 == 0
        }

        mutating func learn(_ sample: Sample, _ reported: Int) {
            let expected = Double(predict(sample))
            let size = Double(max(reported, 16))
            var weight = 1 / (size * size * Self.noise * Self.noise)
            let miss = abs(expected - Double(reported)) / size
            if reports >= 4, miss > Self.surprise { weight *= Self.surprise / miss }
            reports += 1
            let row = [1, sample.hasTools ? 1 : 0, Double(sample.estimate)]
            var cell = 0
            for first in 0..<3 {
                for second in first..<3 {
                    matrix[cell] = matrix[cell] * Self.fading + weight * row[first] * row[second]
                    cell += 1
                }
                right[first] = right[first] * Self.fading + weight * row[first] * Double(reported)
            }
        }

        /// The corrected estimate, rounded up and at least 1.
        func predict(_ sample: Sample) -> Int {
            let (base, tools, slope) = solution
            let value = base + (sample.hasTools ? tools : 0) + slope * Double(sample.estimate)
            return max(1, Int(min(max(value, 1), 1e12).rounded(.up)))
        }

        /// Solves the three equations by Cramer's rule; what is thought beforehand keeps them solvable.
        private var solution: (base: Double, tools: Double, slope: Double) {
            let doubt = 1 / (Self.spread.constant * Self.spread.constant)
            let trust = 1 / (Self.spread.slope * Self.spread.slope)
            let (a, b, c) = (matrix[0] + doubt, matrix[1], matrix[2])
            let (d, e, f) = (matrix[3] + doubt, matrix[4], matrix[5] + trust)
            let (x, y, z) = (right[0], right[1], right[2] + trust)
            let whole = a * (d * f - e * e) - b * (b * f - e * c) + c * (b * e - d * c)
            guard whole.isFinite, abs(whole) > .leastNormalMagnitude else { return (0, 0, 1) }
            let slope = (a * (d * z - y * e) - b * (b * z - y * c) + x * (b * e - d * c)) / whole
            // No tokenizer is that far off: reports that say so are about something else.
            guard (0.2...5).contains(slope) else { return (0, 0, 1) }
            return (
                (x * (d * f - e * e) - b * (y * f - e * z) + c * (y * e - d * z)) / whole,
                (a * (y * f - e * z) - x * (b * f - e * c) + c * (b * z - y * c)) / whole, slope
            )
        }
    }
}
